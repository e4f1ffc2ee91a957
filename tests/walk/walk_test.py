"""Random walks through a real tree: whatever was done and whoever ended, nothing is lost or left.

A tree of clients that take random steps and servers that decide by chance comes to rest, and is
compared with a tree in which nobody took a step and those that ended never were: the budgets of
all components, and the descriptors that core, the inits, clients and servers hold. KIN_SEED replays one walk,
KIN_WALKS and KIN_EPISODES make it more and longer ones.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ["KIN_SOURCE"], "tests", "system"))
from harness import Tree, composition, descriptors, main, start, test  # pylint: disable=C0413

EPISODES = int(os.environ.get("KIN_EPISODES", "12"))
WALKS = int(os.environ.get("KIN_WALKS", "3"))
SEED = int(os.environ.get("KIN_SEED", "0"))
WALK_S = 30 + EPISODES  # for one walk
SEEDS = [SEED] if SEED else range(1, WALKS + 1)

# Nested inits find the servers through their parents.
UP_OR_ASIDE = ('<parent-provides><service name="PD"/><service name="CPU"/><service name="ROM"/>'
               '<service name="LOG"/><service name="Timer"/><service name="Walk"/>'
               "</parent-provides>")
TO = ('<route><service name="Walk"><child name="{}"/></service>'
      "<any-service><parent/></any-service></route>")


def server(name, seed, chances):
    return start(name, "walk_server", f'<config seed="{seed}" {chances}/>', provides=["Walk"],
                 ram="8M", caps="300")


def client(name, seed, episodes, route="", end="stay"):
    return start(name, "walk_client", f'<config seed="{seed}" episodes="{episodes}" end="{end}"/>',
                 inside=route)


OPTIONS = ("--verbose",)
HOLDS = {"ram": "256M", "caps": 4800}
STAYING = ("plain", "late", "many", "guest", "mourner")
SERVERS = ("honest", "moody", "hidden")
INITS = ("core", "init", "inner", "services")
MOODS = ('deny="10" insufficient="15" later="40" upgrade_later="40" close_later="40" '
         'decide_us="300"')


def staying(seed, episodes):
    inner = composition(client("deep", seed + 10, episodes), provides=UP_OR_ASIDE)
    services = composition('<service name="Walk"><default-policy><child name="hidden"/>'
                           "</default-policy></service>", server("hidden", seed + 11, MOODS))
    return [
        server("honest", seed, ""),
        server("moody", seed + 1, MOODS),
        start("services", "kin-init", services, provides=["Walk"], ram="16M", caps="600"),
        client("guest", seed + 12, episodes, TO.format("services")),
        client("plain", seed + 3, episodes, TO.format("honest")),
        client("late", seed + 4, episodes, TO.format("moody")),
        client("many", seed + 5, 2 * episodes, TO.format("moody")),
        client("mourner", seed + 6, episodes, TO.format("mortal")),
        start("inner", "kin-init", inner, ram="8M", caps="300", inside=TO.format("moody")),
    ]


def ending(seed, episodes):
    return [
        server("mortal", seed + 2, 'later="20" close_later="20" decide_us="300" requests="60"'),
        client("leaver", seed + 7, episodes, TO.format("moody"), "exit"),
        client("breaker", seed + 8, episodes, TO.format("moody"), "crash"),
    ]


def row(tree, name):
    """RAM, used, caps, used of a component in the table at the end; private memory may vary."""
    match = tree.expect_match(rf"[ │]*(?:[├└]─ )?{name} +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)  .*")
    ram, used, _, caps, caps_used = (int(number) for number in match.groups())
    return ram, used, caps, caps_used


def expect_rest(tree):
    """All clients are done and the servers too. Returns how many sessions there were."""
    sessions = 0
    for name in (*STAYING, "inner -> deep"):
        sessions += int(tree.expect_match(rf"\[init -> {name}\] all episodes are over, (\d+) "
                                          "sessions", deadline_s=WALK_S)[1])
    for name in (*SERVERS, "services", "init"):
        tree.expect_waiting(name)
    return sessions


def measured(tree):
    """The budgets and descriptors of a tree once it came to rest, and its sessions until then."""
    sessions = expect_rest(tree)
    running = tree.processes()
    open_now = {name: len(descriptors(running[name]))
                for name in ("init", "inner", "services", *SERVERS, *STAYING)}
    open_now["core"] = len(descriptors(tree.pid))
    tree.end()
    budgets = {name: row(tree, name) for name in (*INITS, *SERVERS, *STAYING, "deep")}
    tree.forbid(r".*(missing|does not give back|does not take|breaks the protocol).*")
    return budgets, open_now, sessions


def at_rest():
    with Tree(composition(*staying(1, 0)), *OPTIONS, **HOLDS) as tree:
        return measured(tree)


def walked(seed):
    nodes = ending(seed, EPISODES) + staying(seed, EPISODES)
    with Tree(composition(*nodes), *OPTIONS, **HOLDS) as tree:
        for line in ('child "mortal" exited with exit value 0',
                     'child "leaver" exited with exit value 0',
                     'Error: child "breaker" crashed (SIGILL)'):
            tree.expect_match(re.escape("[init] " + line), deadline_s=WALK_S)
        return measured(tree)


@test
def a_tree_at_rest_is_as_if_nobody_had_walked():
    budgets, open_now, _ = at_rest()
    for seed in SEEDS:
        budgets_after, open_after, sessions = walked(seed)
        print(f"seed {seed}: {EPISODES} episodes, {sessions} sessions", flush=True)
        assert sessions >= 10 * EPISODES
        assert budgets_after == budgets, (budgets_after, budgets)
        assert open_after == open_now, (open_after, open_now)


main()

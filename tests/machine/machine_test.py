"""Core as the first process of a machine: the attempts of tests/escape, and examples, there.

With and without control groups, with one user ID per component, with Landlock switched off.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from machine import LSM_NO_LANDLOCK, Machine  # noqa: E402

from harness import (BYSTANDERS, KIN_CORE, ROMS, SOURCE, composition, main, parents,  # noqa: E402
                     start, test)

from attempts import (CAPABILITIES, CAPS, CAPS_RICH, KILLED, LENDING, MEMORY,  # noqa: E402
                      OUTCOME, RACE, REACH, CHURN, THREADS,
                      TRUST, UNDER_WAY, child_name, filled, granted, judge)

GROUPS = ("--cgroup", "/sys/fs/cgroup")
USERS = ("--uid-range", "100000-100999")
ENDS = ("--for-ms", "90000")  # of a tree that has nothing to end it
ROUNDS = 100  # of the race
NINE_TENTHS = 0.9
TELL_MS = 1000
TELLINGS = 10


def hostile(does, name=None, **how):
    return start(name or child_name(does), "escape", f'<config does="{does}" rounds="{ROUNDS}"/>', ram="4M",
                 caps=CAPS_RICH if does.endswith("-rich") else CAPS, **granted(does), **how)


def names_of(rows):
    return [does for row in rows for does in row.does]


CALLS, OWN = REACH[:-1], REACH[-1:]
ROUTE = ('<route><service name="ROM" label="loan"><child name="lender"/></service>'
         "<any-service><parent/></any-service></route>")
EVERYTHING = composition(
    BYSTANDERS, *map(hostile, names_of(MEMORY + RACE + CAPABILITIES + THREADS + CHURN + TRUST + OWN)),
    hostile("reach"),
    start("mute", "escape", '<config does="silent"/>', provides=["Silence"], caps=CAPS),
    hostile("lend", "lender", provides=["ROM"]), hostile("keep", inside=ROUTE),
    start(child_name("keep-touch"), "escape", '<config does="keep" touch="yes"/>', inside=ROUTE,
          ram="4M", caps=CAPS))


def is_stopped(row):
    """Ended by the watch: a control group may be faster."""
    return row.ends[-1] == KILLED


def expect_everything(tree, groups=False):
    judge(tree, [row for row in MEMORY if not (groups and is_stopped(row))])
    for row in MEMORY:
        for does in row.does if groups and is_stopped(row) else ():
            tree.expect_match(KILLED.replace("{name}", re.escape(child_name(does))))
    judge(tree, RACE + CAPABILITIES + THREADS + CHURN + TRUST + OWN)
    judge(tree, CALLS, name="e-reach")
    judge(tree, [row._replace(check=None) for row in LENDING[:2]])  # nothing is fast here
    tree.expect_bystanders()


@test
def everything_is_held():
    with Machine(EVERYTHING, *ENDS) as tree:
        expect_everything(tree)
        tree.cut()


@test
def everything_is_held_by_control_groups_and_users_of_their_own_as_well():
    with Machine(EVERYTHING, *ENDS, *GROUPS, *USERS) as tree:
        expect_everything(tree, groups=True)
        tree.cut()


@test
def everything_is_held_without_landlock():
    with Machine(EVERYTHING, *ENDS, lsm=LSM_NO_LANDLOCK) as tree:
        tree.expect("[core] Warning: this kernel lacks Landlock (second wall around files)")
        expect_everything(tree)
        tree.cut()


@test
def without_landlock_a_strict_tree_does_not_start():
    with Machine(EVERYTHING, "--strict", lsm=LSM_NO_LANDLOCK, status=125) as tree:
        tree.expect_match(r"kin: --strict: Landlock does not work here .*")
        tree.end()


@test
def capabilities_under_way_stop_who_hoards_them():
    for row in UNDER_WAY:
        with Machine(composition(BYSTANDERS, *map(hostile, row.does)), *ENDS) as tree:
            judge(tree, [row])
            tree.expect_bystanders()
            tree.cut()


@test
def with_users_of_their_own_nobody_is_hindered_by_what_others_have_under_way():
    does = "under-way-to-client"
    node = hostile(does)
    with Machine(composition(BYSTANDERS, node, hostile("visit", "visitor")), *ENDS, *USERS) as tree:
        tree.expect_match(filled(OUTCOME, child_name(does), does))
        for _ in range(2):
            tree.expect_match(r"\[init -> visitor\] visit: at most \d+ us", len(tree.lines))
        tree.forbid(r"\[init -> visitor\] Error: .*", r".*crashed.*", r".*stopped: .*")
        tree.cut()


def rate(tree, name):
    """Of a processor that a busy component has, between some of the times that it tells."""
    pattern = rf"\[init -> {name}\] busy: (\d+) us of CPU time by (\d+) us"
    tree.expect_match(pattern)
    told = []
    for _ in range(TELLINGS):
        match = tree.expect_match(pattern, tree.after)
        told.append((int(match[1]), int(match[2])))
    return (told[-1][0] - told[0][0]) / (told[-1][1] - told[0][1])


@test
def from_a_low_nice_value_each_of_four_levels_leaves_nine_tenths_to_those_above():
    """Two pairs at a time, each on a processor of its own."""
    for pairs in (((0, -1), (-2, -3)), ((-1, -2), (0, -3)), ((0, -2), (-1, -3))):
        nodes = [start(f"p{place}{-level}", "escape", f'<config does="busy" tell_ms="{TELL_MS}"/>',
                       inside=f'<affinity xpos="{place}" width="1"/>', ram="4M", caps=CAPS,
                       priority=str(level))
                 for place, pair in enumerate(pairs) for level in pair]
        config = composition('<affinity-space width="2"/>', *nodes)
        with Machine(config.replace("<config>", '<config prio_levels="4">', 1), "--nice", "-4",
                     *ENDS) as tree:
            for place, pair in enumerate(pairs):
                rates = [rate(tree, f"p{place}{-level}") for level in pair]
                share = rates[0] / sum(rates)
                print(f"    nice value -4, 4 levels, priorities {pair}: {share:.1%}")
                assert share >= NINE_TENTHS, (pair, rates)
            tree.cut()


def example(name):
    return (SOURCE / "examples" / name).read_text(encoding="utf-8")


@test
def the_tour_runs():
    for options in ((), GROUPS, USERS):
        with Machine(example("tour/tour.xml"), "--for-ms", "10000", *options, ram="64M",
                     caps=2000) as tree:
            tree.expect("[init -> inner -> carol] I was told: Hello, Carol!",
                        "[init -> curious] I tried to open /etc/passwd: Operation not permitted",
                        "[init -> frugal] my allocation: out of RAM")
            tree.end()


@test
def the_keeper_runs():
    for options in ((), GROUPS, USERS):
        with Machine(example("keeper/keeper.xml"), *ENDS, *options, ram="64M",
                     caps=2000) as tree:
            tree.expect("[init -> keeper] the eater yielded, time 3",
                        '[init] child "keeper" exited with exit value 0')
            tree.end()


@test
def the_doctor_finds_every_wall():
    with Machine("<config/>", "--doctor", *GROUPS) as tree:
        tree.expect("kin-core: the tree has ended with status 0")
        tree.end()
        verdicts = dict(re.fullmatch(r"(.{33}) (yes|no) .*", line).groups() for line in tree.lines
                        if re.fullmatch(r"(.{33}) (yes|no) .*", line))
        for line in tree.lines:
            print(f"    {line}")
        assert len(verdicts) >= 16 and set(verdicts.values()) == {"yes"}, verdicts


ORPHANS = """
import os, sys
hold = int(sys.argv[1])
for _ in range(3):
    if os.fork() == 0:
        if os.fork() == 0:
            os.read(hold, 1)
        os._exit(0)
for _ in range(3):
    os.wait()
os.close(hold)
os.execv(sys.argv[2], sys.argv[2:])
"""


def children_of(pid):
    return [child for child, (parent, _) in parents().items() if parent == pid]


def is_script(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
        return b"hold = int" in cmdline.read()


@test
def orphans_are_waited_for():
    """In a namespace, where it can be seen from outside: three processes that nobody else has."""
    hold, release = os.pipe()
    words = [KIN_CORE, "--ram", "64M", "--caps", "2000", "--config",
             SOURCE / "examples/tour/tour.xml"]
    for folder in ROMS:
        words += ["--rom", folder]
    process = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--pid", "--mount", "--fork", sys.executable,
         "-c", ORPHANS, str(hold), *words], pass_fds=[hold], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    os.close(hold)
    try:
        lines = [process.stdout.readline()]
        while lines[-1] and "I was told: Hello, Carol!" not in lines[-1]:
            lines.append(process.stdout.readline())
        first = children_of(process.pid)[0]
        orphans = [pid for pid in children_of(first) if is_script(pid)]
        assert len(orphans) == 3, lines
        os.close(release)
        Machine._poll_until(lambda: not set(orphans) & set(parents()), "no orphan is left over")
        os.kill(first, signal.SIGTERM)
        assert "kin-core: the tree has ended with status 0" in process.stdout.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


main()

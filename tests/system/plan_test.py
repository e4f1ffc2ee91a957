"""kin plan against what kin apply then does, and kin why.

The last test is random: it applies a config, plans another one, applies that, and compares what was
said with what the state reports of before and after show. PAIRS and SEED choose how many and which.
"""
import contextlib
import os
import re
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from harness import (DEADLINE_S, KIN, LOOK_S, ROMS, Command, composition, kin, main, private_folder,
                     refused, start, test, written)
from plan_configs import pair

PAIRS = int(os.environ.get("PAIRS", "30"))
SEED = int(os.environ.get("SEED", "1"))
ROM = ["--rom", ROMS[-1]]
WHOLE = ["--ram", "64M", "--caps", "3000"]  # of which scarce configs want more than there is
PAIRS_PER_TREE = 25
LOGGED_S = 1  # for a line of init's to arrive, once it is at rest
HEAP = 96 << 10  # bytes that init's heap, which grows by 32K and keeps 64K, may have free or not
SLACK = (64 << 10) + HEAP  # bytes by which what is scarce may differ
ENDING = ("hello", "greeter_client")
IDLE_BYTES = 200 << 10  # that a component uses at least
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}


class Running:
    """A tree with a place for its configs."""

    def __init__(self, tree, folder):
        self.tree, self.folder = tree, folder

    def file(self, text, name="next.xml"):
        return written(self.folder, text, name)

    def plan(self, text):
        return kin("plan", *ROM, self.file(text))[0].splitlines()

    def apply(self, text, status=0):
        return kin("apply", "--quiet", self.file(text), status=status)


@contextlib.contextmanager
def running(*nodes):
    """A tree that has settled with these start nodes."""
    with private_folder() as folder:
        with Command("run", *ROM, *WHOLE, written(folder, composition(start("hello")))) as tree:
            tree.expect("[init -> hello] hello")
            it = Running(tree, folder)
            it.apply(composition(*nodes))
            yield it


def report_of(label="init"):
    return ElementTree.fromstring(kin("status", label)[0])


#
# What each line of a plan means
#

SERVER = start("greet", "greeter_server", provides=["Greeter"])


def client(name, **more):
    return start(name, "witness", **more)


def worker(name, does, **more):
    return start(name, "dummy", f"<config>{does}</config>", **more)


CONSUMER = worker("worker", '<consume_ram amount="1M"/>')


@test
def a_plan_of_the_same_config_is_that_nothing_changes():
    with running(SERVER, client("one")) as it:
        it.tree.expect_match(r"\[init -> one\] seen 1")
        assert it.plan(composition(SERVER, client("one"))) == ["nothing changes"]


@test
def children_that_come_and_go_are_started_and_stopped():
    with running(SERVER, client("one")) as it:
        it.tree.expect_match(r"\[init -> one\] seen 1")
        assert it.plan(composition(SERVER, client("two"), start("three", "hello"))) == [
            "start    two", "start    three", "stop     one"]


@test
def a_restart_is_told_with_its_reason_and_spreads_to_clients():
    with running(SERVER, client("one"), worker("other", "")) as it:
        it.tree.expect_match(r"\[init -> one\] seen 1")
        fresh = start("greet", "greeter_server", provides=["Greeter"], version=2)
        assert it.plan(composition(fresh, client("one"), worker("other", ""))) == [
            "restart  greet: its version changed",
            'restart  one: service "Greeter" (label="one") lost its server, it is now greet\'s']


@test
def other_threads_are_another_start():
    with running(worker("other", "", threads=2)) as it:
        assert it.plan(composition(worker("other", "", threads=2), start("hello"))) == ["start    hello"]
        assert it.plan(composition(worker("other", "", threads=3))) == [
            "restart  other: its threads changed"]
        it.apply(composition(worker("other", "")))
        assert "restart  its threads changed" in kin("why", "init -> other")[0]


@test
def a_client_whose_server_goes_is_stuck():
    with running(SERVER, client("one")) as it:
        it.tree.expect_match(r"\[init -> one\] seen 1")
        assert it.plan(composition(client("one"))) == [
            'stuck    one: no route to service "Greeter" (label="one")', "stop     greet"]
        errors = it.apply(composition(client("one")), status=1)[1]
        assert "init -> one: route to service \"Greeter\"" in errors, errors
        assert it.plan(composition(SERVER, client("one"))) == [
            "start    greet", "start    one: its routes lead somewhere again"]


@test
def a_config_that_changes_in_place_disturbs_nobody():
    with running(worker("worker", '<log string="a"/>')) as it:
        it.tree.expect("[init -> worker] a")
        assert it.plan(composition(worker("worker", '<log string="b"/>'))) == ["config   worker"]


@test
def quota_that_is_gained_and_lost_is_told_with_both_amounts():
    with running(worker("worker", "", ram="2M", caps=60)) as it:
        it.tree.expect_processes("init", "worker")
        assert it.plan(composition(worker("worker", "", ram="3M", caps=50))) == [
            "quota    worker: RAM 3M, was 2M, caps 50, was 60"]


@test
def a_binary_that_is_nowhere_fails():
    with running(SERVER) as it:
        it.tree.expect_processes("init", "greet")
        assert it.plan(composition(SERVER, start("lost", "nowhere"))) == [
            'error    lost: binary "nowhere" unavailable (denied)',
            'fail     lost: binary "nowhere" unavailable (denied)']


@test
def a_route_that_is_denied_is_told_as_init_would_log_it():
    with running(SERVER) as it:
        it.tree.expect_processes("init", "greet")
        deaf = start("deaf", "dummy", "<config/>", inside=(
            '<route><service name="LOG"><child name="nobody"/></service>'
            "<any-service><parent/></any-service></route>"))
        planned = it.plan(composition(SERVER, deaf))
        it.apply(composition(SERVER, deaf), status=1)
        assert planned[-1].startswith("fail     deaf: LOG session of its environment"), planned
        for line in planned[:-1]:
            level, text = line.split(None, 1)
            it.tree.expect(f"[init] {level.capitalize()}: {text}")


@test
def a_plan_between_two_files_needs_no_tree():
    with private_folder() as folder:
        one = written(folder, composition(SERVER), "one.xml")
        two = written(folder, composition(SERVER, start("new", "hello")), "two.xml")
        assert kin("plan", *ROM, "--from", one, two) == ("start    new\n", "")
        assert kin("plan", *ROM, "--from", two, two) == ("nothing changes\n", "")
        broken = written(folder, "<config><start</config>", "broken.xml")
        for files in ((one, broken), (broken, one)):
            assert ": error: " in refused("plan", *ROM, "--from", *files, status=126)


@test
def without_a_tree_there_is_nothing_to_plan_for():
    with private_folder() as folder:
        path = written(folder, composition(SERVER))
        assert refused("plan", path, status=125).startswith("kin: no tree runs")


#
# Why
#


@test
def why_tells_the_state_of_a_child_and_how_it_came_to_it():
    with running(SERVER, client("one")) as it:
        it.tree.expect_match(r"\[init -> one\] seen 1")
        assert kin("why", "init -> one")[0] == "init -> one runs\n"
        it.apply(composition(client("one"), start("lost", "nowhere"), start("brief", "hello")),
                 status=1)
        it.tree.expect("[init -> brief] hello")
        lines = kin("why", "init -> one")[0].splitlines()
        assert lines[0].startswith('init -> one does not run (incomplete): route to service '
                                   '"Greeter" (label="one") leads to nothing'), lines
        assert lines[1:] == ['  stuck    no route to service "Greeter" (label="one")'], lines
        assert "binary \"nowhere\" unavailable" in kin("why", "init -> lost")[0]
        Command._poll_until(lambda: "exited with 0" in kin("why", "init -> brief")[0], "an exit")
        it.apply(composition(SERVER, client("one")))
        lines = kin("why", "init -> one")[0].splitlines()
        assert lines[0] == "init -> one runs", lines
        assert re.match(r"  revived +its routes lead somewhere again", lines[-1]), lines


@test
def why_says_so_if_there_is_nobody_of_that_name():
    with running(SERVER):
        assert refused("why", "init -> nobody", status=1) == (
            "kin: there is no component 'init -> nobody'\n")
        assert refused("why", "init -> greet -> x", status=1) == (
            "kin: 'init -> greet' has no state to report: it has no children\n")
    assert refused("why", "init -> greet", status=125).startswith("kin: no tree runs")


#
# Plan and reality
#


class State:
    """What a state report tells of one child."""

    def __init__(self, node):
        self.id = node.get("id")
        self.runs = node.get("state") is None and node.get("exited") is None
        self.incomplete = node.get("state") is not None
        self.assigned = [node.find(what).get("assigned") if node.find(what) is not None else None
                         for what in ("ram", "caps")]
        self.history = [(event.get("kind"), event.text or "") for event in node.iter("event")]

    def last(self, *kinds):
        return next((text for kind, text in reversed(self.history) if kind in kinds), "")


def states(report):
    return {node.get("name"): State(node) for node in report.iter("child")}


def has_session(node, service):
    return any(session.get("name") == service and session.get("state") == "OK"
               for session in node.iterfind("requested/session"))


def dummy_rests(node, child):
    """It has done what its config says, or waits for quota that nobody will give."""
    if any(what.get("requested") for what in (node.find("ram"), node.find("caps"))):
        return True
    used, consumed = amount(node.find("ram").get("used")), amount(child.consumes or "0")
    return (child.config is not None and used >= consumed + IDLE_BYTES
            and len(node.findall("requested/session")) >= 5 + child.connections)


def at_rest(report, config):
    """Has each component done what it does by itself?"""
    for node in report.iter("child"):
        if node.get("state") or node.get("exited"):
            continue
        name, binary = node.get("name"), node.get("binary")
        rests = binary not in ENDING
        if binary == "witness":
            rests = has_session(node, "Greeter") and has_session(node, "Timer")
        elif binary == "dummy":
            rests = dummy_rests(node, config.child(name))
        elif binary == "kin-init":
            rests = at_rest(report_of("init -> " + name), config)
        if not rests:
            return False
    return True


def settled_states(config):
    until = time.monotonic() + DEADLINE_S
    while True:
        report = report_of()
        if at_rest(report, config):
            return states(report)
        assert time.monotonic() < until, f"not at rest: {ElementTree.tostring(report).decode()}"
        time.sleep(LOOK_S)


def config_changed(name, before, after):
    """The config of a child that runs on."""
    old, new = before.child(name), after.child(name)
    return (None not in (old, new) and None not in (old.config, new.config)
            and old._config() != new._config())


def quota_change(old, new):
    parts = [f"{what} {now}, was {then}"
             for what, then, now in zip(("RAM", "caps"), old.assigned, new.assigned) if then != now]
    return ", ".join(parts)


def change_of(name, old, new, configs):
    """The lines that a plan should have had for a child that was there before."""
    if not new.incomplete and new.id != old.id:
        reason = new.last("restart", "revived")
        yield f"{'restart' if old.runs else 'start':8} {name}: {reason}"
    elif not new.incomplete and old.incomplete:
        yield f"{'start':8} {name}"
    elif new.runs and config_changed(name, *configs):
        yield f"{'config':8} {name}"
    elif new.incomplete and not old.incomplete:
        yield failure(name, new)
    quota = quota_change(old, new)
    if old.runs and new.runs and quota:
        yield f"{'quota':8} {name}: {quota}"


def failure(name, new):
    kind = new.history[-1][0] if new.history else ""
    return f"{'stuck' if kind == 'stuck' else 'fail':8} {name}: {new.last('stuck', 'failed')}"


def changes(before, after, configs):
    """What a plan should have said, by what happened."""
    for name, new in after.items():
        if name in before:
            yield from change_of(name, before[name], new, configs)
        else:
            yield failure(name, new) if new.incomplete else f"{'start':8} {name}"
    for name in before:
        if name not in after:
            yield f"{'stop':8} {name}"


def amount(text):
    number, unit = re.fullmatch(r"(\d+)([KM]?)", text).groups()
    return int(number) * UNITS[unit]


def amounts(line):
    """The same line without its amounts, and these."""
    found = re.findall(r"(?<= )\d+[KM]?\b", line)
    return re.sub(r"(?<= )\d+[KM]?\b", "N", line), [amount(text) for text in found]


def is_among(line, lines):
    """Of what is left over the new children's own requests and init's heap take a little, which no
    plan knows."""
    text, numbers = amounts(line)
    if not text.startswith("quota"):
        return line in lines
    return any(text == other and all(abs(a - b) <= SLACK for a, b in zip(numbers, found))
               for other, found in map(amounts, lines)) or is_little(numbers, text)


def is_little(numbers, text):
    return text.count("N") == 2 and abs(numbers[0] - numbers[1]) <= SLACK


def is_log(line):
    return line.startswith(("error ", "warning "))


def is_told_of(line, after):
    """Is it something that reports show, too? What has ended in the meantime has no quota."""
    quota = re.match("quota +([^:]+):", line)
    ended = quota and quota[1] in after and not after[quota[1]].runs
    return not is_log(line) and line != "nothing changes" and not ended


def is_logged(tree, line, begin):
    """As a line of init's. How much is left over for somebody is compared as quota."""
    level, text = line.split(None, 1)
    if " proceed with " in text:
        return True
    pattern = re.escape(f"[init] {level.capitalize()}: {text}")
    pattern = re.sub(r"(?<= )\d+[KM]?\b", r"\\d+[KM]?", pattern)
    with contextlib.suppress(AssertionError):
        tree.expect_match(pattern, begin, LOGGED_S)
        return True
    return False


def apply_and_rest(it, config):
    """Some of what a random config wants can't work, which apply tells by its status."""
    done = subprocess.run([KIN, "apply", "--quiet", it.file(config.text())], check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S)
    assert done.returncode == 0 or b"not all of it works" in done.stderr, done.stderr.decode()
    return settled_states(config)


def compare(it, number):
    """Return: what differs between plan and reality, as lines."""
    first, second = pair(f"{SEED}.{number}")
    before = apply_and_rest(it, first)
    output = it.plan(second.text())
    logged = len(it.tree.lines)
    after = apply_and_rest(it, second)
    planned = [line for line in output if is_told_of(line, after)]
    real = list(changes(before, after, (first, second)))
    differs = [f"planned only: {line}" for line in planned if not is_among(line, real)]
    differs += [f"in fact only: {line}" for line in real if not is_among(line, planned)]
    differs += [f"not logged: {line}" for line in output if is_log(line)
                and not is_logged(it.tree, line, logged)]
    if differs:
        print(f"pair {number} of SEED={SEED}:\n{first.text()}\nthen\n{second.text()}")
        print("\n".join(differs), flush=True)
    return len(real), bool(differs)


@test
def what_is_planned_happens_and_nothing_else():
    compared = wrong = 0
    for begin in range(0, PAIRS, PAIRS_PER_TREE):
        with running(start("hello")) as it:
            for number in range(begin, min(begin + PAIRS_PER_TREE, PAIRS)):
                n, differs = compare(it, number)
                compared += n
                wrong += differs
    print(f"{PAIRS} pairs, {compared} changes compared, {wrong} pairs differ")
    assert not wrong


main()

"""Priorities and affinities down the levels, as the kernel knows them of the processes."""
import fcntl
import os
import resource
import subprocess

from harness import BYSTANDERS, KIN_CORE, Skipped, Tree, composition, main, may_be_nice, start, test

PRIORITY_LIMIT = 1 << 16
NICE_LOWEST = 19
NICE_OF_IDLE = 26  # by its weight
NICE_LOW = -4  # from where four levels are far enough apart
NOBODY = 65534


def idle(name, inside="", **how):
    return start(name, "dummy", '<config><log string="up"/><sleep_forever/></config>',
                 inside=inside, **how)


def affinity(xpos, width, **more):
    listed = "".join(f' {key}="{value}"' for key, value in more.items())
    return f'<affinity xpos="{xpos}" width="{width}"{listed}/>'


def space(width):
    return f'<affinity-space width="{width}"/>'


def levelled(levels, *nodes):
    return composition(*nodes).replace("<config>", f'<config prio_levels="{levels}">', 1)


def inner(name, config, inside="", ram="8M", caps="250", **how):
    return start(name, "kin-init", config, inside=inside, ram=ram, caps=caps, **how)


def nice_of(pid):
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
        return int(stat.read().rpartition(")")[2].split()[16])


def is_idle_class(pid):
    return os.sched_getscheduler(pid) == os.SCHED_IDLE


def cpus_of(pid):
    """As /proc/PID/status lists them, and as the scheduler says."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        listed = next(line.split()[1] for line in status if line.startswith("Cpus_allowed_list"))
    found = set()
    for part in listed.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    assert found == os.sched_getaffinity(pid)
    return found


def expected_nice(priority, own=None):
    """Quarters begin at core's own, at two between it and the idle class, and with that class."""
    own, quarter = os.nice(0) if own is None else own, PRIORITY_LIMIT // 4
    if own > 0:
        first = -(-(NICE_LOWEST - own) * 11 // 19)
    else:
        first = 11 if own > -4 else -(-(NICE_OF_IDLE - own) // 3)
    third = min(NICE_LOWEST, own + first + -(-(NICE_OF_IDLE - own - first) // 2))
    begins = (own, own + first, third, NICE_LOWEST, NICE_LOWEST)
    number, part = divmod(priority, quarter)
    if number == 3:
        return NICE_LOWEST
    return begins[number] + (begins[number + 1] - begins[number]) * part // quarter


def expected_cpus(position, length, width):
    """Those of ours that a part of the row touches."""
    own = sorted(os.sched_getaffinity(0))
    return {cpu for index, cpu in enumerate(own)
            if (index + 1) * width > position * len(own)
            and index * width < (position + length) * len(own)}


@test
def children_run_with_the_priority_of_their_level():
    with Tree(levelled(4, BYSTANDERS, idle("high"), idle("middle", priority="-2"),
                       idle("low", priority="-3"), idle("lowest", priority="-17"),
                       idle("higher", priority="5"))) as tree:
        tree.expect(*(f"[init -> {name}] up" for name in ("high", "middle", "low", "lowest",
                                                          "higher")),
                    "[init] Warning: lowest: priority -17 is below the lowest of 4 levels, "
                    "raised to -3",
                    "[init] Warning: higher: priority 5 is neither 0 nor negative")
        pids = tree.processes()
        for name, level in (("high", 0), ("middle", 2), ("low", 3), ("lowest", 3), ("higher", 0)):
            assert nice_of(pids[name]) == expected_nice(level * PRIORITY_LIMIT // 4), name
            assert is_idle_class(pids[name]) == (level == 3), name
        tree.expect_bystanders()


@test
def a_subtree_divides_the_band_it_was_given():
    below = levelled(2, idle("first"), idle("second", priority="-1"))
    unaware = inner("unaware", composition(idle("third")), priority="-3")
    with Tree(levelled(2, inner("upper", below),
                       inner("lower", levelled(4, unaware), ram="14M", caps="600",
                             priority="-1"))) as tree:
        tree.expect("[init -> upper -> first] up", "[init -> upper -> second] up",
                    "[init -> lower -> unaware -> third] up")
        pids, half = tree.processes(), PRIORITY_LIMIT // 2
        for name, priority in (("upper", 0), ("first", 0), ("second", half // 2), ("lower", half),
                               ("unaware", half + 3 * half // 4), ("third", half + 3 * half // 4)):
            assert nice_of(pids[name]) == expected_nice(priority), name


def expect_levels_from(own):
    nodes = [idle(f"level{level}", priority=str(-level)) for level in range(4)]
    with Tree(levelled(4, *nodes), "--nice", str(own)) as tree:
        tree.expect(*(f"[init -> level{level}] up" for level in range(4)))
        pids = tree.processes()
        for level in range(4):
            assert nice_of(pids[f"level{level}"]) == expected_nice(
                level * PRIORITY_LIMIT // 4, own), (own, level)


@test
def the_nice_value_to_start_from_can_be_asked_for():
    expect_levels_from(os.nice(0))
    expect_levels_from(NICE_LOWEST)


@test
def a_nice_value_below_the_present_one_can_be_asked_for():
    for own in (NICE_LOW, -20):
        if not may_be_nice(own):
            raise Skipped(f"a nice value of {own} is not permitted here")
        expect_levels_from(own)


def plain():
    resource.setrlimit(resource.RLIMIT_NICE, (0, 0))
    if os.getuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)


@test
def a_nice_value_that_is_not_permitted_is_refused():
    # by a descriptor, as another user may not get to where the build is; core needs the low ones
    with open(KIN_CORE, "rb") as core:
        binary = fcntl.fcntl(core, fcntl.F_DUPFD_CLOEXEC, 63)
        result = subprocess.run([f"/proc/self/fd/{binary}", "--nice", "-20"], pass_fds=[binary],
                                preexec_fn=plain, text=True, capture_output=True, check=False)
        os.close(binary)
    assert result.returncode == 125, result
    assert result.stderr == ("kin: --nice -20: Permission denied; it takes CAP_SYS_NICE or a limit "
                             "such as LimitNICE=-4\n"), result


@test
def without_valid_levels_priorities_are_off():
    with Tree(levelled(3, idle("a", priority="-1"))) as tree:
        tree.expect('[init] Warning: prio_levels="3" is not a power of two, priorities are off',
                    "[init] Warning: a: priority has no effect without valid 'prio_levels'",
                    "[init -> a] up")
        assert nice_of(tree.processes()["a"]) == expected_nice(0)


@test
def children_run_where_their_affinity_says():
    with Tree(composition(space(2), BYSTANDERS, idle("left", affinity(0, 1)),
                          idle("right", affinity(1, 1)), idle("both", affinity(0, 2)),
                          idle("anywhere"), idle("outside", affinity(1, 2)))) as tree:
        tree.expect(*(f"[init -> {name}] up" for name in ("left", "right", "both", "anywhere",
                                                          "outside")),
                    "[init] Warning: affinity location exceeds affinity-space boundary")
        pids = tree.processes()
        for name, x, width in (("left", 0, 1), ("right", 1, 1), ("both", 0, 2), ("anywhere", 0, 2),
                               ("outside", 0, 2)):
            assert cpus_of(pids[name]) == expected_cpus(x, width, 2), name
        if len(os.sched_getaffinity(0)) > 1:
            assert not cpus_of(pids["left"]) & cpus_of(pids["right"])
        tree.expect_bystanders()


@test
def affinities_of_a_subtree_lie_within_its_own():
    below = composition(space(2), idle("first", affinity(0, 1)), idle("second", affinity(1, 1)),
                        idle("third"))
    deep = inner("deep", composition(space(4), inner("deeper", below, affinity(2, 2))),
                 affinity(0, 1), ram="14M", caps="600")
    others = composition(space(2), idle("fourth", affinity(0, 1)))
    with Tree(composition(space(2), deep, inner("right", others, affinity(1, 1)))) as tree:
        tree.expect("[init -> deep -> deeper -> first] up", "[init -> deep -> deeper -> second] up",
                    "[init -> deep -> deeper -> third] up", "[init -> right -> fourth] up")
        pids = tree.processes()
        # of eight parts of the row: the left half's second half, and its halves
        for name, x, width in (("deep", 0, 4), ("deeper", 2, 2), ("first", 2, 1),
                               ("fourth", 4, 2), ("right", 4, 4)):
            assert cpus_of(pids[name]) == expected_cpus(x, width, 8), name


@test
def an_affinity_without_space_is_named():
    with Tree(composition(idle("a", affinity(0, 1)))) as tree:
        tree.expect("[init] Warning: affinity-space configuration missing, but affinity defined "
                    "for child a", "[init -> a] up")
        assert cpus_of(tree.processes()["a"]) == os.sched_getaffinity(0)


main()

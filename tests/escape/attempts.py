"""What a hostile component tries, what holds it, what comes of it: the one table of all attempts.

Each row becomes a line of doc/escape.md, and each is judged by the lines that the component `escape`,
its parents and core say. So the same table serves for trees on this machine and in a virtual one.
"""
import re
from typing import Callable, NamedTuple, Optional

MIB = 1 << 20
QUOTA = 4 * MIB  # of each hostile component
CAPS = 60
GRANTED = 4  # threads of those that try something with them
CAPS_RICH = 500  # of one whose name ends so
ADDRESSES = 16 * MIB + 2 * QUOTA


class Row(NamedTuple):
    theme: str
    what: str  # is tried
    does: tuple  # names in the component's tables
    wall: str
    result: str
    ends: tuple  # patterns of lines, each must come; {name} is the child's, {does} the attempt's
    check: Optional[Callable] = None  # of the number in the first line
    maybe: Optional[str] = None  # pattern of a line that may be missing, if it is ended before that


def near(quota):
    return lambda got: quota * 2 // 5 <= got <= quota


def at_most(bound):
    return lambda got: got <= bound


NO_MEMORY = (r"\[init -> {name}\] {does}: (\d+) \w+, Cannot allocate memory",)
REFUSED = (r"\[init -> {name}\] {does}: 0 \w+, Operation not permitted",)
SEGV = (r'\[init\] Error: child "{name}" crashed \(SIGSEGV\)',)
KILLED = r'\[init\] Error: child "{name}" crashed \(SIGKILL\)'


OUTCOME = r"\[init -> {name}\] {does}: (\d+) .*"


def stopped(why):
    return (r"\[core\] Error: init -> {name}: stopped: " + why, KILLED)


DATA = "RLIMIT_DATA = quota − what is charged, moved by core"
FILTER = "seccomp"
GUARD = "seccomp, guard of the stack"
WATCH = "RLIMIT_AS; the watch"

MEMORY = [
    Row("memory", "malloc of small blocks", ("malloc-small",), DATA, "ENOMEM at the quota",
        NO_MEMORY, near(QUOTA)),
    Row("memory", "malloc of large blocks", ("malloc-large",), DATA, "ENOMEM at the quota",
        NO_MEMORY, near(QUOTA)),
    Row("memory", "brk", ("brk",), DATA, "ENOMEM at the quota", NO_MEMORY, near(QUOTA)),
    Row("memory", "private anonymous mappings", ("map-private",), DATA, "ENOMEM at the quota",
        NO_MEMORY, near(QUOTA)),
    Row("memory", "the same with MAP_NORESERVE", ("map-noreserve",), DATA,
        "ENOMEM at the quota", NO_MEMORY, near(QUOTA)),
    Row("memory", "mremap to twice the size, again and again", ("remap",), DATA,
        "ENOMEM at the quota", NO_MEMORY, near(QUOTA)),
    Row("memory", "private writable copies of a file", ("map-file-private",), DATA,
        "ENOMEM at the quota", NO_MEMORY, near(QUOTA)),
    Row("memory", "private readable copies of a file, made writable", ("map-file-readable",), DATA,
        "ENOMEM at the quota", NO_MEMORY, near(QUOTA)),
    Row("memory", "PROT_NONE or PROT_READ first, made writable", ("map-none", "map-readable"),
        FILTER, "EPERM", REFUSED),
    Row("memory", "MAP_GROWSDOWN", ("map-growsdown",), FILTER, "EPERM", REFUSED),
    Row("memory", "MAP_LOCKED, MAP_HUGETLB", ("map-locked", "map-huge"), FILTER, "EPERM", REFUSED),
    Row("memory", "shared anonymous memory", ("map-shared",), FILTER, "EPERM", REFUSED),
    Row("memory", "written, then made read-only or inaccessible", ("protect-read", "protect-none"),
        FILTER, "EPERM", REFUSED),
    Row("memory", "recursion", ("recursion",), "RLIMIT_STACK, mapped and charged at the start",
        "SIGSEGV", SEGV),
    Row("memory", "a page of the stack enlarged by mremap", ("stack-remap",), GUARD, "EPERM",
        REFUSED),
    Row("memory", "the stack cut in two by munmap, so that both parts may grow", ("stack-unmap",),
        GUARD, "EPERM", REFUSED),
    Row("memory", "the same by a mapping on top of it", ("stack-overmap",), GUARD, "EPERM",
        REFUSED),
    Row("memory", "page tables: one page of each 2 MiB", ("sparse-private",), WATCH,
        "ENOMEM, ended within 2 s; until then at most as much again as RLIMIT_AS",
        stopped("page tables of .*"), at_most(ADDRESSES // 4096), OUTCOME),
    Row("memory", "page tables: a page in each GiB, where we say", ("sparse-fixed",), WATCH,
        "ENOMEM, ended within 2 s", stopped("page tables of .*"), at_most(ADDRESSES // 4096),
        OUTCOME),
    Row("memory", "page tables: one page of a dataspace mapped again and again",
        ("sparse-shared",), WATCH, "ENOMEM, ended within 2 s", stopped("page tables of .*"),
        at_most(ADDRESSES // 4096), OUTCOME),
    Row("memory", "dataspaces kept mapped after they were freed", ("mapped-after-free",),
        "truncation; " + WATCH, "no pages; ENOMEM, ended within 2 s",
        stopped("more than .* mappings of files"), at_most(ADDRESSES // 4096), OUTCOME),
    Row("memory", "buffers of channels, filled and never read", ("socket-buffers",),
        "SO_SNDBUF; 32 KiB charged for a channel",
        "out of caps or RAM", (r"\[init -> {name}\] {does}: (\d+) bytes, out of caps",),
        at_most(QUOTA)),
    Row("memory", "the same with more capabilities than RAM", ("socket-buffers-rich",),
        "the same", "out of RAM", (r"\[init -> {name}\] {does}: (\d+) bytes, out of RAM",),
        at_most(QUOTA)),
    Row("memory", "the same, with channels that were freed", ("socket-buffers-freed",),
        "both ends are emptied, RLIMIT_NOFILE", "nothing is left in them; EMFILE",
        (r"\[init -> {name}\] {does}: 0 bytes, Too many open files",)),
    Row("memory", "a dataspace made larger or sealed by its owner or its receiver",
        ("resize-own", "resize-received"), FILTER + ", seals", "EPERM",
        (r"\[init -> {name}\] {does}: 0 ways, (Operation not permitted|Bad file descriptor)",)),
    Row("memory", "a dataspace used beyond its end", ("map-beyond-end",), "the file's size",
        "SIGBUS", (r"\[init -> {name}\] map-beyond-end: page 1",
                   r'\[init\] Error: child "{name}" crashed \(SIGBUS\)')),
]

RACE = [
    Row("memory", "quota spent while it is given away", ("race",),
        "core lowers the limit first, then looks", "never both",
        (r"\[init -> {name}\] {does}: 0 beyond the quota, not stopped",)),
]


def out_of_caps(unit):
    return (r"\[init -> {name}\] {does}: (\d+) " + unit + ", out of caps",)


IN_CORE = "core's ledger"

CAPABILITIES = [
    Row("capabilities", "signals, objects, dataspaces without end",
        ("signals", "objects", "dataspaces"), IN_CORE, "out of caps", out_of_caps(r"\w+"),
        at_most(CAPS)),
    Row("capabilities", "sessions without end", ("sessions",), "the donation of each, " + IN_CORE,
        "out of caps", out_of_caps("sessions"), at_most(CAPS)),
    Row("capabilities", "copies of a descriptor", ("duplicates",), "RLIMIT_NOFILE = 64 + cap quota",
        "EMFILE", (r"\[init -> {name}\] {does}: (\d+) descriptors, Too many open files",),
        at_most(64 + CAPS)),
    Row("capabilities", "objects freed, their descriptors kept", ("hoard",), "RLIMIT_NOFILE",
        "EMFILE", (r"\[init -> {name}\] {does}: (\d+) descriptors, Too many open files",),
        at_most(64 + CAPS)),
    Row("capabilities", "each descriptor in the event loop by all numbers, one after the other",
        ("loops",), "RLIMIT_NOFILE; the watch",
        "ended within seconds; until then a quarter of the square of descriptors, 200 bytes each",
        (r"\[core\] Error: init -> {name}: stopped: descriptor \d+ is in its event loop .*",)),
    Row("capabilities", "more capabilities in a message than any operation has, to the parent",
        ("caps-to-parent",), "counted against the operation, closed",
        "the parent ends it", (r'\[init\] Error: child "{name}" is ended: it (sends what is no '
                               "message of the parent protocol|closed the channel to its parent)",
                               )),
    Row("capabilities", "the same to core", ("caps-to-core",),
        "counted against the operation, closed", "the session is cut off",
        (r"\[core\] (Warning: init -> {name}: PD session cut off: protocol violation|"
         r"Error: init -> {name}: a channel is cut off: .*)",)),  # the watch may be first
]

# each with a fifth of all capabilities that core has descriptors for
HOLDING = [
    Row("capabilities", "objects and sessions without end, where core may have few descriptors",
        ("objects-kept", "files-kept"), "no more capabilities than core has descriptors for",
        "out of caps; others go on", out_of_caps(r"\w+")),
]

CUT_OFF = (r"\[init -> {name}\] {does}: (\d+) under way, .*",
           r"\[core\] Error: init -> {name}: a channel is cut off: .*")

UNDER_WAY = [
    Row("capabilities", "capabilities sent and not received, at the server's end",
        ("under-way-to-server",), "the kernel's bound for a user; the watch",
        "the channel is cut off within 2 s; others wait", CUT_OFF, at_most(64 + CAPS + 253)),
    Row("capabilities", "the same at the client's end", ("under-way-to-client",),
        "the kernel's bound for a user; the watch", "the channel is cut off within 2 s; others wait",
        CUT_OFF, at_most(64 + CAPS + 253)),
    Row("capabilities", "the same at an end that is under way itself", ("under-way-hidden",),
        "the kernel's bound for a user; the watch", "the channel is cut off within 6 s; others wait",
        CUT_OFF, at_most(64 + CAPS + 253)),
]

LANDLOCK = "seccomp; Landlock"


def reach(what, names, wall=FILTER):
    return Row("reach", what, tuple(names.split()), wall, "EPERM",
               (r"\[init -> {name}\] {does}: Operation not permitted",))


REACH = [
    reach("files by their path", "openat openat-write openat-tmpfile openat-tty openat2 open_tree "
          "name_to_handle_at open_by_handle_at newfstatat newfstatat-empty statx faccessat "
          "readlinkat getcwd chdir chroot unlinkat mkdirat mknodat linkat symlinkat truncate "
          "utimensat", LANDLOCK),
    reach("/proc of its own and of others", "openat-self-mem openat-self-fd openat-other-mem "
          "openat-other-fd", LANDLOCK),
    reach("/dev/shm or any tmpfs", "openat-shm", LANDLOCK),
    reach("files by a descriptor", "openat-channel getdents64 fchdir fchmod fchown"),
    reach("names of sockets, addresses, options", "socketpair bind connect listen accept4 shutdown "
          "sendto-address setsockopt getsockopt-pidfd getpeername", LANDLOCK),
    Row("reach", "sockets of every family and type", ("sockets",), LANDLOCK, "EPERM",
        (r"\[init -> {name}\] sockets: 184 of 184 refused",)),
    reach("processes: fork, exec", "clone-process clone-namespace execve execveat execveat-guess"),
    reach("threads, where none are granted", "clone-thread"),
    Row("reach", "clone3", ("clone3",), FILTER, "ENOSYS",
        (r"\[init -> {name}\] clone3: Function not implemented",)),
    reach("processes: whether there is one, what CPU time it had", "clock_gettime-other "
          "clock_getres-other clock_nanosleep-other"),
    reach("processes: signals", "kill kill-parent tgkill tkill rt_sigqueueinfo pidfd_send_signal"),
    reach("processes: ptrace and memory of others", "ptrace ptrace-me process_vm_readv "
          "process_vm_writev process_madvise pidfd_open pidfd_getfd kcmp waitid setsid setpgid"),
    reach("mounts and namespaces", "mount umount2 fsopen pivot_root unshare setns"),
    reach("BPF, perf, io_uring, userfaultfd, keyrings", "bpf perf_event_open io_uring_setup "
          "userfaultfd add_key keyctl"),
    reach("modules, time, reboot, log, host name", "init_module finit_module clock_settime "
          "clock_adjtime reboot sethostname syslog"),
    reach("ioctl, TIOCSTI among them", "ioctl-tiocsti ioctl-fionread"),
    reach("walls of its own making, watching files", "seccomp landlock_create_ruleset "
          "inotify_init1 fanotify_init"),
    reach("memory that nobody counts: memfd, secret memory, System V, queues", "memfd_create "
          "memfd_secret shmget shmat msgget semget mq_open"),
    reach("event loops, pipes, eventfds, timers, signalfds of its own", "epoll_create1 pipe2 "
          "eventfd2 timerfd_create timer_create signalfd4 splice"),
    reach("sizes of files", "fallocate ftruncate fcntl-seals advise-remove"),
    reach("locked, huge, executable and odd mappings", "mlock mlockall map-exec map-droppable "
          "protect-exec protect-growsdown pkey_mprotect remap-keep remap-fixed remap_file_pages "
          "advise-huge"),
    reach("its own and others' limits", "prlimit64-data prlimit64-stack prlimit64-other"),
    reach("its own and others' priority, class and processors", "setpriority setpriority-other "
          "sched_setaffinity sched_setscheduler sched_setattr ioprio_set"),
    reach("its identity and how it is treated", "personality setuid setgroups capset umask "
          "prctl-dumpable prctl-pdeathsig prctl-mm prctl-ptracer prctl-subreaper"),
    reach("descriptors that others share", "fcntl-setfl fcntl-setfl-wide fcntl-setown fcntl-lock "
          "fcntl-dupfd dup2 close_range futex-pi"),
    Row("reach", "every other number up to 600", ("others",), FILTER, "EPERM",
        (r"\[init -> {name}\] others: (\d+) of \1 refused",)),
    Row("reach", "what it was lent to read, to be written", ("write-received",),
        "the descriptor is read-only, sealed", "EACCES, EBADF",
        (r"\[init -> {name}\] write-received: 0 ways, .*",)),
]

NO_MORE = (r"\[init -> {name}\] {does}: (\d+) threads, Resource temporarily unavailable",)
COUNT = "user notifications of seccomp; core counts"


def exactly(number):
    return lambda got: got == number


THREADS = [
    Row("threads", "more than granted; again after all have ended", ("threads-more",), COUNT,
        "EAGAIN; never more, seen from outside", NO_MORE, exactly(GRANTED)),
    Row("threads", "the same from several threads at once", ("threads-at-once",), COUNT,
        "EAGAIN; never more, and afterwards as many as granted", NO_MORE, exactly(GRANTED)),
    Row("threads", "the first thread ends, the others go on, unseen", ("first-ends",), COUNT,
        "the first waits for the others; memory ends at the quota", NO_MEMORY, near(QUOTA)),
    Row("threads", "the same, and then the others end", ("last-ends",), COUNT,
        "the process ends, with the first thread's value",
        (r"\[init -> {name}\] last-ends: another one lives",
         r'\[init\] child "{name}" exited with exit value 7')),
    Row("threads", "clone with any other flags", ("thread-flags",), FILTER, "EPERM", REFUSED),
    Row("threads", "large stacks", ("thread-stacks",), DATA, "ENOMEM at the quota", NO_MEMORY,
        near(QUOTA)),
    Row("threads", "PROT_NONE, as for stacks, made writable", ("thread-reserved",), DATA,
        "ENOMEM at the quota", NO_MEMORY, near(QUOTA)),
    Row("threads", "the first thread's stack cut or enlarged by another", ("thread-stack-of-first",),
        GUARD, "EPERM", REFUSED),
    Row("threads", "another priority, class or place, for one thread; a signal to one",
        ("thread-priority",), FILTER, "EPERM; all as before, seen from outside", REFUSED),
]

CHURN = [
    Row("threads", "100,000 that begin and end, all places used", ("threads-churn",), COUNT,
        "never more, seen from outside, and none lost",
        NO_MORE + (r"\[init -> {name}\] {does}: \d+ came and went, Success",), exactly(GRANTED)),
]

TRUST = [
    Row("trust", "well-formed and wrong requests to core", ("odd-pd",), "each is checked",
        "an answer to each", (r"\[init -> {name}\] {does}: 0 accepted, .*",)),
    Row("trust", "well-formed and wrong requests to the parent", ("odd-parent",), "each is checked",
        "an answer to each", (r"\[init -> {name}\] {does}: 0 accepted, .*",)),
    Row("trust", "sessions asked for without end, at a server that says nothing", ("demand",),
        "each is paid for", "out of caps", out_of_caps("requests"), at_most(CAPS)),
]

AGAIN = [
    Row("capabilities", "the same again and again, and event loops for core to look at",
        ("storm-looks",), "the watch looks at channels alone, and counts",
        "ended within 10 s; others wait", stopped("its channels had to be cut off 5 times")),
]

KEPT = [
    Row("capabilities", "ROM modules that the parent makes, opened without end", ("config-roms",),
        "the donation of each", "out of caps", out_of_caps("sessions"), at_most(CAPS // 2)),
    Row("capabilities", "sessions that are made and never fetched", ("unfetched",),
        "the donation of each, a capability at least", "out of caps", out_of_caps("sessions"),
        at_most(CAPS)),
]

LENDING = [
    Row("taking back", "a dataspace after its session was closed, by descriptor", ("keep",),
        "truncation", "ENODATA at once; the bound is 100 ms",
        (r"\[init -> {name}\] keep: read: No data available, (\d+) us after the close",
         r"\[init -> {name}\] keep: call: Broken pipe"), at_most(100000)),
    Row("taking back", "the same by its mapping", ("keep-touch",), "truncation", "SIGBUS",
        (r'\[init\] Error: child "{name}" crashed \(SIGBUS\)',)),
    Row("taking back", "a dataspace after its lender was killed", ("hold",), "truncation",
        "ENODATA; the bound is 100 ms",
        (r"\[init -> {name}\] hold: (\d+) us, No data available",), at_most(100000)),
]

FULL = [
    Row("taking back", "descriptors, opened while capabilities were lent", ("full",),
        "RLIMIT_NOFILE; the watch", "EMFILE; ended within 2 s, if there are more than can be now",
        stopped(r"\d+ descriptors, at most 112 are allowed")),
]

# Judged by a test of their own in escape_test.py, not by a line
OTHERS = [
    Row("CPU", "a busy child of lower priority on the same processor", ("busy",),
        "nice value, SCHED_IDLE", "leaves nine tenths (of four levels, between neighbours below "
        "the highest: four fifths, unless core's nice value is −4 or lower)", ()),
    Row("memory", "sessions left at a server that closes none, by a client that it has started "
        "anew without end", ("crowd",), "128 at most without a client; its end waits for the others",
        "the parent grows by no more than a session costs, 2 KiB for each", ()),
    Row("CPU", "the same with all threads that it was granted", ("threads-busy",),
        "nice value, SCHED_IDLE of each thread", "leaves 9 of 9 + threads parts", ()),
    Row("CPU", "messages to parent and core, signals, threads, as fast as they are taken; a client "
        "and a server that have the client started anew without end; 1000 MiB freed and allocated "
        "again",
        ("storm-parent", "storm-core", "storm-frees", "storm-signal", "storm-threads",
         "storm-restart", "storm-large"),
        "bursts are bounded, turns are taken; a process frees what is large",
        "a session of others is open, used and closed within 100 ms", ()),
    Row("CPU", "another place, priority or class", ("reach",), FILTER,
        "as before, seen from outside", ()),
    Row("memory", "what all of them hold, seen from outside", ("memory",), DATA,
        "private memory and page tables within the quota", ()),
    Row("taking back", "quota that was not spent, after its start node was given less",
        ("unspent",), "the account, and " + DATA, "ENOMEM, and it is in the parent's account; the "
        "bound is 100 ms from `kin apply`", ()),
    Row("taking back", "quota that was spent, the same; what it is asked for is not freed",
        ("spent",), "none while it lives: quota never falls below what is used",
        "it is asked to yield within 100 ms; who wants it back must end it, and has it within 1 s",
        ()),
    Row("taking back", "all that was taken, after a kill", ("malloc-small",), "the PD's account",
        "back in the parent's account; the bound is 1 s", ()),
]

TABLE = MEMORY + RACE + CAPABILITIES + HOLDING + UNDER_WAY + AGAIN + KEPT + REACH + THREADS \
    + CHURN + TRUST + LENDING + FULL + OTHERS


THREADED = {does for row in THREADS + CHURN for does in row.does} | {"threads-busy", "storm-threads"}


def granted(does):
    """Attributes of its start node."""
    return {"threads": GRANTED} if does in THREADED else {}


def child_name(does):
    return "e-" + does


def filled(pattern, child, does):
    return pattern.replace("{name}", re.escape(child)).replace("{does}", re.escape(does))


def told(tree, pattern):
    """The match of a line that has come already, or None."""
    return next(filter(None, (re.fullmatch(pattern, line) for line in tree.lines)), None)


def judge(tree, rows, name=None, **patience):
    """Waits for the lines of each row's attempts; checks the number that they tell."""
    for row in rows:
        for does in row.does:
            child = name or child_name(does)
            matches = [tree.expect_match(filled(end, child, does), **patience)
                       for end in row.ends]
            match = told(tree, filled(row.maybe, child, does)) if row.maybe else matches[0]
            if row.check and match:
                got = int(match[1])
                assert row.check(got), f"{does}: {got}"


HEAD = """# What a hostile component tries

`tests/escape` has a component that tries all of this in real trees, and the table that it is judged
by: this document is written from it (`python3 tests/escape/attempts.py > doc/escape.md`), and
`escape_test` fails if they differ or if an attempt was not made. A hostile component has 4 MiB and 60
capabilities there. *The watch* looks at components about once a second and ends those that keep what
no limit of the kernel's counts (`src/core/watch.h`).

"""


def document():
    lines = [HEAD]
    theme = None
    for row in sorted(TABLE, key=lambda r: THEMES.index(r.theme)):
        if row.theme != theme:
            theme = row.theme
            lines.append(("\n" if len(lines) > 1 else "") + f"## {theme}\n\n"
                         "| attempt | wall | what comes of it | test |\n|---|---|---|---|\n")
        names = ", ".join(f"`{does}`" for does in row.does)
        lines.append(f"| {row.what} | {row.wall} | {row.result} | {names} |\n")
    return "".join(lines)


THEMES = ["memory", "capabilities", "reach", "threads", "CPU", "trust", "taking back"]

if __name__ == "__main__":
    print(document(), end="")

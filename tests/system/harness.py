"""Runs a tree of components and watches it from outside.

A test starts a Tree, waits for lines of its output and ends it. Nothing here sleeps: every wait is
for something that can be seen (a line, the end of a process) and has a deadline. At its end a tree
must have left no process, no sanitizer report and the exit status that the test expects; all of
that is checked without asking.
"""
import contextlib
import ctypes
import fcntl
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback

DEADLINE_S = 30
DYING_S = 2  # for a process that was killed to be gone
LOOK_S = 0.005  # between two looks at what can't be waited for
IDLE_LOOKS = 40  # without a change, to say that nothing happens
SHOWN = 60  # lines of a failed tree's output, both of its beginning and its end
CONFIG_FD_FIRST = 32  # core's components start with the numbers below
PR_SET_CHILD_SUBREAPER = 36
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|Assertion .* failed")

SOURCE = pathlib.Path(os.environ["KIN_SOURCE"])
KIN = os.environ["KIN"]
KIN_CORE = os.environ["KIN_CORE"]
ROMS = os.environ["KIN_ROMS"].split(":")

PARENT_PROVIDES = ("<parent-provides>"
                   + "".join(f'<service name="{s}"/>' for s in ("PD", "CPU", "ROM", "LOG", "Timer"))
                   + "</parent-provides>")


def composition(*nodes, default='<default ram="2M" caps="60"/>', provides=PARENT_PROVIDES):
    """A config for init with what most of them have in common."""
    return ("<config>" + provides + default
            + "<default-route><any-service><parent/><any-child/></any-service></default-route>"
            + "".join(nodes) + "</config>")


def start(name, binary=None, config=None, provides=(), inside="", **attributes):
    """A start node; `config` is the inline config's text, attributes become the node's."""
    listed = "".join(f' {key}="{value}"' for key, value in attributes.items())
    services = "".join(f'<service name="{service}"/>' for service in provides)
    return (f'<start name="{name}"{listed}>'
            + (f'<binary name="{binary}"/>' if binary else "")
            + (f"<provides>{services}</provides>" if provides else "")
            + (config or "") + inside + "</start>")


def mischief(name, does, **particulars):
    """A start node of the component that misbehaves."""
    listed = "".join(f' {key}="{value}"' for key, value in particulars.items())
    return start(name, "mischief", f'<config does="{does}"{listed}/>')


BYSTANDERS = start("greeter_server", provides=["Greeter"]) + start("witness")


def may_be_nice(value):
    """Whether a process of ours may have that nice value."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, value)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def parents():
    """Process IDs of all processes, each with its parent's and its state."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):
            with open(f"/proc/{entry}/stat", encoding="latin-1") as stat:
                state, parent = stat.read().rpartition(")")[2].split()[:2]
            found[int(entry)] = (int(parent), state)
    return found


def descendants(pid):
    tree = parents()
    below, todo = [], [pid]
    while todo:
        above = todo.pop()
        children = [p for p, (parent, _) in tree.items() if parent == above]
        below += children
        todo += children
    return below


def descriptors(pid):
    """What each open descriptor of a process is; one may be closed while we look."""
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return found


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Tree:
    """A running tree, its lines as far as they were read, the number of the one awaited last."""

    def __init__(self, config, *options, ram="64M", caps=4000, roms=(), status=0):
        self.status = status
        self.lines = []
        self.after = 0
        self.rest = b""
        fd = self._config_fd(config)
        command = [KIN_CORE, "--ram", ram, "--caps", str(caps), "--config-fd", str(fd), *options]
        for directory in [*map(str, roms), *ROMS]:
            command += ["--rom", directory]
        try:
            self._launch(command, pass_fds=[fd])
        finally:
            os.close(fd)

    @staticmethod
    def _config_fd(config):
        if isinstance(config, str):
            config = config.encode()
        memfd = os.memfd_create("config")
        with os.fdopen(memfd, "wb") as file:
            file.write(config)
            file.flush()
            return fcntl.fcntl(memfd, fcntl.F_DUPFD, CONFIG_FD_FIRST)

    def _launch(self, command, **how):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        how.setdefault("stdin", subprocess.DEVNULL)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        **how)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.end()
        else:
            self._abandon()

    def _abandon(self):
        """After a failure: show what there was, leave nothing behind."""
        self._show()
        for pid in [self.pid, *descendants(self.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def _show(self):
        skipped = len(self.lines) - 2 * SHOWN
        for number, line in enumerate(self.lines):
            if number < SHOWN or number >= SHOWN + skipped:
                print(f"    | {line}")
            elif number == SHOWN:
                print(f"    | … {skipped} lines …")

    def _read(self, timeout_s):
        """Takes in what there is, waiting for it at most that long. False at the end of all."""
        if self.process.stdout.closed:
            return False
        if not select.select([self.process.stdout], [], [], timeout_s)[0]:
            return True
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        *complete, self.rest = (self.rest + data).split(b"\n")
        self.lines += [line.decode("utf-8", "replace") for line in complete]
        return bool(data)

    def _wait_for(self, found, what, deadline_s):
        until = time.monotonic() + deadline_s
        while True:
            result = found()
            if result is not None:
                return result
            left = until - time.monotonic()
            if left <= 0 or not self._read(left):
                result = found()
                if result is None:
                    raise AssertionError(f"not seen: {what}")

    def expect_match(self, pattern, begin=0, deadline_s=DEADLINE_S):
        """The match of the first line, from number `begin` on, that fits the pattern as a whole."""
        whole = re.compile(pattern)
        self.after = begin

        def found():
            while self.after < len(self.lines):
                self.after += 1
                match = whole.fullmatch(self.lines[self.after - 1])
                if match:
                    return match
            return None

        return self._wait_for(found, pattern, deadline_s)

    def expect(self, *lines):
        """Each of these lines, in whatever order."""
        for line in lines:
            self.expect_match(re.escape(line))

    def expect_in_order(self, *lines):
        begin = 0
        for line in lines:
            self.expect_match(re.escape(line), begin)
            begin = self.after

    def expect_bystanders(self):
        """Those who did nothing wrong still go on: three more lines from now."""
        for _ in range(3):
            self.expect_match(r"\[init -> witness\] seen \d+", len(self.lines))
        self.forbid(r"\[init -> witness\] (?!seen).*", r".*child \"(witness|greeter_server)\".*")

    def forbid(self, *patterns):
        for pattern in patterns:
            for line in self.lines:
                assert not re.fullmatch(pattern, line), f"not expected: {line}"

    def count(self, pattern):
        return sum(bool(re.fullmatch(pattern, line)) for line in self.lines)

    def init_pid(self):
        """Core's only child of its own making is the first init's; it is also the first process."""
        return min(p for p, (parent, _) in parents().items() if parent == self.pid)

    def processes(self):
        """The components that run: process IDs by name."""
        found = {}
        for pid in descendants(self.pid):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cmdline", encoding="utf-8") as cmdline:
                    found[cmdline.read().split("\0")[0]] = pid
        found.pop("", None)  # those that have ended but were not waited for
        return found

    def kill_process(self, name):
        os.kill(self.processes()[name], signal.SIGKILL)

    def expect_processes(self, *names):
        """These run and no others, once those that were ended have died."""
        self._poll_until(lambda: sorted(self.processes()) == sorted(names), f"only {names}")

    def expect_no_descriptor(self, pid, name):
        found = [what for what in descriptors(pid) if name in what]
        assert not found, f"open in process {pid}: {found}"

    def expect_descriptors(self, count):
        """Core has no more than so many open, once it has seen that clients are gone."""
        self._poll_until(lambda: len(descriptors(self.pid)) <= count, f"{count} descriptors")

    def expect_waiting(self, name):
        """A component does nothing at all any more: it has not run for a while."""
        pid, last, looks = self.processes()[name], None, 0

        def waits():
            nonlocal last, looks
            with open(f"/proc/{pid}/status", encoding="utf-8") as status:
                now = [line for line in status if "ctxt_switches" in line]
            looks = looks + 1 if now == last else 0
            last = now
            return looks == IDLE_LOOKS

        self._poll_until(waits, f"{name} waits")

    @staticmethod
    def _poll_until(condition, what):
        """For what nothing tells us about."""
        until = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < until, f"not reached: {what}"
            select.select([], [], [], LOOK_S)

    def finish(self, deadline_s=DEADLINE_S):
        """Reads to the end of the output and sees what the tree left behind."""
        until = time.monotonic() + deadline_s
        while self._read(max(0, until - time.monotonic())):
            if time.monotonic() > until:
                self._abandon()
                raise AssertionError("the tree does not end")
        status = self.process.wait(max(1, until - time.monotonic()))
        self.process.stdout.close()
        if self.rest:
            self.lines.append(self.rest.decode("utf-8", "replace"))
        reports = [line for line in self.lines if SANITIZER.search(line)]
        left = survivors()
        if reports or left or status != self.status:
            self._show()
        assert not reports, f"sanitizer: {reports}"
        assert not left, f"processes left over: {left}"
        assert status == self.status, f"exit status {status}, not {self.status}"

    def end(self, with_signal=signal.SIGTERM):
        """Ends the tree from outside, unless it has ended."""
        if self.process.stdout.closed:
            return
        self.process.send_signal(with_signal)
        self.finish()


def survivors():
    """Processes that became ours when their tree ended, and did not end with it. Ends them."""
    found = []
    for pid in descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            pidfd = os.pidfd_open(pid)
            if not select.select([pidfd], [], [], DYING_S)[0]:
                found.append(pid)
                os.kill(pid, signal.SIGKILL)
            os.close(pidfd)
            os.waitpid(pid, 0)
    return found


class Command(Tree):
    """A tree started by the command `kin`, as people do."""

    def __init__(self, *arguments, status=0, stdin=subprocess.DEVNULL, **how):
        self.status = status
        self.lines = []
        self.after = 0
        self.rest = b""
        self._launch([KIN, *arguments], stdin=stdin, **how)


@contextlib.contextmanager
def private_folder():
    with tempfile.TemporaryDirectory(prefix="kin-test-") as folder:
        yield pathlib.Path(folder)


def written(folder, text, name="tree.xml"):
    path = folder / name
    path.write_text(text)
    return str(path)


def kin(*arguments, status=0):
    """Runs the command to its end; its standard output and standard error."""
    result = subprocess.run([KIN, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                            timeout=DEADLINE_S, check=False)
    output, errors = result.stdout.decode(), result.stderr.decode()
    assert result.returncode == status, \
        f"status {result.returncode}, not {status}: {output}{errors}"
    return output, errors


def refused(*arguments, status):
    """The one sentence that the command gives as the reason for its status."""
    output, errors = kin(*arguments, status=status)
    assert output == "", output
    return errors


TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Skipped(Exception):
    """A test can't be tried here, and why; `make check` names and counts it."""


def expect_no_name_left():
    """What was started by the command has taken its name out of the runtime folder again."""
    folder = pathlib.Path(os.environ["XDG_RUNTIME_DIR"]) / "kin"
    left = [path.name for path in folder.iterdir()] if folder.exists() else []
    for name in left:
        (folder / name).unlink()
    assert not left, f"left in the runtime folder: {left}"


def run_in_order(chosen):
    failed = skipped = 0
    for function in chosen:
        begin = time.monotonic()
        try:
            function()
            expect_no_name_left()
            outcome = "passed"
        except Skipped as why:
            print(f"    {why}\n[  SKIPPED ] {function.__name__}")
            outcome = "skipped"
            skipped += 1
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc(file=sys.stdout)
            outcome = "FAILED"
            failed += 1
        title = function.__name__.replace("_", " ")
        print(f"{outcome}  {title}  ({time.monotonic() - begin:.2f} s)", flush=True)
    print(f"{len(chosen) - failed - skipped} of {len(chosen)} passed")
    return 1 if failed or not chosen else 0


def main():
    """Runs all tests of the file, or those named on the command line, in order."""
    chosen = [t for t in TESTS if not sys.argv[1:] or t.__name__ in sys.argv[1:]]
    with private_folder() as folder:
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
        status = run_in_order(chosen)
    sys.exit(status)

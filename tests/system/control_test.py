"""Working on a running tree from the command line, and trying to disturb it that way."""
import contextlib
import os
import pathlib
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from harness import (BYSTANDERS, DEADLINE_S, KIN, ROMS, Command, composition, descriptors, kin, main,
                     mischief, private_folder, refused, start, test, written)

TEST_COMPONENTS = ["--rom", ROMS[-1]]
LEAF = composition(start("leaf", "greeter_server", provides=["Greeter"]))
DEEPER = composition(start("deeper", "kin-init", LEAF, ram="8M", caps="300"))
INNER = start("inner", "kin-init", DEEPER, ram="16M", caps="600")
CLIENTS_MAX = 16
STRANGER = 65534  # a user that is not us


@contextlib.contextmanager
def running(*nodes, options=(), name="tree.xml", status=0):
    """A tree started by the command, with the path of its config."""
    with private_folder() as folder:
        path = written(folder, composition(*nodes), name)
        with Command("run", *TEST_COMPONENTS, *options, path, status=status) as tree:
            tree.path = path
            tree.expect_match(r"\[init.*")  # so the socket is there as well, if there is to be one
            yield tree


class Following:
    """A command that goes on, and the lines it has printed."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([KIN, *arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def _read(self):
        """More of what it prints; False at its end."""
        assert select.select([self.process.stdout], [], [], DEADLINE_S)[0], f"only: {self.seen}"
        more = os.read(self.process.stdout.fileno(), 1 << 16)
        self.seen += more
        return bool(more)

    def expect(self, pattern):
        """The next line that fits; those before it are returned."""
        skipped = []
        while True:
            while b"\n" not in self.seen:
                assert self._read(), f"ended before: {pattern}"
            line, _, self.seen = self.seen.partition(b"\n")
            if re.fullmatch(pattern, line.decode()):
                return skipped
            skipped.append(line.decode())

    def expect_end(self, status=0):
        while self._read():
            pass
        assert self.process.wait(DEADLINE_S) == status, self.seen
        return self.seen.decode()


def runtime_folder():
    return pathlib.Path(os.environ["XDG_RUNTIME_DIR"]) / "kin"


def connected(name="tree"):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.connect(str(runtime_folder() / name))
    client.settimeout(DEADLINE_S)
    return client


def expect_cut_off(client):
    with client, contextlib.suppress(ConnectionResetError):
        while client.recv(1 << 16):
            pass


def children(report):
    return [child.get("name") for child in report.iter("child")]


@test
def list_shows_each_tree_with_its_name_process_and_config():
    assert kin("list") == ("", "")
    with contextlib.ExitStack() as stack:
        first, second, third = (stack.enter_context(running(start("hello"), options=options))
                                for options in ([], [], ["--name", "mine"]))
        rows = [line.split() for line in kin("list")[0].splitlines()]
        assert rows[0] == ["tree", "pid", "since", "config"], rows
        found = {row[0]: (int(row[1]), row[4]) for row in rows[1:]}
        assert found == {"tree": (first.pid, first.path), "tree-2": (second.pid, second.path),
                         "mine": (third.pid, third.path)}, found
        assert refused("tree", status=127) == ("kin: several trees run, choose one by --tree: "
                                               "mine, tree, tree-2\n")
        assert refused("tree", "--tree", "tree-3", status=125) == (
            "kin: no tree 'tree-3' runs, but: mine, tree, tree-2\n")
        assert "init" in kin("tree", "--tree", "mine")[0]
        for tree in (first, second, third):  # none may be left when another one's end is looked at
            tree.process.terminate()
        for tree in (first, second, third):
            tree.process.wait(DEADLINE_S)


@test
def tree_shows_components_of_all_levels():
    with running(BYSTANDERS, INNER, mischief("gone", "exit", value=3)) as tree:
        tree.expect_match(r'\[init\] child "gone" exited with exit value 3')
        tree.expect_bystanders()
        lines = kin("tree")[0].splitlines()
        shape = [re.match(r"(\W*)([\w-]+) .*?(\S+)$", line).groups() for line in lines[1:]]
        names = [(len(branches), name) for branches, name, _ in shape]
        assert names == [(0, "core"), (3, "init"), (6, "greeter_server"), (6, "witness"),
                         (6, "inner"), (9, "deeper"), (12, "leaf")], names
        assert [state for _, _, state in shape[1:]] == ["running"] * 6, shape
        row = next(line for line in lines if "witness" in line).split()[2:]
        quota, charged, private, caps, used = map(int, row[:5])
        assert quota > charged + private > 0 and caps > used > 0, row


@test
def tree_shows_sessions_of_all_levels():
    with running(BYSTANDERS, INNER) as tree:
        tree.expect_bystanders()
        lines = kin("tree", "--sessions")[0].splitlines()
        text = "\n".join(re.sub(r"^[│├└─ ]+", "", line) for line in lines)
        assert re.search(r'^greeter_server .*\n(.*\n)*?serves Greeter "witness"$', text,
                         re.MULTILINE), text
        assert re.search(r'^leaf .*\nuses PD "leaf"$', text, re.MULTILINE), text


@test
def tree_is_printed_again_when_it_has_changed_until_it_ends():
    with running(BYSTANDERS) as tree:
        tree.expect_bystanders()
        with Following("tree", "--watch") as watch:
            watch.expect(r".*witness .*running")
            tree.kill_process("witness")
            skipped = watch.expect(r"component .*")
            assert skipped == [""], skipped
            assert not any("\033" in line for line in watch.expect(r"└─ init .*"))
            tree.end()
            watch.expect_end()


@test
def a_terminal_is_redrawn():
    with running(BYSTANDERS) as tree:
        tree.expect_bystanders()
        ours, theirs = pty.openpty()
        with subprocess.Popen([KIN, "tree", "--watch"], stdin=subprocess.DEVNULL,
                              stdout=theirs) as watch:
            os.close(theirs)
            seen = b""
            try:
                for times in (1, 2):
                    while seen.count(b"\033[J") < times:
                        assert select.select([ours], [], [], DEADLINE_S)[0], seen
                        seen += os.read(ours, 1 << 16)
                    tree.kill_process("witness" if times == 1 else "greeter_server")
            finally:
                watch.kill()
        os.close(ours)
        assert seen.startswith(b"\033[2J\033[H") and b"witness" in seen, seen


@test
def status_is_the_report_of_an_init_at_any_level():
    with running(BYSTANDERS, INNER) as tree:
        tree.expect_bystanders()
        report = ElementTree.fromstring(kin("status")[0])
        assert report.tag == "state"
        assert children(report) == ["greeter_server", "witness", "inner"]
        assert ElementTree.fromstring(kin("status", "init")[0]).get("settled") == "yes"
        witness = next(c for c in report if c.get("name") == "witness")
        used = {s.get("name") for s in witness.find("requested")}
        assert {"PD", "CPU", "ROM", "LOG", "Greeter"} <= used, used
        assert children(ElementTree.fromstring(kin("status", "init -> inner")[0])) == ["deeper"]
        assert children(ElementTree.fromstring(
            kin("status", "init -> inner -> deeper")[0])) == ["leaf"]


@test
def asking_for_a_state_costs_nothing_for_long():
    with running(INNER, start("hello")) as tree:
        tree.expect_processes("init", "inner", "deeper", "leaf")

        def usage():
            report = ElementTree.fromstring(kin("status")[0])
            return {(part.tag, part.get("used")) for part in report if part.tag in ("ram", "caps")}

        for _ in range(3):
            usage()
        before, open_before = usage(), len(descriptors(tree.pid))
        for _ in range(20):
            kin("status", "init -> inner -> deeper")
        assert usage() == before, f"{before} became {usage()}"
        tree.expect_descriptors(open_before)


@test
def why_there_is_no_status_is_said():
    with running(INNER, start("hello"), mischief("spinner", "spin")) as tree:
        tree.expect("[init -> hello] hello", "[init -> spinner] spinning")
        for label, reason in (
                ("init -> nobody", "there is no component 'init -> nobody'"),
                ("core", "there is no component 'core'"),
                ("init -> inner -> deeper -> nobody",
                 "there is no component 'init -> inner -> deeper -> nobody'"),
                ("init -> inner -> deeper -> leaf",
                 "'init -> inner -> deeper -> leaf' has no state to report: it has no children"),
                ("init -> hello", "'init -> hello' does not run"),
                ("init -> spinner", "'init -> spinner' did not answer within 2 s")):
            assert refused("status", label, status=1) == f"kin: {reason}\n"
        assert "spinner" in kin("status")[0]


@test
def a_component_that_lies_about_its_state_lies_to_its_asker_alone():
    ways = {"garbage": "can't be read", "writable": "can't be read", "huge": "can't be read",
            "channel": "can't be read", "unasked": "did not answer within 2 s"}
    with running(BYSTANDERS, *[mischief(way, "lie-about-state", how=way)
                               for way in (*ways, "coloured")]) as tree:
        for way, reason in ways.items():
            tree.expect(f"[init -> {way}] ready")
            errors = refused("status", f"init -> {way}", status=1)
            assert reason in errors and "\033" not in errors, errors
            assert children(ElementTree.fromstring(kin("status")[0])), way
        tree.expect("[init -> coloured] ready")
        assert kin("status", "init -> coloured")[0] == '<state version="\u00bf31m"/>\n'
        tree.expect_bystanders()


@test
def log_prints_what_was_said_by_prefix_and_follows():
    with running(BYSTANDERS, start("hello")) as tree:
        tree.expect("[init -> hello] hello")
        tree.expect_bystanders()
        assert kin("log", "init -> hello")[0] == "[init -> hello] hello\n"
        assert kin("log", "nobody")[0] == ""
        lines = kin("log")[0].splitlines()
        tree.expect(lines[-1])
        assert lines == tree.lines[:len(lines)], lines
        with Following("log", "-f", "init -> wit") as follow:
            number = None
            for _ in range(3):
                assert follow.expect(r"\[init -> witness\] seen \d+") == []
            tree.end()
            rest = follow.expect_end()
            assert all(line.startswith("[init -> witness] seen ") for line in rest.splitlines()), \
                f"{number}: {rest}"


@test
def the_log_keeps_the_last_lines_only():
    with running(mischief("writer", "flood-log"), options=["--quiet"]) as tree:
        first = None
        while not first:
            lines = kin("log", "init -> writer")[0].splitlines()
            numbers = [int(line.rpartition(" ")[2]) for line in lines]
            first = numbers[0] if numbers else None
            assert numbers == [first + i for i in range(len(numbers))]
            tree.expect_match(r".*flood \d+", len(tree.lines))
        assert sum(len(line) + 1 for line in lines) <= 256 << 10


@test
def apply_refuses_what_is_no_config_before_anything_changes():
    with running(start("hello")) as tree, private_folder() as folder:
        tree.expect("[init -> hello] hello")
        errors = refused("apply", written(folder, "<config><start</config>", "bad.xml"), status=126)
        assert re.fullmatch(r".*bad\.xml:1:\d+: error: .*\n", errors), errors
        assert "No such file" in refused("apply", str(folder / "nowhere.xml"), status=126)
        assert tree.path in kin("list")[0]


@test
def apply_returns_once_the_new_config_is_in_effect():
    with running(BYSTANDERS, start("hello")) as tree, private_folder() as folder:
        tree.expect("[init -> hello] hello")
        tree.expect_bystanders()
        path = written(folder, composition(BYSTANDERS, sleeper(10000000)), "new.xml")
        assert kin("apply", path) == ("", "")
        assert children(ElementTree.fromstring(kin("status")[0])) == [
            "greeter_server", "witness", "sleeper"]
        assert re.search(r"─ sleeper .* running\n", kin("tree")[0])
        assert path in kin("list")[0]
        tree.expect_bystanders()


@test
def apply_waits_for_the_inits_below():
    with running(INNER, start("hello")) as tree, private_folder() as folder:
        tree.expect_processes("init", "inner", "deeper", "leaf")
        for number in range(5):
            inner = INNER.replace('name="leaf"', f'name="leaf{number}"')
            config = written(folder, composition(inner, start("hello")))
            assert kin("apply", config) == ("", "")
            report = kin("status", "init -> inner -> deeper")[0]
            assert children(ElementTree.fromstring(report)) == [f"leaf{number}"], report
        tree.expect_processes("init", "inner", "deeper", "leaf4")


@test
def apply_tells_what_can_not_work_at_any_level():
    with running(BYSTANDERS, INNER) as tree, private_folder() as folder:
        tree.expect_bystanders()
        config = composition(BYSTANDERS, INNER.replace("greeter_server", "nothing"),
                             start("lost", "nowhere"))
        errors = refused("apply", "--quiet", written(folder, config), status=1).splitlines()
        assert errors[0] == "kin: the config is applied, but not all of it works:", errors
        assert any(line.startswith("  init -> lost: ") and "nowhere" in line for line in errors)
        assert any(line.startswith("  init -> inner -> deeper -> leaf: ") for line in errors)
        assert len(errors) == 3, errors
        tree.expect_bystanders()


def sleeper(ms):
    return start("sleeper", "dummy", f'<config><sleep ms="{ms}"/></config>')


@test
def apply_tells_who_keeps_it_from_settling():
    with running(BYSTANDERS, sleeper(10000000)) as tree, private_folder() as folder:
        tree.expect_bystanders()
        path = written(folder, composition(BYSTANDERS, sleeper(20000000)))
        errors = refused("apply", "--quiet", "--timeout", "300ms", path, status=1).splitlines()
        assert errors == ["kin: the config is applied, but has not settled:",
                          "  init -> sleeper: has not read its changed config"], errors
        init = tree.processes()["init"]
        os.kill(init, signal.SIGSTOP)
        errors = refused("apply", "--quiet", "--timeout", "300ms", path, status=1)
        assert errors == "kin: init has not taken the config\n", errors
        os.kill(init, signal.SIGCONT)
        tree.expect_bystanders()
        assert kin("apply", written(folder, composition(BYSTANDERS))) == ("", "")


@test
def a_watched_config_is_applied_whenever_it_is_written_or_replaced():
    with running(BYSTANDERS, options=["--watch"], name="my.xml") as tree:
        path = pathlib.Path(tree.path)
        path.write_text(composition(BYSTANDERS, start("one", "hello")))
        tree.expect("[init -> one] hello", f"kin: '{path}' is applied")
        path.write_text("<config>\n<start</config>")
        tree.expect_match(r".*my\.xml:2:\d+: error: .*")
        tree.expect(f"kin: '{path}' is not applied")
        (path.parent / "other.xml").write_text("<config/>")
        other = path.parent / "my.xml~"
        other.write_text(composition(BYSTANDERS, start("two", "hello")))
        other.rename(path)
        tree.expect_in_order(f"kin: '{path}' is not applied", f"kin: '{path}' is applied")
        tree.expect("[init -> two] hello")
        tree.expect_bystanders()


@test
def a_config_that_is_watched_in_vain_is_left_alone():
    with running(start("hello"), options=["--watch"]) as tree:
        tree.expect("[init -> hello] hello")
        folder = pathlib.Path(tree.path).parent
        (folder / "tree.xml").unlink()
        folder.rmdir()
        tree.expect(f"kin: the folder of '{tree.path}' is gone, it is watched no more")
        folder.mkdir()  # as its owner wants it at the end


def hostile_clients():
    """What can be sent; each of them is answered by hanging up."""
    for size in (1, 8, 100, 4096, 5000, 100000):
        yield b"\xa5" * size
    yield b"\0" * 9  # an operation with a byte too many
    yield b"\xff\xff\xff\xff\0\0\0\0"  # no operation of that number


@test
def hostile_clients_are_cut_off_and_delay_nobody():
    with running(BYSTANDERS) as tree:
        tree.expect_bystanders()
        tree.expect_processes("init", "greeter_server", "witness")
        before = len(descriptors(tree.pid))
        for message in hostile_clients():
            client = connected()
            client.send(message)
            expect_cut_off(client)
        with connected() as client:  # descriptors where none belong
            socket.send_fds(client, [b"\0" * 8], [0, 1, 2])
            expect_cut_off(client)
        with connected() as client:  # one question after the other, no answer taken
            with contextlib.suppress(ConnectionError, TimeoutError):
                for _ in range(1000):
                    client.send(b"\1" + b"\0" * 7)
        tree.expect_bystanders()
        idle = [connected() for _ in range(5 * CLIENTS_MAX)]
        assert "witness" in kin("tree")[0]
        assert "tree" in kin("list")[0]
        tree.expect_bystanders()
        for client in idle:
            client.close()
        tree.expect_descriptors(before)


@test
def a_flood_of_questions_delays_nobody():
    asker = ("import socket,sys\n"
             "while True:\n"
             "  s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
             "  s.connect(sys.argv[1])\n"
             "  try:\n"
             "    while True: s.send(b'\\1' + b'\\0' * 7); s.recv(4096)\n"
             "  except OSError: pass\n")
    with running(BYSTANDERS) as tree:
        path = str(runtime_folder() / "tree")
        askers = [subprocess.Popen([sys.executable, "-c", asker, path], stderr=subprocess.DEVNULL)
                  for _ in range(4)]
        try:
            tree.expect_bystanders()
            assert "witness" in kin("status")[0]
        finally:
            for process in askers:
                process.kill()
                process.wait()


@test
def the_socket_is_for_its_user_alone_and_for_no_component():
    with running(BYSTANDERS) as tree:
        tree.expect_bystanders()
        mode = stat.S_IMODE(os.stat(runtime_folder()).st_mode)
        assert mode == 0o700, oct(mode)
        mode = stat.S_IMODE(os.stat(runtime_folder() / "tree").st_mode)
        assert mode == 0o600, oct(mode)
        with open("/proc/net/unix", encoding="utf-8") as sockets:
            inodes = [line.split()[6] for line in sockets if line.rstrip().endswith("/tree")]
        held = [what for pid in tree.processes().values() for what in descriptors(pid)]
        assert inodes and held
        assert not [inode for inode in inodes if f"socket:[{inode}]" in held]
        assert f"socket:[{inodes[0]}]" in descriptors(tree.pid) or len(inodes) > 1


@test
def another_user_is_turned_away_even_if_the_folder_lets_it_in():
    if os.geteuid() != 0:
        print("[ SKIPPED ] another_user_is_turned_away_even_if_the_folder_lets_it_in")
        return
    client = ("import socket,sys\n"
              "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
              "s.connect(sys.argv[1])\n"
              "try:\n"
              "  s.send(b'\\0' * 8); print(len(s.recv(4096)))\n"
              "except OSError: print('refused')\n")
    with running(BYSTANDERS) as tree:
        tree.expect_bystanders()
        folder = runtime_folder()

        def ask(user):
            asked = subprocess.run(["setpriv", f"--reuid={user}", f"--regid={user}",
                                    "--clear-groups", sys.executable, "-c", client,
                                    str(folder / "tree")], capture_output=True, check=False,
                                   timeout=DEADLINE_S)
            return asked.stdout.decode().strip() or asked.stderr.decode().splitlines()[-1]

        assert "Permission denied" in ask(STRANGER), ask(STRANGER)
        for path in (folder.parent, folder, folder / "tree"):
            os.chmod(path, 0o777)
        try:
            assert ask(STRANGER) in ("0", "refused"), ask(STRANGER)
            assert int(ask(0)) > 50, ask(0)
        finally:
            os.chmod(folder, 0o700)
        tree.expect_bystanders()


@test
def without_control_there_is_no_socket():
    with running(start("hello"), options=["--no-control"]) as tree:
        tree.expect("[init -> hello] hello")
        assert kin("list") == ("", "")


@test
def what_a_killed_core_leaves_is_cleared_away_by_the_next_look():
    with running(start("hello"), status=-signal.SIGKILL) as tree:
        tree.expect("[init -> hello] hello")
        tree.process.kill()
        tree.finish()
        assert (runtime_folder() / "tree").exists()
        assert kin("list") == ("", "")
        assert not (runtime_folder() / "tree").exists()


main()

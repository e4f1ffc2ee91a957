"""The command `kin run`, as people use it."""
import signal
import subprocess

from harness import (BYSTANDERS, KIN, ROMS, SOURCE, Command, composition, main, mischief,
                     private_folder, start, test)

TEST_COMPONENTS = ["--rom", ROMS[-1]]
LASTING = composition(start("greeter_server", provides=["Greeter"]))


def kin(*arguments, status):
    """Runs the command to its end; what it printed, both streams."""
    result = subprocess.run([KIN, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                            timeout=60, check=False)
    output = (result.stdout + result.stderr).decode("utf-8", "replace")
    assert result.returncode == status, f"status {result.returncode}, not {status}: {output}"
    return output


def written(folder, text, name="tree.xml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@test
def the_tour_runs_for_the_time_given_and_closes_with_the_table():
    with Command("run", "--for", "1s", "--verbose", str(SOURCE / "examples/tour/tour.xml")) as tree:
        tree.expect("[init -> curious] so I stay with what I have")
        tree.finish()
        tree.expect_match(r"component +RAM KiB .* state")


@test
def a_config_in_lines_is_checked_and_run():
    config = str(SOURCE / "examples/greeter/greeter.kin")
    assert kin("check", config, status=0) == ""
    with Command("run", config) as tree:
        tree.expect("[init -> inner -> bob] Good evening, world! (greeting 2)")
        tree.end(signal.SIGINT)
    with private_folder() as folder:
        broken = written(folder, "config\n+ start hello ram: 1M\n-\n", "tree.kin")
        assert kin("run", broken, status=126) == (
            f"{broken}:2:15: error: ' | ' is missing in front of 'ram:'\n")


@test
def a_config_can_come_from_standard_input():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
        with Command("run", "-", stdin=cat.stdout) as tree:
            cat.stdin.write(composition(start("hello")).encode())
            cat.stdin.close()
            tree.expect("[init -> hello] hello")


@test
def sigint_ends_the_tree_with_status_0():
    with private_folder() as folder:
        with Command("run", *TEST_COMPONENTS, written(folder, composition(BYSTANDERS))) as tree:
            tree.expect("[init -> witness] seen 1")
            tree.end(signal.SIGINT)


@test
def the_value_of_the_first_init_is_the_exit_status():
    node = mischief("leader", "exit", value=42).replace("</start>",
                                                       '<exit propagate="yes"/></start>')
    with private_folder() as folder:
        with Command("run", *TEST_COMPONENTS, written(folder, composition(node)),
                     status=42) as tree:
            tree.finish()


@test
def a_rom_directory_of_the_user_comes_first():
    with private_folder() as folder:
        (folder / "hello").write_text("no binary")
        with Command("run", "--rom", str(folder), written(folder, composition(
                start("hello")))) as tree:
            tree.expect_match(r"\[core\] Error: init -> hello: invalid ELF executable: .*")


@test
def descriptors_that_kin_inherits_do_not_reach_the_tree():
    with private_folder() as folder:
        with open(folder / "secret", "w", encoding="ascii") as secret:
            with Command("run", written(folder, composition(start("hello"))),
                         pass_fds=[secret.fileno()]) as tree:
                tree.expect("[init -> hello] hello")
                for pid in (tree.pid, tree.init_pid()):
                    tree.expect_no_descriptor(pid, "secret")


@test
def configs_that_can_not_be_used_end_with_status_126():
    with private_folder() as folder:
        for text in (b"", b"<config>", b"<config><start name='\xff'/></config>",
                     b"<!DOCTYPE config []><config/>",
                     b"<config>" + b"<a>" * 100 + b"</a>" * 100 + b"</config>",
                     b"<config>" + b" " * (4 << 20) + b"</config>"):
            output = kin("run", written(folder, text), status=126)
            assert "tree.xml" in output and len(output.splitlines()) == 1, output
        output = kin("run", str(folder / "nowhere.xml"), status=126)
        assert "nowhere.xml" in output and "No such file" in output
        assert "tree.xml" not in kin("run", str(folder), status=126)


@test
def wrong_usage_ends_with_status_127():
    for arguments in (["run"], ["run", "--strange"], ["dance"], ["run", "--for", "soon", "x"]):
        assert kin(*arguments, status=127)


@test
def mistakes_are_told_before_the_start_and_the_rest_runs():
    with private_folder() as folder:
        config = composition("<strange/>", start("hello"))
        with Command("run", "--for", "1s", written(folder, config)) as tree:
            tree.expect_match(r".*tree\.xml:1:\d+: \w+: unknown config element type <strange>.*")
            tree.expect("[init -> hello] hello")
            tree.finish()


@test
def quiet_is_quiet():
    with private_folder() as folder:
        output = kin("run", "--for", "200ms", "--quiet", written(folder, LASTING), status=0)
        assert output == "", output


main()

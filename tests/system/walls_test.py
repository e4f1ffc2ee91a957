"""What the command line says about walls: the doctor, strictness, what holds whom."""
import os
import re
import subprocess
from xml.etree import ElementTree

from harness import (BYSTANDERS, KIN, Command, composition, main, may_be_nice,
                     private_folder, start, test)

VERDICT = re.compile(r"(.{33}) (yes|no) +\S.*")
EXPECTED = ("seccomp filter", "guard of the stack", "memfd, seals", "/proc of children",
            "limits of children", "RLIMIT_DATA", "RLIMIT_AS", "count of capabilities under way")
OPTIONAL = ("lower nice value", "control group: memory", "control group: cpu",
            "control group: pids", "one user ID per component", "user namespaces")


@test
def the_doctor_tries_every_mechanism_and_explains_each():
    nice_is_raised = os.nice(0) > 0  # which is found, and weakens priorities
    with Command("doctor", status=int(nice_is_raised)) as command:
        command.finish()
        verdicts = {m[1].rstrip(): m[2] for m in map(VERDICT.fullmatch, command.lines) if m}
        assert all(verdicts[name] == "yes" for name in EXPECTED), verdicts
        assert set(OPTIONAL) <= set(verdicts), verdicts
        assert (verdicts["lower nice value"] == "yes") == may_be_nice(-4), verdicts
        for said in ("without it: ", "to get it: "):
            assert command.count(f" +{said}.+") == len(verdicts), said
        failed = sum(verdict == "no" for verdict in verdicts.values())
        assert command.count(r" +(required|expected|optional) here: .+") == failed


def config_file(folder):
    path = folder / "walls.xml"
    path.write_text(composition(BYSTANDERS), encoding="utf-8")
    return str(path)


def without_nice():
    os.setpriority(os.PRIO_PROCESS, 0, 5)


@test
def a_strict_tree_refuses_to_start_without_what_is_expected():
    with private_folder() as folder:
        with Command("run", "--strict", "--no-control", config_file(folder), status=125,
                     preexec_fn=without_nice) as command:
            command.finish()
            command.expect_match(r"kin: --strict: nice values, idle class does not work here \(.*\): "
                                 r"less than nine tenths; to get it: .*")
            assert not command.count(r"\[.*"), "something was started"


@test
def options_of_walls_that_make_no_sense_are_refused():
    for options in (("--uid-range", "0-5"), ("--uid-range", "9-5"), ("--uid-range", "5"),
                    ("--uid-range", "5-6x")):
        with Command("run", *options, "x", status=127) as command:
            command.finish()
            command.expect_match(r"kin run: --uid-range takes user IDs above 0 .*")
    for nice in ("-21", "20", "4x", "low"):
        with Command("run", "--nice", nice, "x", status=127) as command:
            command.finish()
            command.expect_match(r"kin run: --nice takes a nice value of -20 to 19, not .*")
    with private_folder() as folder:
        config = config_file(folder)
        with Command("run", "--no-control", "--cgroup", "/proc", config, status=125) as command:
            command.finish()
            command.expect("kin: control group /proc: Operation not supported")


@test
def the_tree_shows_what_holds_each_component():
    node = start("low", "dummy", '<config><log string="up"/></config>', priority="-1")
    config = composition(BYSTANDERS, node).replace("<config>", '<config prio_levels="2">', 1)
    with private_folder() as folder:
        (folder / "t.xml").write_text(config, encoding="utf-8")
        env = dict(os.environ, XDG_RUNTIME_DIR=str(folder))
        roms = [word for rom in os.environ["KIN_ROMS"].split(":") for word in ("--rom", rom)]
        with Command("run", "--quiet", *roms[:16], str(folder / "t.xml"), env=env) as tree:
            tree.expect("[init -> low] up")
            tree.expect_bystanders()
            shown = subprocess.run([KIN, "tree", "--walls"], env=env, check=True, text=True,
                                   capture_output=True).stdout.splitlines()
            begin = next(i for i, line in enumerate(shown) if "─ low " in line)
            walls = [line.strip(" │") for line in shown[begin + 1:begin + 5]]
            assert walls[0].startswith("RAM held by data limit, address limit, watch"), walls
            assert walls[1].startswith("caps held by account, descriptor limit"), walls
            assert walls[2] == "CPU held by nice 19", walls
            assert walls[3].startswith("reach held by seccomp"), walls
            tree.end()


def walls_by_tree(lines, name):
    """What `kin tree --walls` says below a component."""
    begin = next(i for i, line in enumerate(lines) if f"─ {name} " in line)
    held = [line.strip(" │").split(" held by ") for line in lines[begin + 1:begin + 5]]
    return {what.lower(): walls for what, walls in held}


def walls_by_report(report, name):
    """What the state report says of a child; None if it does not."""
    walls = report.find(f"child[@name='{name}']/walls")
    return None if walls is None else walls.attrib


@test
def the_state_report_says_the_same_at_every_level():
    here = '<config><log string="up"/></config>'
    deep = composition(start("deep", "dummy", here, priority="-1"))
    inner = start("inner", "kin-init", deep.replace("<config>", '<config prio_levels="2">', 1),
                  ram="8M", caps=300, priority="-1")
    gone = start("gone", "dummy", "<config><exit/></config>")
    config = composition(inner, start("high", "dummy", here), gone)
    with private_folder() as folder:
        (folder / "t.xml").write_text(config.replace("<config>", '<config prio_levels="2">', 1),
                                      encoding="utf-8")
        env = dict(os.environ, XDG_RUNTIME_DIR=str(folder))
        roms = [word for rom in os.environ["KIN_ROMS"].split(":") for word in ("--rom", rom)]

        def say(*words):
            return subprocess.run([KIN, *words], env=env, check=True, text=True,
                                  capture_output=True).stdout

        with Command("run", "--quiet", *roms[:16], str(folder / "t.xml"), env=env) as tree:
            tree.expect("[init -> inner -> deep] up", "[init -> high] up",
                        '[init] child "gone" exited with exit value 0')
            shown = say("tree", "--walls").splitlines()
            for init, names in (("init", ("inner", "high")), ("init -> inner", ("deep",))):
                report = ElementTree.fromstring(say("status", init))
                for name in names:
                    assert walls_by_report(report, name) == walls_by_tree(shown, name), name
            report = ElementTree.fromstring(say("status"))
            assert report.find("child[@name='gone']") is not None
            assert walls_by_report(report, "gone") is None
            tree.end()


main()

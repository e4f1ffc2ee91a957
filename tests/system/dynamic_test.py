"""Dynamically linked components: whoever serves their modules, and what they are worth to them."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess

from harness import (BYSTANDERS, ROMS, Tree, composition, descriptors, main, private_folder,
                     resident_bytes, start, test)

GREETING = "near and far, 1, 2"
OWN_LIBRARIES = ("libnear.so", "libfar.so")  # beside the component, the rest is the system's


def build_path(name):
    return next(path for path in (pathlib.Path(rom) / name for rom in ROMS) if path.exists())


def system_modules():
    """The linker and libraries of the system that the component needs: paths by name."""
    listed = subprocess.run(["ldd", build_path("linked")], capture_output=True, text=True,
                            check=True).stdout
    paths = map(pathlib.Path, re.findall(r"(/\S+) \(0x", listed))
    return {path.name: path for path in paths if path.name not in OWN_LIBRARIES}


LINKER = next(name for name in system_modules() if name.startswith("ld-"))


@contextlib.contextmanager
def rom_folder(*without, **contents):
    """A ROM directory with the system's modules but those, and files of that content."""
    with private_folder() as folder:
        for name, path in system_modules().items():
            if name not in without:
                shutil.copy(path, folder / name)
        for name, content in contents.items():
            (folder / name.replace("_", ".")).write_bytes(content)
        yield folder


def linked(name="linked", does=None, **attributes):
    attributes.setdefault("ram", "4M")
    attributes.setdefault("caps", 100)
    return start(name, "linked", f'<config does="{does}"/>' if does else None, **attributes)


def route(*rules):
    return "<route>" + "".join(rules) + "<any-service><parent/></any-service></route>"


def from_lender(*names):
    return "".join(f'<service name="ROM" label="{name}"><child name="lender"/></service>'
                   for name in names)


def lender(silent=""):
    return start("lender", config=f'<config silent="{silent}"/>', provides=["ROM"], ram="2M",
                 inside=route())


@test
def a_dynamically_linked_component_runs_with_all_its_libraries():
    with rom_folder() as folder, Tree(composition(linked()), roms=[folder]) as tree:
        tree.expect(f"[init -> linked] {GREETING}")
        tree.expect_processes("init", "linked")


@test
def it_runs_in_an_init_in_an_init():
    inner = composition(linked())
    middle = composition(start("inner", "kin-init", inner, ram="8M", caps=300))
    with rom_folder() as folder, \
            Tree(composition(start("middle", "kin-init", middle, ram="16M", caps=600)),
                 roms=[folder]) as tree:
        tree.expect(f"[init -> middle -> inner -> linked] {GREETING}")


@test
def a_library_may_be_served_by_a_sibling():
    child = linked(inside=route(from_lender("libfar.so")))
    with rom_folder() as folder, \
            Tree(composition(child, lender()), roms=[folder]) as tree:
        tree.expect("[init -> lender] lends libfar.so", f"[init -> linked] {GREETING}")
        tree.forbid(r".*lends (?!libfar).*")


@test
def all_modules_may_be_served_by_a_sibling_of_an_inner_init():
    names = ("linked", *OWN_LIBRARIES, *system_modules())
    child = linked(ram="8M", inside=route(from_lender(*names)))
    inner = composition(child, lender())
    with rom_folder() as folder, \
            Tree(composition(start("inner", "kin-init", inner, ram="16M", caps=400)),
                 roms=[folder]) as tree:
        tree.expect_in_order(*[f"[init -> inner -> lender] lends {name}"
                               for name in ("linked", LINKER)])
        tree.expect(f"[init -> inner -> linked] {GREETING}")
        assert tree.count(r".*lends.*") == len(names)


@test
def copies_of_what_a_sibling_serves_are_paid_by_the_component():
    child = linked(ram="2M", inside=route(from_lender("libc.so.6")))
    with rom_folder() as folder, \
            Tree(composition(child, lender(), BYSTANDERS), roms=[folder]) as tree:
        tree.expect("[init] Error: linked: out of RAM during loading (out of RAM)")
        tree.expect_bystanders()


@test
def a_sibling_that_never_answers_keeps_nobody_else_waiting():
    child = linked(inside=route(from_lender("libfar.so")))
    with rom_folder() as folder, \
            Tree(composition(child, lender("libfar.so"), BYSTANDERS), roms=[folder]) as tree:
        tree.expect("[init -> lender] lends libfar.so")
        tree.expect_bystanders()
        tree.kill_process("lender")
        tree.expect("[init] Error: linked: the server of its libfar.so answers: Broken pipe",
                    "[init] Error: linked: unable to create initial thread (denied)")
        tree.expect_bystanders()


@test
def a_missing_linker_is_named():
    with rom_folder(LINKER) as folder, \
            Tree(composition(linked(), BYSTANDERS), roms=[folder]) as tree:
        tree.expect(f'[init] Error: linked: dynamic linker "{LINKER}" unavailable (denied)')
        tree.expect_bystanders()


@test
def a_missing_library_is_named_whoever_needs_it():
    for name, without in (("libc.so.6", "libc.so.6"), ("libexpat.so.1", "libexpat.so.1")):
        with rom_folder(without) as folder, \
                Tree(composition(linked(), BYSTANDERS), roms=[folder]) as tree:
            tree.expect(f'[init] Error: linked: library "{name}" unavailable (denied)')
            tree.expect_bystanders()


@test
def a_module_that_the_routes_do_not_lead_to_is_missing():
    nowhere = '<service name="ROM" label="libfar.so"><child name="nobody"/></service>'
    with rom_folder() as folder, \
            Tree(composition(linked(inside=route(nowhere))), roms=[folder]) as tree:
        tree.expect('[init] Error: linked: library "libfar.so" unavailable (denied)')


@test
def what_is_no_library_is_named():
    for name, sentence in ((LINKER, "invalid dynamic linker"), ("libc.so.6", "invalid library")):
        with rom_folder(name) as folder:
            (folder / name).write_bytes(b"#!/bin/sh\n")
            with Tree(composition(linked()), roms=[folder]) as tree:
                tree.expect(f'[core] Error: init -> linked: {sentence} "{name}": '
                            "is a script, not an ELF executable")


@test
def why_the_linker_gives_up_is_in_the_log():
    with rom_folder() as folder:
        shutil.copy(build_path("libnear.so"), folder / "libfar.so")
        with Tree(composition(linked(), BYSTANDERS), roms=[folder]) as tree:
            tree.expect_match(r"\[init -> linked\] .*undefined symbol: far_count.*")
            tree.expect('[init] child "linked" exited with exit value 127')
            tree.expect_bystanders()


@test
def what_the_c_library_says_in_its_last_moments_is_in_the_log():
    with rom_folder() as folder, \
            Tree(composition(linked(does="abort")), roms=[folder]) as tree:
        tree.expect("[init -> linked] free(): invalid pointer")
        tree.expect_match(r'\[init\] Error: child "linked" crashed \(SIG.*\)')


@test
def without_a_linker_only_static_components_start():
    static = start("hello", "hello", ld="no")
    with rom_folder() as folder, \
            Tree(composition(linked(ld="no"), static), roms=[folder]) as tree:
        tree.expect('[init] Error: linked: binary "linked" is dynamically linked, which ld="no" '
                    "rules out")
        tree.expect('[init] child "hello" exited with exit value 0')
        tree.forbid(f".*{LINKER}.*")


@test
def a_static_component_needs_no_route_to_a_linker():
    only = '<route><service name="ROM" label="hello"><parent/></service>' \
           + "".join(f'<service name="{s}"><parent/></service>' for s in ("PD", "CPU", "LOG")) \
           + "</route>"
    for ld in ("yes", "no"):
        with Tree(composition(start("hello", "hello", inside=only, ld=ld))) as tree:
            tree.expect('[init] child "hello" exited with exit value 0')
            tree.forbid(".*no route.*", ".*Error.*")


@test
def being_dynamically_linked_opens_no_way_out():
    expected = {
        "open a file": "No such file or directory",
        "open a folder": "No such file or directory",
        "create a file": "No such file or directory",
        "open a library that is none of its own": "in vain",
        "look at a file": "No such file or directory",
        "open a module by any path": "done",
        "look at a descriptor": "done",
        "write to a module": "Bad file descriptor",
        "map a module for sharing changes": "Permission denied",
        "take the number of a module": "in vain",
        "map code of a module": "done",
        "map code that can be written": "Operation not permitted",
        "map code of a dataspace": "Operation not permitted",
        "map code of nothing": "Operation not permitted",
        "make memory executable": "Operation not permitted",
        "make code writable and code again": "Operation not permitted",
        "open with another handler": "Bad file descriptor",
    }
    with rom_folder() as folder, \
            Tree(composition(linked(does="attempts")), roms=[folder]) as tree:
        for attempt, outcome in expected.items():
            tree.expect(f"[init -> linked] {attempt}: {outcome}")
        tree.expect('[init] child "linked" exited with exit value 0')


@test
def it_may_have_threads_as_well():
    for threads, last in ((3, "Resource temporarily unavailable"), (1, "Operation not permitted")):
        with rom_folder() as folder, \
                Tree(composition(linked(does="threads", threads=threads)), roms=[folder]) as tree:
            tree.expect(f"[init -> linked] threads: {threads - 1} beside the first, {last}",
                        f"[init -> linked] threads: counted to {10000 * (threads - 1)}")


@test
def its_budget_holds_in_every_way_of_taking_memory():
    with rom_folder() as folder, \
            Tree(composition(linked(does="memory")), roms=[folder]) as tree:
        for way in ("heap", "hidden", "reserved", "of a module"):
            match = tree.expect_match(rf"\[init -> linked\] {way}: held (\d+) of (\d+), (.*)")
            held, available = int(match[1]), int(match[2])
            assert available - (1 << 17) < held <= available, match[0]
            assert match[3] == "Cannot allocate memory", match[0]


@test
def the_least_budgets_that_are_not_enough_are_named():
    for attributes, what in (({"ram": "300K"}, "out of RAM"), ({"caps": 24}, "out of caps")):
        with rom_folder() as folder, \
                Tree(composition(linked(**attributes), BYSTANDERS), roms=[folder]) as tree:
            tree.expect(f"[init] Error: linked: {what} during loading ({what})")
            tree.expect_bystanders()


def measured(number, folder, at_most=None):
    """Descriptors of core and init, and core's memory, once that many components have ended."""
    children = [linked(f"child_{i}", "exit") for i in range(number)]
    with Tree(composition(BYSTANDERS, *children), "--overcommit-caps", ram="1G",
              caps=40000, roms=[folder]) as tree:
        for i in range(number):
            tree.expect(f'[init] child "child_{i}" exited with exit value 0')
        tree.expect_bystanders()
        tree.expect_processes("init", "greeter_server", "witness")
        if at_most:
            tree.expect_descriptors(at_most)
        return (len(descriptors(tree.pid)), len(descriptors(tree.init_pid())),
                resident_bytes(tree.pid))


@test
def a_hundred_of_them_leave_no_descriptor():
    with rom_folder() as folder:
        few = measured(2, folder)
        many = measured(100, folder, few[0])
        assert many[1] <= few[1], f"descriptors of init: {few[1]}, then {many[1]}"
        assert many[2] - few[2] < 8 << 20, f"core has grown by {many[2] - few[2]} bytes"


@test
def it_has_the_descriptors_that_it_was_given():
    with rom_folder() as folder, Tree(composition(linked()), roms=[folder]) as tree:
        tree.expect(f"[init -> linked] {GREETING}")
        pid = tree.processes()["linked"]
        modules = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(16, 32)]
        assert all(module.startswith("/memfd:") for module in modules), modules
        assert modules[0] == "/memfd:linked (deleted)", modules
        assert modules[1] == f"/memfd:{LINKER} (deleted)", modules
        others = [what for what in descriptors(pid) if "memfd" in what and what not in modules]
        assert not others, others


main()

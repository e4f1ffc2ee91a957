"""What comes and goes many times leaves nothing behind in core and init."""
from harness import (BYSTANDERS, Tree, composition, descriptors, main, resident_bytes, start, test)

STARTS = 200


def children(number, node):
    return [node(f"child_{i}") for i in range(number)]


def measured(number, node, ended):
    """Descriptors of core and of init, and core's memory, once that many children have ended."""
    with Tree(composition(BYSTANDERS, *children(number, node)), "--overcommit-caps", ram="1G",
              caps=40000) as tree:
        for i in range(number):
            tree.expect_match(ended.format(f"child_{i}"))
        tree.expect_bystanders()
        tree.expect_processes("init", "greeter_server", "witness")
        return (len(descriptors(tree.pid)), len(descriptors(tree.init_pid())),
                resident_bytes(tree.pid))


def expect_no_trace(node, ended):
    few, many = measured(2, node, ended), measured(STARTS, node, ended)
    assert few[:2] == many[:2], f"descriptors of core and init: {few[:2]}, then {many[:2]}"
    assert many[2] - few[2] < 8 << 20, f"core has grown by {many[2] - few[2]} bytes"


@test
def two_hundred_children_that_exit_leave_no_descriptor():
    expect_no_trace(lambda name: start(name, "hello"),
                    r'\[init\] child "{}" exited with exit value 0')


@test
def two_hundred_children_that_crash_leave_no_descriptor():
    expect_no_trace(lambda name: start(name, "mischief", '<config does="crash"/>'),
                    r'\[init\] Error: child "{}" crashed .*')


@test
def two_hundred_children_that_can_not_start_leave_no_descriptor():
    expect_no_trace(lambda name: start(name, "nowhere"), r"\[init\] Error: {}: binary .*")


@test
def two_hundred_clients_of_a_sibling_leave_no_descriptor():
    expect_no_trace(lambda name: start(name, "greeter_client"),
                    r'\[init\] child "{}" exited with exit value 0')


@test
def two_hundred_children_of_nested_inits_leave_no_descriptor():
    def nested(name):
        config = composition(start("hello", inside='<exit propagate="yes"/>'))
        return start(name, "kin-init", config, ram="4M", caps="150")

    few, many = (measured(n, nested, r'\[init\] child "{}" exited with exit value 0')
                 for n in (2, 50))
    assert few[:2] == many[:2], (few, many)


main()

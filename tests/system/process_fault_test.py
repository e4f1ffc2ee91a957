"""Processes that go wrong: each end is told in one message that names the child, others go on."""
from harness import BYSTANDERS, Tree, composition, descriptors, main, mischief, start, test

CRASH = r"\[init\] Error: child \"bad\" crashed \(SIG{}\)"
KILLED = '[init] Error: child "{}" crashed (SIGKILL)'


def expect_end(node, message, **how):
    """The child "bad" ends with one message; what it held at init and core is given back."""
    nodes = [start("hello"), BYSTANDERS, node]
    with Tree(composition(*nodes, **how)) as tree:
        tree.expect_match(message)
        tree.expect("[init -> hello] hello")
        tree.expect_bystanders()
        assert tree.count(r'\[init\].*child "bad".*') == 1, "one message"


@test
def a_null_pointer_is_a_crash():
    expect_end(mischief("bad", "crash"), CRASH.format("(SEGV|ILL|TRAP)"))


@test
def an_abort_is_a_crash():
    expect_end(mischief("bad", "abort"), CRASH.format("(SEGV|TRAP|ABRT|ILL)"))


@test
def a_recursion_without_end_is_a_crash():
    expect_end(mischief("bad", "recurse"), CRASH.format("SEGV"))


@test
def an_exit_without_a_word_has_its_value_told():
    expect_end(mischief("bad", "exit-silently", value=5),
               r'\[init\] child "bad" exited with exit value 5')


@test
def who_closes_the_channel_to_its_parent_is_alone_with_that():
    with Tree(composition(start("hello"), BYSTANDERS, mischief("bad", "leave-parent"))) as tree:
        tree.expect("[init -> bad] free at last", "[init -> hello] hello")
        tree.expect_bystanders()
        tree.kill_process("bad")
        tree.expect(KILLED.format("bad"))


@test
def a_crash_in_a_nested_init_is_told_there():
    inner = start("inner", "kin-init", composition(mischief("bad", "crash"), start("hello")),
                  ram="8M", caps="300")
    with Tree(composition(BYSTANDERS, inner)) as tree:
        tree.expect_match(r'\[init -> inner\] Error: child "bad" crashed \(SIG.*\)')
        tree.expect("[init -> inner -> hello] hello")
        tree.expect_bystanders()
        tree.forbid(r"\[init\] .*inner.*")


@test
def an_init_that_crashes_takes_its_children_along_and_nobody_else():
    inner = start("inner", "kin-init", composition(start("d", "dummy", "<config><log "
                  'string="up"/></config>')), ram="8M", caps="300")
    with Tree(composition(BYSTANDERS, inner)) as tree:
        tree.expect("[init -> inner -> d] up")
        tree.kill_process("inner")
        tree.expect(KILLED.format("inner"))
        tree.expect_bystanders()
        tree.expect_processes("init", "greeter_server", "witness")


@test
def a_server_that_is_killed_is_gone_for_its_client_and_for_nobody_else():
    with Tree(composition(BYSTANDERS, start("d", "dummy", "<config/>"))) as tree:
        tree.expect("[init -> witness] seen 3")
        tree.kill_process("greeter_server")
        tree.expect(KILLED.format("greeter_server"),
                    "[init -> witness] Error: not greeted: Broken pipe")
        tree.expect_processes("init", "witness", "d")


@test
def who_exits_with_a_hundred_sessions_leaves_no_descriptor_behind():
    commands = "<create_log_connections count='100'/><exit/>"
    node = start("bad", "dummy", f"<config>{commands}</config>", ram="6M", caps="500")
    with Tree(composition(BYSTANDERS, start("d", "dummy", "<config/>"), node)) as tree:
        tree.expect('[init] child "bad" exited with exit value 0')
        tree.expect_bystanders()
        core, init = len(descriptors(tree.pid)), len(descriptors(tree.init_pid()))
        assert core < 130 and init < 60, (core, init)


main()

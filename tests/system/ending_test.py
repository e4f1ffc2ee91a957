"""How a tree ends, and what its exit status says."""
import signal
import time

from harness import BYSTANDERS, Tree, composition, main, mischief, start, test

LASTING = composition(BYSTANDERS)


@test
def a_tree_ends_with_status_0_after_the_time_given_to_it():
    begin = time.monotonic()
    with Tree(LASTING, "--for-ms", "300") as tree:
        tree.finish()
    assert 0.3 <= time.monotonic() - begin < 20


@test
def sigterm_sigint_and_sighup_end_a_tree_with_status_0():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with Tree(LASTING) as tree:
            tree.expect("[init -> witness] seen 1")
            tree.end(number)


@test
def a_signal_that_arrives_at_once_ends_the_tree_as_well():
    with Tree(LASTING) as tree:
        tree.expect_match(r"\[init -> .*")
        tree.end()


@test
def the_exit_of_a_child_ends_init_if_it_is_to_be_propagated():
    node = mischief("leader", "exit", value=7)
    node = node.replace("</start>", '<exit propagate="yes"/></start>')
    with Tree(composition(BYSTANDERS, node), status=7) as tree:
        tree.expect('[init] child "leader" exited with exit value 7',
                    '[core] child "init" exited with exit value 7')
        tree.finish()
        tree.forbid(".*does not give back.*")


@test
def an_exit_is_propagated_through_three_levels():
    node = mischief("leader", "exit", value=9).replace("</start>",
                                                      '<exit propagate="yes"/></start>')
    for number, level in enumerate(("c", "b", "a"), 1):
        node = start(level, "kin-init", composition(node), ram=f"{8 * number}M",
                     caps=str(300 * number), inside='<exit propagate="yes"/>')
    with Tree(composition(node), status=9) as tree:
        tree.expect('[init -> a -> b -> c] child "leader" exited with exit value 9')
        tree.finish()


@test
def an_exit_that_is_not_to_be_propagated_ends_nobody_else():
    with Tree(composition(BYSTANDERS, mischief("one", "exit", value=3))) as tree:
        tree.expect('[init] child "one" exited with exit value 3')
        tree.expect_bystanders()


@test
def a_component_that_spins_delays_neither_others_nor_the_end():
    with Tree(composition(BYSTANDERS, mischief("spinner", "spin"))) as tree:
        tree.expect("[init -> spinner] spinning")
        tree.expect_bystanders()


@test
def core_can_be_killed_and_nothing_of_the_tree_survives():
    inner = start("inner", "kin-init", composition(start("dummy", config="<config/>")), ram="8M",
                  caps="300")
    with Tree(composition(BYSTANDERS, inner), status=-signal.SIGKILL) as tree:
        tree.expect("[init -> witness] seen 1")
        tree.end(signal.SIGKILL)


main()

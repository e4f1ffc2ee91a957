"""Components with children of their own: services by <local/>, answered in every way."""
from harness import BYSTANDERS, Tree, composition, main, start, test


def guardian(*visits):
    child = start("visitor", ram="2M", caps="60",
                  config="<config>" + "".join(visits) + "</config>",
                  inside='<route><service name="LOG" label_prefix=""><local/></service>'
                  "<any-service><parent/></any-service></route>")
    provides = "".join(f'<service name="{name}"/>' for name in ("PD", "CPU", "ROM", "LOG"))
    inner = f"<config><parent-provides>{provides}</parent-provides>{child}</config>"
    return start("guardian", config=f"<config>{inner}</config>", ram="8M", caps="200")


def visit(label, stay=False):
    return f'<visit label="{label}" stay="{"yes" if stay else "no"}"/>'


def seen(tree, created, upgraded, destroyed):
    tree.expect(f"[init -> guardian] visitor ended with 5: {created} created, "
                f"{upgraded} upgraded, {destroyed} destroyed",
                "[init -> guardian] back: all RAM, all caps",
                '[init] child "guardian" exited with exit value 5')


@test
def a_local_service_answers_at_once():
    with Tree(composition(BYSTANDERS, guardian(visit("yes"), visit("no"), visit("again")))) as tree:
        tree.expect("[init -> guardian -> visitor] yes: ok",
                    "[init -> guardian] visitor -> yes says hello",
                    "[init -> guardian -> visitor] no: denied",
                    "[init -> guardian] visitor -> again says hello")
        seen(tree, 3, 2, 2)


@test
def a_parent_looks_after_its_child():
    with Tree(composition(guardian(visit("yes")))) as tree:
        tree.expect("[init -> guardian] visitor: ok, account sound, 0 and 1 beats before",
                    "[init -> guardian] nobody: not there, account unsound, 0 and 0 beats before")
        seen(tree, 1, 1, 1)


@test
def a_local_service_answers_later():
    with Tree(composition(BYSTANDERS, guardian(visit("late"), visit("late no"),
                                               visit("late linger"), visit("linger")))) as tree:
        tree.expect("[init -> guardian -> visitor] late: ok",
                    "[init -> guardian -> visitor] late no: denied",
                    "[init -> guardian -> visitor] late linger: ok",
                    "[init -> guardian] visitor -> linger says hello")
        seen(tree, 4, 3, 3)


@test
def sessions_that_a_child_leaves_open_are_closed_when_it_ends():
    with Tree(composition(guardian(visit("stays", stay=True), visit("linger", stay=True)))) as tree:
        tree.expect("[init -> guardian] visitor -> stays says hello",
                    "[init -> guardian] visitor -> linger says hello",
                    "[init -> guardian] back: all RAM, all caps")


@test
def a_report_can_be_had_on_demand():
    with Tree(composition(guardian(visit("yes")))) as tree:
        tree.expect_match(r'\[init -> guardian\] .*<child name="visitor" binary="visitor".*'
                          r'exited="5".*')


main()

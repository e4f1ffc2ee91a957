"""Configs with mistakes: what can't be read is refused, one bad node never hides the good ones."""
from harness import BYSTANDERS, Tree, composition, main, mischief, start, test

HELLO = start("hello")
SYNTAX = "[init] Error: config has invalid syntax"


def expect_invalid(config, reason):
    """Init says where and why, and waits for a better one."""
    with Tree(config) as tree:
        tree.expect_match(r"\[init\] config:\d+:\d+: error: " + reason)
        tree.expect(SYNTAX)


def expect_warned(message, *nodes, **how):
    """One message about the mistake; hello and the bystanders start nevertheless."""
    with Tree(composition(*nodes, HELLO, BYSTANDERS), **how) as tree:
        tree.expect_match(message)
        tree.expect("[init -> hello] hello")
        tree.expect_bystanders()
        assert tree.count(message) == 1


@test
def a_config_that_is_cut_off_is_invalid():
    expect_invalid(composition(HELLO)[:-3], ".*")


@test
def a_config_of_more_than_four_mebibytes_is_invalid():
    expect_invalid("<config>" + "<start name='hello'/>" * 210000 + "</config>", ".*")


@test
def a_config_nested_too_deeply_is_invalid():
    expect_invalid("<config>" + "<a>" * 500 + "</a>" * 500 + "</config>", ".*")


@test
def a_config_that_is_not_utf_8_is_invalid():
    expect_invalid(b"<config><start name='\xff\xfe'/></config>", ".*")
    expect_invalid(composition(HELLO).encode("utf-16"), ".*")


@test
def a_config_with_a_document_type_is_invalid():
    expect_invalid('<!DOCTYPE config [<!ENTITY a "aaaa">]><config>&a;</config>', ".*")


@test
def a_config_in_lines_that_means_nothing_is_invalid():
    expect_invalid("config\n+ start hello\n", "<config> of line 1 is not ended, .*")
    expect_invalid("config\n+ start hello\n + binary x\n-\n", "neither in <start> of line 2 .*")


@test
def a_config_without_children_is_no_mistake():
    with Tree("<config/>", "--for-ms", "200") as tree:
        tree.finish()
        assert not tree.lines, tree.lines


@test
def an_unknown_element_is_named_and_ignored():
    expect_warned(r"\[init\] Warning: unknown config element type <strange>",
                  '<strange name="x"><start name="hidden"/></strange>')


@test
def a_start_node_without_name_is_skipped():
    expect_warned(r"\[init\] Warning: missing 'name' attribute in '<start>' entry",
                  "<start><binary name='hello'/></start>")
    expect_warned(r"\[init\] Warning: missing 'name' attribute in '<start>' entry",
                  "<start name=''><binary name='hello'/></start>")


@test
def a_name_that_can_be_none_is_skipped():
    expect_warned(r"\[init\] Error: .*name.*", f'<start name="{"x" * 64}"/>')


@test
def of_two_start_nodes_of_a_name_the_first_counts():
    twin = mischief("twin", "exit", value=1)
    expect_warned(r'\[init\] Error: start node "twin".*', twin, twin.replace('"1"', '"2"'))
    with Tree(composition(twin, twin.replace('"1"', '"2"'))) as tree:
        tree.expect('[init] child "twin" exited with exit value 1')
        tree.forbid('.*exited with exit value 2')


@test
def a_start_node_without_quota_does_not_start():
    for title, default in (("RAM", '<default caps="60"/>'), ("cap", '<default ram="2M"/>')):
        nodes = (start("poor", "hello"), start("rich", "hello", ram="1M", caps="50"))
        with Tree(composition(*nodes, default=default)) as tree:
            tree.expect(f"[init] Warning: poor: no valid {title} quota defined",
                        "[init -> rich] hello")
            tree.forbid(r"\[init -> poor\].*")


@test
def more_quota_than_there_is_is_cut_to_what_there_is():
    greedy = start("greedy", "dummy", '<config><log string="alive"/></config>', ram="1G", caps="30")
    with Tree(composition(BYSTANDERS, greedy)) as tree:
        tree.expect_match(r"\[init\] Warning: greedy: configured RAM exceeds available RAM, "
                          r"proceed with \d+[KMG]?")
        tree.expect("[init -> greedy] alive")
        tree.expect_bystanders()


@test
def a_quota_that_is_too_small_to_start_is_told():
    expect_warned(r"\[init\] Error: tiny: .*RAM.*", start("tiny", "hello", ram="100K", caps="50"))
    expect_warned(r"\[init\] Error: tiny: cap quota of 3 leaves nothing .*",
                  start("tiny", "hello", ram="1M", caps="3"))


@test
def preserving_more_than_there_is_is_told():
    with Tree(composition('<resource name="RAM" preserve="1G"/>', HELLO)) as tree:
        tree.expect("[init] Warning: RAM preservation exceeds available memory")
        tree.expect_match(r"\[init\] .*hello.*")


@test
def a_quota_given_twice_is_ambiguous():
    node = start("twice", "hello", inside='<resource name="RAM" quantum="1M"/>', ram="2M")
    expect_warned(r"\[init\] Warning: twice: ambiguous RAM-quota definition", node)


main()

"""The standard components and core's services, end to end."""
from harness import BYSTANDERS, Tree, composition, main, start, test


def report_rom(config, **attributes):
    return start("report_rom", config=config, provides=["ROM", "Report"], ram="2M", caps="80",
                 **attributes)


def conductor(name, steps):
    return start(name, "conductor", f"<config>{steps}</config>", provides=["LOG"],
                 inside='<route><service name="Report"><child name="report_rom"/></service>'
                 "<any-service><parent/></any-service></route>")


def reader(name):
    return start(name, "dummy", inside='<route><service name="ROM" label="config">'
                 '<child name="report_rom"/></service><any-service><parent/></any-service></route>')


NEWS = '<report label="news"><config version="1"><log string="read"/></config></report>'


@test
def a_report_is_read_by_whom_the_policy_names_and_nobody_else():
    policies = '<policy label_prefix="reader" report="writer -> news"/>'
    with Tree(composition(report_rom(f"<config>{policies}</config>"), conductor("writer", NEWS),
                          reader("reader_1"), reader("reader_2"), reader("other"))) as tree:
        tree.expect("[init -> reader_1] read", "[init -> reader_2] read",
                    '[init -> report_rom] Error: no policy for ROM client "other -> config"',
                    "[init -> other] Error: no config: denied")


@test
def a_report_has_one_writer():
    route = ('<route><service name="Report"><child name="report_rom" label="news"/></service>'
             "<any-service><parent/></any-service></route>")
    writers = "".join(start(name, "conductor", f"<config>{NEWS}</config>", provides=["LOG"],
                            inside=route) for name in ("writer_1", "writer_2"))
    with Tree(composition(report_rom("<config/>"), writers)) as tree:
        tree.expect('[init -> report_rom] Error: report "news" has a writer already')
        loser = tree.expect_match(r'\[init -> (writer_\d)\] Error: no report "news": denied')
        assert loser


@test
def report_rom_prints_reports_if_told_so():
    with Tree(composition(report_rom('<config verbose="yes"/>'),
                          conductor("writer", NEWS))) as tree:
        tree.expect("[init -> report_rom] report 'writer -> news'")
        tree.expect_match(r'\[init -> report_rom\] .*<log string="read"/>.*')


def reporting_init(report):
    """An init with a child, that reports its state to report_rom."""
    inner = (composition(start("hello", ram="2M", caps="60"))
             .replace("</config>", report + "</config>"))
    return start("inner", "kin-init", inner, ram="16M", caps="300",
                 inside='<route><service name="Report"><child name="report_rom"/></service>'
                 "<any-service><parent/></any-service></route>")


@test
def an_init_reports_its_state_in_the_syntax_it_is_told():
    for report, line in (
            ('<report delay_ms="100"/>', r'.*<child name="hello" .*exited="0".*/>'),
            ('<report delay_ms="100" generate="lines"/>', r"\+ child hello \|.* exited: 0.*"),
            ('<report delay_ms="100" generate="lines" buffer="16"/>',
             r"state \| error: report buffer exceeded")):
        with Tree(composition(report_rom('<config verbose="yes"/>'),
                              reporting_init(report))) as tree:
            tree.expect("[init -> report_rom] report 'inner -> state'")
            tree.expect_match(r"\[init -> report_rom\] " + line)


def dynamic_rom(config, **attributes):
    return start("dynamic_rom", config=config, provides=["ROM"], **attributes)


def follower(name):
    return start(name, "dummy", inside='<route><service name="ROM" label="config">'
                 '<child name="dynamic_rom"/></service><any-service><parent/></any-service></route>')


@test
def modules_change_over_time_for_all_who_read_them():
    config = """<config verbose="yes"><rom name="config">
        <inline description="first"><config version="a"><log string="one"/></config></inline>
        <sleep milliseconds="30"/>
        <empty/>
        <sleep milliseconds="30"/>
        <inline><![CDATA[<config version="b"><log string="two"/></config>]]></inline>
        <sleep milliseconds="30"/>
        </rom></config>"""
    with Tree(composition(dynamic_rom(config), follower("reader_1"),
                          follower("reader_2"))) as tree:
        said = [f"[init -> dynamic_rom] config: {text}" for text in (
            "change (first)", "sleep 30 milliseconds", "remove", "sleep 30 milliseconds",
            "change ()", "sleep 30 milliseconds")]
        tree.expect_in_order(*said, *said)
        for reader in ("reader_1", "reader_2"):
            tree.expect_match(rf"\[init -> {reader}\] config \d+: a")
            tree.expect_in_order(f"[init -> {reader}] one", f"[init -> {reader}] two",
                                 f"[init -> {reader}] one")


@test
def modules_follow_a_changed_config():
    def modules(version):
        return (f'<config><rom name="config"><inline><config version="{version}">'
                f'<log string="{version}"/></config></inline></rom></config>')

    steps = (f'<report label="modules">{modules("old")}</report><await string="old"/>'
             f'<report label="modules">{modules("new")}</report><await string="new"/>')
    policy = '<policy label="dynamic_rom -> config" report="conductor -> modules"/>'
    reader = start("reader", "dummy", inside="<route>"
                   '<service name="ROM" label="config"><child name="dynamic_rom"/></service>'
                   '<service name="LOG"><child name="conductor"/></service>'
                   "<any-service><parent/></any-service></route>")
    route = ('<route><service name="ROM" label="config"><child name="report_rom"/></service>'
             "<any-service><parent/></any-service></route>")
    with Tree(composition(report_rom(f"<config>{policy}</config>"), conductor("conductor", steps),
                          dynamic_rom("", inside=route), reader)) as tree:
        tree.expect_in_order("[init -> conductor] [reader] config 1: old",
                             "[init -> conductor] [reader] old",
                             "[init -> conductor] [reader] config 2: new",
                             "[init -> conductor] [reader] new",
                             "[init -> conductor] all is said")


@test
def a_component_has_a_child_of_its_own_and_trades_memory_with_it():
    keeper = start("keeper", ram="16M", caps="300", inside='<exit propagate="yes"/>')
    with Tree(composition(keeper)) as tree:
        for time in (1, 2, 3):
            tree.expect("[init -> keeper] the eater has 9216 KiB, I ask for 5120",
                        f"[init -> keeper] the eater yielded, time {time}")
        tree.expect('[init] child "keeper" exited with exit value 0')
        tree.finish()


@test
def a_binary_may_be_served_by_a_sibling():
    route = ('<route><service name="ROM"><child name="report_rom"/></service>'
             "<any-service><parent/></any-service></route>")
    policy = '<policy label="odd -> hello" report="none"/>'
    with Tree(composition(BYSTANDERS, report_rom(f"<config>{policy}</config>"),
                          start("odd", "hello", inside=route))) as tree:
        tree.expect("[core] Error: init -> odd: invalid ELF executable: is not an ELF executable")
        tree.expect_bystanders()


@test
def a_timer_ticks_periodically():
    with Tree(composition(BYSTANDERS)) as tree:
        tree.expect_in_order(*[f"[init -> witness] seen {n}" for n in range(1, 8)])


# As in configs in which the timer is a component: the parent's Timer is for it alone.
TIMER = start("timer", provides=["Timer"],
              inside='<route><service name="Timer"><parent/></service>'
              "<any-service><parent/></any-service></route>")
TIMER_USER = ('<route><service name="Timer"><child name="timer"/></service>'
              '<service name="LOG" unscoped_label="client"><parent/></service>'
              "<any-service><parent/><any-child/></any-service></route>")


@test
def the_timer_may_be_a_component():
    witness = start("witness", inside=TIMER_USER)
    with Tree(composition(TIMER, start("greeter_server", provides=["Greeter"]),
                          witness)) as tree:
        tree.expect_in_order(*[f"[init -> witness] seen {n}" for n in range(1, 8)])
        tree.end()
        tree.forbid(".*Warning.*", ".*Error.*")


@test
def timers_at_each_level_pass_on_the_one_below():
    inner = composition(TIMER, start("greeter_server", provides=["Greeter"]),
                        start("witness", inside=TIMER_USER))
    with Tree(composition(TIMER, start("inner", "kin-init", inner, ram="16M", caps="400",
                                       inside=TIMER_USER))) as tree:
        tree.expect_in_order(*[f"[init -> inner -> witness] seen {n}" for n in range(1, 4)])


@test
def a_timer_that_is_its_own_server_gives_none():
    loop = start("timer", provides=["Timer"],
                 inside='<route><service name="Timer"><child name="timer"/></service>'
                 "<any-service><parent/></any-service></route>")
    config = ('<config><rom name="m"><inline>x</inline><sleep milliseconds="10"/></rom></config>')
    user = start("dynamic_rom", config=config, provides=["ROM"],
                 inside='<route><service name="Timer"><child name="timer"/></service>'
                 "<any-service><parent/></any-service></route>")
    with Tree(composition(loop, user)) as tree:
        tree.expect('[init -> timer] Error: Timer of "timer" leads back to us, or too far',
                    "[init -> dynamic_rom] Error: m stays as it is, no timer: denied")


@test
def lines_of_components_carry_their_labels_and_never_mix():
    writers = [start(f"writer_{i}", "dummy", "<config>" + "".join(
        f'<log string="line {n} of writer {i} {"x" * 200}"/>' for n in range(40)) + "</config>")
        for i in range(4)]
    with Tree(composition(*writers)) as tree:
        for i in range(4):
            tree.expect_in_order(*[f"[init -> writer_{i}] line {n} of writer {i} {'x' * 200}"
                                   for n in range(40)])


@test
def what_a_terminal_would_obey_is_shown_and_not_obeyed():
    with Tree(composition(start("d", "dummy", '<config><log string="a&#9;b&#27;[31m&#127;c '
                                'ä€"/></config>'.replace("&#27;", "\u009b"))) ) as tree:
        tree.expect_match(r"\[init -> d\] a\tb\\u009b\[31m\\x7[fF]c ä€")


@test
def a_text_of_several_lines_is_labelled_line_by_line():
    with Tree(composition(start("d", "dummy",
                                '<config><log string="one&#10;two"/></config>'))) as tree:
        tree.expect_in_order("[init -> d] one", "[init -> d] two")


main()

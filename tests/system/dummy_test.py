"""Every message of the component dummy, to the letter."""
from harness import Tree, composition, main, start, test

TO_SERVER = ('<route><service name="LOG" unscoped_label="client"><parent/></service>'
             '<service name="LOG"><child name="server"/></service>'
             "<any-service><parent/></any-service></route>")


def dummy(name, commands, version=None, **how):
    number = f' version="{version}"' if version else ""
    return start(name, "dummy", f"<config{number}>{commands}</config>", **how)


def server(attributes=""):
    return dummy("server", f"<log_service {attributes}/>", provides=["LOG"])


def said(component, *texts):
    return [f"[init -> {component}] {text}" for text in texts]


@test
def commands_are_executed_in_order():
    commands = ('<log string="first"/><consume_ram amount="1M"/><consume_caps amount="10"/>'
                '<sleep ms="10"/><log string="last"/><exit/><log string="never"/>')
    with Tree(composition(dummy("d", commands, version="three"), default='<default ram="4M" '
                          'caps="60"/>')) as tree:
        tree.expect_in_order(*said("d", "config 1: three", "first", "consume 1M bytes of memory",
                                   "consume 10 caps", "last"),
                             '[init] child "d" exited with exit value 0')
        tree.forbid(".*never.*")


@test
def consuming_again_releases_what_was_consumed():
    commands = ('<consume_ram amount="512K"/><consume_ram amount="1M"/>'
                '<consume_caps amount="5"/><consume_caps amount="7"/>')
    with Tree(composition(dummy("d", commands))) as tree:
        tree.expect_in_order(*said("d", "consume 512K bytes of memory",
                                   "release 512K bytes of memory", "consume 1M bytes of memory",
                                   "consume 5 caps", "release 5 caps", "consume 7 caps"))


@test
def sleeping_for_ever_is_for_ever():
    with Tree(composition(dummy("d", '<log string="good night"/><sleep_forever/>'
                                '<log string="woken"/>'))) as tree:
        tree.expect_in_order(*said("d", "good night"))
        tree.end()
        tree.forbid(".*woken.*")


@test
def log_connections_are_created_upgraded_and_destroyed():
    commands = ('<create_log_connections count="3" ram_upgrade="12K"/><destroy_log_connections/>')
    with Tree(composition(server("verbose='yes'"), dummy("client", commands,
                                                         inside=TO_SERVER))) as tree:
        tree.expect_in_order(*said("client", "going to create 3 LOG connections",
                                   "upgrade connection 0", "upgrade connection 1",
                                   "upgrade connection 2", "created all LOG connections",
                                   "destroyed all LOG connections"))
        tree.expect_in_order(*said("server", "created LOG service",
                                   "opening session with label client -> 0",
                                   "received session quota upgrade",
                                   "opening session with label client -> 1",
                                   "received session quota upgrade",
                                   "opening session with label client -> 2",
                                   "received session quota upgrade",
                                   "closing session with label client -> 2",
                                   "closing session with label client -> 1",
                                   "closing session with label client -> 0"))


@test
def the_log_service_prints_text_with_its_label():
    writer = start("hello", inside='<route><service name="LOG"><child name="server" '
                   'label="someone"/></service><any-service><parent/></any-service></route>')
    with Tree(composition(server(), writer)) as tree:
        tree.expect("[init -> server] [someone] hello")
        tree.expect('[init] child "hello" exited with exit value 0')
        tree.end()
        tree.forbid(".*ing session with label.*")


@test
def a_delayed_close_delays_who_closes_and_nobody_else():
    commands = ('<create_log_connections count="2"/><destroy_log_connections/>')
    bystander = start("greeter_server", provides=["Greeter"]) + start("witness")
    with Tree(composition(bystander, server("verbose='yes' delay_close_ms='150'"),
                          dummy("client", commands, inside=TO_SERVER))) as tree:
        tree.expect_in_order(*said("server", "closing session with label client -> 1",
                                   "closing session with label client -> 0"))
        tree.expect_bystanders()
        tree.expect_in_order("[init -> server] closing session with label client -> 0",
                             "[init -> client] destroyed all LOG connections")


@test
def a_session_whose_client_exits_is_closed_at_the_server():
    commands = '<create_log_connections count="2"/><exit/>'
    with Tree(composition(server("verbose='yes' delay_close_ms='50'"),
                          dummy("client", commands, inside=TO_SERVER))) as tree:
        tree.expect('[init] child "client" exited with exit value 0',
                    *said("server", "closing session with label client -> 0",
                          "closing session with label client -> 1"))


@test
def a_changed_config_is_executed_if_its_version_differs():
    reports = "".join(f'<report label="config">{config}</report>{wait}' for config, wait in (
        ('<config version="a"><log string="one"/></config>', '<await string="one"/>'),
        ('<config version="a"><log string="unchanged version"/></config>', ""),
        ('<config version="b"><log string="two"/></config>', '<await string="two"/>'),
        ('<config version="c"><consume_caps amount="2"/></config>',
         '<await string="consume 2 caps"/>')))
    policy = '<policy label="d -> config" report="conductor -> config"/>'
    rom = start("report_rom", config=f"<config>{policy}</config>", provides=["ROM", "Report"],
                ram="2M", caps="80")
    conductor = start("conductor", config=f"<config>{reports}</config>", provides=["LOG"],
                      inside='<route><service name="Report"><child name="report_rom"/></service>'
                      "<any-service><parent/></any-service></route>")
    player = start("d", "dummy", inside='<route><service name="ROM" label="config">'
                   '<child name="report_rom"/></service>'
                   '<service name="LOG"><child name="conductor"/></service>'
                   "<any-service><parent/></any-service></route>")
    with Tree(composition(rom, conductor, player)) as tree:
        tree.expect_in_order("[init -> conductor] [d] config 1: a",
                             "[init -> conductor] [d] one",
                             "[init -> conductor] [d] config 2: b",
                             "[init -> conductor] [d] two",
                             "[init -> conductor] [d] config 3: c",
                             "[init -> conductor] [d] consume 2 caps",
                             "[init -> conductor] all is said")
        tree.forbid(".*unchanged version.*")


@test
def a_config_that_comes_late_is_the_first_one():
    config = '<config><log string="here I am"/></config>'
    steps = f'<await string="ready"/><report label="config">{config}</report>'
    policy = '<policy label="d -> config" report="conductor -> config"/>'
    rom = start("report_rom", config=f"<config>{policy}</config>", provides=["ROM", "Report"],
                ram="2M", caps="80")
    route = ('<route><service name="Report"><child name="report_rom"/></service>'
             '<service name="LOG" unscoped_label="conductor"><parent/></service>'
             '<service name="LOG"><child name="conductor"/></service>'
             "<any-service><parent/></any-service></route>")
    conductor = start("conductor", config=f"<config>{steps}</config>", provides=["LOG"],
                      inside=route)
    follower = start("d", "dummy", inside='<route><service name="ROM" label="config">'
                     '<child name="report_rom"/></service><any-service><parent/></any-service>'
                     "</route>")
    ready = dummy("ready", '<log string="ready"/>', inside=route)
    with Tree(composition(rom, conductor, follower, ready)) as tree:
        tree.expect("[init -> d] here I am")
    versioned = conductor.replace("<config><log", '<config version="x"><log')
    with Tree(composition(rom, versioned, follower, ready)) as tree:
        tree.expect_in_order("[init -> d] config 1: x", "[init -> d] here I am")


@test
def amounts_are_printed_with_the_suffix_that_divides_them():
    commands = '<consume_ram amount="1536K"/><consume_ram amount="5000"/><consume_ram amount="0"/>'
    with Tree(composition(dummy("d", commands, ram="3M"))) as tree:
        tree.expect_in_order(*said("d", "consume 1536K bytes of memory",
                                   "release 1536K bytes of memory", "consume 5000 bytes of memory",
                                   "release 5000 bytes of memory", "consume 0 bytes of memory"))


@test
def what_is_not_there_is_waited_for():
    with Tree(composition(dummy("d", '<consume_ram amount="16M"/><log string="got it"/>'))) as tree:
        tree.expect("[init -> d] consume 16M bytes of memory")
        tree.expect_match(r'\[init\] child "d" requests resources: .*ram_quota=16.*')
        tree.expect_waiting("d")
        tree.forbid(".*got it.*")


@test
def mistakes_are_named():
    commands = ('<dance/><consume_ram amount="much"/><sleep ms="-1"/>'
                '<create_log_connections count="1" ram_upgrade="x"/><log string="after"/>')
    with Tree(composition(dummy("d", commands))) as tree:
        tree.expect_in_order(*said(
            "d", "Warning: config:2: unknown command <dance>",
            'Warning: config:3: amount="much" of <consume_ram> is no number',
            'Warning: config:4: ms="-1" of <sleep> is no number',
            'Warning: config:5: ram_upgrade="x" of <create_log_connections> is no number',
            "after"))


main()

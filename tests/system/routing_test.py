"""Who gets whose services, and under which label."""
from harness import PARENT_PROVIDES, Tree, composition, main, mischief, private_folder, start, test

GREETER = start("greeter_server", provides=["Greeter"])


def client(name, *targets, rule='<service name="Greeter">'):
    """A greeter_client whose route to the Greeter is given."""
    return start(name, "greeter_client",
                 inside="<route>" + rule + "".join(targets) + "</service>"
                 "<any-service><parent/></any-service></route>")


@test
def a_server_sees_the_label_that_the_route_makes():
    rewritten = {
        "plain": ("", "plain -> example"),
        "whole": ('label="important"', "important"),
        "identity": ('identity="someone"', "someone -> example"),
        "resource": ('resource="thing"', "resource -> thing"),
        "front": ('prepend_resource="an-"', "front -> an-example"),
        "bare": ('identity=""', "example"),
        "empty": ('label=""', ""),
    }
    nodes = [client(name, f'<child name="greeter_server" {attribute}/>')
             for name, (attribute, _) in rewritten.items()]
    with Tree(composition(GREETER, *nodes)) as tree:
        for _, label in rewritten.values():
            tree.expect(f'[init -> greeter_server] welcome, "{label}"')


@test
def rules_are_tried_in_order_and_match_by_label():
    route = ('<service name="Greeter" label="other"><child name="nobody"/></service>'
             '<service name="Greeter" label_prefix="exa" label_suffix="ple">'
             '<child name="greeter_server" label="matched"/></service>'
             '<service name="Greeter"><child name="greeter_server" label="too late"/></service>'
             "<any-service><parent/></any-service>")
    node = start("client", "greeter_client", inside=f"<route>{route}</route>")
    with Tree(composition(GREETER, node)) as tree:
        tree.expect('[init -> greeter_server] welcome, "matched"',
                    '[init] child "client" exited with exit value 0')
        tree.forbid('.*too late.*')


@test
def an_alias_stands_for_a_child():
    with Tree(composition('<alias name="host" child="greeter_server"/>', GREETER,
                          client("client", '<child name="host"/>'))) as tree:
        tree.expect('[init -> greeter_server] welcome, "client -> example"')


@test
def a_request_without_route_is_denied_with_a_message():
    lonely = start("lonely", "greeter_client",
                   inside='<route><service name="ROM"><parent/></service>'
                          '<service name="PD"><parent/></service>'
                          '<service name="CPU"><parent/></service>'
                          '<service name="LOG"><parent/></service></route>')
    with Tree(composition(GREETER, lonely)) as tree:
        tree.expect('[init] Error: lonely: no route to service "Greeter" '
                    '(label="lonely -> example")',
                    "[init -> lonely] Error: no Greeter: denied",
                    '[init] child "lonely" exited with exit value 1')


@test
def two_children_that_could_serve_are_ambiguous():
    with Tree(composition(GREETER, start("second", "greeter_server", provides=["Greeter"]),
                          start("client", "greeter_client"))) as tree:
        tree.expect('[init] Error: client: ambiguous routes to service "Greeter"',
                    "[init -> client] Error: no Greeter: denied")


@test
def the_parent_is_asked_only_for_what_is_listed():
    inner = ('<config><parent-provides><service name="PD"/><service name="CPU"/>'
             '<service name="ROM"/><service name="LOG"/></parent-provides>'
             '<default ram="2M" caps="60"/>'
             "<default-route><any-service><parent/></any-service></default-route>"
             '<start name="witness"/></config>')
    with Tree(composition(GREETER, start("inner", "kin-init", inner, ram="8M",
                                         caps="300"))) as tree:
        tree.expect("[init -> inner -> witness] Error: can't start: denied")


@test
def three_inits_deep_a_service_of_the_outermost_is_used():
    provides = PARENT_PROVIDES.replace("</parent", '<service name="Greeter"/></parent')
    node = start("client", "greeter_client")
    for number, level in enumerate(("c", "b", "a"), 1):
        node = start(level, "kin-init", composition(node, provides=provides), ram=f"{8 * number}M",
                     caps=str(300 * number))
    with Tree(composition(GREETER, node)) as tree:
        tree.expect('[init -> greeter_server] welcome, "a -> b -> c -> client -> example"',
                    "[init -> a -> b -> c -> client] Good evening, world! (greeting 2)",
                    '[init -> a -> b -> c] child "client" exited with exit value 0')


@test
def a_nested_tree_is_as_closed_as_its_parent_makes_it():
    inner = start("inner", "kin-init", composition(start("witness")), ram="8M", caps="300")
    with Tree(composition(GREETER, inner)) as tree:
        tree.expect("[init -> inner -> witness] Error: can't start: denied")


@test
def a_client_waits_for_a_server_that_starts_later():
    late = start("late", "dummy", "<config><log string='up'/><sleep ms='300'/>"
                 "<log_service verbose='yes'/></config>", provides=["LOG"])
    early = start("early", "dummy", '<config><create_log_connections count="1"/></config>',
                  inside='<route><service name="LOG" label="0"><child name="late"/></service>'
                         "<any-service><parent/></any-service></route>")
    with Tree(composition(early, late)) as tree:
        tree.expect_in_order("[init -> late] created LOG service",
                             "[init -> late] opening session with label early -> 0",
                             "[init -> early] created all LOG connections")


@test
def a_child_whose_log_is_served_by_a_sibling_starts_once_that_is_there():
    late = start("late", "dummy", "<config><sleep ms='200'/><log_service verbose='yes'/></config>",
                 provides=["LOG"])
    hello = start("hello", inside='<route><service name="LOG"><child name="late"/></service>'
                                  "<any-service><parent/></any-service></route>")
    with Tree(composition(hello, late)) as tree:
        tree.expect_in_order("[init -> late] opening session with label hello",
                             "[init -> late] [hello] hello",
                             "[init -> late] closing session with label hello")
        tree.forbid(r"\[init -> hello\].*")


@test
def a_client_of_an_exited_server_is_told_and_lives():
    with Tree(composition(mischief("server", "serve-once").replace(
            "</start>", '<provides><service name="Greeter"/></provides></start>'),
            mischief("client", "be-patient"))) as tree:
        tree.expect_in_order("[init -> client] session 1: ok",
                             "[init -> client] greeting 1: Broken pipe",
                             "[init -> client] session 2: denied",
                             "[init -> client] I am patient")
        tree.expect('[init] child "server" exited with exit value 0')
        tree.forbid(".*does not give back.*")


@test
def roms_come_from_files_configs_and_the_binary_by_route():
    with private_folder() as folder:
        (folder / "speech").write_text('<config version="1"><log string="from a file"/></config>')
        by_file = start("by_file", "dummy",
                        inside='<route><service name="ROM" label="config">'
                               '<parent label="speech"/></service>'
                               "<any-service><parent/></any-service></route>")
        inline = start("inline", "dummy", '<config version="2"><log string="inline"/></config>')
        renamed = start("renamed", inside='<route><service name="ROM" unscoped_label="renamed">'
                        '<parent label="hello"/></service>'
                        '<service name="ROM" label_last="renamed"><parent label="hello"/></service>'
                        "<any-service><parent/></any-service></route>")
        with Tree(composition(by_file, inline, renamed), roms=[folder]) as tree:
            tree.expect_in_order("[init -> by_file] config 1: 1", "[init -> by_file] from a file")
            tree.expect_in_order("[init -> inline] config 1: 2", "[init -> inline] inline")
            tree.expect("[init -> renamed] hello")


main()

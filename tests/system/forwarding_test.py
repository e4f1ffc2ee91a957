"""Services of an init's children for its parent's other clients, at any depth."""
import contextlib
import subprocess

from harness import (BYSTANDERS, DEADLINE_S, KIN, ROMS, Command, Tree, composition, main,
                     private_folder, start, test)

FREE = "account: as at the start"
ACCOUNT = "<account/>"
HERE = "<default-policy><child name=\"server\"/></default-policy>"


def server(attributes="", name="server", **how):
    return start(name, "walk_server", f'<config verbose="yes" {attributes}/>', provides=["Walk"],
                 **how)


def client(*steps, name="client", **how):
    return start(name, "walk_steps", f"<config>{''.join(steps)}</config>", **how)


def step(what, name="a", **particulars):
    listed = "".join(f' {key}="{value}"' for key, value in particulars.items())
    return f'<{what} name="{name}"{listed}/>'


def forwarder(policies, *children, name="services", provides=("Walk",), **how):
    """An init that serves Walk by its children."""
    how = {"ram": "8M", "caps": "400"} | how
    return start(name, "kin-init", composition(f'<service name="Walk">{policies}</service>',
                                               *children), provides=provides, **how)


def said(component, *texts):
    return [f"[init -> {component}] {text}" for text in texts]


def by_server(*texts):
    return said("services -> server", *texts)


@test
def a_child_of_another_init_is_served_upgraded_and_closed():
    steps = (step("open"), step("ping"), step("upgrade", ram="12K", caps=2), ACCOUNT,
             step("close"), ACCOUNT)
    with Tree(composition(BYSTANDERS, forwarder(HERE, server()), client(*steps))) as tree:
        tree.expect_in_order(*by_server("create client -> a ram=36864 caps=3",
                                        "ping client -> a ram=36864 caps=3",
                                        "upgraded client -> a ram=49152 caps=5",
                                        "destroy client -> a ram=49152 caps=5"))
        tree.expect_in_order(*said("client", "open a: ok", "ping a: ok", "upgrade a: ok",
                                   "account: short of 53248 bytes and 5 caps", "close a: ok",
                                   FREE))
        tree.expect_bystanders()


@test
def the_best_policy_names_the_child_and_the_label():
    policies = ('<policy label_prefix="client -> "><child name="second"/></policy>'
                '<policy label="client -> a"><child name="first" label="chosen"/></policy>'
                '<policy label_suffix="b"><child name="first"/></policy>')
    node = forwarder(policies, server(name="first"), server(name="second"))
    with Tree(composition(node, client(step("open"), step("open", "b")),
                          client(step("open", "b"), name="other"))) as tree:
        tree.expect("[init -> services -> first] create chosen ram=36864 caps=3",
                    "[init -> services -> second] create client -> b ram=36864 caps=3",
                    "[init -> services -> first] create other -> b ram=36864 caps=3")


@test
def an_alias_names_the_child():
    node = forwarder('<default-policy><child name="nick"/></default-policy>',
                     '<alias name="nick" child="server"/>', server())
    with Tree(composition(node, client(step("open")))) as tree:
        tree.expect(*said("client", "open a: ok"))


@test
def whom_no_policy_fits_is_denied():
    policies = ('<policy label_prefix="friend"><child name="server"/></policy>'
                '<policy label="client -> childless"/>')
    with Tree(composition(forwarder(policies, server()),
                          client(step("open"), step("open", "childless"), ACCOUNT))) as tree:
        tree.expect_in_order(*said("client", "open a: denied", "open childless: denied", FREE))
        tree.expect('[init -> services] Warning: service "Walk" denied to "client -> a": no policy '
                    'matches', '[init -> services] Warning: service "Walk" denied to '
                    '"client -> childless": its policy names no child')


@test
def a_policy_whose_child_is_not_there_keeps_clients_waiting():
    policies = ('<policy label="client -> b"><child name="server"/></policy>'
                '<default-policy><child name="nobody"/></default-policy>')
    with Tree(composition(BYSTANDERS, forwarder(policies, server()),
                          client(step("begin"), step("open", "b"), step("close", "b")))) as tree:
        tree.expect_in_order(*said("client", "begin a: ok", "open b: ok", "close b: ok"))
        tree.expect_bystanders()
        tree.end()
        tree.forbid(r".*opened a: ok.*")


@test
def what_the_parent_does_not_expect_can_not_be_announced():
    with Tree(composition(BYSTANDERS, forwarder(HERE, server(), provides=["Other"]))) as tree:
        tree.expect('[init] Error: services: illegal announcement of service "Walk"',
                    '[init -> services] Warning: service "Walk" can\'t be announced: denied')
        tree.expect_bystanders()


@test
def refusals_and_larger_donations_pass_through():
    with Tree(composition(forwarder(HERE, server('least="150K"')),
                          client(step("open"), step("close"), ACCOUNT))) as tree:
        tree.expect_in_order(*by_server("too small: client -> a ram=36864 caps=3",
                                        "too small: client -> a ram=77824 caps=3",
                                        "create client -> a ram=159744 caps=3"))
        tree.expect_in_order(*said("client", "open a: ok", "close a: ok", FREE))
    with Tree(composition(forwarder(HERE, server('deny="100"')),
                          client(step("open"), ACCOUNT))) as tree:
        tree.expect_in_order(*said("client", "open a: denied", FREE))


def nested(depth, innermost):
    node = innermost
    for level in range(depth, 0, -1):
        name = f"level{level}"
        below = "server" if level == depth else f"level{level + 1}"
        node = forwarder(f'<default-policy><child name="{below}"/></default-policy>', node,
                         name=name, ram=f"{16 - 3 * level}M", caps=f"{700 - 150 * level}")
    return node


@test
def it_nests():
    steps = (step("open", ram="48K"), step("upgrade", ram="4K"), step("ping"), step("close"),
             ACCOUNT, step("open", "b", ram="48K"))
    with Tree(composition(BYSTANDERS, nested(3, server()), client(*steps))) as tree:
        server_name = "level1 -> level2 -> level3 -> server"
        tree.expect_in_order(*said(server_name, "create client -> a ram=40960 caps=3",
                                   "upgraded client -> a ram=45056 caps=3",
                                   "ping client -> a ram=45056 caps=3",
                                   "destroy client -> a ram=45056 caps=3",
                                   "create client -> b ram=40960 caps=3"))
        tree.expect_in_order(*said("client", "upgrade a: ok", "ping a: ok", "close a: ok", FREE,
                                   "open b: ok"))
        tree.expect_bystanders()


@test
def a_client_deep_down_reaches_a_server_deep_down():
    inner = start("inner", "kin-init", composition(
        client(step("open", ram="48K"), step("ping"), step("close"), ACCOUNT),
        provides="<parent-provides>" + "".join(
            f'<service name="{s}"/>' for s in ("PD", "CPU", "ROM", "LOG", "Walk"))
        + "</parent-provides>"), ram="6M", caps="200")
    with Tree(composition(nested(2, server()), inner)) as tree:
        tree.expect_in_order(*said("level1 -> level2 -> server",
                                   "create inner -> client -> a ram=40960 caps=3",
                                   "destroy inner -> client -> a ram=40960 caps=3"))
        tree.expect_in_order(*said("inner -> client", "open a: ok", "ping a: ok", "close a: ok",
                                   FREE))


@test
def a_server_that_dies_ends_its_sessions_above():
    steps = (step("open"), step("stop"), step("upgrade", ram="4K"), step("ping"), step("close"),
             ACCOUNT, "<exit/>")
    with Tree(composition(BYSTANDERS, forwarder(HERE, server()), client(*steps))) as tree:
        tree.expect(*said("client", "stop a: ok"))
        tree.expect_waiting("client")
        tree.kill_process("server")
        tree.expect('[init -> services] Error: child "server" crashed (SIGKILL)')
        tree.expect('[init] Warning: client: session of service "Walk" (label="client -> a") was '
                    'ended by its server')
        tree.expect_bystanders()


@test
def an_init_that_dies_ends_its_sessions():
    with Tree(composition(BYSTANDERS, forwarder(HERE, server()),
                          client(step("open"), step("stop"), step("ping"), step("close"),
                                 ACCOUNT))) as tree:
        tree.expect(*said("client", "stop a: ok"))
        tree.expect_waiting("client")
        tree.kill_process("services")
        tree.expect('[init] Error: child "services" crashed (SIGKILL)')
        tree.expect_in_order(*said("client", "ping a: Broken pipe", "close a: ok", FREE))
        tree.expect_bystanders()


@test
def a_client_that_dies_while_its_session_is_made_leaves_nothing():
    dies = client(step("open", "seen"), step("begin"))
    with Tree(composition(BYSTANDERS, forwarder(HERE, server('later_after="1" '
                                                             'decide_us="500000"')), dies)) as tree:
        tree.expect(*by_server("create client -> a ram=36864 caps=3"))
        tree.kill_process("client")
        tree.expect('[init] Error: child "client" crashed (SIGKILL)')
        tree.expect(*by_server("destroy client -> seen ram=36864 caps=3"))
        tree.expect_in_order(*by_server("create client -> a ram=36864 caps=3",
                                        "deliver client -> a ram=36864 caps=3",
                                        "destroy client -> a ram=36864 caps=3"))
        tree.expect_bystanders()


@contextlib.contextmanager
def changing(*nodes):
    """A tree that takes other configs: what it yields applies one."""
    with private_folder() as folder:
        path = folder / "tree.xml"

        def apply(*others):
            path.write_text(composition(*others))
            subprocess.run([KIN, "apply", "--quiet", path], timeout=DEADLINE_S, check=True)

        path.write_text(composition(*nodes))
        roms = [option for rom in ROMS[-2:] for option in ("--rom", rom)]
        with Command("run", *roms, str(path)) as tree:
            tree.expect_match(r"\[init.*")
            yield tree, apply


@test
def a_request_waits_for_its_server_and_for_its_policy():
    nobody = '<policy label="client -> b"><child name="server"/></policy>'
    opens = client(step("begin"), step("begin", "b"))
    with changing(BYSTANDERS, forwarder(nobody), opens) as (tree, apply):
        tree.expect_in_order(*said("client", "begin a: ok", "begin b: ok"))
        tree.expect('[init -> services] Warning: service "Walk" denied to "client -> a": no policy '
                    'matches')
        tree.expect_in_order(*said("client", "opened a: denied"))
        apply(BYSTANDERS, forwarder(nobody, server()), opens)
        tree.expect_in_order(*said("client", "opened b: ok"))
        tree.expect_bystanders()
        assert tree.count(r"\[init -> client\] begin a: ok") == 1


@test
def a_request_waits_for_a_service_node():
    opens = client(step("open", ram="64K"), step("close"), ACCOUNT)
    anybody = '<default-policy><child name="server"/></default-policy>'
    inner = '<service name="Other">' + anybody + "</service>"

    def services(node):
        config = composition(node, server())
        return start("services", "kin-init", config, provides=["Walk", "Other"], ram="8M",
                     caps="400")

    with changing(BYSTANDERS, services(inner), opens) as (tree, apply):
        tree.expect("[init -> services -> server] serving")
        tree.expect_waiting("client")
        apply(BYSTANDERS, services(inner + inner.replace("Other", "Walk")), opens)
        tree.expect_in_order(*said("client", "open a: ok", "close a: ok", FREE))
        tree.expect_bystanders()


@test
def who_is_served_by_another_policy_is_started_anew_and_nobody_else():
    opens = [client(step("open"), name=name) for name in ("stays", "moves", "goes")]
    rest = '<default-policy><child name="server"/></default-policy>'
    moves = '<policy label="moves -> a"><child name="second" label="moved"/></policy>'
    goes = '<policy label="goes -> a"/>'
    servers = (server(), server(name="second"))
    with changing(BYSTANDERS, forwarder(rest, *servers), *opens) as (tree, apply):
        for name in ("stays", "moves", "goes"):
            tree.expect(*by_server(f"create {name} -> a ram=36864 caps=3"))
            tree.expect(*said(name, "open a: ok"))
        apply(BYSTANDERS, forwarder(moves + goes + rest, *servers), *opens)
        tree.expect(*by_server("destroy moves -> a ram=36864 caps=3",
                               "destroy goes -> a ram=36864 caps=3"),
                    "[init -> services -> second] create moved ram=36864 caps=3",
                    *said("goes", "open a: denied"))
        tree.expect_in_order(*said("moves", "open a: ok", "open a: ok"))
        tree.expect_bystanders()
        assert tree.count(r"\[init -> stays\] open a: ok") == 1
        tree.forbid(".*destroy stays.*")


@test
def a_server_that_is_restarted_takes_its_clients_along():
    opens = client(step("open"))
    with changing(BYSTANDERS, nested(2, server()), opens) as (tree, apply):
        tree.expect(*said("client", "open a: ok"))
        apply(BYSTANDERS, nested(2, server(version="2")), opens)
        tree.expect('[init] Warning: client: session of service "Walk" (label="client -> a") was '
                    'ended by its server')
        tree.expect_match(r"\[init -> client\] open a: ok", tree.after)
        tree.expect_bystanders()


def rows(tree, *names):
    """RAM and caps, and what of each is used, of components in the table at the end."""
    found = {}
    for name in names:
        match = tree.expect_match(rf"[ │]*(?:[├└]─ )?{name} +(\d+) +(\d+) +\d+ +(\d+) +(\d+)  .*")
        found[name] = [int(number) for number in match.groups()]
    return found


@test
def budgets_are_the_same_before_and_after():
    names = ("init", "level1", "level2", "server", "client")
    after = []
    for steps in ((ACCOUNT,), [step("open", n, ram="48K") for n in "abc"]
                  + [step("upgrade", "b", ram="20K", caps=3)]
                  + [step("close", n) for n in "abc"] + [ACCOUNT]):
        with Tree(composition(nested(2, server()), client(*steps)), "--verbose") as tree:
            tree.expect(*said("client", FREE), *said("level1 -> level2 -> server", "serving"))
            tree.end()
            after.append(rows(tree, *names))
    assert after[0] == after[1], after


@test
def managing_system_is_passed_where_the_start_node_permits_it():
    """By forwarding nothing is added or lost: who asks is judged by its own parents."""
    tell = '<config><open name="a" managing_system="yes"/></config>'
    with Tree(composition(forwarder(HERE, server()), start("trusted", "walk_steps", tell,
                                                           managing_system="yes"),
                          start("other", "walk_steps", tell))) as tree:
        tree.expect(*by_server("create trusted -> a ram=36864 caps=3 managing_system",
                               "create other -> a ram=36864 caps=3"))


main()

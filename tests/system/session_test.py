"""Sessions between real processes: at each point of their lives, whoever ends."""
from harness import BYSTANDERS, Tree, composition, main, start, test

FREE = "account: as at the start"
KILLED = '[init] Error: child "server" crashed (SIGKILL)'


def server(attributes="", **how):
    return start("server", "walk_server", f'<config verbose="yes" {attributes}/>',
                 provides=["Walk"], **how)


def client(name, *steps, **how):
    return start(name, "walk_steps", f"<config>{''.join(steps)}</config>", **how)


def step(what, name="a", **particulars):
    listed = "".join(f' {key}="{value}"' for key, value in particulars.items())
    return f'<{what} name="{name}"{listed}/>'


def said(component, *texts):
    return [f"[init -> {component}] {text}" for text in texts]


ACCOUNT = "<account/>"


@test
def a_donation_that_is_too_small_is_raised_until_it_suffices():
    with Tree(composition(server('least="150K"'),
                          client("client", step("open"), step("close"), ACCOUNT))) as tree:
        tree.expect_in_order(*said("server", "too small: client -> a ram=38912 caps=3",
                                   "too small: client -> a ram=79872 caps=3",
                                   "create client -> a ram=161792 caps=3",
                                   "destroy client -> a ram=161792 caps=3"))
        tree.expect_in_order(*said("client", "open a: ok", "close a: ok", FREE))


@test
def a_donation_that_never_suffices_is_given_up_and_comes_back():
    with Tree(composition(server('insufficient="100"'), client("client", step("open"), ACCOUNT),
                          default='<default ram="4M" caps="200"/>')) as tree:
        tree.expect_match(r"\[init -> client\] open a: insufficient (RAM|caps) donated")
        tree.expect_in_order(*said("client", FREE))


@test
def who_can_not_pay_a_larger_donation_is_told_so():
    with Tree(composition(server('least="64M"'), client("client", step("open"), ACCOUNT,
                                                          ram="768K"))) as tree:
        tree.expect_in_order(*said("client", "open a: out of RAM", FREE))


@test
def an_upgrade_is_seen_by_the_server_and_comes_back_with_the_rest():
    with Tree(composition(server(), client("client", step("open"),
                                           step("upgrade", ram="12K", caps=2), ACCOUNT,
                                           step("close"), ACCOUNT))) as tree:
        tree.expect_in_order(*said("server", "create client -> a ram=38912 caps=3",
                                   "upgraded client -> a ram=51200 caps=5",
                                   "destroy client -> a ram=51200 caps=5"))
        tree.expect_in_order(*said("client", "upgrade a: ok",
                                   "account: short of 53248 bytes and 5 caps", "close a: ok", FREE))


@test
def a_session_that_its_server_has_seen_is_wound_down_when_it_is_there():
    """The server handles the ping after the request that came before it."""
    steps = (step("open", "seen"), step("begin"), step("ping", "seen"), step("close"), ACCOUNT)
    with Tree(composition(server('later_after="1" decide_us="20000"'), BYSTANDERS,
                          client("client", *steps))) as tree:
        tree.expect_in_order(*said("client", "ping seen: ok", "close a: ok",
                                   "account: short of 40960 bytes and 3 caps"))
        tree.expect_in_order(*said("server", "create client -> a ram=38912 caps=3",
                                   "ping client -> seen ram=38912 caps=3",
                                   "deliver client -> a ram=38912 caps=3",
                                   "destroy client -> a ram=38912 caps=3"))
        tree.expect_bystanders()


def stopped(*then):
    """A client whose server has stopped doing anything before these steps."""
    return client("client", step("open"), step("stop"), *then)


@test
def an_unseen_request_can_be_taken_back():
    with Tree(composition(server(), stopped(step("begin", "b"), step("close", "b"),
                                            ACCOUNT))) as tree:
        tree.expect_in_order(*said("client", "stop a: ok", "begin b: ok", "close b: ok",
                                   "account: short of 40960 bytes and 3 caps"))
        tree.end()
        tree.forbid(".*client -> b.*")


def expect_end_of_server(tree, *lines):
    tree.expect(*said("client", "stop a: ok"))
    tree.expect_waiting("client")
    tree.kill_process("server")
    tree.expect(KILLED)
    tree.expect_in_order(*said("client", *lines))
    tree.expect_bystanders()


@test
def the_end_of_a_server_denies_what_it_was_asked_for():
    with Tree(composition(BYSTANDERS, server(), stopped(step("open", "b"), step("close"),
                                                        ACCOUNT))) as tree:
        expect_end_of_server(tree, "open b: denied", "close a: ok", FREE)


@test
def the_end_of_a_server_denies_what_it_was_making():
    with Tree(composition(BYSTANDERS, server('later="100"'),
                          client("client", step("open"), ACCOUNT))) as tree:
        tree.expect(*said("server", "create client -> a ram=38912 caps=3"))
        tree.kill_process("server")
        tree.expect(KILLED)
        tree.expect_in_order(*said("client", "open a: denied", FREE))
        tree.expect_bystanders()


@test
def the_end_of_a_server_ends_an_upgrade():
    with Tree(composition(BYSTANDERS, server(), stopped(step("upgrade", ram="4K"), step("ping"),
                                                        step("close"), ACCOUNT))) as tree:
        expect_end_of_server(tree, "upgrade a: ok", "ping a: Broken pipe", "close a: ok", FREE)


@test
def the_end_of_a_server_ends_a_close():
    with Tree(composition(BYSTANDERS, server(), stopped(step("close"), ACCOUNT))) as tree:
        expect_end_of_server(tree, "close a: ok", FREE)


@test
def the_end_of_a_server_is_found_out_by_the_next_call():
    with Tree(composition(BYSTANDERS, server(), stopped(step("ping"), step("close"), ACCOUNT,
                                                        step("open")))) as tree:
        expect_end_of_server(tree, "ping a: Broken pipe", "close a: ok", FREE, "open a: denied")
        tree.expect('[init] Error: client: no route to service "Walk" (label="client -> a")')


@test
def who_does_not_wait_learns_of_the_end_of_its_server():
    with Tree(composition(BYSTANDERS, server(), stopped(step("begin", "b"),
                                                        step("leave")))) as tree:
        expect_end_of_server(tree, "leave a: ok", "all steps are done")
        tree.expect(*said("client", "opened b: denied", "closed a: ok"))


@test
def the_end_of_a_client_ends_its_sessions_at_the_server():
    for ending, line in (("<crash/>", '[init] Error: child "client" crashed (SIGILL)'),
                         ("<exit/>", '[init] child "client" exited with exit value 0')):
        with Tree(composition(BYSTANDERS, server(), client("client", step("open"),
                                                           step("open", "b"), ending))) as tree:
            tree.expect(line, *said("server", "destroy client -> a ram=38912 caps=3",
                                    "destroy client -> b ram=38912 caps=3"))
            tree.expect_bystanders()


@test
def the_end_of_a_client_ends_what_its_server_was_making():
    steps = (step("open", "seen"), step("begin"), step("ping", "seen"), "<crash/>")
    with Tree(composition(server('later_after="1" decide_us="20000"'), BYSTANDERS,
                          client("client", *steps))) as tree:
        tree.expect('[init] Error: child "client" crashed (SIGILL)',
                    *said("server", "destroy client -> seen ram=38912 caps=3"))
        tree.expect_in_order(*said("server", "create client -> a ram=38912 caps=3",
                                   "deliver client -> a ram=38912 caps=3",
                                   "destroy client -> a ram=38912 caps=3"))
        tree.expect_bystanders()


def relay(attributes=""):
    return start("relay", "walk_relay", f'<config {attributes}><service name="PD"/>'
                 '<service name="CPU"/></config>', provides=["PD", "CPU"], ram="4M", caps="200")


TO_RELAY = ('<route><service name="PD"><child name="relay"/></service>'
            '<service name="CPU"><child name="relay"/></service>'
            "<any-service><parent/><any-child/></any-service></route>")


@test
def pd_and_cpu_can_be_handed_on_by_a_sibling():
    with Tree(composition(relay(), server(),
                          client("guest", step("open"), step("close"), ACCOUNT, "<exit/>",
                                 inside=TO_RELAY), BYSTANDERS)) as tree:
        tree.expect(*said("relay", "hand on PD guest", "hand on CPU guest"))
        tree.expect_in_order(*said("guest", "open a: ok", "close a: ok", FREE),
                             '[init] child "guest" exited with exit value 0')
        tree.expect(*said("relay", "take back guest"))
        tree.expect_bystanders()


@test
def the_end_of_who_hands_on_a_pd_leaves_others_alone():
    with Tree(composition(relay(), server(), client("guest", step("open"), step("pings"),
                                                    inside=TO_RELAY), BYSTANDERS)) as tree:
        tree.expect_match(r"\[init -> server\] ping guest -> a .*")
        tree.kill_process("relay")
        tree.expect('[init] Error: child "relay" crashed (SIGKILL)')
        tree.expect_bystanders()


@test
def what_is_delivered_twice_is_delivered_once():
    with Tree(composition(relay('twice="yes"'), client("guest", ACCOUNT, inside=TO_RELAY))) as tree:
        for _ in ("PD", "CPU"):
            tree.expect_match(r"\[init\] Warning: relay: delivery of a capability for session \d+ "
                              r"in state (AVAIL|OK) ignored", tree.after)
        tree.expect(*said("guest", FREE))


LOGGED = ('<route><service name="LOG"><child name="logger"/></service>'
          "<any-service><parent/><any-child/></any-service></route>")
LOGGER = start("logger", "dummy", "<config><log_service/></config>", provides=["LOG"])


@test
def a_log_server_may_start_after_those_who_write_to_it():
    with Tree(composition(client("early", ACCOUNT, inside=LOGGED), server(), LOGGER)) as tree:
        tree.expect_in_order("[init -> logger] created LOG service",
                             f"[init -> logger] [early] {FREE}",
                             "[init -> logger] [early] all steps are done")


@test
def who_writes_to_a_log_server_outlives_it():
    writer = client("writer", step("open"), step("pings"), inside=LOGGED)
    with Tree(composition(server(), writer, LOGGER, BYSTANDERS)) as tree:
        tree.expect("[init -> logger] [writer] all steps are done")
        tree.kill_process("logger")
        tree.expect('[init] Error: child "logger" crashed (SIGKILL)')
        for _ in range(3):
            tree.expect_match(r"\[init -> server\] ping writer -> a .*", len(tree.lines))
        tree.expect_bystanders()


main()

"""Components that break the protocols: they are cut off or ended, named, nobody else suffers."""
from harness import (BYSTANDERS, Tree, composition, descriptors, main, mischief, resident_bytes,
                     start, test)

BYTES = ("short", "operation", "status", "trailing", "large")
CAPS = ("caps", "many-caps")  # descriptors where none belong, and more than any message has
EMPTY = "nothing"  # a message without a byte reads like the end of the channel


def talk(where, shapes):
    """Names of children that send one message each, and a tree with them."""
    names = [f"bad_{number}" for number in range(len(shapes))]
    nodes = [mischief(name, "talk-garbage", where=where, what=shape)
             for name, shape in zip(names, shapes)]
    return names, Tree(composition(BYSTANDERS, *nodes), ram="128M")


def open_descriptors(tree):
    running = tree.processes()
    return [len(descriptors(pid)) for pid in (tree.pid, running["init"], running["greeter_server"])]


def expect_named(where, shapes, message):
    """One message about each, nobody else disturbed; the descriptors that are open afterwards."""
    names, tree = talk(where, shapes)
    with tree:
        for name in names:
            tree.expect_match(message.format(child=name))
        tree.expect_bystanders()
        for name in names:
            told = tree.count(rf"\[.*\] (Error|Warning): .*\b{name}\b.*")
            assert told == 1, f"{told} messages about {name}"
        return open_descriptors(tree)


def expect_garbage_named(where, message):
    expect_named(where, BYTES, message)
    few = expect_named(where, ["trailing"] * 8, message)
    many = expect_named(where, CAPS * 4, message)
    assert few == many, f"descriptors of core, init, server: {few} without, {many} with caps"
    with talk(where, [EMPTY])[1] as tree:
        tree.expect_bystanders()


@test
def garbage_for_the_parent_ends_its_sender():
    expect_garbage_named("parent", r'\[init\] Error: child "{child}" is ended: '
                         r'it sends what is no message of the parent protocol')


@test
def garbage_for_a_service_of_core_ends_the_session():
    for where, service in (("pd", "PD"), ("cpu", "CPU"), ("log", "LOG"), ("rom", "ROM")):
        expect_garbage_named(where, r"\[core\] Warning: init -> {child}(?: -> mischief)?: "
                             + service + " session cut off: protocol violation")


@test
def garbage_for_a_sibling_ends_the_session():
    expect_garbage_named("sibling", r"\[init -> greeter_server\] Warning: {child} breaks the "
                         "protocol, its channel is closed")


@test
def who_takes_no_answers_of_its_parent_is_ended():
    with Tree(composition(BYSTANDERS, mischief("bad", "ask-deafly", where="parent",
                                               operation=10))) as tree:
        tree.expect('[init] Error: child "bad" is ended: '
                    "it does not take the answers of its parent")
        tree.expect_bystanders()


@test
def who_takes_no_answers_of_core_is_cut_off():
    with Tree(composition(BYSTANDERS, mischief("bad", "ask-deafly", where="cpu"))) as tree:
        tree.expect("[core] Warning: init -> bad: CPU session cut off: "
                    "client does not take its answers",
                    "[init -> bad] nobody listens any more")
        tree.expect_bystanders()


@test
def a_flood_of_lines_lets_others_speak_and_does_not_fill_core():
    with Tree(composition(BYSTANDERS, mischief("bad", "flood-log"))) as tree:
        tree.expect("[init -> bad] flood 2000")
        before = resident_bytes(tree.pid)
        for _ in range(3):
            tree.expect_bystanders()
        tree.expect_match(r"\[init -> bad\] flood \d+", len(tree.lines))
        grown = resident_bytes(tree.pid) - before
        assert grown < 4 << 20, f"core has grown by {grown} bytes"


@test
def a_flood_that_nobody_reads_waits_and_no_line_of_it_is_lost():
    with Tree(composition(BYSTANDERS, mischief("bad", "flood-log"))) as tree:
        tree.expect("[init -> bad] flood 100")
        before = resident_bytes(tree.pid)
        tree.expect_waiting("bad")
        tree.expect_bystanders()
        grown = resident_bytes(tree.pid) - before
        assert grown < 4 << 20, f"core has grown by {grown} bytes"
        flood = [line for line in tree.lines if line.startswith("[init -> bad]")]
        assert flood == [f"[init -> bad] flood {i}" for i in range(len(flood))], "lines are lost"


@test
def a_channel_is_no_signal_and_an_unlisted_service_no_service():
    node = mischief("bad", "announce-oddly").replace(
        "</start>", '<provides><service name="Greeter"/></provides></start>')
    with Tree(composition(node, start("hello"))) as tree:
        tree.expect_in_order("[init -> bad] announcing with a channel: denied",
                             "[init -> bad] announcing what I may not: denied")
        tree.expect('[init] Error: bad: illegal announcement of service "Unheard"',
                    "[init -> hello] hello")


@test
def memory_is_no_session_and_unknown_requests_have_no_answer():
    node = mischief("bad", "deliver-oddly").replace(
        "</start>", '<provides><service name="Greeter"/></provides></start>')
    with Tree(composition(node, mischief("client", "be-patient"), start("hello"))) as tree:
        tree.expect("[init] Warning: bad: response for session 4711 in state unknown ignored",
                    "[init] Warning: bad: delivery of a capability for session 4712 in state "
                    "unknown ignored",
                    "[init -> bad] announced: ok", "[init -> client] session 1: denied",
                    "[init -> client] session 2: denied", "[init -> client] I am patient",
                    "[init -> hello] hello")


main()

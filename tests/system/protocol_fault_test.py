"""Components that break the protocols: they are cut off or ended, named, and nobody else suffers."""
from harness import (BYSTANDERS, Tree, composition, descriptors, main, mischief, resident_bytes,
                     start, test)

SHAPES = ("short", "operation", "status", "trailing", "large", "caps", "many-caps")
EMPTY = "nothing"  # a message without a byte reads like the end of the channel


def garbage(where):
    return [mischief(f"bad_{shape.replace('-', '_')}", "talk-garbage", where=where, what=shape)
            for shape in (*SHAPES, EMPTY)]


def expect_garbage_named(where, message):
    with Tree(composition(BYSTANDERS, *garbage(where)), ram="128M") as tree:
        for shape in SHAPES:
            tree.expect_match(message.format(child=f"bad_{shape.replace('-', '_')}"))
        tree.expect_bystanders()
        for shape in SHAPES:
            name = f"bad_{shape.replace('-', '_')}"
            assert tree.count(rf"\[.*\] (Error|Warning): .*\b{name}\b.*") == 1, f"one message about {name}"
        for pid in (tree.pid, tree.init_pid()):
            stray = [what for what in descriptors(pid) if "(deleted)" in what and "memfd" not in what]
            assert not stray, stray


@test
def garbage_for_the_parent_ends_its_sender():
    expect_garbage_named("parent", r'\[init\] Error: child "{child}" is ended: '
                         r'it sends what is no message of the parent protocol')


@test
def garbage_for_a_service_of_core_ends_the_session():
    for where, service in (("pd", "PD"), ("cpu", "CPU"), ("log", "LOG"), ("rom", "ROM")):
        label = r"(?: -> mischief)?" if where == "rom" else ""
        expect_garbage_named(where, r"\[core\] Warning: init -> {child}" + label
                             + rf": {service} session cut off: protocol violation")


@test
def garbage_for_a_sibling_ends_the_session():
    expect_garbage_named("sibling", r"\[init -> greeter_server\] Warning: {child} breaks the "
                         "protocol, its channel is closed")


@test
def who_takes_no_answers_of_its_parent_is_ended():
    with Tree(composition(BYSTANDERS, mischief("bad", "ask-deafly", where="parent",
                                               operation=10))) as tree:
        tree.expect('[init] Error: child "bad" is ended: it does not take the answers of its parent')
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
def a_flood_that_nobody_reads_waits_and_does_not_fill_core():
    with Tree(composition(BYSTANDERS, mischief("bad", "flood-log"))) as tree:
        tree.expect("[init -> bad] flood 100")
        before = resident_bytes(tree.pid)
        tree.expect_stalled()
        grown = resident_bytes(tree.pid) - before
        assert grown < 4 << 20, f"core has grown by {grown} bytes"
        tree.expect_bystanders()


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

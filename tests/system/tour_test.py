"""The examples do what their readers are told they do."""
import subprocess

from harness import KIN, SOURCE, Tree, composition, main, start, test

STORY = [
    '[init -> greeter] welcome, "alice"',
    "[init -> alice] I was told: Hello, Alice!",
    '[init -> greeter] welcome, "guest of honour"',
    "[init -> bob] I was told: Hello, Bob!",
    '[init -> greeter] welcome, "inner -> carol"',
    "[init -> inner -> carol] I was told: Hello, Carol!",
    "[init -> frugal] my allocation: out of RAM",
    "[init -> frugal] I asked my parent for more, and go on with what I have",
    "[init -> curious] I asked for a Timer: denied",
    "[init -> curious] I tried to open /etc/passwd: Operation not permitted",
    "[init -> curious] I tried to open a socket: Operation not permitted",
    "[init -> curious] I tried to start a process: Operation not permitted",
    "[init -> curious] so I stay with what I have",
]


@test
def the_tour_tells_its_story_in_order_and_all_are_alive_at_its_end():
    config = (SOURCE / "examples/tour/tour.xml").read_text(encoding="utf-8")
    with Tree(config, "--verbose", ram="256M", caps=4000) as tree:
        tree.expect_in_order(*STORY)
        tree.expect('[init] child "frugal" requests resources: ram_quota=8388608, cap_quota=0')
        tree.end()
        tree.forbid(r".*exited.*", r".*crashed.*", r".* could .*")
        for name in ("greeter", "alice", "bob", "inner", "carol", "frugal", "curious",
                     "report_rom"):
            tree.expect_match(rf"[ │]*[├└]─ {name}( +\d+){{5}}  running")


@test
def frugal_can_have_no_more_memory_than_its_budget():
    with Tree(composition(start("frugal", inside='<route><service name="Report"/><any-service>'
                                                 "<parent/></any-service></route>"))) as tree:
        have = tree.expect_match(r"\[init -> frugal\] I have (\d+) KiB and want 8192 KiB")
        had = tree.expect_match(r"\[init -> frugal\] malloc\(\) ended after (\d+) KiB")
        assert 0 < int(had[1]) < int(have[1])


@test
def hello_says_hello_and_exits():
    with Tree(composition(start("hello"))) as tree:
        tree.expect_in_order("[init -> hello] hello",
                             '[init] child "hello" exited with exit value 0')


@test
def greeter_client_is_greeted_twice():
    with Tree(composition(start("greeter_server", provides=["Greeter"]),
                          start("greeter_client"))) as tree:
        tree.expect_in_order('[init -> greeter_server] welcome, "greeter_client -> example"',
                             "[init -> greeter_client] Welcome, world! (greeting 1)",
                             "[init -> greeter_client] Good evening, world! (greeting 2)",
                             '[init] child "greeter_client" exited with exit value 0')


@test
def a_config_in_lines_composes_a_tree_like_one_in_xml():
    config = (SOURCE / "examples/greeter/greeter.kin").read_text(encoding="utf-8")
    xml = subprocess.run([KIN, "convert", "-"], input=config.encode(), capture_output=True,
                         check=True, timeout=60).stdout
    assert xml.startswith(b"<config>"), xml
    for text in (config, xml):
        with Tree(text) as tree:
            tree.expect('[init -> greeter] welcome, "Alice"',
                        '[init -> greeter] welcome, "inner -> bob -> example"',
                        "[init -> alice] Good evening, world! (greeting 2)",
                        "[init -> inner -> bob] Good evening, world! (greeting 2)")
            tree.end()
            tree.forbid(r".*mallory.*")


main()

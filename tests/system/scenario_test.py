"""The component scenario: what its steps wait for, and what it says when that does not come."""
import os
import sys

from harness import SOURCE, Tree, main, private_folder, test

sys.path.insert(0, os.path.join(SOURCE, "tests", "scenarios"))

from run import outer  # pylint: disable=wrong-import-position

CONFIG = """<init_config version="{version}">
<report delay_ms="10"/>
<parent-provides>
<service name="PD"/><service name="CPU"/><service name="ROM"/><service name="LOG"/>
</parent-provides>
<default-route><any-service><parent/></any-service></default-route>
<default caps="60" ram="2M"/>
<start name="a"><binary name="dummy"/><config>{commands}</config></start>
</init_config>"""
TALK = CONFIG.format(version=1, commands='<log string="one"/><log string="two"/>'
                     '<log string="Warning: careful"/><log string="three&#10;four"/>')


def play(*steps, lines=(), status=0, attributes="", forbid=()):
    """Runs the steps and waits for these lines of scenario."""
    with private_folder() as folder:
        file = folder / "test.xml"
        file.write_text(f"<scenario {attributes}>\n" + "\n".join(steps) + "\n</scenario>",
                        encoding="utf-8")
        tree, roms = outer(file)
        with Tree(tree, roms=roms, status=status) as running:
            running.expect_in_order(*[f"[init -> scenario] {line}" for line in lines])
            running.finish()
            running.forbid(*forbid)


def expect(text, **attributes):
    listed = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<expect_log string="{text}"{listed}/>'


@test
def lines_are_seen_in_the_order_of_their_arrival():
    play(TALK, expect("[init -> a] one"), expect("[init -> a] two"),
         '<expect_warning string="[init -> a] careful"/>', expect("[init -> a] three"),
         expect("[init -> a] four"), '<message string="well"/>', "<nop/>",
         lines=["[init -> a] one", "[init -> a] four", "well", "all 8 steps done"])


@test
def a_line_that_was_passed_over_is_not_seen_again():
    play(TALK, expect("[init -> a] two"), expect("[init -> a] one", timeout_ms=300), status=1,
         lines=['Error: missing: "[init -> a] one"',
                "Error: step 3 in line 12, <expect_log>: not seen within 300 ms, among 3 lines, "
                'the last one: "[init -> a] four"'])


@test
def lines_are_matched_as_a_whole():
    for text in ("[init -> a] on", "[init -> a] one ", "[init -> b] one",
                 "[init -> a] careful"):
        play(TALK, expect(text), status=1, attributes='timeout_ms="200"',
             lines=[f'Error: missing: "{text}"'])
    play(TALK, '<expect_warning string="[init -> a] one"/>', status=1,
         attributes='timeout_ms="200"',
         lines=['Error: missing: "[init -> a] one", as a warning'])


@test
def several_lines_can_be_expected_in_any_order():
    play(TALK, "<in_any_order>", expect("[init -> a] four"),
         '<expect_warning string="[init -> a] careful"/>', expect("[init -> a] one"),
         "</in_any_order>", lines=["all 2 steps done"])
    play(TALK, '<in_any_order timeout_ms="300">', expect("[init -> a] one"),
         expect("[init -> a] one"), expect("[init -> a] two"), "</in_any_order>", status=1,
         lines=['Error: missing: "[init -> a] one"'], forbid=[".*missing.*two.*"])


@test
def a_forbidden_line_fails_whenever_it_comes():
    late = CONFIG.format(version=2, commands='<log string="one"/>').replace("<start",
                                                                            "<start version='2'")
    play(TALK, expect("[init -> a] one"), '<forbid_log string="[init -> a] one"/>', late,
         expect("[init -> a] never"), status=1,
         lines=['Error: step 5 in line 22, <expect_log>: line 12 forbids "[init -> a] one"'])
    play(TALK, '<forbid_log string="[init -> a] five"/>', expect("[init -> a] four"))


@test
def the_state_is_waited_for():
    play(TALK, '<expect_init_state><attribute name="version" value="1"/>'
         '<node name="child"><attribute name="name" value="a"/></node></expect_init_state>',
         lines=["all 2 steps done"])
    play(TALK, '<expect_init_state timeout_ms="400">\n<attribute name="version" value="1"/>\n'
         '<node name="child">\n<attribute name="name" value="b"/></node></expect_init_state>',
         status=1,
         lines=["Error: latest state:", '<state version="1">',
                "Error: step 2 in line 11, <expect_init_state>: <node> in line 13 does not fit "
                "the state, for 400 ms"])
    play(TALK.replace('<report delay_ms="10"/>', ""), '<expect_init_state timeout_ms="200">'
         '<not><attribute name="x"/></not></expect_init_state>', status=1,
         lines=["Error: step 2 in line 11, <expect_init_state>: init has reported no state "
                "within 200 ms"])


@test
def init_gets_a_config_in_any_form():
    play("<init_config_text>this is no config</init_config_text>",
         expect("[init] Error: config has invalid syntax"), TALK, expect("[init -> a] one"),
         "<init_config_text><![CDATA[<config/>]]></init_config_text>",
         lines=["all 5 steps done"])


@test
def sleeping_is_a_step():
    play('<sleep ms="1"/>', '<sleep ms="0"/>', lines=["all 2 steps done"])


@test
def mistakes_are_told_before_anything_is_done():
    play("<dance/>", '<expect_log string="no label"/>', '<expect_warning/>', '<sleep/>',
         '<sleep ms="long"/>', '<expect_log string="[a] b" timeout_ms="soon"/>',
         "<in_any_order/>", "<in_any_order><nop/></in_any_order>",
         '<expect_init_state><attribute value="1"/></expect_init_state>',
         '<expect_init_state><attribute name="n" higher="x"/></expect_init_state>',
         '<expect_init_state><node/></expect_init_state>',
         '<expect_init_state><not><nut/></not></expect_init_state>',
         '<message string="never"/>', status=1, attributes='timeout_ms="1s"', lines=[
             "Error: line 1: <scenario> has a timeout_ms that is no number",
             "Error: line 2: <dance> is no step",
             'Error: line 3: <expect_log> needs a string that begins with a label: "[label] text"',
             "Error: line 4: <expect_warning> needs a string that begins with a label: "
             '"[label] text"',
             "Error: line 5: <sleep> needs a number of ms",
             "Error: line 6: <sleep> needs a number of ms",
             "Error: line 7: <expect_log> has a timeout_ms that is no number",
             "Error: line 8: <in_any_order> expects nothing",
             "Error: line 9: <nop> needs a string that begins with a label: \"[label] text\"",
             "Error: line 10: <attribute> needs a name",
             "Error: line 11: <attribute> has a limit that is no number",
             "Error: line 12: <node> needs a name",
             "Error: line 13: <nut> is no part of a pattern"],
         forbid=[".*never.*"])
    play(status=1, lines=["Error: line 1: <scenario> has no steps"])


@test
def more_lines_than_are_kept_are_a_failure():
    talk = "".join(f'<log string="{n}"/>' for n in range(1001))
    play(CONFIG.format(version=1, commands=talk), '<sleep ms="60000"/>', status=1,
         lines=["Error: step 2 in line 11, <sleep>: more than 1000 lines were not waited for"])


main()

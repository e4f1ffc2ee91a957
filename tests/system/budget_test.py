"""Budgets hold: by what the kernel refuses, by what is logged, and by the table at the end."""
from harness import BYSTANDERS, Tree, composition, main, mischief, start, test


@test
def private_memory_ends_at_the_quota():
    for megabytes in (1, 4, 16):
        with Tree(composition(BYSTANDERS, start("hoarder", "mischief",
                                                '<config does="hoard-memory"/>',
                                                ram=f"{megabytes}M"))) as tree:
            match = tree.expect_match(r"\[init -> hoarder\] held (\d+), used (\d+) of (\d+) bytes")
            held, used, quota = (int(number) for number in match.groups())
            assert quota <= megabytes << 20 and quota > (megabytes << 20) - (160 << 10)
            assert quota - (160 << 10) < used <= quota, (used, quota)
            assert quota * 64 // 65 - (640 << 10) < held < quota, (held, quota)
            tree.expect_bystanders()


@test
def a_dataspace_that_is_freed_is_taken_back_from_who_reads_it():
    provides = '<provides><service name="ROM"/></provides></start>'
    route = ('<route><service name="ROM" label="loan"><child name="lender"/></service>'
             "<any-service><parent/></any-service></route></start>")
    with Tree(composition(BYSTANDERS, mischief("lender", "lend").replace("</start>", provides),
                          mischief("careful", "borrow").replace("</start>", route),
                          mischief("careless", "borrow", touch="yes").replace("</start>", route),
                          )) as tree:
        for name in ("careful", "careless"):
            tree.expect_in_order(f"[init -> {name}] I see a loan",
                                 f"[init -> {name}] later: No data available")
        tree.expect('[init] Error: child "careless" crashed (SIGBUS)')
        tree.expect_bystanders()
        tree.forbid(".*I still see.*", '.*"careful".*')


@test
def who_needs_more_ram_asks_and_waits():
    node = start("needy", "dummy", '<config><consume_ram amount="8M"/><log string="got it"/>'
                 "</config>")
    with Tree(composition(BYSTANDERS, node)) as tree:
        tree.expect('[init] child "needy" requests resources: ram_quota=8388608, cap_quota=0')
        tree.expect_bystanders()
        tree.forbid(".*got it.*")


@test
def who_needs_more_caps_asks_and_waits():
    node = start("needy", "dummy", '<config><consume_caps amount="200"/><log string="got it"/>'
                 "</config>")
    with Tree(composition(BYSTANDERS, node)) as tree:
        tree.expect('[init] child "needy" requests resources: ram_quota=0, cap_quota=1')
        tree.expect_bystanders()
        tree.forbid(".*got it.*")


@test
def begging_in_vain_harms_nobody():
    with Tree(composition(BYSTANDERS, mischief("beggar", "beg"))) as tree:
        tree.expect('[init] child "beggar" requests resources: ram_quota=3145728, cap_quota=3')
        tree.expect("[init -> beggar] begged")
        tree.expect_bystanders()


@test
def descriptors_end_at_the_quota():
    with Tree(composition(BYSTANDERS, mischief("hoarder", "hoard-descriptors"))) as tree:
        signals = tree.expect_match(r"\[init -> hoarder\] (\d+) signals: out of caps")
        copies = tree.expect_match(r"\[init -> hoarder\] (\d+) copies: Too many open files")
        assert int(signals[1]) < 60 and int(copies[1]) < 200
        tree.expect_match(r"\[init -> hoarder\] a session more: (out of caps|Too many open files)")
        tree.expect_bystanders()


@test
def sessions_end_at_the_quota_and_what_they_cost_comes_back():
    with Tree(composition(BYSTANDERS, mischief("hoarder", "hoard-sessions"))) as tree:
        rounds = (rf"\[init -> hoarder\] round {i}: (\d+) sessions, out of caps" for i in (1, 2, 3))
        counts = [tree.expect_match(line)[1] for line in rounds]
        assert counts[0] == counts[1] == counts[2] and 5 < int(counts[0]) < 30, counts
        tree.expect_bystanders()


def row(tree, name):
    """RAM, used, private (KiB), caps, used of a component in the table at the end."""
    match = tree.expect_match(rf"[ │]*(?:[├└]─ )?{name} +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)  .*")
    return [int(number) for number in match.groups()]


@test
def the_table_at_the_end_adds_up():
    inner = start("inner", "kin-init", composition(start("d", "dummy", '<config><consume_ram '
                  'amount="512K"/><consume_caps amount="7"/><log string="up"/></config>')),
                  ram="8M", caps="300")
    with Tree(composition(BYSTANDERS, inner), "--verbose", ram="64M", caps=2000) as tree:
        tree.expect("[init -> inner -> d] up", "[init -> witness] seen 2")
        tree.end()
        rows = {name: row(tree, name)
                for name in ("core", "init", "greeter_server", "witness", "inner", "d")}
        assert sum(r[0] for r in rows.values()) in range((64 << 10) - len(rows), (64 << 10) + 1)
        assert sum(r[3] for r in rows.values()) == 2000
        for name, (ram, used, private, caps, caps_used) in rows.items():
            assert used + private <= ram and caps_used <= caps, name
        assert rows["d"][1] >= 512 + 192 and rows["d"][4] >= 7 + 3
        assert (8 << 10) - 280 < rows["inner"][0] + rows["d"][0] < 8 << 10


@test
def what_a_child_held_is_back_after_its_end():
    quitter = start("quitter", "dummy", '<config><consume_ram amount="4M"/><consume_caps '
                    'amount="50"/><create_log_connections count="5"/><exit/></config>', ram="8M",
                    caps="200")
    with Tree(composition(BYSTANDERS, quitter), "--verbose") as tree:
        tree.expect('[init] child "quitter" exited with exit value 0')
        tree.expect_bystanders()
        tree.end()
        with_child = row(tree, "init")
    with Tree(composition(BYSTANDERS), "--verbose") as tree:
        tree.expect_bystanders()
        tree.end()
        assert with_child[:2] == row(tree, "init")[:2] and with_child[3:] == row(tree, "init")[3:]


main()

/*
 * The engine on the model, with each allocation and each transfer of quota failing once
 *
 * One history: a config with aliases, clients and servers is applied, sessions at siblings, at the
 * parent and at the owner go through their lives, clients of the parent are forwarded by policies
 * that change, a child ends, all is destroyed. Whatever fails in
 * it is answered to who asked, or logged; the invariants hold all along, and in the end all quota
 * and every capability is back.
 *
 * Another: a second config restarts, stops, adds and removes children of the first. Whatever fails
 * in it, once the same config is applied again everything is as it shall be.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fault/fault.h"
#include "model/model.h"

#define POLICY(child, label) \
	"<service name='X'> <policy label='moves'> <child name='" child "' label='" label \
	"'/> </policy> <default-policy> <child name='server'/> </default-policy> </service>"

#define CONFIG(policies) \
	"<config>" policies \
	"<parent-provides> <service name='PD'/> <service name='CPU'/> <service name='LOG'/>" \
	" <service name='ROM'/> <service name='P'/> </parent-provides>" \
	"<alias name='nick' child='server'/>" \
	"<default-route> <any-service> <local/> <parent/> <child name='nick'/> </any-service> " \
	"</default-route>" \
	"<default ram='1M' caps='60'/>" \
	"<start name='early'> <route> <service name='LOG'> <child name='server'/> </service>" \
	" <any-service> <parent/> </any-service> </route> </start>" \
	"<start name='client'/>" \
	"<start name='server'> <provides> <service name='X'/> <service name='LOG'/> </provides>" \
	" <exit propagate='yes'/> </start>" \
	"</config>"

static const char config[] = CONFIG(POLICY("server", "first"));
static const char other_label[] = CONFIG(POLICY("server", "second"));
static const char nobody[] = CONFIG(POLICY("nobody", ""));

enum { X = 10, P, LOCAL, LATE };

/* The owner's transfers, through the sweep. */
struct transfers {
	const struct account_ops *real;
	struct model *model;
	bool asked; /* the next one is what a child's request is paid with */
};

static struct transfers transfers;

static int transfer(void *ctx, const struct quota_edge *edges, size_t n_edges)
{
	bool asked = transfers.asked;

	transfers.asked = false;
	if (!fault_hits(FAULT_TRANSFER))
		return transfers.real->transfer(ctx, edges, n_edges);
	/* What can't be given back stays with the parent: the sum is right. */
	transfers.model->lossy |= !asked;
	return KIN_EXCEEDED;
}

static int info(void *ctx, uint32_t account, struct account_info *ret)
{
	return transfers.real->info(ctx, account, ret);
}

static const struct account_ops swept_transfers = { .transfer = transfer, .info = info };

static struct model *model_with_faults(void)
{
	struct model *model = model_new();

	transfers = (struct transfers){ model->owner.accounts, model, false };
	model->owner.accounts = &swept_transfers;
	model->local = "Local";
	return model;
}

static bool alive(struct model *model, const char *name)
{
	struct child *child = sandbox_child(&model->sandbox, name);

	return child && child->state == CHILD_ALIVE;
}

/* A request of the client: a fault in it is its answer. */
static int open_at(struct model *model, uint32_t id, const char *service)
{
	bool before = fault_happened();

	if (!alive(model, "client"))
		return KIN_DENIED;
	transfers.asked = true;
	int r = model_open(model, "client", id, service, "label", (struct quota){ 16384, 4 });

	transfers.asked = false;
	assert_true(r == 0 || r == KIN_PENDING || before || fault_happened());
	if (!before && fault_happened())
		assert_true(r == -ENOMEM || r == KIN_DENIED || r == KIN_OUT_OF_RAM);
	return r;
}

static void upgrade(struct model *model, uint32_t id)
{
	bool before = fault_happened();

	if (!alive(model, "client"))
		return;
	transfers.asked = true;
	int r = child_upgrade(model_child(model, "client"), id, (struct quota){ 4096, 1 });

	transfers.asked = false;
	if (!before && fault_happened())
		assert_true(r == KIN_OUT_OF_RAM || r < 0);
	model_settle(model);
}

static void fetch(struct model *model, uint32_t id)
{
	if (alive(model, "client"))
		model_fetch(model, "client", id, NULL);
}

static void close_it(struct model *model, uint32_t id)
{
	if (alive(model, "client"))
		child_close(model_child(model, "client"), id);
	model_settle(model);
}

static void serve(struct model *model)
{
	if (alive(model, "server"))
		model_serve(model, "server");
}

static void sessions_live(struct model *model)
{
	open_at(model, X, "X");
	open_at(model, P, "P");
	open_at(model, LOCAL, "Local");
	serve(model);
	for (uint32_t id = X; id <= LOCAL; id++) {
		fetch(model, id);
		upgrade(model, id);
	}
	serve(model);
	close_it(model, X);
	close_it(model, LOCAL);
	serve(model);
	open_at(model, X, "X"); /* ends with its server */
	open_at(model, LATE, "P");
	model_up_answer(model, NULL, 0);
	fetch(model, LATE);
}

/* It is there, unless a fault had it refused. Return: its ID */
static uint32_t guest(struct model *model, const char *label)
{
	bool before = fault_happened();

	transfers.asked = true;
	uint32_t id = model_guest_open(model, "X", label, (struct quota){ 16384, 4 });

	transfers.asked = false;
	assert_true(id > 0);
	assert_true(model_guest(model, id) || before || fault_happened());
	return id;
}

static bool apply_config(struct model *model, const char *text)
{
	struct kin_tree *tree = NULL;

	assert_int_equal(kin_tree_parse(text, strlen(text), NULL, &tree), 0);
	int r = sandbox_apply(&model->sandbox, tree);

	model_settle(model);
	return r == 0;
}

static void guests_live(struct model *model)
{
	uint32_t stays = guest(model, "stays"), moves = guest(model, "moves"), seen;

	serve(model);
	model_guest_upgrade(model, stays, (struct quota){ 4096, 1 });
	seen = guest(model, "moves");
	if (alive(model, "server"))
		model_request(model, "server", NULL);
	apply_config(model, other_label);
	serve(model);
	assert_true(!model_guest(model, moves) || fault_happened());
	apply_config(model, nobody);
	guest(model, "moves"); /* waits to the end */
	serve(model);
	assert_true(!model_guest(model, seen) || fault_happened());
	model_guest_close(model, stays);
	serve(model);
}

static void servers_end(struct model *model)
{
	if (alive(model, "server"))
		child_died(model_child(model, "server"), 0, 1);
	model_settle(model);
	fetch(model, X);
	close_it(model, X);
	close_it(model, P);
}

static void apply(struct model *model)
{
	apply_config(model, config);
	serve(model);
	model_settle(model);
}

/* Return: whether it was all that there is */
static bool history(struct model *model)
{
	bool silent;

	apply(model);
	silent = fault_happened() && !model->log.n;
	assert_false(silent);
	sessions_live(model);
	guests_live(model);
	servers_end(model);
	return alive(model, "client") && alive(model, "early");
}

static void sweep(unsigned kind, unsigned at_least)
{
	unsigned nth;
	bool complete = false;

	for (nth = 1; fault_sweep(kind, nth); nth++) {
		fault_suspend();
		struct model *model = model_with_faults();

		model_script(model, MODEL_SESSION, "P", 0, 1);
		model_script(model, MODEL_SESSION, "P", KIN_PENDING, 1);
		fault_resume();
		complete = history(model);
		model_free(model);
		fault_end();
	}
	assert_true(complete);
	print_message("%u failures\n", nth - 2);
	assert_true(nth - 2 >= at_least);
}

/*
 * Another config
 */

#define HEAD(more) \
	"<config>" \
	"<parent-provides> <service name='PD'/> <service name='CPU'/> <service name='LOG'/>" \
	" <service name='ROM'/> <service name='P'/>" more "</parent-provides>" \
	"<default-route> <any-service> <local/> <parent/> <child name='nick'/> </any-service>" \
	"</default-route> <default ram='1M' caps='60'/>"

static const char first_config[] = HEAD(
	"<service name='Q'/>") "<alias name='nick' child='server'/>"
			       "<start name='early'> <route> <service name='LOG'> <child "
			       "name='server'/> </service>"
			       " <any-service> <parent/> </any-service> </route> </start>"
			       "<start name='client'/> <start name='gone'/> <start name='stuck'/>"
			       "<start name='server'> <provides> <service name='X'/> <service "
			       "name='LOG'/> </provides>"
			       "</start> <start name='other'> <provides> <service name='Z'/> "
			       "</provides> </start>"
			       "<start name='rich' ram='4M'/>"
			       "</config>";

static const char second_config[] = HEAD(
	"") "<alias name='nick' child='server'/> <alias name='pal' child='other'/>"
	    "<start name='early'> <route> <service name='LOG'> <child name='server'/> </service>"
	    " <any-service> <parent/> </any-service> </route> </start>"
	    "<start name='client'/> <start name='new'/> <start name='stuck'/>"
	    "<start name='server' version='2'> <provides> <service name='X'/> <service name='LOG'/>"
	    "</provides> </start> <start name='other'> <provides> <service name='Z'/>"
	    "<service name='Y'/> </provides> </start>"
	    "<start name='rich' ram='2M' caps='100'/>"
	    "</config>";

static void apply_text(struct model *model, const char *text)
{
	struct kin_tree *tree = NULL;

	assert_int_equal(kin_tree_parse(text, strlen(text), NULL, &tree), 0);
	sandbox_apply(&model->sandbox, tree);
	model_settle(model);
	serve(model);
	model_settle(model);
}

static void open_for(struct model *model, const char *client, uint32_t id, const char *service)
{
	int r = model_open(model, client, id, service, "", (struct quota){ 16384, 4 });

	assert_true(r == 0 || r == KIN_PENDING);
	serve(model);
}

static void assert_reconfigured(struct model *model)
{
	static const char *const running[] = { "early", "client", "new", "server", "other",
		"rich" };
	const struct child *stuck = model_child(model, "stuck");

	for (size_t i = 0; i < sizeof(running) / sizeof(running[0]); i++) {
		if (!alive(model, running[i]))
			print_message("%s does not run: %s\n", running[i], model->log.line[0]);
		assert_true(alive(model, running[i]));
	}
	assert_null(sandbox_child(&model->sandbox, "gone"));
	assert_null(model->sandbox.dying);
	/* Or it was started anew, and has not missed anything yet. */
	assert_true(stuck->stuck || stuck->state == CHILD_ALIVE);
	assert_int_equal(server_announce(model_child(model, "other"), "Y"), 0);
	assert_int_equal(server_announce(model_child(model, "other"), "Z"), 0);
	assert_string_equal(model_child(model, "server")->version, "2");
	assert_null(session_find(model_child(model, "client"), X));
	assert_int_equal(model_child(model, "rich")->assigned.ram, 2 << 20);
	assert_int_equal(model_child(model, "rich")->assigned.caps, 100);
}

static void sweep_reconfiguration(unsigned kind, unsigned at_least)
{
	unsigned nth;

	for (nth = 1; fault_sweep(kind, nth); nth++) {
		fault_suspend();
		struct model *model = model_with_faults();

		apply_text(model, first_config);
		open_for(model, "client", X, "X");
		open_for(model, "stuck", X, "Q");
		model_forget(model);
		fault_resume();
		apply_text(model, second_config);
		bool happened = fault_happened();

		fault_end();
		if (!happened || !model->log.n)
			assert_reconfigured(model);
		if (!happened)
			assert_true(model_child(model, "stuck")->stuck);
		apply_text(model, second_config);
		if (!model->lossy)
			assert_reconfigured(model);
		model_free(model);
	}
	print_message("%u failures\n", nth - 2);
	assert_true(nth - 2 >= at_least);
}

static void a_config_applied_again_repairs_what_memory_was_missing_for(void **state)
{
	sweep_reconfiguration(FAULT_ALLOC, 20);
}

static void a_config_applied_again_repairs_what_quota_was_not_moved_for(void **state)
{
	sweep_reconfiguration(FAULT_TRANSFER, 4);
}

static void each_allocation_may_fail(void **state)
{
	sweep(FAULT_ALLOC, 30);
}

static void each_transfer_may_fail(void **state)
{
	sweep(FAULT_TRANSFER, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(each_transfer_may_fail),
		cmocka_unit_test(a_config_applied_again_repairs_what_memory_was_missing_for),
		cmocka_unit_test(a_config_applied_again_repairs_what_quota_was_not_moved_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

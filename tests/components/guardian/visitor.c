/*
 * visitor: opens LOG sessions, one for each <visit label="…"/> of its config
 *
 * It says what it was answered, donates more, writes a line and closes the session, unless the
 * visit says stay="yes"; then it ends with the session open.
 */
#include <string.h>

#include <kin/interface/log.h>
#include <kin/kin.h>

static void visit(struct kin_env *env, const struct kin_node *node)
{
	const char *label = kin_node_attribute(node, "label");
	struct kin_session session = { 0 };
	struct kin_args args = { .ram_quota = 16384, .cap_quota = 4 };

	strncpy(args.label, label, KIN_LABEL_MAX);
	int r = kin_session_open(env, &session, &log_interface, &args);

	kin_log(env, "%s: %s", label, kin_answer_text(r));
	if (r)
		return;
	kin_session_upgrade(&session, 4096, 1);
	log_write(session.channel, &(struct log_write_request){ "hello" });
	if (!kin_node_boolean(node, "stay", false))
		kin_session_close(&session);
}

int kin_main(struct kin_env *env)
{
	struct kin_config config;

	kin_set_shortage_policy(env, KIN_SHORTAGE_FAIL);
	if (kin_config_open(env, &config, NULL, NULL))
		return 1;
	KIN_NODE_FOREACH (node, config.node, "visit")
		visit(env, node);
	return 5;
}

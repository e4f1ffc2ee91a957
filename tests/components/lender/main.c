/*
 * lender: a ROM service that hands on what its own ROM sessions give
 *
 * The last element of a client's label is the module. With <config silent="NAME"/> it never answers
 * who asks for the content of that one.
 */
#include <string.h>

#include <kin/kin.h>

struct borrower {
	struct kin_client client;
	struct kin_session rom;
};

static struct kin_config config;

static const char *module_of(const struct borrower *borrower)
{
	return kin_label_last(borrower->client.args.label);
}

static int borrower_create(struct kin_client *client)
{
	struct borrower *borrower = (struct borrower *) client;
	struct kin_args args = { 0 };

	strcpy(args.label, module_of(borrower));
	kin_log(client->service->env, "lends %s", module_of(borrower));
	return kin_session_open(client->service->env, &borrower->rom, &rom_interface, &args);
}

static int borrower_destroy(struct kin_client *client)
{
	kin_session_close(&((struct borrower *) client)->rom);
	return 0;
}

static int borrower_dataspace(
	void *self, struct rom_dataspace_request *request, struct rom_dataspace_reply *reply)
{
	struct borrower *borrower = self;
	const char *silent = kin_node_attribute(config.node, "silent");

	if (silent && strcmp(silent, module_of(borrower)) == 0)
		return KIN_DEFERRED;
	return rom_dataspace(borrower->rom.channel, NULL, reply);
}

static const struct rom_handlers handlers = { .dataspace = borrower_dataspace };

int kin_main(struct kin_env *env)
{
	struct kin_service service = { .interface = &rom_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct borrower),
		.create = borrower_create,
		.destroy = borrower_destroy };

	if (kin_config_open(env, &config, NULL, NULL) || kin_service_announce(env, &service))
		return 1;
	return kin_run(env);
}

/*
 * Greeter, the server: a model for services of your own
 *
 * A server is a struct per client, a function per operation, and an announcement.
 */
#include <kin/kin.h>

#include <stdio.h>
#include <string.h>

#include "greeter_interface.h"

/* What we remember of each client. The library allocates it, from what the client donated. */
struct guest {
	struct kin_client client; /* must come first: label, arguments, quota */
	char word[32];
	uint32_t count;
};

static int guest_create(struct kin_client *client)
{
	struct guest *guest = (struct guest *) client;
	const char *word = kin_args_get(&client->args, "word");

	snprintf(guest->word, sizeof(guest->word), "%s", word ? word : "Hello");
	kin_log(client->service->data, "welcome, \"%s\"", client->args.label);
	return 0; /* or KIN_DENIED, … */
}

/* An operation: `request` is checked already, what we return is the client's answer. */
static int guest_greet(
	void *self, struct greeter_greet_request *request, struct greeter_greet_reply *reply)
{
	struct guest *guest = self;

	if (!request->name[0])
		return KIN_INVALID;
	snprintf(reply->greeting, sizeof(reply->greeting), "%s, %s!", guest->word, request->name);
	reply->count = ++guest->count;
	return 0;
}

/* The same for a one-way operation: nobody sees what it returns. */
static int guest_prefer(
	void *self, struct greeter_prefer_request *request, struct greeter_prefer_reply *reply)
{
	struct guest *guest = self;

	strcpy(guest->word, request->word);
	return 0;
}

static const struct greeter_handlers handlers = { .greet = guest_greet, .prefer = guest_prefer };

int kin_main(struct kin_env *env)
{
	struct kin_service service = { .interface = &greeter_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct guest),
		.create = guest_create,
		.data = env };
	int r = kin_service_announce(env, &service);

	if (r) {
		kin_error(env, "can't provide Greeter: %s", kin_answer_text(r));
		return 1;
	}
	return kin_run(env);
}

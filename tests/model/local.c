/* Services of the engine's own program, of which the model has one at most */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "model/model.h"

static bool local_exists(void *ctx, const char *service)
{
	const struct model *model = ctx;

	return model->local && strcmp(model->local, service) == 0;
}

static int local_create(void *ctx, struct session *session, int *ret_cap)
{
	const char *service = session->service->name->name;
	struct model *model = ctx;
	int answer = model_scripted(model, MODEL_LOCAL, service);

	model_note(model, "local create %s \"%s\" special %d", service, session->args.label,
		(int) session->special);
	if (answer)
		return answer;
	session->local = model;
	model->n_locals++;
	*ret_cap = model_cap_new(model);
	return 0;
}

static int local_upgrade(void *ctx, struct session *session, struct quota amount)
{
	assert(session->local == ctx);
	model_note(ctx, "local upgrade \"%s\" %" PRIu64 " %" PRIu64, session->args.label,
		amount.ram, amount.caps);
	return 0;
}

static int local_close(void *ctx, struct session *session)
{
	struct model *model = ctx;

	assert(session->local == model && model->n_locals > 0);
	session->local = NULL;
	model->n_locals--;
	model_note(model, "local close \"%s\"", session->args.label);
	return 0;
}

const struct local_ops model_local_ops = { local_exists, local_create, local_upgrade, local_close };

/* What clients and servers do in the model, and what was recorded of it. */
#include <assert.h>
#include <string.h>

#include "model/model.h"

int model_open(struct model *model, const char *client, uint32_t id, const char *service,
	const char *label, struct quota amount)
{
	struct kin_args args = { .ram_quota = amount.ram, .cap_quota = amount.caps };
	struct kin_affinity affinity = { 0 };
	int cap = 0;

	strcpy(args.label, label);
	int r = child_session(model_child(model, client),
		&(struct session_request){ id, service, 1, &args, &affinity }, &cap);

	assert((r == 0) == (cap > 0));
	if (cap)
		model_cap_close(model, cap);
	model_check(model);
	return r;
}

int model_fetch(struct model *model, const char *client, uint32_t id, bool *ret_cap)
{
	int cap = 0;
	int r = child_session_cap(model_child(model, client), id, &cap);

	if (cap)
		model_cap_close(model, cap);
	if (ret_cap)
		*ret_cap = cap > 0;
	model_check(model);
	return r;
}

uint32_t model_request(struct model *model, const char *server, int *ret_kind)
{
	struct server_request request;

	if (!server_requests(model_child(model, server), 0, &request, 1))
		return 0;
	if (ret_kind)
		*ret_kind = (int) request.kind;
	return request.session->server_id;
}

bool model_deliver(struct model *model, const char *server, uint32_t server_id)
{
	int cap = model_cap_new(model);

	server_deliver(model_child(model, server), server_id, &cap);
	if (cap)
		model_cap_close(model, cap);
	model_settle(model);
	return !cap;
}

unsigned model_serve(struct model *model, const char *server)
{
	unsigned n = 0;
	uint32_t id;
	int kind;

	for (; (id = model_request(model, server, &kind)); n++) {
		if (kind == SERVER_CREATE)
			model_deliver(model, server, id);
		else
			server_response(model_child(model, server), id,
				kind == SERVER_UPGRADE ? KIN_OK : KIN_CLOSED);
		model_settle(model);
	}
	return n;
}

static struct account *account_of_child(struct model *model, const char *name)
{
	const struct child *child = model_child(model, name);
	struct account *account = child->adopted ? model_account(model, child->account) : NULL;

	assert(account && account != &model->self);
	return account;
}

void model_charge(struct model *model, const char *child, struct quota amount)
{
	int r = account_charge(account_of_child(model, child), amount);

	assert(r == 0);
}

void model_uncharge(struct model *model, const char *child, struct quota amount)
{
	account_uncharge(account_of_child(model, child), amount);
}

struct quota model_available(struct model *model, const char *child)
{
	return account_available(account_of_child(model, child));
}

/*
 * What happened
 */

static const char *line_at(const struct model_lines *lines, size_t i)
{
	return lines->line[i % MODEL_LINES_MAX];
}

static size_t oldest(const struct model_lines *lines)
{
	return lines->n > MODEL_LINES_MAX ? lines->n - MODEL_LINES_MAX : 0;
}

static unsigned lines_with(const struct model_lines *lines, const char *text)
{
	unsigned found = 0;

	for (size_t i = oldest(lines); i < lines->n; i++)
		found += strstr(line_at(lines, i), text) != NULL;
	return found;
}

unsigned model_logged(const struct model *model, const char *text)
{
	return lines_with(&model->log, text);
}

unsigned model_happened(const struct model *model, const char *text)
{
	return lines_with(&model->journal, text);
}

bool model_in_order(const struct model *model, const char *first, const char *second)
{
	const struct model_lines *lines = &model->journal;

	for (size_t i = oldest(lines); i < lines->n; i++) {
		if (strstr(line_at(lines, i), first))
			return true;
		if (strstr(line_at(lines, i), second))
			return false;
	}
	return false;
}

void model_forget(struct model *model)
{
	model->journal.n = model->log.n = 0;
}

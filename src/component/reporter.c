/*
 * Reporters: a buffer between us and a client; see the header
 */
#include <kin/reporter.h>

#include <kin/limits.h>
#include <kin/log.h>
#include <kin/signal.h>

#include "component/env.h"

static int donation_check(const struct kin_quota *quota, uint64_t dataspaces, uint64_t bytes)
{
	if (quota->ram - quota->ram_used < dataspaces * page_round(bytes))
		return KIN_INSUFFICIENT_RAM;
	if (quota->caps - quota->caps_used < dataspaces)
		return KIN_INSUFFICIENT_CAPS;
	return 0;
}

int kin_reporter_open(struct kin_reporter *reporter, unsigned copies)
{
	struct kin_client *client = &reporter->client;
	struct kin_env *env = client->service->env;
	uint64_t bytes = kin_args_number(&client->args, "buffer_size", KIN_REPORTER_BUFFER_BYTES);

	if (bytes == 0 || bytes > KIN_NODE_TEXT_MAX) {
		kin_error(env, "report \"%s\": a buffer has 1 to %u bytes, not %llu",
			client->args.label, KIN_NODE_TEXT_MAX, (unsigned long long) bytes);
		return KIN_DENIED;
	}
	int r = donation_check(&client->quota, 1 + (uint64_t) copies, bytes);

	if (r == 0)
		r = kin_ram_alloc(env, &client->quota, bytes, 0, &reporter->buffer);
	if (r == 0)
		reporter->buffer_bytes = bytes;
	return r;
}

void kin_reporter_close(struct kin_reporter *reporter)
{
	kin_ram_free(&reporter->buffer);
	reporter->buffer_bytes = 0;
}

int kin_reporter_read(const struct kin_reporter *reporter, uint64_t size, void *to)
{
	if (size > reporter->buffer_bytes)
		return KIN_INVALID;
	return kin_dataspace_read(reporter->buffer.dataspace, 0, to, size);
}

int kin_reporter_dataspace(
	void *self, struct report_dataspace_request *request, struct report_dataspace_reply *reply)
{
	const struct kin_reporter *reporter = self;
	int dataspace = kin_cap_duplicate(reporter->buffer.dataspace);

	if (dataspace < 0)
		return dataspace;
	reply->dataspace = dataspace;
	reply->size = reporter->buffer_bytes;
	return 0;
}

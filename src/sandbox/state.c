/*
 * State of a sandbox, for whoever asks its component's parent
 *
 * What is asked about us is answered by the whole state report, in a dataspace that we pay for
 * until our parent has read it. What is asked about somebody below is asked of our child, and its
 * answer passed on as it is. Nothing here waits for a child.
 */
#include <unistd.h>

#include "sandbox/sandbox.h"
#include "wire/parent.h"

static void answer(struct kin_sandbox *sandbox, const struct host_state *state)
{
	/* It can only fail if there is no parent any more, which ends us soon enough. */
	parent_state(sandbox->env->start.parent,
		&(struct parent_state_request){
			state->serial, (uint8_t) state->answer, state->dataspace, state->size },
		NULL);
}

static int answer_of_error(int r)
{
	switch (r) {
	case -ENOSPC:
		return KIN_EXCEEDED;
	case -ENOMEM:
		return KIN_OUT_OF_RAM;
	}
	return r < 0 ? KIN_DENIED : r;
}

static int report(struct kin_sandbox *sandbox, struct kin_generator *g, uint32_t *ret_id,
	struct host_state *ret_state)
{
	const char *text;
	size_t size;

	kin_sandbox_report(sandbox, g);
	int r = kin_generator_finish(g, &text, &size);

	if (r == 0)
		r = sandbox_alloc_rom(sandbox, text, size, ret_id, &ret_state->dataspace);
	if (r == 0)
		ret_state->size = size;
	return answer_of_error(r);
}

static void answer_self(struct kin_sandbox *sandbox, uint32_t serial)
{
	struct host_state state = { .serial = serial };
	struct kin_generator g;
	uint32_t id;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	state.answer = report(sandbox, &g, &id, &state);
	kin_generator_done(&g);
	answer(sandbox, &state);
	if (state.answer == KIN_OK) {
		close(state.dataspace);
		sandbox_free_object(sandbox, id);
	}
}

void sandbox_state_asked(uint32_t serial, const char *path, void *data)
{
	struct kin_sandbox *sandbox = data;

	if (!*path) {
		answer_self(sandbox, serial);
		return;
	}
	int r = host_state_ask(&sandbox->host, serial, path);

	if (r)
		answer(sandbox, &(struct host_state){ serial, r, 0, 0 });
}

void sandbox_state_answered(void *ctx, const struct host_state *state)
{
	answer(ctx, state);
}

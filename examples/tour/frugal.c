/*
 * frugal: wants more than it has, is given nothing, and lives
 *
 * By default a component that runs out of something asks its parent and waits. This one prefers to
 * be told, so it sees how its budget ends, and goes on with what there is. The limit is the
 * kernel's: plain malloc() meets it as well.
 */
#include "cue.h"

#include <stdlib.h>
#include <string.h>

#define WANTED_BYTES (8u << 20)
#define BLOCK_BYTES  (64u << 10)

/* Takes memory until there is no more, gives it back. Return: bytes that it had. */
static size_t heap_exhaust(void)
{
	struct block {
		struct block *next;
		char rest[BLOCK_BYTES - sizeof(struct block *)];
	} *blocks = NULL, *block;
	size_t bytes = 0;

	while ((block = malloc(sizeof(*block)))) {
		memset(block, 1, sizeof(*block));
		block->next = blocks;
		blocks = block;
		bytes += sizeof(*block);
	}
	while ((block = blocks)) {
		blocks = block->next;
		free(block);
	}
	return bytes;
}

int kin_main(struct kin_env *env)
{
	struct kin_account account;
	struct kin_ram ram;
	struct cue cue;

	cue_wait(env);
	kin_set_shortage_policy(env, KIN_SHORTAGE_FAIL);
	if (kin_account_read(env, &account))
		return 1;
	kin_log(env, "I have %llu KiB and want %u KiB",
		(unsigned long long) account.ram_quota >> 10, WANTED_BYTES >> 10);
	int r = kin_ram_alloc(env, NULL, WANTED_BYTES, 0, &ram);

	kin_log(env, "my allocation: %s", kin_answer_text(r));
	kin_resource_request(env, WANTED_BYTES, 0);
	kin_log(env, "malloc() ended after %zu KiB", heap_exhaust() >> 10);
	kin_log(env, "I asked my parent for more, and go on with what I have");
	kin_set_shortage_policy(env, KIN_SHORTAGE_WAIT);
	cue_give(env, &cue);
	return kin_run(env);
}

/*
 * mischief: ways to take too much
 *
 * Each ends at a limit, says what it got, gives it back and stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kin/interface/log.h>

#include "mischief.h"
#include "wire/parent.h"

#define BLOCK_BYTES (64u << 10)
#define BLOCKS_MAX  4096
#define OBJECTS_MAX 256

int hoard_memory(struct kin_env *env, const struct kin_node *config)
{
	void *blocks[BLOCKS_MAX];
	struct kin_account account;
	size_t n = 0;

	while (n < BLOCKS_MAX && (blocks[n] = malloc(BLOCK_BYTES)))
		memset(blocks[n++], 1, BLOCK_BYTES);
	size_t held_bytes = n * BLOCK_BYTES;
	int r = kin_account_read(env, &account);

	while (n--)
		free(blocks[n]);
	if (r)
		kin_error(env, "account: %s", kin_answer_text(r));
	else
		kin_log(env, "held %zu, used %llu of %llu bytes", held_bytes,
			(unsigned long long) account.ram_used,
			(unsigned long long) account.ram_quota);
	return kin_run(env);
}

int hoard_descriptors(struct kin_env *env, const struct kin_node *config)
{
	static struct kin_signal signals[OBJECTS_MAX];
	int n_copies = 0, n_signals = 0, r = 0;

	kin_set_shortage_policy(env, KIN_SHORTAGE_FAIL);
	while (r == 0 && n_signals < OBJECTS_MAX) {
		r = kin_signal_open(env, &signals[n_signals], NULL, NULL);
		n_signals += r == 0;
	}
	kin_log(env, "%d signals: %s", n_signals, kin_answer_text(r));
	while (fcntl(START_LOG, F_DUPFD_CLOEXEC, 0) >= 0)
		n_copies++;
	/* No number is left for a reply that brings one, which must hurt nobody but us. */
	kin_log(env, "%d copies: %s", n_copies, strerror(errno));
	r = kin_session_open(env, &(struct kin_session){ 0 }, &log_interface, NULL);
	kin_log(env, "a session more: %s", kin_answer_text(r));
	return kin_run(env);
}

int hoard_sessions(struct kin_env *env, const struct kin_node *config)
{
	static struct kin_session sessions[OBJECTS_MAX];

	kin_set_shortage_policy(env, KIN_SHORTAGE_FAIL);
	for (int round = 1; round <= 3; round++) {
		int n = 0, r = 0;

		while (r == 0 && n < OBJECTS_MAX) {
			r = kin_session_open(env, &sessions[n], &log_interface, NULL);
			n += r == 0;
		}
		kin_log(env, "round %d: %d sessions, %s", round, n, kin_answer_text(r));
		while (n--)
			kin_session_close(&sessions[n]);
	}
	return kin_run(env);
}

/* Asks for more again and again, whatever the answer. */
int beg(struct kin_env *env, const struct kin_node *config)
{
	for (int i = 1; i <= 3; i++)
		kin_resource_request(env, (uint64_t) i << 20, (uint64_t) i);
	kin_log(env, "begged");
	return kin_run(env);
}

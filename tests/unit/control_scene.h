/*
 * A control socket under test
 *
 * Core's services are real, init is played: a hosted child stands for it, whose questions the test
 * fetches and answers. Clients never wait; the loop runs when a test says so. Asserts by cmocka.
 */
#ifndef TESTS_UNIT_CONTROL_SCENE_H
#define TESTS_UNIT_CONTROL_SCENE_H

#include "core_fixture.h"

#include <sys/un.h>

#include "core/control.h"
#include "model/hosted.h"
#include "wire/control.h"

#define SCENE_NAME "tour" /* of the tree */

struct scene {
	struct fixture *f;
	struct hosted *hosted;
	struct control *control;
	char folder_path[32];
};

/* cmocka's fixtures; *state is the struct scene. */
int scene_set_up(void **state);
int scene_tear_down(void **state);

/* Where the socket is. */
struct sockaddr_un scene_address(const struct scene *s);

/* Another socket in its place; the options are for control_open(). */
void scene_listen(struct scene *s, struct control_options *ret);

/* A client that core has taken note of. */
int client_open(struct scene *s);

/* Asks, lets the loop run, and looks for the answer: -EAGAIN if there is none. */
void client_ask(struct scene *s, int channel, uint32_t operation, const void *request);
int client_answer(int channel, uint32_t operation, void *ret);
int client_call(struct scene *s, int channel, uint32_t operation, const void *request, void *ret);

/* The log from a number on, waiting for it or not. */
int client_read_log(struct scene *s, int client, const char *prefix, uint64_t from, bool wait,
	struct control_log_reply *ret);

/* A text that came as an answer, sealed as it must be; valid until the next one. */
const char *text_of(int take_fd);

/* Core has hung up on that client, which is closed. */
void assert_cut_off(int take_channel);

#endif

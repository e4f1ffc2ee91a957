/*
 * What the tests of core/linux share: a spawner, and the probe as their component
 *
 * The test program takes the path of the probe (confined_probe) as its only argument.
 */
#ifndef TESTS_UNIT_CONFINED_HOST_H
#define TESTS_UNIT_CONFINED_HOST_H

#include "core/linux/spawn.h"

struct confined {
	struct spawner spawner;
	const char *probe_path;
	int binary_fd;
};

struct confined_child {
	pid_t pid;
	int pidfd;
	int channel; /* the other end of the child's descriptor 3 */
};

/* Ends the program with a message when something is missing; bounds the time of the whole program
 */
void confined_init(struct confined *host, int argc, char **argv);
void confined_done(struct confined *host);

/* A request for the probe of that name, with moderate limits; its channel comes at the start */
struct spawn_request confined_request(const struct confined *host, const char *probe);

/* Adds the channel as the first descriptor, starts, asserts success */
struct confined_child confined_start(struct confined *host, struct spawn_request *request);

/* Next text the child says, at most 127 bytes; false once it has ended */
bool confined_hear(const struct confined_child *child, char text[128]);

/* Waits for the end, closes what belongs to it */
struct process_end confined_end(struct confined_child *child);

/* Descriptors that are open in this process */
unsigned confined_count_descriptors(void);

#endif

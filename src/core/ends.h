/*
 * Both ends of a channel that core makes
 *
 * Core gives the ends away and keeps a descriptor of each. So it sees what waits in a channel
 * wherever its ends are, themselves under way included, and when the channel is revoked nothing is
 * left in it for who keeps an end. The price is that nobody learns of the other's end by the
 * channel: that is what the framework above is for.
 */
#ifndef CORE_ENDS_H
#define CORE_ENDS_H

#include <stdbool.h>

struct ends {
	int server, client; /* 0: none */
	unsigned looks;     /* of the watch in a row at which capabilities waited */
};

/** ends_make() - a new channel; 0, or negative errno */
int ends_make(struct ends *ends);

/** ends_share() - ends to be given away, the caller's; 0, or negative errno */
int ends_share(const struct ends *ends, int *ret_server, int *ret_client);

/** ends_hang_up() - nothing is sent any more; what was sent can still be received */
void ends_hang_up(const struct ends *ends);

/** ends_purge() - nothing is sent any more, and nothing is left to be received */
void ends_purge(const struct ends *ends);

/** ends_close() - purge it and let go of it */
void ends_close(struct ends *ends);

/**
 * ends_crowded() - one look at the capabilities that were sent and not received
 *
 * Return: how many if they are too many or wait for too long, else 0.
 */
unsigned ends_crowded(struct ends *ends);

#endif

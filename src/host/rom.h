/*
 * ROM modules that a parent makes for its child: its config and the requests at it as a server
 */
#ifndef HOST_ROM_H
#define HOST_ROM_H

#include "host/host.h"

/* Return: 0 and the client's end; KIN_DENIED (logged), KIN_INSUFFICIENT_RAM, KIN_INSUFFICIENT_CAPS;
 * the object hangs on session->local. */
int host_rom_create(struct host *host, struct session *session, int *ret_cap);
void host_rom_close(struct host *host, struct session *session);

/* Parts of the engine's seam: readers of its config, of its requests, are told to look again. */
void host_rom_config_changed(void *ctx, struct child *child);
void host_rom_requests_changed(struct child *child);

#endif

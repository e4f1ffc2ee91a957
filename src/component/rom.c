/*
 * ROM: a private copy of a module
 *
 * Between being told where the content is and having read it, the module may change and its server
 * take the old content away. Then reading ends early, and we ask again, a bounded number of times.
 */
#include <kin/rom.h>

#include <stdlib.h>
#include <string.h>

#include <kin/ram.h>
#include <kin/resource.h>

#include "component/rom.h"
#include "ipc/channel.h"

#define ATTEMPTS_MAX 8

int rom_session_open(struct kin_env *env, struct kin_rom *rom, const char *label)
{
	struct kin_args args = { .n_extra = 0 };

	if (strlen(label) > KIN_LABEL_MAX)
		return -ENAMETOOLONG;
	strcpy(args.label, label);
	*rom = (struct kin_rom){ 0 };
	return kin_session_open(env, &rom->session, &rom_interface, &args);
}

int kin_rom_open(struct kin_env *env, struct kin_rom *rom, const char *label)
{
	int r = rom_session_open(env, rom, label);

	if (r)
		return r;
	r = kin_rom_update(rom);
	if (r)
		kin_rom_close(rom);
	return r;
}

void kin_rom_close(struct kin_rom *rom)
{
	kin_session_close(&rom->session);
	kin_signal_close(&rom->signal);
	free(rom->data);
	rom->data = NULL;
	rom->size = 0;
}

int kin_rom_watch(struct kin_rom *rom, kin_handler *changed, void *data)
{
	int r = kin_signal_open(rom->session.env, &rom->signal, changed, data);

	if (r)
		return r;
	r = rom_signal(rom->session.channel, &(struct rom_signal_request){ rom->signal.cap }, NULL);
	if (r)
		kin_signal_close(&rom->signal);
	return r;
}

/* Return: 0; -EAGAIN if it is gone already; KIN_OUT_OF_RAM, -EFBIG */
static int content_take(struct kin_rom *rom, const struct rom_dataspace_reply *there)
{
	char *copy = NULL;
	int r;

	if (there->size > KIN_ROM_SIZE_MAX)
		r = -EFBIG;
	else if (!(copy = kin_malloc(rom->session.env, there->size + 1)))
		r = KIN_OUT_OF_RAM;
	else
		r = kin_dataspace_read(there->dataspace, 0, copy, there->size);
	kin_cap_close(there->dataspace);
	if (r) {
		free(copy);
		return r == -ENODATA ? -EAGAIN : r;
	}
	copy[there->size] = 0;
	free(rom->data);
	rom->data = copy;
	rom->size = there->size;
	return 0;
}

/* Return: as kin_rom_update(); -EAGAIN to try again. */
static int content_copy(struct kin_rom *rom)
{
	struct rom_dataspace_reply there;
	unsigned attempts = 0;
	int r;

	do
		r = rom_dataspace(rom->session.channel, NULL, &there);
	while (r == -ETOOMANYREFS && channel_crowd_wait(&attempts));
	if (r == KIN_OUT_OF_RAM) /* the content has outgrown what the session was given */
		r = kin_session_upgrade(&rom->session, rom->session.ram_quota, 0);
	else if (r == 0)
		return content_take(rom, &there);
	return r == 0 ? -EAGAIN : r;
}
int kin_rom_update(struct kin_rom *rom)
{
	int r = -EAGAIN;

	for (int i = 0; i < ATTEMPTS_MAX && r == -EAGAIN; i++)
		r = content_copy(rom);
	return r;
}

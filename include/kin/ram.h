/*
 * RAM: memory to share
 *
 * A RAM dataspace is memory of page granularity that its owner maps and can hand to others as a
 * capability: `dataspace` to write, `read_only` to read. It costs its pages and one capability, and
 * ends with kin_ram_free(), which takes the pages away from everybody.
 *
 * That last sentence is the danger in a dataspace that somebody else owns: if the owner frees it,
 * or shortens the file behind it, who has it mapped is killed at the next access. So map only what
 * comes from somebody whose mistakes may end us, our parent or a server that we can't live without;
 * read everything else with kin_dataspace_read().
 */
#ifndef KIN_RAM_H
#define KIN_RAM_H

#include <kin/env.h>
#include <kin/quota.h>

#include <stddef.h>
#include <stdint.h>

enum kin_ram_flags {
	KIN_RAM_SHARE = 1 << 0, /* make a read-only capability as well */
};

struct kin_ram {
	void *data;    /* mapped, zeroed at first */
	size_t size;   /* bytes, whole pages */
	int dataspace; /* owned by this struct, also the next */
	int read_only; /* 0 without KIN_RAM_SHARE */

	/* private */
	struct kin_env *env;
	struct kin_quota *quota;
	uint32_t id;
};

/**
 * kin_ram_alloc() - allocate and map a RAM dataspace
 * @quota: account to charge, which must stay until it is freed; NULL: only the component itself
 * pays
 * @size:  bytes, rounded up to whole pages; at least one page is allocated
 * @flags: enum kin_ram_flags
 *
 * For an account, a shortage is the answer: nobody else waits because of one client. Otherwise the
 * shortage policy decides.
 *
 * Return: 0; KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS; negative errno.
 */
int kin_ram_alloc(struct kin_env *env, struct kin_quota *quota, size_t size, unsigned flags,
	struct kin_ram *ret);
void kin_ram_free(struct kin_ram *ram);

/**
 * kin_ram_recharge() - have another account pay from now on
 * @quota: the account; NULL: only the component itself pays, as for what outlives the client it was
 *         made for
 *
 * Return: 0; KIN_OUT_OF_RAM or KIN_OUT_OF_CAPS if it can't pay, and then the old one still does.
 */
int kin_ram_recharge(struct kin_ram *ram, struct kin_quota *quota);

enum kin_attach_mode { KIN_ATTACH_READ, KIN_ATTACH_WRITE };

/**
 * kin_attach() - map a dataspace that was received; mind the danger above
 * @size: bytes that the sender says it has
 * @ret:  mapping, to be ended with kin_detach()
 *
 * Return: 0; -EINVAL if it is empty or smaller than that; -EACCES if it may not be written;
 * -ENOMEM.
 */
int kin_attach(int dataspace, size_t size, enum kin_attach_mode mode, void **ret);
void kin_detach(void *data, size_t size);

/**
 * kin_dataspace_read() - copy from a dataspace, whatever its owner does meanwhile
 *
 * Return: 0; -ENODATA if it ends before @offset + @size; negative errno if it can't be read.
 */
int kin_dataspace_read(int dataspace, uint64_t offset, void *buf, size_t size);

#endif

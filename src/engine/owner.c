/* The engine's seam; see the header. */
#include "engine/owner.h"

#include <stdarg.h>
#include <stdio.h>

int owner_infos(
	const struct owner *owner, const uint32_t *accounts, size_t n, struct account_info *ret)
{
	if (owner->accounts->infos)
		return owner->accounts->infos(owner->ctx, accounts, n, ret);
	for (size_t i = 0; i < n; i++)
		if (owner->accounts->info(owner->ctx, accounts[i], &ret[i]))
			ret[i] = (struct account_info){ { 0, 0 }, { 0, 0 } };
	return 0;
}

void owner_log(const struct owner *owner, enum owner_level level, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	owner->log(owner->ctx, level, text);
}

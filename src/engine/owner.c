/* The engine's seam; see the header. */
#include "engine/owner.h"

#include <stdarg.h>
#include <stdio.h>

void owner_log(const struct owner *owner, enum owner_level level, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	owner->log(owner->ctx, level, text);
}

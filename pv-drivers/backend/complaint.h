/* SPDX-License-Identifier: MIT */
/*
 * One sentence on what failed and why, for domusd's log and for the store. Invariant: it ends in a
 * zero byte; what is too long is cut. No lock: a value.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct complaint {
	char text[192];
};

/** complain - says what failed, and why if errnum is not 0; returns -errnum, or -EINVAL for 0. */
static inline int __attribute__((format(printf, 3, 4)))
complain(struct complaint *c, int errnum, const char *fmt, ...)
{
	va_list ap;
	size_t used;

	va_start(ap, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, ap);
	va_end(ap);
	used = strlen(c->text);
	if (errnum) {
		snprintf(c->text + used, sizeof(c->text) - used, ": %s", strerror(errnum));
	}
	return errnum ? -errnum : -EINVAL;
}

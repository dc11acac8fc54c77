/* SPDX-License-Identifier: MIT */
/* Requests that write nodes, and the transaction around them; see pen.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "daemon/pen.h"

enum { TRIES = 8, VALUE_BYTES = 4096 };

void pen_put(struct pen *p, const char *node, const char *fmt, ...)
{
	char path[NODES_PATH_BYTES], value[VALUE_BYTES];
	va_list ap;

	snprintf(path, sizeof(path), "%s/%s", p->base, node);
	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	batch_add(&p->batch, XS_WRITE, path, value, strlen(value));
}

void pen_make(struct pen *p, const char *path, uint32_t owner, uint32_t reader)
{
	char perms[32];
	int len = snprintf(perms, sizeof(perms), "n%u", owner) + 1;

	if (reader) {
		len += snprintf(perms + len, sizeof(perms) - len, "r%u", reader) + 1;
	}
	batch_add(&p->batch, XS_MKDIR, path, NULL, 0);
	batch_add(&p->batch, XS_SET_PERMS, path, perms, len);
}

void pen_open(struct pen *p)
{
	pen_make(p, p->base, 0, p->domid);
}

void pen_give(struct pen *p, const char *node)
{
	char path[NODES_PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s", p->base, node);
	pen_make(p, path, p->domid, 0);
}

static int transaction_once(struct pen *p, void (*fill)(struct pen *p, void *arg), void *arg)
{
	int errnum;

	p->batch.errnum = 0;
	p->batch.tx = 0;
	batch_add(&p->batch, XS_TRANSACTION_START, "", NULL, 0);
	if (batch_run(&p->batch)) {
		return p->batch.errnum;
	}
	p->batch.tx = strtoul(p->batch.answer, NULL, 10);
	fill(p, arg);
	errnum = batch_run(&p->batch);
	/* Ends it in any case, but the first error is what counts. */
	p->batch.errnum = 0;
	batch_add(&p->batch, XS_TRANSACTION_END, errnum ? "F" : "T", NULL, 0);
	return batch_run(&p->batch) && !errnum ? p->batch.errnum : errnum;
}

int pen_transaction(struct pen *p, void (*fill)(struct pen *p, void *arg), void *arg)
{
	int tries, errnum = EAGAIN;

	/* EAGAIN: somebody else's change came in between; EPIPE: the store was started anew. */
	for (tries = 0; tries < TRIES && (errnum == EAGAIN || errnum == EPIPE); tries++) {
		errnum = transaction_once(p, fill, arg);
	}
	p->batch.tx = 0;
	return errnum;
}

/* SPDX-License-Identifier: MIT */
/*
 * Writes nodes below one folder of the store, as requests of a batch (batch.h). New nodes take over
 * the permissions of the folder they are in; what differs gets its own. No lock: one thread's.
 */
#pragma once

#include "daemon/batch.h"
#include "lib/err.h"

#define NODES_PATH_BYTES 128

struct pen {
	struct batch batch;
	uint32_t domid; /* the guest, which may read */
	const char *base;
};

/** pen_put - writes a node below the base. */
void pen_put(struct pen *p, const char *node, const char *fmt, ...) ERR_PRINTF(3, 4);

/** pen_make - makes a folder or node with its owner; a reader other than 0 may see it. */
void pen_make(struct pen *p, const char *path, uint32_t owner, uint32_t reader);

/** pen_open - makes the base: dom0's, readable for the guest, and so is all below. */
void pen_open(struct pen *p);

/** pen_give - makes a node below the base that the guest owns and writes. */
void pen_give(struct pen *p, const char *node);

/** pen_transaction - runs fill() in a transaction, again when somebody else's change came in
 *  between. 0, or the errno of what failed, with its path in the batch. */
int pen_transaction(struct pen *p, void (*fill)(struct pen *p, void *arg), void *arg);

/* SPDX-License-Identifier: MIT */
/*
 * Many requests to the store in one go: they are sent together and their answers are read
 * together, where libxenstore waits for each answer before it sends the next request. A guest has
 * some forty nodes, and the waiting would be half the time of creating it. Invariant: after
 * batch_run() every request was answered, or the connection is closed. No lock: one thread's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** Payload that an answer may have to be of use; longer ones are read and cut. */
#define BATCH_ANSWER_BYTES 64

struct batch {
	int *fd;     /* connection to the store, -1: none yet; outlives the batch */
	uint32_t tx; /* transaction of the requests that are added */
	char *data;
	size_t bytes, room;
	unsigned int count;
	int errnum;                      /* of the first request that failed; 0: none */
	char failed[128];                /* its path */
	char answer[BATCH_ANSWER_BYTES]; /* of the last request */
};

/** batch_add - adds a request of a type of xs_wire.h; payload: path, zero byte, then data.
 *  Without memory for it the batch fails as a whole, in batch_run(). */
void batch_add(struct batch *b, uint32_t type, const char *path, const void *data, size_t bytes);

/** batch_run - sends what was added and takes the answers. 0, or the errno of what failed first,
 *  with its path in failed; the batch is empty again. */
int batch_run(struct batch *b);

/** batch_free - releases memory; the connection stays. */
void batch_free(struct batch *b);

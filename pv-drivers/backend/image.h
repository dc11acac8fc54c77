/* SPDX-License-Identifier: MIT */
/*
 * What is behind a disk, whatever it is: a raw file or a block device (image_file.c), or a server's
 * export that is spoken to by NBD (image_nbd.c), which is how every other format and remote store
 * comes here.
 *
 *	block_job.c --image_submit()--> image --type->submit--> io_uring, or a socket
 *	            <--event.done-----------------------------'
 *
 * Invariant: a request that was submitted is called back at most once, from the event loop and
 * never out of image_submit(); until then it and its data stay where they are. Only one whose
 * server is gone is never called back: the process ends then, and its successor does it again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "backend/complaint.h"
#include "backend/loop.h"

enum image_op { IMAGE_READ, IMAGE_WRITE, IMAGE_FLUSH, IMAGE_DISCARD };

struct image_request {
	/* first: handlers cast. done gets the bytes that were read or written, or -errno; 0 after
	 * a flush or a discard. */
	struct loop_event event;
	struct image_request *next; /* the image's own */
	struct image *image;        /* likewise */
	enum image_op op;
	void *data;
	bool is_fixed;          /* it lies in memory that the event loop's ring knows (loop.h) */
	uint64_t offset, bytes; /* of a discard they may change on the way */
	int32_t result;         /* the image's own */
};

/** What an image tells of itself. */
struct image_facts {
	uint64_t bytes;
	uint32_t align; /* the least that it reads or writes */
	bool is_read_only, can_discard;
};

struct image {
	const struct image_type *type;
	int fd; /* of a file; what it is else, the type knows */
};

struct image_type {
	/** Makes an image of a descriptor, which is the image's then; NULL with a complaint. */
	struct image *(*open)(int fd, struct complaint *c);
	/** How it is now; 0, or -errno. */
	int (*look)(struct image *i, struct image_facts *facts, struct complaint *c);
	/** Waits until no predecessor writes any more; 0, or -errno. is_shared: others may have it,
	 *  too; fence: the number by which a predecessor that shared it is known, 0: it did not. */
	int (*lock)(struct image *i, bool is_shared, uint64_t fence, struct complaint *c);
	void (*submit)(struct image *i, struct image_request *r);
	/** Frees it; nothing is in flight. */
	void (*close)(struct image *i);
};

extern const struct image_type image_file, image_nbd;

/** image_open - of a descriptor of any kind; it is closed with the image, or by the caller if this
 *  fails: NULL with a complaint. */
struct image *image_open(int fd, struct complaint *c);
/** image_replace - shows another file under an image, also to what is queued; 0, or -errno. */
int image_replace(struct image *i, const struct image *by, struct complaint *c);

static inline void image_submit(struct image *i, struct image_request *r)
{
	i->type->submit(i, r);
}

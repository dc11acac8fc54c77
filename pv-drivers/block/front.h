/* SPDX-License-Identifier: MIT */
/*
 * The block front end, for any kernel that has the functions of ../common/platform.h: disks of
 * <xen/io/blkif.h> with flush, barrier, discard, indirect descriptors, persistent grants, rings of
 * several pages and several queues, as far as the back end offers them.
 *
 *	block_start() -> changed(): is_ready, info -> block_submit() ... block_push()
 *	                                                   done() <- the back end's event
 *
 * Where data lies, and what that costs:
 *	segment.ref != 0   a page of block_buffer_get(), granted once: nothing is copied
 *	otherwise, the back end maps grants for good (persistent): copied through pages of ours
 *	otherwise          the page is granted for the time of the request
 *
 * Invariant: what a request points to belongs to the front end from block_submit() to done(), and
 * each accepted request gets done() once. The back end is not trusted: an answer that fits no
 * request, or answers twice, ends the connection; it never makes us touch memory. A queue belongs
 * to one thread, handlers of ports run in it or stand still meanwhile; no lock.
 *
 * front.c is the connection, queue.c the requests.
 */
#pragma once

#include "../common/device.h"
#include "../common/ring.h"

enum {
	BLOCK_SECTOR_BYTES = 512, /* the unit of positions, whatever the disk's sectors are */
	BLOCK_QUEUES = 4,
	BLOCK_RING_ORDER = 4,  /* 16 pages */
	BLOCK_SEGMENTS = 256,  /* of a request, if the back end takes indirect ones */
	BLOCK_COPY_PAGES = 64, /* for copying, of all queues together */
};

enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_BARRIER, BLOCK_FLUSH, BLOCK_DISCARD };

/** A piece of one page: offset and bytes are multiples of 512. */
struct block_segment {
	unsigned char *page;
	grant_ref_t ref; /* of block_buffer_get(), or 0 */
	uint16_t offset, bytes;
	/* The front end's own: the page that the back end sees, if it is not the caller's grant. */
	unsigned char *lent_page;
	grant_ref_t lent_ref;
};

struct block_request {
	enum block_op op;
	uint64_t sector;
	uint64_t sector_count; /* of BLOCK_DISCARD; else the segments tell */
	struct block_segment *segments;
	uint32_t segment_count;
	/**
	 * Status 0; -EIO; -EOPNOTSUPP; -EBUSY: the back end keeps a page of the request, which may
	 * not be used for anything any more. Called where the store may not be asked; it may
	 * submit.
	 */
	void (*done)(struct block_request *r, int status);
	void *arg; /* the caller's */
};

/** What the back end says about the disk; counts in units of 512 bytes. */
struct block_info {
	uint64_t sectors;
	uint32_t sector_bytes; /* 512 to 4096: requests begin and end at multiples */
	uint32_t segments;     /* at most so many of a request */
	uint32_t discard_granularity, discard_alignment;
	bool is_read_only, is_cdrom, has_flush, has_barrier, has_discard;
};

struct block_slot;
struct block_front;

struct block_queue {
	struct block_front *front;
	struct ring ring;
	struct device_pages shared;
	evtchn_port_t port;
	struct block_slot *slots; /* one for each of the ring's */
	uint32_t first_free;
};

/** What to ask for; the back end may offer less. */
struct block_options {
	uint32_t queues;     /* 1 to BLOCK_QUEUES */
	uint32_t ring_order; /* 0 to BLOCK_RING_ORDER: 1 << order pages a ring */
	bool no_persistent;
};

struct block_front {
	struct device device; /* first: the driver finds the front end by it */
	struct block_options options;
	struct block_info info;
	bool is_ready;      /* requests are taken */
	bool is_persistent; /* the back end keeps grants mapped */
	uint16_t handle;
	uint32_t queue_count;
	struct block_queue queues[BLOCK_QUEUES];
	/* The owner's; told after is_ready or info changed, where the store may be asked. */
	void (*changed)(struct block_front *f);
	/* Pages to copy through: the last ones used come first. */
	struct block_copy {
		unsigned char *page;
		grant_ref_t ref;
	} copies[BLOCK_COPY_PAGES];
	uint32_t copy_count; /* free ones in copies[] */
	uint32_t copy_total; /* all that exist */
};

/** block_start - takes the disk at @path, such as device/vbd/51712, into service. 0 or -errno. */
int block_start(struct block_front *f, const char *path, const struct block_options *options,
		void (*changed)(struct block_front *f));
/** block_stop - gives the disk up; requests in flight fail. Over when device.is_closed. */
void block_stop(struct block_front *f);

/**
 * block_resume - the kernel woke as another domain: as device_resume(). Pages of block_buffer_get()
 * must be granted there already.
 */
int block_resume(struct block_front *f);

/**
 * block_submit - takes a request; block_push() shows it, and all before it, to the back end. 0;
 * -EAGAIN: no room before the next done(); -EINVAL, -EROFS, -EOPNOTSUPP; -ENODEV: not connected.
 */
int block_submit(struct block_front *f, uint32_t queue, struct block_request *r);
void block_push(struct block_front *f, uint32_t queue);

/** block_buffer_get - a page for data that the back end may use until it is put. 0 or -errno. */
int block_buffer_get(const struct block_front *f, struct block_segment *s);
void block_buffer_put(struct block_segment *s);

/* --- Between front.c and queue.c --- */

/** block_queue_open - ring, port and slots of a queue that is all zero. 0 or -errno. */
int block_queue_open(struct block_front *f, struct block_queue *q, uint32_t ring_pages);
/** block_queue_close - gives them back, as far as there are any; requests in flight fail. */
void block_queue_close(struct block_queue *q);
/** block_copies_free - gives back the pages to copy through; no request may be in flight. */
void block_copies_free(struct block_front *f);

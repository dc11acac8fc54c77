/* SPDX-License-Identifier: MIT */
/*
 * Block devices: what block.c (the device and its nodes), block_queue.c (its rings), block_job.c
 * (its requests) and block_copy.c (their data) share.
 *
 *	ring --queue_run()--> job --[table copied]--> decoded --[data copied in]--> disk
 *	ring <--queue_answer()-- job ended <----------[data copied out]------------'
 *
 * A job is a request from the ring to its answer. A front end's pages that stay mapped are copied
 * at once; copies of others are made together when the event loop settles. Front ends are notified
 * then.
 *
 * Invariants: a job that was taken from a ring is answered there, whatever happens: rings stay
 * mapped until the last is. Behind a barrier nothing is taken until it has ended. Jobs and buffers
 * of all devices together are bounded; a queue that gets none waits and is run again.
 */
#pragma once

#include "backend/buffers.h"
#include "backend/device.h"
#include "backend/image.h"
#include "backend/persistent.h"
#include "backend/record.h"
#include "backend/xen.h"
#include "block/back.h"
#include "common/ring.h"

#define BLOCK_QUEUES_MAX     RECORD_QUEUES
#define BLOCK_RING_ORDER_MAX 4u
#define BLOCK_JOBS_MAX       RECORD_SLOTS

enum job_stage { JOB_TABLE, JOB_COPY_IN, JOB_FLUSH, JOB_DISK, JOB_FLUSH_AFTER, JOB_COPY_OUT };

struct job {
	struct image_request io; /* first: the handler casts */
	struct job *next;        /* on one list at a time */
	struct queue *queue;
	enum job_stage stage;
	uint16_t slot;  /* in the queue's record */
	uint32_t moved; /* bytes read or written so far */
	unsigned char *buffer;
	struct block_request request;
	struct blkif_request_segment table[BLOCK_SEGMENTS_MAX];
};

struct jobs {
	struct job *first, **last;
};

struct queue {
	struct port port; /* first: the handler casts */
	struct queue *next;
	struct block *block;
	bool is_listed;
	bool is_to_notify;
	struct ring ring;
	struct recorder recorder;
	void *pages;
	uint32_t page_count;
	struct jobs held; /* these lack a buffer */
};

struct block {
	struct block *next;
	struct device *device;
	struct image *image; /* NULL: an empty drive */
	struct record *record;
	struct block_disk disk;
	uint64_t fence; /* of an image that other guests write, too; 0: they do not */
	bool is_cdrom;
	bool is_stopped; /* nothing is taken from the rings any more */
	uint32_t queue_count, job_count;
	struct job *barrier;
	bool is_persistent; /* the front end's pages may stay mapped */
	struct persistent persistent;
	struct queue queues[BLOCK_QUEUES_MAX];
};

/** block_init - what all block devices share; before all else. @has_disks: there will be some. */
int block_init(bool has_disks, struct complaint *c);

/**
 * queues_open - maps what the front end published, as far as it goes; a successor takes up what is
 * recorded of it. 0, or -errno.
 */
int queues_open(struct block *b, bool is_successor, struct complaint *c);
void queues_close(struct block *b);
/** queue_wake - the queue is run when the loop settles next, which is soon. */
void queue_wake(struct queue *q);
/** queues_wake_starved - there are jobs or buffers again. */
void queues_wake_starved(void);
/** queues_run - runs those that were woken before, each a bounded time. */
void queues_run(void);
/** queue_answer - answers a job's request; the front end is notified when the loop settles. */
void queue_answer(struct job *j, int16_t status);
/** queues_notify - notifies front ends that have answers and want to hear of them. */
void queues_notify(struct block *b);

int jobs_init(bool is_fixed);
/** job_get - NULL: all are in use. */
struct job *job_get(struct queue *q);
/** job_begin - what the decoder said of its request. */
void job_begin(struct job *j, enum block_verdict verdict);
/** job_has_buffer - gets what its data needs; false: there is none now. */
bool job_has_buffer(struct job *j);
/** job_resume - goes on with a job that was held for lack of a buffer. */
void job_resume(struct job *j);
/** job_copied - goes on with a job whose copy was made, or could not be. */
void job_copied(struct job *j, bool is_good);
/** job_data_copy - copies what the job's stage says, now or by jobs_copy(); then job_copied(). */
void job_data_copy(struct job *j);
/** jobs_copy - makes all copies that are due and goes on with their jobs. */
void jobs_copy(void);

static inline void jobs_append(struct jobs *list, struct job *j)
{
	if (!list->first) {
		list->last = &list->first;
	}
	j->next = NULL;
	*list->last = j;
	list->last = &j->next;
}

static inline struct job *jobs_take(struct jobs *list)
{
	struct job *j = list->first;

	if (j) {
		list->first = j->next;
	}
	return j;
}

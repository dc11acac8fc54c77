/* SPDX-License-Identifier: MIT */
/* Requests on their way; see block.h for the picture and the invariants. */
#include "backend/block.h"

static struct {
	struct job pool[BLOCK_JOBS_MAX];
	uint32_t used_count; /* of the pool, ever: what was never used costs nothing */
	struct jobs unused;
	struct buffers buffers;
} jobs;

static void job_disk(struct job *j);
static void barrier_go(struct block *b);

int jobs_init(bool is_fixed)
{
	return buffers_init(&jobs.buffers, is_fixed);
}

struct job *job_get(struct queue *q)
{
	struct job *j = jobs_take(&jobs.unused);

	if (!j && jobs.used_count < BLOCK_JOBS_MAX) {
		j = &jobs.pool[jobs.used_count++];
	}
	if (j) {
		j->queue = q;
		j->buffer = NULL;
		j->moved = 0;
		q->block->job_count++;
	}
	return j;
}

static void barrier_end(struct block *b)
{
	uint32_t i;

	b->barrier = NULL;
	for (i = 0; i < b->queue_count; i++) {
		queue_wake(&b->queues[i]);
	}
}

/* The last use first: its memory is still in the CPU's cache. */
static void job_put(struct job *j)
{
	struct block *b = j->queue->block;

	buffers_put(&jobs.buffers, j->buffer, j->request.bytes);
	j->next = jobs.unused.first;
	if (!j->next) {
		jobs.unused.last = &j->next;
	}
	jobs.unused.first = j;
	queues_wake_starved();
	b->job_count--;
	if (b->barrier == j) {
		barrier_end(b);
	}
	if (b->barrier && b->job_count == 1) {
		barrier_go(b);
	}
}

static void job_end(struct job *j, int16_t status)
{
	queue_answer(j, status);
	job_put(j);
}

static void job_copy(struct job *j, enum job_stage stage)
{
	j->stage = stage;
	job_data_copy(j);
}

/* What comes after an operation on the image succeeded. */
static void disk_done(struct job *j)
{
	const struct block_request *r = &j->request;

	if (j->stage == JOB_DISK && r->op == BLOCK_READ) {
		job_copy(j, JOB_COPY_OUT);
	} else if (j->stage == JOB_FLUSH && r->bytes) {
		job_copy(j, JOB_COPY_IN);
	} else if (j->stage == JOB_DISK && r->op == BLOCK_BARRIER) {
		j->stage = JOB_FLUSH_AFTER;
		job_disk(j);
	} else {
		job_end(j, BLKIF_RSP_OKAY);
	}
}

static void disk_ready(struct loop_event *e, int32_t result)
{
	struct job *j = (struct job *)e;
	bool is_data = j->stage == JOB_DISK && j->request.op != BLOCK_DISCARD;

	if (result < 0 || (is_data && result == 0)) {
		job_end(j, result == -EOPNOTSUPP ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_ERROR);
		return;
	}
	j->moved += is_data ? (uint32_t)result : 0;
	if (is_data && j->moved < j->request.bytes) {
		job_disk(j); /* the rest */
	} else {
		disk_done(j);
	}
}

/* Queues the operation of its stage on the image. */
static void job_disk(struct job *j)
{
	static const enum image_op ops[] = {
		[BLOCK_READ] = IMAGE_READ,
		[BLOCK_WRITE] = IMAGE_WRITE,
		[BLOCK_BARRIER] = IMAGE_WRITE,
		[BLOCK_DISCARD] = IMAGE_DISCARD,
	};
	const struct block_request *r = &j->request;
	struct image *image = j->queue->block->image;

	if (!image) {
		job_end(j, BLKIF_RSP_ERROR); /* a flush of an empty drive */
		return;
	}
	j->io.event.done = disk_ready;
	j->io.op = j->stage == JOB_DISK ? ops[r->op] : IMAGE_FLUSH;
	j->io.data = j->buffer + j->moved;
	j->io.offset = r->offset + j->moved;
	j->io.bytes = r->bytes - j->moved;
	j->io.is_fixed =
		j->io.op <= IMAGE_WRITE && buffers_is_fixed(&jobs.buffers, j->io.data, j->io.bytes);
	image_submit(image, &j->io);
}

bool job_has_buffer(struct job *j)
{
	if (!j->buffer && j->request.bytes) {
		j->buffer = buffers_get(&jobs.buffers, j->request.bytes);
	}
	return j->buffer || !j->request.bytes;
}

/* All requests before the barrier have ended. */
static void barrier_go(struct block *b)
{
	struct job *j = b->barrier;

	if (!job_has_buffer(j)) {
		jobs_append(&j->queue->held, j);
		return;
	}
	j->stage = JOB_FLUSH;
	job_disk(j);
}

static void job_start(struct job *j)
{
	if (j->request.op == BLOCK_WRITE) {
		job_copy(j, JOB_COPY_IN);
	} else {
		j->stage = j->request.op == BLOCK_FLUSH ? JOB_FLUSH : JOB_DISK;
		job_disk(j);
	}
}

static void job_ready(struct job *j)
{
	struct block *b = j->queue->block;

	if (j->request.op == BLOCK_BARRIER) {
		b->barrier = j;
		if (b->job_count == 1) {
			barrier_go(b);
		}
	} else if (j->request.op == BLOCK_DISCARD && !j->request.bytes) {
		job_end(j, BLKIF_RSP_OKAY); /* fallocate() would refuse it */
	} else if (j->request.op == BLOCK_DISCARD) {
		job_start(j);
	} else if (job_has_buffer(j)) {
		job_start(j);
	} else {
		jobs_append(&j->queue->held, j);
	}
}

void job_begin(struct job *j, enum block_verdict verdict)
{
	switch (verdict) {
	case BLOCK_READY:
		job_ready(j);
		break;
	case BLOCK_INDIRECT:
		job_copy(j, JOB_TABLE);
		break;
	case BLOCK_REFUSED:
		job_end(j, j->request.status);
		break;
	case BLOCK_ABUSE:
		device_abused(j->queue->block->device, j->request.text);
		j->queue->block->is_stopped = true;
		job_end(j, BLKIF_RSP_ERROR);
	}
}

void job_resume(struct job *j)
{
	if (j->request.op == BLOCK_BARRIER) {
		barrier_go(j->queue->block);
	} else {
		job_start(j);
	}
}

void job_copied(struct job *j, bool is_good)
{
	if (!is_good) {
		job_end(j, BLKIF_RSP_ERROR);
	} else if (j->stage == JOB_TABLE) {
		job_begin(j, block_decode_segments(&j->queue->block->disk, j->table, &j->request));
	} else if (j->stage == JOB_COPY_OUT) {
		job_end(j, BLKIF_RSP_OKAY);
	} else {
		j->stage = JOB_DISK;
		job_disk(j);
	}
}

/* SPDX-License-Identifier: MIT */
/* One io_uring and its completions; see loop.h for the invariant. */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "loop.h"

enum { ENTRIES = 256 };

static struct {
	struct io_uring ring;
	struct loop_settler *settlers, **last;
	bool is_stopped, is_again;
	int failure;
} loop = {.last = &loop.settlers};

int loop_init(void)
{
	/* One thread that collects completions when it wants them: no interrupts in between. */
	int rc = io_uring_queue_init(ENTRIES, &loop.ring,
				     IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER |
					     IORING_SETUP_DEFER_TASKRUN);

	if (rc == -EINVAL) {
		rc = io_uring_queue_init(ENTRIES, &loop.ring, IORING_SETUP_R_DISABLED);
	}
	return rc;
}

struct io_uring_sqe *loop_sqe(struct loop_event *e)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&loop.ring);

	while (!sqe) {
		io_uring_submit(&loop.ring);
		sqe = io_uring_get_sqe(&loop.ring);
	}
	io_uring_sqe_set_data(sqe, e);
	return sqe;
}

int loop_fix(void *memory, size_t bytes)
{
	struct iovec room = {memory, bytes};

	return io_uring_register_buffers(&loop.ring, &room, 1);
}

/* What is asked of the ring: to open, connect, or register anything is refused by the kernel. */
static const uint8_t operations[] = {
	IORING_OP_READ,      IORING_OP_WRITE,      IORING_OP_FSYNC,
	IORING_OP_FALLOCATE, IORING_OP_POLL_ADD,   IORING_OP_ASYNC_CANCEL,
	IORING_OP_TIMEOUT,   IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED,
};

int loop_limit(void)
{
	enum { COUNT = sizeof(operations) / sizeof(operations[0]) };
	struct io_uring_restriction rules[COUNT + 1] = {0};
	int rc, fd = loop.ring.ring_fd;

	for (int i = 0; i < COUNT; i++) {
		rules[i].opcode = IORING_RESTRICTION_SQE_OP;
		rules[i].sqe_op = operations[i];
	}
	rules[COUNT].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
	rules[COUNT].sqe_flags = IOSQE_CQE_SKIP_SUCCESS;
	/* By number: Debian's liburing declares functions for these, and does not export them. */
	rc = io_uring_register(fd, IORING_REGISTER_RESTRICTIONS, rules, COUNT + 1);
	return rc < 0 ? rc : io_uring_register(fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

static void watch_arm(struct loop_watch *w)
{
	struct io_uring_sqe *sqe = loop_sqe(&w->event);

	io_uring_prep_poll_add(sqe, w->fd, POLLIN);
}

static void watch_done(struct loop_event *e, int32_t result)
{
	struct loop_watch *w = (struct loop_watch *)e;

	(void)result; /* an error shows when the descriptor is read */
	w->ready(w);
	if (w->fd >= 0) {
		watch_arm(w);
	}
}

void loop_watch(struct loop_watch *w, int fd, void (*ready)(struct loop_watch *w))
{
	w->event.done = watch_done;
	w->fd = fd;
	w->ready = ready;
	watch_arm(w);
}

void loop_settler_add(struct loop_settler *s, void (*settle)(struct loop_settler *s))
{
	s->next = NULL;
	s->settle = settle;
	*loop.last = s;
	loop.last = &s->next;
}

static void settle(void)
{
	struct loop_settler *s;

	for (s = loop.settlers; s; s = s->next) {
		s->settle(s);
	}
}

/* Calls back for all completions that are there. */
static void dispatch(void)
{
	struct io_uring_cqe *cqe;
	struct loop_event *e;
	int32_t result;

	while (!io_uring_peek_cqe(&loop.ring, &cqe)) {
		e = io_uring_cqe_get_data(cqe);
		result = cqe->res;
		io_uring_cqe_seen(&loop.ring, cqe); /* the callback may need room for its own */
		e->done(e, result);
	}
}

int loop_run(void)
{
	int rc;

	while (!loop.is_stopped) {
		rc = loop.is_again ? io_uring_submit_and_get_events(&loop.ring)
				   : io_uring_submit_and_wait(&loop.ring, 1);
		if (rc < 0 && rc != -EINTR && rc != -EAGAIN && rc != -EBUSY) {
			return rc;
		}
		dispatch();
		loop.is_again = false;
		settle();
	}
	return loop.failure;
}

void loop_again(void)
{
	loop.is_again = true;
}

void loop_stop(void)
{
	loop.is_stopped = true;
}

void loop_fail(int rc)
{
	loop.failure = rc;
	loop.is_stopped = true;
}

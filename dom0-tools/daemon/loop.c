/* SPDX-License-Identifier: MIT */
/* epoll, and timers in a sorted list (there are a few per guest at most); see loop.h. */
#include <errno.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "daemon/loop.h"

enum { BATCH = 16 };

static struct {
	int epoll_fd;
	int stopped;
	int (*idle)(void);
	struct loop_timer *timers; /* soonest first */
	struct epoll_event batch[BATCH];
	int batch_count;
} loop;

uint64_t loop_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

int loop_init(void)
{
	loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return loop.epoll_fd < 0 ? -1 : 0;
}

int loop_add(struct loop_source *s, int fd, uint32_t events,
	     void (*ready)(struct loop_source *s, uint32_t events))
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	s->fd = fd;
	s->events = events;
	s->ready = ready;
	if (epoll_ctl(loop.epoll_fd, EPOLL_CTL_ADD, fd, &ev)) {
		s->fd = -1;
		return -1;
	}
	return 0;
}

void loop_change(struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	if (s->fd >= 0 && s->events != events) {
		s->events = events;
		epoll_ctl(loop.epoll_fd, EPOLL_CTL_MOD, s->fd, &ev);
	}
}

void loop_remove(struct loop_source *s)
{
	int i;

	if (s->fd < 0) {
		return;
	}
	epoll_ctl(loop.epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	s->fd = -1;
	/* Events of the present batch that were not handled yet must not reach it. */
	for (i = 0; i < loop.batch_count; i++) {
		if (loop.batch[i].data.ptr == s) {
			loop.batch[i].data.ptr = NULL;
		}
	}
}

void loop_timer_clear(struct loop_timer *t)
{
	struct loop_timer **p = &loop.timers;

	if (!t->is_set) {
		return;
	}
	while (*p != t) {
		p = &(*p)->next;
	}
	*p = t->next;
	t->is_set = 0;
}

void loop_timer_set(struct loop_timer *t, uint64_t ms, void (*expired)(struct loop_timer *t))
{
	struct loop_timer **p = &loop.timers;

	loop_timer_clear(t);
	t->due_ms = loop_now_ms() + ms;
	t->expired = expired;
	while (*p && (*p)->due_ms <= t->due_ms) {
		p = &(*p)->next;
	}
	t->next = *p;
	t->is_set = 1;
	*p = t;
}

static void run_timers(void)
{
	uint64_t now = loop.timers ? loop_now_ms() : 0;

	while (loop.timers && loop.timers->due_ms <= now) {
		struct loop_timer *t = loop.timers;

		loop_timer_clear(t);
		t->expired(t);
	}
}

static int wait_ms(void)
{
	int idle, timer = -1;
	uint64_t now;

	run_timers();
	idle = loop.idle ? loop.idle() : -1;
	if (loop.timers) {
		now = loop_now_ms();
		timer = loop.timers->due_ms > now ? loop.timers->due_ms - now : 0;
	}
	return timer < 0 ? idle : idle < 0 || timer < idle ? timer : idle;
}

void loop_on_idle(int (*idle)(void))
{
	loop.idle = idle;
}

void loop_stop(void)
{
	loop.stopped = 1;
}

int loop_run(void)
{
	int i, n;

	while (!loop.stopped) {
		n = epoll_wait(loop.epoll_fd, loop.batch, BATCH, wait_ms());
		if (n < 0 && errno != EINTR) {
			return -1;
		}
		loop.batch_count = n < 0 ? 0 : n;
		for (i = 0; i < loop.batch_count && !loop.stopped; i++) {
			struct loop_source *s = loop.batch[i].data.ptr;

			if (s) {
				s->ready(s, loop.batch[i].events);
			}
		}
		loop.batch_count = 0;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The event loop on epoll; see loop.h for the invariant. No lock: one thread.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loop.h"

#define EVENTS_AT_ONCE 64

int loop_init(struct loop *l)
{
	l->stop = false;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return l->epoll_fd < 0 ? -errno : 0;
}

void loop_close(struct loop *l)
{
	close(l->epoll_fd);
}

static int control(struct loop *l, int op, struct loop_item *item, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = item};

	item->events = events;
	return epoll_ctl(l->epoll_fd, op, item->fd, &e) ? -errno : 0;
}

int loop_add(struct loop *l, struct loop_item *item, uint32_t events)
{
	return control(l, EPOLL_CTL_ADD, item, events);
}

void loop_change(struct loop *l, struct loop_item *item, uint32_t events)
{
	if (item->events != events) {
		control(l, EPOLL_CTL_MOD, item, events);
	}
}

void loop_remove(struct loop *l, struct loop_item *item)
{
	control(l, EPOLL_CTL_DEL, item, 0);
}

int loop_wait(struct loop *l, bool busy)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int count = epoll_wait(l->epoll_fd, events, EVENTS_AT_ONCE, busy ? 0 : -1);

	if (count < 0) {
		return errno == EINTR ? 0 : -errno;
	}
	for (int i = 0; i < count; i++) {
		struct loop_item *item = events[i].data.ptr;

		item->handle(item, events[i].events);
	}
	return 0;
}

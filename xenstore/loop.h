/* SPDX-License-Identifier: MIT */
/*
 * The event loop: file descriptors and what to do when they are ready. Invariant: handlers only
 * mark work (they free no other handler's item); work is done between two waits. No lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop {
	int epoll_fd;
	bool stop;
};

/* A file descriptor of interest; belongs to whoever made it. */
struct loop_item {
	int fd;
	uint32_t events; /* EPOLL… that are waited for now */
	void (*handle)(struct loop_item *item, uint32_t events);
};

/** Returns 0 or -errno. */
int loop_init(struct loop *l);
void loop_close(struct loop *l);
/** Begins to wait; item->fd and item->handle must be set. Returns 0 or -errno. */
int loop_add(struct loop *l, struct loop_item *item, uint32_t events);
/** Changes what is waited for; no system call if it is the same. */
void loop_change(struct loop *l, struct loop_item *item, uint32_t events);
void loop_remove(struct loop *l, struct loop_item *item);
/** Waits once (not at all if busy) and calls the handlers. Returns 0 or -errno. */
int loop_wait(struct loop *l, bool busy);

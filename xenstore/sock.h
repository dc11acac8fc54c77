/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets: the listener, and connections of dom0's programs. Who may open the socket's file
 * acts for domain 0, so the file is root's alone. Invariant: at most max_clients are open; at
 * that number nobody further is accepted until one leaves. No lock: one thread.
 */
#pragma once

#include <stdint.h>

#include "loop.h"

struct server;

struct listener {
	struct loop_item item;
	struct loop *loop;
	struct server *server;
	uint32_t clients, max_clients;
	const char *path;
};

/**
 * Listens at path; a socket file that nobody serves any more is replaced. Returns 0, -EADDRINUSE
 * if another daemon serves it, or another -errno.
 */
int sock_listen(struct listener *l, struct loop *loop, struct server *s, const char *path,
		uint32_t max_clients);
/** Stops listening and removes the file. */
void sock_close(struct listener *l);

/* SPDX-License-Identifier: MIT */
/*
 * The store, as far as back-end processes need it: they ask here (include/backend.h), and get what
 * broker_rules.h allows. One thread does that for all of them, with a connection of its own through
 * dom0's kernel, which keeps watches when the store's daemon is started anew.
 *
 * Invariant: whatever a process sends, and however much, it gets an answer or loses its connection,
 * and nobody is waited for but the store; a process watches at most so many nodes, and writes only
 * below devices that it watches. No lock: from broker_add() on, all is the thread's.
 */
#pragma once

#include <stdint.h>

#include "lib/err.h"

/** broker_init - starts the thread; before others have anything to do. 0, or -1 with ERR_HOST. */
int broker_init(struct err *e);

/** broker_add - serves the process of a guest at the other end of a socket, until that is closed;
 *  the descriptor is taken over in any case. 0, or -1 with errno. */
int broker_add(uint32_t domid, int fd);

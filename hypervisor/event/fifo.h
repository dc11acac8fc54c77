/* SPDX-License-Identifier: MIT */
/*
 * Event channels by the FIFO ABI: a port is a 32-bit word of the guest's memory,
 *
 *   31      30     29     28   27    17 16                  0
 *   +-------+------+------+----+--------+-------------------+
 *   |PENDING|MASKED|LINKED|BUSY| 0      | LINK: next port   |
 *   +-------+------+------+----+--------+-------------------+
 *
 * and each vcpu has a queue a priority, a list of ports from HEAD in its control block to the tail,
 * which only the hypervisor knows. The guest takes ports off at the head by clearing LINKED and
 * LINK; an unlinked tail means that the queue is empty. READY, in the control block, says which
 * queues got a first port. See fifo.c for who changes what.
 */
#pragma once

#include "channel.h"

#define FIFO_PORTS ((u32)EVTCHN_FIFO_NR_CHANNELS)

/* The three calls. -EINVAL, -ENOENT, -ENOMEM; -EOPNOTSUPP, -ENOSPC for expand_array, -ENOSYS for
 * set_priority: what Xen answers with two levels. */
long fifo_init_control(void *arg);
long fifo_expand_array(void *arg);
long fifo_set_priority(void *arg);
/* Back to two levels. -ERESTART: ports are in use, close them and call again. Takes the lock. */
int fifo_leave(struct domain *d);

/* Of a port below the domain's limit; any context, inside enter/leave or with the channel lock. */
bool fifo_set_pending(struct fifo *f, struct vcpu *v, u32 priority, u32 port); /* was it clear? */
void fifo_unmask(struct fifo *f, struct vcpu *v, u32 priority, u32 port);
void fifo_clear_pending(struct fifo *f, u32 port);
bool fifo_is_pending(const struct fifo *f, u32 port);
bool fifo_is_masked(const struct fifo *f, u32 port);
bool fifo_is_linked(const struct fifo *f, u32 port);

/* SPDX-License-Identifier: MIT */
/*
 * Event channels, 2-level and FIFO ABI. One lock per domain (evtchn lock) guards its channel table;
 * two domains' locks are taken in the order of their ids. Sending takes none.
 */
#pragma once

#include "domain/hooks.h"

void evtchn_dump(struct domain *d); /* console key */

/* The frames of d's memory that its queues hold, general and writable; for the audit. */
void evtchn_guest_pages(const struct domain *d, void (*fn)(mfn_t page));

/* Raises `port` of d as if its peer had sent; used by irq/ for PIRQs. Any context. */
void evtchn_raise(struct domain *d, u32 port);
/* Is the port pending? For SCHEDOP_poll. False for bad ports. */
bool evtchn_pending(struct domain *d, u32 port);
bool evtchn_port_valid(struct domain *d, u32 port);
unsigned int evtchn_count(struct domain *d); /* ports in use: leak tests, domus info */

/* Called by evtchn code, provided by irq/: a port was bound to or released from a PIRQ of d. */
int pirq_bind_port(struct domain *d, u32 pirq, u32 port);
void pirq_unbind_port(u32 pirq, u32 port);

long do_event_channel_op(unsigned int cmd, guest_ptr_t arg);
long do_sched_op(unsigned int cmd, guest_ptr_t arg);

/* SPDX-License-Identifier: MIT */
/*
 * Shared by the tests of event/ (after guest_fake.h): what event/ calls and tests watch, short
 * forms of the hypercalls, and two domains, of which dom_a is privileged.
 */
#pragma once

#include "unit.h"
#include <xen/event_channel.h>
#include <xen/sched.h>
#include "event/event.h"
#include "mm/pagetype.h"

extern int pirq_rc;
extern u32 pirq_port[8];
extern struct domain *shut_domain;
extern int shut_code;
extern unsigned int yields, blocks;

extern struct domain *dom_a, *dom_b;

long evtchn_op(unsigned int cmd, void *arg);
long alloc_unbound(domid_t dom, domid_t remote, u32 *port);
long bind_interdomain(domid_t dom, u32 rport, u32 *port);
long bind_virq(u32 virq, u32 vcpu, u32 *port);
long bind_ipi(u32 vcpu, u32 *port);
long bind_pirq(u32 pirq, u32 flags, u32 *port);
long bind_vcpu(u32 port, u32 vcpu);
long close_port(u32 port);
long send_port(u32 port);
long unmask_port(u32 port);
long get_status(domid_t dom, u32 port, evtchn_status_t *s);
long reset_domain(domid_t dom);
bool pending(struct domain *d, u32 port);
void clear_shared(struct domain *d);
int evtchn_start(void **state);
void end_domain(struct domain *d);
int evtchn_stop(void **state);

/* A seeded generator of numbers below n. */
u32 rnd(u32 n);

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, evtchn_start, evtchn_stop)

/* SPDX-License-Identifier: MIT */
/* What event/ calls, short forms of its hypercalls, and two domains: evtchn_fake.h. */
#include "evtchn_fake.h"
#include "lib/lib.h"

int pirq_rc;
u32 pirq_port[8];
struct domain *shut_domain;
int shut_code = -1;
unsigned int yields, blocks;

int pirq_bind_port(struct domain *d, u32 pirq, u32 port)
{
	if (pirq >= 8) {
		return -EINVAL;
	}
	if (!pirq_rc) {
		pirq_port[pirq] = port;
	}
	return pirq_rc;
}

void pirq_unbind_port(u32 pirq, u32 port)
{
	pirq_port[pirq] = 0;
}

void domain_shutdown(struct domain *d, u8 code)
{
	shut_domain = d;
	shut_code = code;
}

void fake_sched_yield(void)
{
	yields++;
}

void vcpu_block(void)
{
	blocks++;
}

void vcpu_update_runnable(struct vcpu *v)
{
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
	t->fn = fn;
	t->arg = arg;
}

void timer_set(struct timer *t, u64 expires)
{
	t->node.key = expires;
	t->armed = true;
}

void timer_set_here(struct timer *t, u64 expires)
{
	timer_set(t, expires);
}

void timer_stop(struct timer *t)
{
	t->armed = false;
}

/* --- Short forms of the hypercalls --- */

long evtchn_op(unsigned int cmd, void *arg)
{
	return do_event_channel_op(cmd, (guest_ptr_t)arg);
}

long alloc_unbound(domid_t dom, domid_t remote, u32 *port)
{
	evtchn_alloc_unbound_t a = {.dom = dom, .remote_dom = remote};
	long rc = evtchn_op(EVTCHNOP_alloc_unbound, &a);

	*port = a.port;
	return rc;
}

long bind_interdomain(domid_t dom, u32 rport, u32 *port)
{
	evtchn_bind_interdomain_t a = {.remote_dom = dom, .remote_port = rport};
	long rc = evtchn_op(EVTCHNOP_bind_interdomain, &a);

	*port = a.local_port;
	return rc;
}

long bind_virq(u32 virq, u32 vcpu, u32 *port)
{
	evtchn_bind_virq_t a = {.virq = virq, .vcpu = vcpu};
	long rc = evtchn_op(EVTCHNOP_bind_virq, &a);

	*port = a.port;
	return rc;
}

long bind_ipi(u32 vcpu, u32 *port)
{
	evtchn_bind_ipi_t a = {.vcpu = vcpu};
	long rc = evtchn_op(EVTCHNOP_bind_ipi, &a);

	*port = a.port;
	return rc;
}

long bind_pirq(u32 pirq, u32 flags, u32 *port)
{
	evtchn_bind_pirq_t a = {.pirq = pirq, .flags = flags};
	long rc = evtchn_op(EVTCHNOP_bind_pirq, &a);

	*port = a.port;
	return rc;
}

long bind_vcpu(u32 port, u32 vcpu)
{
	evtchn_bind_vcpu_t a = {.port = port, .vcpu = vcpu};

	return evtchn_op(EVTCHNOP_bind_vcpu, &a);
}

long close_port(u32 port)
{
	evtchn_close_t a = {port};

	return evtchn_op(EVTCHNOP_close, &a);
}

long send_port(u32 port)
{
	evtchn_send_t a = {port};

	return evtchn_op(EVTCHNOP_send, &a);
}

long unmask_port(u32 port)
{
	evtchn_unmask_t a = {port};

	return evtchn_op(EVTCHNOP_unmask, &a);
}

long get_status(domid_t dom, u32 port, evtchn_status_t *s)
{
	*s = (evtchn_status_t){.dom = dom, .port = port};
	return evtchn_op(EVTCHNOP_status, s);
}

long reset_domain(domid_t dom)
{
	evtchn_reset_t a = {dom};

	return evtchn_op(EVTCHNOP_reset, &a);
}

bool pending(struct domain *d, u32 port)
{
	return bit_test(d->shared->evtchn_pending, port);
}

void clear_shared(struct domain *d)
{
	memset(d->shared, 0, sizeof(*d->shared));
}

/* --- Two domains, 0 privileged --- */

struct domain *dom_a, *dom_b;

int evtchn_start(void **state)
{
	fake_reset();
	fake_domain_free = evtchn_domain_free;
	dom_a = fake_domain(0, 2);
	dom_b = fake_domain(1, 40);
	assert_int_equal(evtchn_domain_create(dom_a), 0);
	assert_int_equal(evtchn_domain_create(dom_b), 0);
	fake_run(dom_a, 0);
	shut_code = -1;
	pirq_rc = 0;
	return 0;
}

void end_domain(struct domain *d)
{
	d->dying = DOMAIN_DYING;
	while (evtchn_domain_destroy(d) == -ERESTART) {
	}
	assert_int_equal(evtchn_count(d), 0);
	fake_domain_gone(d);
}

int evtchn_stop(void **state)
{
	end_domain(dom_b);
	end_domain(dom_a);
	assert_int_equal(fake_heap_bytes, 0);
	return 0;
}

static u64 seed = 88172645463325252ull;

u32 rnd(u32 n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (u32)((seed >> 11) % n);
}

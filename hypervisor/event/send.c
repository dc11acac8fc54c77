/* SPDX-License-Identifier: MIT */
/*
 * Events on their way: sending, raising, unmasking, waking. No lock is taken here; see channel.h
 * for what makes that safe. Invariant: a port whose pending bit went from 0 to 1 while unmasked has
 * its bit in the vcpu's selector (2-level) or is on a queue (FIFO) and the vcpu is woken.
 */
#include "channel.h"
#include "fifo.h"

void vcpu_upcall(struct vcpu *v, vcpu_info_t *info)
{
	if (__atomic_exchange_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST)) {
		return;
	}
	/* An interrupt may find the current vcpu on its way to sleep. */
	if (v != current || READ_ONCE(v->blocked) || READ_ONCE(v->polling)) {
		vcpu_kick(v);
	}
}

/* Bit `port` is pending and not masked: tells the vcpu which word to look at, and wakes it. */
static void vcpu_select(struct vcpu *v, u32 port)
{
	vcpu_info_t *info = READ_ONCE(v->info);

	if (info && !bit_test_and_set(&info->evtchn_pending_sel, port / 64)) {
		vcpu_upcall(v, info);
	}
}

/* SCHEDOP_poll waits for the pending bit alone; masked ports count. */
static __noinline void wake_pollers(struct domain *d, u32 port)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(d->evtchn->pollers); i++) {
		for (u64 m = READ_ONCE(d->evtchn->pollers[i]); m; m &= m - 1) {
			struct vcpu *v = domain_vcpu_known(d, i * 64 + bit_first(m));
			u32 only = v ? READ_ONCE(v->poll_port) : 0;

			if (v && (!only || only == port)) {
				vcpu_poll_end(v);
			}
		}
	}
}

static struct fifo *fifo_of(const struct evtchn_domain *e)
{
	return __atomic_load_n(&e->fifo, __ATOMIC_ACQUIRE);
}

/* Returns true if it was not pending before. */
static __noinline bool two_level_set_pending(struct domain *d, struct vcpu *v, u32 port)
{
	if (bit_test_and_set(d->shared->evtchn_pending, port)) {
		return false;
	}
	if (!bit_test(d->shared->evtchn_mask, port)) {
		vcpu_select(v, port);
	}
	return true;
}

static __inline_here void deliver(struct domain *d, u64 w, u32 port)
{
	struct vcpu *v = domain_vcpu_known(d, chan_vcpu(w));
	struct fifo *f = fifo_of(d->evtchn);
	u64 pollers = 0;

	if (!v || !(f ? fifo_set_pending(f, v, chan_priority(w), port)
		      : two_level_set_pending(d, v, port))) {
		return;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(d->evtchn->pollers); i++) {
		pollers |= READ_ONCE(d->evtchn->pollers[i]);
	}
	if (unlikely(pollers)) {
		wake_pollers(d, port);
	}
}

void chan_deliver(struct domain *d, u64 w, u32 port)
{
	deliver(d, w, port);
}

void chan_clear_pending(struct domain *d, u32 port)
{
	struct fifo *f = fifo_of(d->evtchn);

	if (f) {
		fifo_clear_pending(f, port);
	} else {
		bit_test_and_clear(d->shared->evtchn_pending, port);
	}
}

bool chan_is_pending(struct domain *d, u32 port)
{
	struct fifo *f = fifo_of(d->evtchn);

	return f ? fifo_is_pending(f, port)
		 : port < PORTS_TWO_LEVEL && bit_test(d->shared->evtchn_pending, port);
}

bool chan_is_masked(struct domain *d, u32 port)
{
	struct fifo *f = fifo_of(d->evtchn);

	return f ? fifo_is_masked(f, port)
		 : port < PORTS_TWO_LEVEL && bit_test(d->shared->evtchn_mask, port);
}

long chan_send(u32 port)
{
	struct domain *d = current->domain;
	struct chan *c = chan_of(d->evtchn, port);
	u32 *mark;
	u64 w;

	if (unlikely(!c)) {
		return -EINVAL;
	}
	mark = evtchn_enter();
	w = chan_load(c);
	if (chan_kind(w) == CHAN_INTERDOMAIN) {
		d = READ_ONCE(c->peer);
		port = chan_data(w);
		w = chan_load(chan_at(d->evtchn, port));
		/* Or it just closed: nobody listens, as where it is unbound. */
		w = chan_kind(w) == CHAN_INTERDOMAIN ? w : CHAN_UNBOUND;
	} else if (chan_kind(w) != CHAN_IPI && chan_kind(w) != CHAN_UNBOUND) {
		evtchn_leave(mark);
		return -EINVAL;
	}
	if (chan_kind(w) != CHAN_UNBOUND) {
		deliver(d, w, port);
	}
	evtchn_leave(mark);
	return 0;
}

void evtchn_raise(struct domain *d, u32 port)
{
	u32 *mark = evtchn_enter();
	struct evtchn_domain *e = evtchn_state(d);
	struct chan *c = e ? chan_of(e, port) : NULL;
	u64 w = c ? chan_load(c) : CHAN_FREE;

	if (chan_in_use(w)) {
		chan_deliver(d, w, port);
	}
	evtchn_leave(mark);
}

/* The port stands at vcpu `slot` of the table. */
static void virq_raise(struct domain *d, u32 slot, unsigned int virq)
{
	u32 *mark = evtchn_enter();
	struct evtchn_domain *e = evtchn_state(d);
	u32 port = e ? READ_ONCE(e->virq_port[slot][virq]) : 0;
	u64 w = port ? chan_load(chan_of(e, port)) : CHAN_FREE;

	if (chan_kind(w) == CHAN_VIRQ && chan_data(w) == virq) {
		chan_deliver(d, w, port);
	}
	evtchn_leave(mark);
}

void evtchn_send_virq(struct vcpu *v, unsigned int virq)
{
	virq_raise(v->domain, v->id, virq);
}

void evtchn_send_global_virq(unsigned int virq)
{
	struct domain *d = READ_ONCE(dom0);

	if (d) {
		virq_raise(d, 0, virq);
	}
}

bool evtchn_pending(struct domain *d, u32 port)
{
	u32 *mark = evtchn_enter();
	bool pending =
		evtchn_port_valid(d, port) && chan_is_pending(d, port_clamp(d->evtchn, port));

	evtchn_leave(mark);
	return pending;
}

static void two_level_unmask(struct domain *d, struct vcpu *v, u32 port)
{
	if (port < PORTS_TWO_LEVEL && bit_test_and_clear(d->shared->evtchn_mask, port) &&
	    bit_test(d->shared->evtchn_pending, port)) {
		vcpu_select(v, port);
	}
}

long chan_unmask(void *arg)
{
	struct domain *d = current->domain;
	const u32 named = ((const evtchn_unmask_t *)arg)->port, port = port_clamp(d->evtchn, named);
	struct chan *c = chan_of(d->evtchn, named);
	u32 *mark = evtchn_enter();
	struct fifo *f = fifo_of(d->evtchn);
	u64 w = c ? chan_load(c) : CHAN_FREE;
	struct vcpu *v = domain_vcpu_known(d, chan_vcpu(w));

	if (c && v && f) {
		fifo_unmask(f, v, chan_priority(w), port);
	} else if (c && v) {
		two_level_unmask(d, v, port);
	}
	evtchn_leave(mark);
	/* A PIRQ's line is not touched: its EOI is a call of its own. */
	return c ? 0 : -EINVAL;
}

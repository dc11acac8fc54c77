/* SPDX-License-Identifier: MIT */
/*
 * The hypercall event_channel_op: every way to open a channel, moving it to another vcpu, its
 * status. Each function checks everything first and changes state last. Locks: channel.h.
 */
#include "channel.h"
#include "domain/continuation.h"
#include "domain/subop.h"
#include "fifo.h"

bool virq_is_global(u32 virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF &&
	       virq != VIRQ_XENPMU;
}

static long alloc_unbound(void *arg)
{
	evtchn_alloc_unbound_t *op = arg;
	u16 remote = op->remote_dom == DOMID_SELF ? domain_id(current->domain) : op->remote_dom;
	int rc;
	DOMAIN_REF(d) = domain_target(op->dom, &rc);

	if (!d || !evtchn_state(d)) {
		return d ? -ESRCH : rc;
	}

	HOLD_LOCK(&d->evtchn->lock);
	return chan_open(d, chan_word(CHAN_UNBOUND, 0, remote, 0), NULL, &op->port);
}

/* Both locks held. */
static int interdomain_bind(struct domain *d, struct domain *rd, u32 rport, u32 *lport)
{
	struct chan *rc = chan_of(rd->evtchn, rport);
	int err;

	if (rd->evtchn->closed || !rc || chan_kind(rc->state) != CHAN_UNBOUND ||
	    chan_dom(rc->state) != domain_id(d)) {
		return -EINVAL;
	}
	err = chan_open(d, chan_word(CHAN_INTERDOMAIN, 0, domain_id(rd), rport), rd, lport);
	if (err) {
		return err;
	}
	rc->peer = d;
	chan_store(rc, chan_word_rebind(rc->state, CHAN_INTERDOMAIN, domain_id(d), *lport));
	/* The peer may have sent before: drivers rely on this first event. */
	chan_deliver(d, chan_of(d->evtchn, *lport)->state, *lport);
	return 0;
}

static long bind_interdomain(void *arg)
{
	evtchn_bind_interdomain_t *op = arg;
	struct domain *d = current->domain;
	DOMAIN_REF(rd) = domain_get(op->remote_dom);
	int rc;

	if (!rd || !evtchn_state(rd)) {
		return -ESRCH;
	}
	chan_lock_pair(d, rd);
	rc = interdomain_bind(d, rd, op->remote_port, &op->local_port);
	chan_unlock_pair(d, rd);
	return rc;
}

static long bind_virq(void *arg)
{
	evtchn_bind_virq_t *op = arg;
	struct domain *d = current->domain;
	u32 *slot;
	int rc;

	if (op->virq >= VIRQS || (op->vcpu && virq_is_global(op->virq))) {
		return -EINVAL;
	}
	if (!domain_vcpu(d, op->vcpu)) {
		return -ENOENT;
	}

	HOLD_LOCK(&d->evtchn->lock);
	slot = &d->evtchn->virq_port[op->vcpu][index_clamp(op->virq, VIRQS)];
	if (*slot) {
		return -EEXIST;
	}
	rc = chan_open(d, chan_word(CHAN_VIRQ, op->vcpu, 0, op->virq), NULL, &op->port);
	if (!rc) {
		WRITE_ONCE(*slot, op->port);
	}
	return rc;
}

static long bind_ipi(void *arg)
{
	evtchn_bind_ipi_t *op = arg;
	struct domain *d = current->domain;

	if (!domain_vcpu(d, op->vcpu)) {
		return -ENOENT;
	}

	HOLD_LOCK(&d->evtchn->lock);
	return chan_open(d, chan_word(CHAN_IPI, op->vcpu, 0, 0), NULL, &op->port);
}

static long bind_pirq(void *arg)
{
	evtchn_bind_pirq_t *op = arg;
	struct domain *d = current->domain;
	int rc;

	if (op->flags & ~BIND_PIRQ__WILL_SHARE) {
		return -EINVAL;
	}

	HOLD_LOCK(&d->evtchn->lock);
	/* Open before the first interrupt may come. */
	rc = chan_open(d, chan_word(CHAN_PIRQ, 0, 0, op->pirq), NULL, &op->port);
	if (!rc) {
		rc = pirq_bind_port(d, op->pirq, op->port);
		if (rc) {
			chan_free(d, op->port);
		}
	}
	return rc;
}

static long close_port(void *arg)
{
	const evtchn_close_t *op = arg;

	return chan_close(current->domain, op->port);
}

/* May events of this channel go to any vcpu? */
static bool chan_movable(u64 w)
{
	return chan_kind(w) == CHAN_VIRQ ? virq_is_global(chan_data(w))
					 : chan_in_use(w) && chan_kind(w) != CHAN_IPI;
}

static long bind_vcpu(void *arg)
{
	const evtchn_bind_vcpu_t *op = arg;
	struct domain *d = current->domain;
	struct chan *c = chan_of(d->evtchn, op->port);
	u64 w;

	if (!domain_vcpu(d, op->vcpu)) {
		return -ENOENT;
	}

	HOLD_LOCK(&d->evtchn->lock);
	w = c ? c->state : CHAN_FREE;
	if (!chan_movable(w)) {
		return -EINVAL;
	}
	chan_store(c, (w & ~0xff0ull) | op->vcpu << 4);
	return 0;
}

static void status_fill(evtchn_status_t *op, u64 w)
{
	op->status = chan_kind(w) == CHAN_CLOSING ? CHAN_FREE : chan_kind(w);
	op->vcpu = chan_vcpu(w);
	memset(&op->u, 0, sizeof(op->u));
	if (chan_kind(w) == CHAN_VIRQ || chan_kind(w) == CHAN_PIRQ) {
		op->u.virq = chan_data(w); /* where u.pirq lies, too */
	} else { /* where u.unbound.dom lies, too; 0 for all other kinds */
		op->u.interdomain.dom = chan_dom(w);
		op->u.interdomain.port = chan_data(w);
	}
}

static long port_status(void *arg)
{
	evtchn_status_t *op = arg;
	int rc;
	DOMAIN_REF(d) = domain_target(op->dom, &rc);
	struct chan *c;

	if (!d || !evtchn_state(d)) {
		return d ? -ESRCH : rc;
	}
	c = chan_of(d->evtchn, op->port);
	if (!c) {
		return -EINVAL;
	}
	status_fill(op, chan_load(c));
	return 0;
}

/*
 * Closes all ports of a domain and goes back to two levels, as after its creation. Another's only
 * while the tools hold it.
 */
static long reset(void *arg)
{
	const evtchn_reset_t *op = arg;
	int rc;
	DOMAIN_REF(d) = domain_target(op->dom, &rc);

	if (!d || !evtchn_state(d)) {
		return d ? -ESRCH : rc;
	}
	if (d != current->domain && !READ_ONCE(d->pause_count) && !READ_ONCE(d->paused_by_tools)) {
		return -EINVAL;
	}
	rc = chan_close_all(d);
	return rc ? rc : fifo_leave(d);
}

static const struct subop ops[] = {
	[EVTCHNOP_bind_interdomain] = {bind_interdomain, sizeof(evtchn_bind_interdomain_t),
				       SUBOP_OUT},
	[EVTCHNOP_bind_virq] = {bind_virq, sizeof(evtchn_bind_virq_t), SUBOP_OUT},
	[EVTCHNOP_bind_pirq] = {bind_pirq, sizeof(evtchn_bind_pirq_t), SUBOP_OUT},
	[EVTCHNOP_close] = {close_port, sizeof(evtchn_close_t), 0},
	[EVTCHNOP_status] = {port_status, sizeof(evtchn_status_t), SUBOP_OUT},
	[EVTCHNOP_alloc_unbound] = {alloc_unbound, sizeof(evtchn_alloc_unbound_t), SUBOP_OUT},
	[EVTCHNOP_bind_ipi] = {bind_ipi, sizeof(evtchn_bind_ipi_t), SUBOP_OUT},
	[EVTCHNOP_bind_vcpu] = {bind_vcpu, sizeof(evtchn_bind_vcpu_t), 0},
	[EVTCHNOP_unmask] = {chan_unmask, sizeof(evtchn_unmask_t), 0},
	[EVTCHNOP_reset] = {reset, sizeof(evtchn_reset_t), 0},
	[EVTCHNOP_init_control] = {fifo_init_control, sizeof(evtchn_init_control_t), SUBOP_OUT},
	[EVTCHNOP_expand_array] = {fifo_expand_array, sizeof(evtchn_expand_array_t), 0},
	[EVTCHNOP_set_priority] = {fifo_set_priority, sizeof(evtchn_set_priority_t), 0},
};

static __noinline long other_op(unsigned int cmd, guest_ptr_t arg)
{
	long rc = subop_run(ops, ARRAY_SIZE(ops), cmd, arg);

	return rc == -ERESTART ? HYPERCALL_CONTINUE(__HYPERVISOR_event_channel_op, cmd, arg) : rc;
}

long do_event_channel_op(unsigned int cmd, guest_ptr_t arg)
{
	u32 port; /* the only field of evtchn_send_t */

	if (likely(cmd == EVTCHNOP_send)) {
		return guest_read_u32(arg, &port) ? chan_send(port) : -EFAULT;
	}
	return other_op(cmd, arg);
}

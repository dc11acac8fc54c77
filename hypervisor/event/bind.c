/* SPDX-License-Identifier: MIT */
/*
 * Opening channels: every way to bind a port, moving it to another vcpu, and its status.
 * Each function checks everything first and changes state last. Locks: channel.h.
 */
#include "channel.h"
#include "mm/alloc.h"

struct domain *evtchn_target(domid_t id, int *err)
{
	struct domain *d = domain_get(id);

	*err = !d || !evtchn_state(d) ? -ESRCH : 0;
	if (!*err && d != current->domain && !current->domain->privileged) {
		*err = -EPERM;
	}
	if (d && *err) {
		domain_put(d);
	}
	return *err ? NULL : d;
}

bool virq_is_global(u32 virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF &&
	       virq != VIRQ_XENPMU;
}

long chan_alloc_unbound(evtchn_alloc_unbound_t *op)
{
	struct chan *c;
	int rc = 0;
	struct domain *d = evtchn_target(op->dom, &rc);
	u16 remote = op->remote_dom == DOMID_SELF ? domain_id(current->domain) : op->remote_dom;

	if (!d) {
		return rc;
	}
	spin_lock(&d->evtchn->lock);
	rc = chan_alloc(d, &op->port, &c);
	if (!rc) {
		chan_open(d, op->port, c, chan_word(CHAN_UNBOUND, 0, remote, 0));
	}
	spin_unlock(&d->evtchn->lock);
	domain_put(d);
	return rc;
}

/* Both locks held. */
static int interdomain_bind(struct domain *d, struct domain *rd, u32 rport, u32 *lport)
{
	struct chan *rc = chan_of(rd->evtchn, rport), *lc;
	int err;

	if (rd->evtchn->closed || !rc || chan_kind(rc->state) != CHAN_UNBOUND ||
	    chan_dom(rc->state) != domain_id(d)) {
		return -EINVAL;
	}
	err = chan_alloc(d, lport, &lc);
	if (err) {
		return err;
	}
	lc->peer = rd;
	rc->peer = d;
	chan_open(d, *lport, lc, chan_word(CHAN_INTERDOMAIN, 0, domain_id(rd), rport));
	chan_store(rc, chan_word(CHAN_INTERDOMAIN, chan_vcpu(rc->state), domain_id(d), *lport));
	return 0;
}

long chan_bind_interdomain(evtchn_bind_interdomain_t *op)
{
	struct domain *d = current->domain, *rd = domain_get(op->remote_dom);
	int rc;

	if (!rd) {
		return -ESRCH;
	}
	if (!evtchn_state(rd)) {
		domain_put(rd);
		return -ESRCH;
	}
	chan_lock_pair(d, rd);
	rc = interdomain_bind(d, rd, op->remote_port, &op->local_port);
	if (!rc) {
		/* The peer may have sent before: drivers rely on this first event. */
		chan_deliver(d, 0, op->local_port);
	}
	chan_unlock_pair(d, rd);
	domain_put(rd);
	return rc;
}

/* The table of VIRQ ports, made when the first is bound. Lock held. */
static int virq_table(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	u16(*table)[VIRQS];

	if (e->virq_port) {
		return 0;
	}
	table = heap_alloc(d->max_vcpus * sizeof(*table));
	if (!table) {
		return -ENOMEM;
	}
	__atomic_store_n(&e->virq_port, table, __ATOMIC_RELEASE);
	return 0;
}

static int virq_bind(struct domain *d, u32 virq, u32 vcpu, u32 *port)
{
	struct evtchn_domain *e = d->evtchn;
	struct chan *c;
	int rc = virq_table(d);

	if (rc) {
		return rc;
	}
	if (e->virq_port[vcpu][virq]) {
		return -EEXIST;
	}
	rc = chan_alloc(d, port, &c);
	if (rc) {
		return rc;
	}
	chan_open(d, *port, c, chan_word(CHAN_VIRQ, vcpu, 0, virq));
	WRITE_ONCE(e->virq_port[vcpu][virq], (u16)*port);
	return 0;
}

long chan_bind_virq(evtchn_bind_virq_t *op)
{
	struct domain *d = current->domain;
	int rc;

	if (op->virq >= VIRQS || (op->vcpu && virq_is_global(op->virq))) {
		return -EINVAL;
	}
	if (!domain_vcpu(d, op->vcpu)) {
		return -ENOENT;
	}
	spin_lock(&d->evtchn->lock);
	rc = virq_bind(d, op->virq, op->vcpu, &op->port);
	spin_unlock(&d->evtchn->lock);
	return rc;
}

long chan_bind_ipi(evtchn_bind_ipi_t *op)
{
	struct domain *d = current->domain;
	struct chan *c;
	int rc;

	if (!domain_vcpu(d, op->vcpu)) {
		return -ENOENT;
	}
	spin_lock(&d->evtchn->lock);
	rc = chan_alloc(d, &op->port, &c);
	if (!rc) {
		chan_open(d, op->port, c, chan_word(CHAN_IPI, op->vcpu, 0, 0));
	}
	spin_unlock(&d->evtchn->lock);
	return rc;
}

long chan_bind_pirq(evtchn_bind_pirq_t *op)
{
	struct domain *d = current->domain;
	struct chan *c;
	int rc;

	if (op->flags & ~BIND_PIRQ__WILL_SHARE) {
		return -EINVAL;
	}
	spin_lock(&d->evtchn->lock);
	rc = chan_alloc(d, &op->port, &c);
	if (!rc) {
		/* Open before the first interrupt may come. */
		chan_open(d, op->port, c, chan_word(CHAN_PIRQ, 0, 0, op->pirq));
		rc = pirq_bind_port(d, op->pirq, op->port, op->flags & BIND_PIRQ__WILL_SHARE);
		if (rc) {
			chan_store(c, CHAN_FREE);
			d->evtchn->first_free = op->port;
			d->evtchn->used--;
		}
	}
	spin_unlock(&d->evtchn->lock);
	return rc;
}

/* May events of this channel go to any vcpu? */
static bool chan_movable(u64 w)
{
	switch (chan_kind(w)) {
	case CHAN_UNBOUND:
	case CHAN_INTERDOMAIN:
	case CHAN_PIRQ:
		return true;
	case CHAN_VIRQ:
		return virq_is_global(chan_data(w));
	default:
		return false;
	}
}

long chan_bind_vcpu(const evtchn_bind_vcpu_t *op)
{
	struct domain *d = current->domain;
	struct chan *c = chan_of(d->evtchn, op->port);
	long rc = -EINVAL;
	u64 w;

	if (!domain_vcpu(d, op->vcpu)) {
		return -ENOENT;
	}
	if (!c) {
		return -EINVAL;
	}
	spin_lock(&d->evtchn->lock);
	w = c->state;
	if (chan_movable(w)) {
		chan_store(c, chan_word(chan_kind(w), op->vcpu, chan_dom(w), chan_data(w)));
		rc = 0;
	}
	spin_unlock(&d->evtchn->lock);
	return rc;
}

static void status_fill(evtchn_status_t *op, u64 w)
{
	op->status = chan_kind(w) == CHAN_CLOSING ? CHAN_FREE : chan_kind(w);
	op->vcpu = chan_vcpu(w);
	switch (chan_kind(w)) {
	case CHAN_UNBOUND:
		op->u.unbound.dom = chan_dom(w);
		break;
	case CHAN_INTERDOMAIN:
		op->u.interdomain.dom = chan_dom(w);
		op->u.interdomain.port = chan_data(w);
		break;
	case CHAN_PIRQ:
		op->u.pirq = chan_data(w);
		break;
	case CHAN_VIRQ:
		op->u.virq = chan_data(w);
		break;
	default:
		break;
	}
}

long chan_status(evtchn_status_t *op)
{
	domid_t dom = op->dom;
	u32 port = op->port;
	int rc = 0;
	struct domain *d = evtchn_target(dom, &rc);
	struct chan *c;

	if (!d) {
		return rc;
	}
	memset(op, 0, sizeof(*op));
	op->dom = dom;
	op->port = port;
	c = chan_of(d->evtchn, port);
	if (c) {
		status_fill(op, chan_load(c));
	}
	domain_put(d);
	return c ? 0 : -EINVAL;
}

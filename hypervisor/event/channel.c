/* SPDX-License-Identifier: MIT */
/*
 * The channel tables of domains: ports given out and closed, births and deaths.
 *
 * Invariant: two channels are INTERDOMAIN to each other or neither is; a VIRQ's or PIRQ's channel
 * and the table entry that names it exist together. Lock: the domain's channel lock; see channel.h.
 */
#include "channel.h"
#include "fifo.h"
#include "mm/alloc.h"
#include "mm/pagetype.h"

struct send_mark evtchn_mark[CONFIG_NR_CPUS];

void evtchn_grace(void)
{
	unsigned int self = cpu_id();

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		u32 first = READ_ONCE(evtchn_mark[cpu].word), now = first;

		/* On this CPU any send was a nested interrupt and is over. */
		while (cpu != self && (now & 0xff) && now >> 8 == first >> 8) {
			cpu_relax();
			now = __atomic_load_n(&evtchn_mark[cpu].word, __ATOMIC_ACQUIRE);
		}
	}
}

void chan_lock_pair(struct domain *a, struct domain *b)
{
	struct domain *low = domain_id(a) < domain_id(b) ? a : b;
	struct domain *high = low == a ? b : a;

	spin_lock(&low->evtchn->lock);
	if (high != low) {
		spin_lock(&high->evtchn->lock);
	}
}

void chan_unlock_pair(struct domain *a, struct domain *b)
{
	spin_unlock(&a->evtchn->lock);
	if (b != a) {
		spin_unlock(&b->evtchn->lock);
	}
}

static struct chan *bucket_get(struct evtchn_domain *e, u32 n)
{
	if (!e->bucket[n]) {
		struct chan *b = heap_alloc(PORTS_PER_BUCKET * sizeof(*b));

		if (!b) {
			return NULL;
		}
		__atomic_store_n(&e->bucket[n], b, __ATOMIC_RELEASE);
	}
	return e->bucket[n];
}

int chan_open(struct domain *d, u64 word, struct domain *peer, u32 *port)
{
	struct evtchn_domain *e = d->evtchn;
	u32 end = e->fifo ? e->ports : MIN(e->ports, PORTS_TWO_LEVEL);
	u32 linked = 0;

	if (e->closed) {
		return -EINVAL;
	}
	for (u32 p = e->first_free; p < end; p++) {
		struct chan *c = bucket_get(e, p / PORTS_PER_BUCKET);

		if (!c) {
			return -ENOMEM;
		}
		c += p % PORTS_PER_BUCKET;
		if (chan_kind(c->state) != CHAN_FREE) {
			continue;
		}
		/* On a queue still: its first event would come on its last user's vcpu. */
		if (e->fifo && fifo_is_linked(e->fifo, p)) {
			linked = linked ? linked : p;
			continue;
		}
		c->peer = peer;
		chan_store(c, word);
		e->first_free = linked ? linked : p + 1;
		e->top_port = MAX(e->top_port, p);
		e->used++;
		*port = p;
		return 0;
	}
	return -ENOSPC;
}

void chan_free(struct domain *d, u32 port)
{
	struct evtchn_domain *e = d->evtchn;
	struct chan *c = chan_of(e, port);

	chan_clear_pending(d, port);
	c->peer = NULL;
	chan_store(c, CHAN_FREE);
	e->used--;
	e->first_free = MIN(e->first_free, port);
}

/*
 * Locks d and, if the port is INTERDOMAIN, its peer. Returns the word as it is under the locks.
 * Repeated only when the peer closed and somebody bound the port anew in between; nobody can bind
 * to a dying domain, so its end is not held up.
 */
static u64 close_lock(struct domain *d, struct chan *c, struct domain **peer)
{
	for (;;) {
		struct domain *p;
		u64 w;

		spin_lock(&d->evtchn->lock);
		w = c->state;
		*peer = p = chan_kind(w) == CHAN_INTERDOMAIN ? c->peer : d;
		if (p == d) {
			return w;
		}
		/* Bound to it under our lock: it cannot go before we let go. */
		domain_ref(p);
		spin_unlock(&d->evtchn->lock);
		chan_lock_pair(d, p);
		if (c->state == w && c->peer == p) {
			domain_put(p); /* still bound, so still alive */
			return w;
		}
		chan_unlock_pair(d, p);
		domain_put(p);
	}
}

/* The other end goes back to waiting for the domain that was bound to it. */
static void peer_unbind(struct domain *d, struct domain *p, u32 port)
{
	struct chan *c = chan_of(p->evtchn, port);

	chan_store(c, chan_word_rebind(c->state, CHAN_UNBOUND, domain_id(d), 0));
}

int chan_close(struct domain *d, u32 port)
{
	struct chan *c = chan_of(d->evtchn, port);
	struct domain *peer;
	u64 w;

	if (!c) {
		return -EINVAL;
	}
	w = close_lock(d, c, &peer);
	if (!chan_in_use(w)) {
		spin_unlock(&d->evtchn->lock);
		return -EINVAL;
	}
	chan_store(c, chan_word(CHAN_CLOSING, 0, 0, 0));
	if (chan_kind(w) == CHAN_INTERDOMAIN) {
		peer_unbind(d, peer, chan_data(w));
	} else if (chan_kind(w) == CHAN_VIRQ) {
		WRITE_ONCE(d->evtchn->virq_port[virq_is_global(chan_data(w)) ? 0 : chan_vcpu(w)]
					       [chan_data(w)],
			   0);
	} else if (chan_kind(w) == CHAN_PIRQ) {
		pirq_unbind_port(chan_data(w), port);
	}
	evtchn_grace();
	if (chan_kind(w) == CHAN_INTERDOMAIN) {
		chan_of(peer->evtchn, chan_data(w))->peer = NULL;
	}
	chan_free(d, port);
	chan_unlock_pair(d, peer);
	return 0;
}

int chan_close_all(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	unsigned int steps = 0;
	u32 p;

	/* Read once: another vcpu may close the last one meanwhile. */
	while ((p = READ_ONCE(e->top_port)) != 0) {
		struct chan *c = chan_of(e, p);

		chan_close(d, p);
		/* Unless it or one above was opened meanwhile. The next round goes on from here. */
		spin_lock(&e->lock);
		e->top_port -= e->top_port == p && !(c && chan_in_use(c->state));
		spin_unlock(&e->lock);
		if (++steps % 16 == 0 && preempt_needed()) {
			return -ERESTART;
		}
	}
	return 0;
}

static u32 bucket_count(const struct evtchn_domain *e)
{
	return (e->ports + PORTS_PER_BUCKET - 1) / PORTS_PER_BUCKET;
}

/* The structure, its buckets and behind them the ports of VIRQs. */
static size_t evtchn_bytes(const struct domain *d, u32 buckets)
{
	return sizeof(struct evtchn_domain) + buckets * sizeof(struct chan *) +
	       d->max_vcpus * VIRQS * sizeof(u32);
}

int evtchn_domain_create(struct domain *d)
{
	/* 0: the configuration names no limit. */
	u64 wanted = d->config_max_evtchn_port;
	u32 ports = wanted ? (u32)MIN(wanted + 1, (u64)FIFO_PORTS) : FIFO_PORTS;
	u32 buckets = (ports + PORTS_PER_BUCKET - 1) / PORTS_PER_BUCKET;
	struct evtchn_domain *e = heap_alloc(evtchn_bytes(d, buckets));

	if (!e) {
		return -ENOMEM;
	}
	e->ports = ports;
	e->first_free = 1;
	e->virq_port = (u32(*)[VIRQS]) & e->bucket[buckets];
	__atomic_store_n(&d->evtchn, e, __ATOMIC_RELEASE);
	return 0;
}

int evtchn_domain_destroy(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	int rc;

	if (!e) {
		return 0;
	}
	spin_lock(&e->lock);
	e->closed = true;
	spin_unlock(&e->lock);
	rc = chan_close_all(d);
	return rc ? rc : fifo_leave(d);
}

void evtchn_domain_free(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;

	if (!e) {
		return;
	}
	ASSERT(!e->fifo);
	watchdogs_stop(e);
	d->evtchn = NULL;
	for (unsigned int i = 0; i < bucket_count(e); i++) {
		heap_free(e->bucket[i], PORTS_PER_BUCKET * sizeof(struct chan));
	}
	heap_free(e, evtchn_bytes(d, bucket_count(e)));
}

unsigned int evtchn_count(struct domain *d)
{
	return evtchn_state(d) ? READ_ONCE(d->evtchn->used) : 0;
}

bool evtchn_port_valid(struct domain *d, u32 port)
{
	return evtchn_state(d) && chan_of(d->evtchn, port);
}

static void dump_port(struct domain *d, u32 port, u64 w)
{
	static const char *const name[] = {"free", "unbound", "interdomain", "pirq",
					   "virq", "ipi",     "closing"};

	printk("  port %u %s vcpu %u priority %u domain %u data %u%s%s\n", port, name[chan_kind(w)],
	       chan_vcpu(w), chan_priority(w), chan_dom(w), chan_data(w),
	       chan_is_pending(d, port) ? " pending" : "",
	       chan_is_masked(d, port) ? " masked" : "");
}

void evtchn_dump(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;

	if (!e) {
		return;
	}
	printk("domain %u: %u event channels, limit %u, %s\n", domain_id(d), evtchn_count(d),
	       e->ports - 1, READ_ONCE(e->fifo) ? "FIFO" : "2-level");
	for (u32 p = 1; p <= READ_ONCE(e->top_port); p++) {
		u32 *mark = evtchn_enter();
		struct chan *c = chan_of(e, p);
		u64 w = c ? chan_load(c) : CHAN_FREE;

		if (chan_kind(w) != CHAN_FREE) {
			dump_port(d, p, w);
		}
		evtchn_leave(mark);
	}
}

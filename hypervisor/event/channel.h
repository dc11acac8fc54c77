/* SPDX-License-Identifier: MIT */
/*
 * Event channels: what the files of this room share.
 *
 * A channel is one 64-bit state word that readers load once, and a pointer to the peer's domain:
 *
 *   63           32 31      16 15       12 11    4 3   0
 *   +--------------+----------+----------+-------+-----+
 *   | data         | domain   | priority | vcpu  | kind|
 *   +--------------+----------+----------+-------+-----+
 *   data: the peer's port (INTERDOMAIN), the VIRQ or the PIRQ. domain: who may bind (UNBOUND), who
 * is the peer (INTERDOMAIN). vcpu: who is notified, priority: in which queue (FIFO ABI).
 *
 *             alloc                bind                 peer closes
 *   FREE ------------> UNBOUND ------------> INTERDOMAIN ------------> UNBOUND
 *     |  bind: VIRQ, IPI, PIRQ                    |                       |
 *     +------------------> any --- close ---> CLOSING --- grace ---> FREE <
 *
 * Senders take no lock. They announce themselves (evtchn_enter(), one locked instruction),
 * read state words and send. Whoever takes a channel out of use changes its word first and
 * then waits until every sender that may have seen the old one has left (evtchn_grace()). Only then
 * may the port, the peer pointer or the domain be used for something else. So a pointer read behind
 * an INTERDOMAIN word is alive, and no late event reaches a port's next user.
 *
 * What a guest sees of its ports is two levels of bits in shared_info, or words of its own memory
 * (fifo.h) from EVTCHNOP_init_control to reset. The change is published like a channel's: senders
 * read `fifo` once, and whoever changed it waits for them. A domain with two levels has no channel
 * in use above PORTS_TWO_LEVEL.
 *
 * Writers hold the channel lock of the domain, of both domains (in the order of their ids) for
 * changes between two. Senders may be interrupt handlers; writers are not.
 */
#pragma once

#include <xen/event_channel.h>
#include "arch/uaccess.h"
#include "event/event.h"
#include "lib/lib.h"

#define PORTS_TWO_LEVEL  4096u
#define PORTS_PER_BUCKET 64u
#define VIRQS            24u
#define WATCHDOGS        2u

enum chan_kind { /* up to IPI the numbers are those of EVTCHNSTAT_* */
		 CHAN_FREE = EVTCHNSTAT_closed,
		 CHAN_UNBOUND = EVTCHNSTAT_unbound,
		 CHAN_INTERDOMAIN = EVTCHNSTAT_interdomain,
		 CHAN_PIRQ = EVTCHNSTAT_pirq,
		 CHAN_VIRQ = EVTCHNSTAT_virq,
		 CHAN_IPI = EVTCHNSTAT_ipi,
		 CHAN_CLOSING = 6,
};

struct chan {
	u64 state;
	struct domain *peer; /* INTERDOMAIN; written before the word, cleared after the grace */
};

struct watchdog {
	struct timer timer;
	struct domain *domain;
	bool used;
};

struct evtchn_domain {
	spinlock_t lock;
	u32 ports;      /* below it are the numbers that may be given out by the FIFO ABI */
	u32 top_port;   /* none above it is in use */
	u32 first_free; /* no port below it is free */
	u32 used;       /* channels not FREE */
	bool closed;    /* dying: no channel is opened any more */
	bool latched;   /* SCHEDOP_shutdown_code was called: */
	u8 latched_code;
	u64 pollers[DOM_MAX_VCPUS / 64]; /* atomic: vcpus inside SCHEDOP_poll */
	struct watchdog watchdog[WATCHDOGS];
	struct fifo *fifo;       /* NULL: two levels. Published with release */
	u32 (*virq_port)[VIRQS]; /* by vcpu; 0 = not bound. Global VIRQs stand at vcpu 0 */
	struct chan *bucket[];   /* published with release, freed with the domain */
};

_Static_assert(DOM_MAX_VCPUS <= 256, "a vcpu's number has 8 bits in a channel's word");

/* Of a channel that is opened: default priority. */
static inline u64 chan_word(enum chan_kind kind, u32 vcpu, u16 dom, u32 data)
{
	return (u64)data << 32 | (u64)dom << 16 | EVTCHN_FIFO_PRIORITY_DEFAULT << 12 |
	       (u64)vcpu << 4 | kind;
}
/* Of one that changes hands; vcpu and priority stay. */
static inline u64 chan_word_rebind(u64 w, enum chan_kind kind, u16 dom, u32 data)
{
	return (chan_word(kind, 0, dom, data) & ~0xfff0ull) | (w & 0xfff0);
}
static inline enum chan_kind chan_kind(u64 w)
{
	return w & 15;
}
static inline u32 chan_vcpu(u64 w)
{
	return w >> 4 & 0xff;
}
static inline u32 chan_priority(u64 w)
{
	return w >> 12 & 0xf;
}
static inline u16 chan_dom(u64 w)
{
	return w >> 16 & 0xffff;
}
static inline u32 chan_data(u64 w)
{
	return w >> 32;
}
static inline u64 chan_load(const struct chan *c)
{
	return __atomic_load_n(&c->state, __ATOMIC_ACQUIRE);
}
static inline void chan_store(struct chan *c, u64 w)
{
	__atomic_store_n(&c->state, w, __ATOMIC_RELEASE);
}

/* NULL while the domain is still being made. */
static inline struct evtchn_domain *evtchn_state(struct domain *d)
{
	return __atomic_load_n(&d->evtchn, __ATOMIC_ACQUIRE);
}

static inline bool chan_in_use(u64 w)
{
	return chan_kind(w) != CHAN_FREE && chan_kind(w) != CHAN_CLOSING;
}

/* The channel of a port that was given out once. */
static inline struct chan *chan_at(const struct evtchn_domain *e, u32 port)
{
	return &e->bucket[port / PORTS_PER_BUCKET][port % PORTS_PER_BUCKET];
}

/* A port that a guest named, behind the check of it: see index_clamp(). */
static inline u32 port_clamp(const struct evtchn_domain *e, u32 port)
{
	return (u32)index_clamp(port, e->ports);
}

/* The channel of a port, or NULL if no such port was ever given out. Any context. */
static inline struct chan *chan_of(const struct evtchn_domain *e, u32 port)
{
	struct chan *b;

	if (port >= e->ports) {
		return NULL;
	}
	b = __atomic_load_n(&e->bucket[port_clamp(e, port) / PORTS_PER_BUCKET], __ATOMIC_ACQUIRE);
	return b ? &b[port % PORTS_PER_BUCKET] : NULL;
}

/*
 * A CPU inside a send: depth (8 bits, interrupts nest) and above it a count of finished sends.
 * An interrupt between load and store leaves the depth as it found it, so plain updates
 * do; entering must be a full barrier, for the words that are read behind it.
 */
struct send_mark {
	u32 word;
} __aligned(64);
extern struct send_mark evtchn_mark[CONFIG_NR_CPUS];

static inline u32 *evtchn_enter(void)
{
	u32 *w = &evtchn_mark[cpu_id()].word;

	__asm__("" : "+r"(w)); /* kept in one register, not computed again on leaving */
	__atomic_fetch_add(w, 1, __ATOMIC_SEQ_CST);
	return w;
}
static inline void evtchn_leave(u32 *w)
{
	u32 v = *w;

	__atomic_store_n(w, (v & 0xff) == 1 ? v + 0xff : v - 1, __ATOMIC_RELEASE);
}
/* Returns when all sends that other CPUs had begun before have ended. No scheduler lock may be
 * held. */
void evtchn_grace(void);

/* channel.c, lock held: gives out a port with this word and peer. -ENOSPC, -ENOMEM, -EINVAL
 * (dying).
 */
int chan_open(struct domain *d, u64 word, struct domain *peer, u32 *port);
void chan_free(struct domain *d, u32 port);
/* Takes both locks in order; the same domain twice is fine. */
void chan_lock_pair(struct domain *a, struct domain *b);
void chan_unlock_pair(struct domain *a, struct domain *b);
/* Closes a port: -EINVAL if it is none. Takes the locks itself. */
int chan_close(struct domain *d, u32 port);
/* Closes everything: -ERESTART when preempted. */
int chan_close_all(struct domain *d);

bool virq_is_global(u32 virq);
long chan_send(u32 port);
long chan_unmask(void *arg); /* EVTCHNOP_unmask */
/* Makes the port of a channel with this word pending, tells the vcpu and pollers. Any context,
 * inside enter/leave or with the lock held, as the next three. */
void chan_deliver(struct domain *d, u64 w, u32 port);
void chan_clear_pending(struct domain *d, u32 port);
bool chan_is_pending(struct domain *d, u32 port);
bool chan_is_masked(struct domain *d, u32 port);
/* Tells v that an event waits. */
void vcpu_upcall(struct vcpu *v, vcpu_info_t *info);

/* sched_op.c */
void vcpu_poll_end(struct vcpu *v); /* wakes a polling vcpu. Any context */
void watchdogs_stop(struct evtchn_domain *e);

/* SPDX-License-Identifier: MIT */
/*
 * The FIFO ABI: its calls rightly and wrongly, the order of events, what moves and what stays, and
 * random steps against a model. Threads are in evtchn_fifo_races.c.
 */
#include "fifo_guest.h"
#include "lib/lib.h"

static struct fifo_guest g;
static u32 order[64], order_count;

static void record(struct fifo_guest *guest, unsigned int vcpu, u32 port)
{
	assert_true(fifo_clear(guest, port));
	assert_true(order_count < ARRAY_SIZE(order));
	order[order_count++] = port;
}

static void guest_start(u32 pages)
{
	fifo_guest_start(&g, dom_a, 2, pages);
	g.handle = record;
	order_count = 0;
}

static u32 ipi(unsigned int vcpu)
{
	u32 p;

	assert_int_equal(bind_ipi(vcpu, &p), 0);
	return p;
}

/* An IPI port, unmasked. */
static u32 open_ipi(unsigned int vcpu, u32 priority)
{
	u32 p = ipi(vcpu);

	assert_int_equal(fifo_call_priority(p, priority), 0);
	fifo_unmask_port(&g, p);
	return p;
}

static void expect_order(unsigned int vcpu, const u32 *ports, u32 count)
{
	order_count = 0;
	fifo_consume(&g, vcpu);
	assert_int_equal(order_count, count);
	for (u32 i = 0; i < count; i++) {
		assert_int_equal(order[i], ports[i]);
	}
}
#define EXPECT(vcpu, ...)                                \
	expect_order((vcpu), (const u32[]){__VA_ARGS__}, \
		     sizeof((const u32[]){__VA_ARGS__}) / sizeof(u32))
#define EXPECT_NONE(vcpu) expect_order((vcpu), NULL, 0)

static bool upcall(unsigned int vcpu)
{
	return dom_a->vcpu[vcpu]->info->evtchn_upcall_pending;
}

/* --- The calls --- */

static void wrong_init(void **state)
{
	mfn_t m = fake_frame(dom_a), foreign = fake_frame(dom_b), table = fake_frame(dom_a);
	size_t bytes = fake_heap_bytes;

	fake_set_kind(table, FT_L1);
	assert_int_equal(fifo_call_init(&g, 2, m, 0), -ENOENT);
	assert_int_equal(fifo_call_init(&g, ~0u, m, 0), -ENOENT);
	assert_int_equal(fifo_call_init(&g, 0, m, PAGE_SIZE - 64), -EINVAL);
	assert_int_equal(fifo_call_init(&g, 0, m, ~7u), -EINVAL);
	assert_int_equal(fifo_call_init(&g, 0, m, 4), -EINVAL);
	assert_int_equal(fifo_call_init(&g, 0, foreign, 0), -EINVAL);
	assert_int_equal(fifo_call_init(&g, 0, table, 0), -EINVAL);
	assert_int_equal(fifo_call_init(&g, 0, _mfn(0), 0), -EINVAL);
	assert_int_equal(fifo_call_init(&g, 0, _mfn(~0ull), 0), -EINVAL);
	fake_heap_left = 0;
	assert_int_equal(fifo_call_init(&g, 0, m, 0), -ENOMEM);
	fake_heap_left = -1;
	/* None of them changed anything. */
	assert_int_equal(fake_heap_bytes, bytes);
	assert_true(!fake_refs(m) && !fake_writers(m) && !fake_refs(table) && !fake_refs(foreign));
	assert_int_equal(fifo_call_expand(m), -EOPNOTSUPP);
	assert_int_equal(fifo_call_priority(ipi(0), 3), -ENOSYS);
	assert_int_equal(fifo_call_priority(~0u, 3), -EINVAL);
	/* The last place in a page; once a vcpu; a page may be the home of several. */
	assert_int_equal(fifo_call_init(&g, 0, m, PAGE_SIZE - 72), 0);
	assert_int_equal(fifo_call_init(&g, 0, m, 0), -EINVAL);
	assert_int_equal(fake_refs(m), 1);
	assert_int_equal(fifo_call_init(&g, 1, m, 0), 0);
	assert_int_equal(fake_writers(m), 2);
	fake_set_kind(table, FT_NONE);
	assert_int_equal(reset_domain(DOMID_SELF), 0);
	assert_true(!fake_refs(m) && !fake_writers(m));
}

static void wrong_expand(void **state)
{
	mfn_t m = fake_frame(dom_a), foreign = fake_frame(dom_b);
	u32 p;

	guest_start(0);
	assert_int_equal(fifo_call_expand(foreign), -EINVAL);
	assert_int_equal(fifo_call_expand(_mfn(1ull << 52)), -EINVAL);
	fake_heap_left = 0;
	assert_int_equal(fifo_call_expand(m), -ENOMEM);
	fake_heap_left = -1;
	assert_int_equal(fake_refs(m), 0);
	p = ipi(0);
	assert_int_equal(unmask_port(p), 0); /* no word: nothing happens */
	for (unsigned int i = 0; i < 128; i++) {
		fifo_guest_expand(&g);
	}
	assert_int_equal(fifo_call_expand(m), -ENOSPC);
	assert_int_equal(fake_refs(m), 0);
	assert_int_equal(fifo_call_priority(p, 15), 0);
	assert_int_equal(fifo_call_priority(p, 16), -EINVAL);
	assert_int_equal(fifo_call_priority(p + 1, 0), -EINVAL);
	assert_int_equal(fifo_call_priority(EVTCHN_FIFO_NR_CHANNELS, 0), -EINVAL);
}

static void small_domain(void **state)
{
	struct domain *c = fake_domain(2, 1);
	struct fifo_guest small;

	c->config_max_evtchn_port = 1030;
	assert_int_equal(evtchn_domain_create(c), 0);
	fake_run(c, 0);
	fifo_guest_start(&small, c, 1, 2);
	assert_int_equal(fifo_call_expand(fake_frame(c)), -ENOSPC);
	for (u32 p = 1; p <= 1030; p++) {
		assert_int_equal(ipi(0), p);
	}
	assert_int_equal(bind_ipi(0, &(u32){0}), -ENOSPC);
	assert_int_equal(send_port(1030), 0);
	assert_int_equal(*fifo_word(&small, 1030), FIFO_MASKED | FIFO_PENDING);
	fake_run(dom_a, 0);
	c->dying = DOMAIN_DYING;
	assert_int_equal(evtchn_domain_destroy(c), 0);
	fifo_guest_check_released(&small);
	fake_run(c, 0);
	assert_int_equal(fifo_call_init(&small, 0, small.control_mfn[0], 0), -EINVAL);
	fake_run(dom_a, 0);
	fake_domain_gone(c);
}

/* More ports than two levels have, and a reset that gives way. */
static void all_ports(void **state)
{
	const u32 last = EVTCHN_FIFO_NR_CHANNELS - 1;
	u32 rounds = 0, p;

	guest_start(128);
	for (u32 i = 1; i <= last; i++) {
		assert_int_equal(bind_ipi(1, &p), 0);
		assert_int_equal(p, i);
	}
	assert_int_equal(bind_ipi(0, &p), -ENOSPC);
	fifo_unmask_port(&g, last);
	assert_int_equal(send_port(last), 0);
	EXPECT(1, last);
	fake_preempt_every = 1000;
	do {
		fake_continued = 0;
		assert_true(reset_domain(DOMID_SELF) >= 0);
		rounds++;
	} while (fake_continued);
	fake_preempt_every = 0;
	assert_true(rounds > 5);
	fifo_guest_check_released(&g);
	/* Two levels again, with its limit. */
	for (u32 i = 1; i < 4096; i++) {
		assert_int_equal(bind_ipi(1, &p), 0);
	}
	assert_int_equal(bind_ipi(0, &p), -ENOSPC);
	assert_int_equal(unmask_port(last), 0);
	assert_false(evtchn_pending(dom_a, last));
	assert_int_equal(send_port(last), -EINVAL);
}

/* --- Events --- */

static void order_of_events(void **state)
{
	u32 low, mid1, mid2, high;

	guest_start(1);
	low = open_ipi(0, 15);
	mid1 = ipi(0); /* the default is 7 */
	fifo_unmask_port(&g, mid1);
	mid2 = open_ipi(0, 7);
	high = open_ipi(0, 0);
	fake_kicks = 0;
	fake_run(dom_a, 1);
	assert_int_equal(send_port(low), 0);
	assert_true(upcall(0) && !upcall(1));
	assert_int_equal(fake_kicks, 1);
	assert_int_equal(send_port(mid2), 0);
	assert_int_equal(send_port(mid1), 0);
	assert_int_equal(send_port(mid2), 0); /* keeps its place */
	assert_int_equal(send_port(high), 0);
	assert_int_equal(fake_kicks, 1); /* it was told already */
	EXPECT(0, high, mid2, mid1, low);
	EXPECT_NONE(0);
	assert_int_equal(send_port(mid1), 0); /* again, on a queue that became empty */
	assert_int_equal(fake_kicks, 2);
	EXPECT(0, mid1);
	assert_int_equal(*fifo_word(&g, mid1), 0);
	/* A guest in the middle of its queue finds what comes behind. */
	u32 ready = 0;

	assert_int_equal(send_port(mid1), 0);
	assert_int_equal(send_port(mid2), 0);
	assert_true(fifo_consume_one(&g, 0, &ready));
	assert_int_equal(send_port(mid1), 0);
	assert_true(fifo_consume_one(&g, 0, &ready) && fifo_consume_one(&g, 0, &ready));
	assert_false(fifo_consume_one(&g, 0, &ready));
}

static void masking(void **state)
{
	u32 p;

	guest_start(1);
	p = ipi(0);
	assert_int_equal(send_port(p), 0);
	assert_int_equal(*fifo_word(&g, p), FIFO_PENDING | FIFO_MASKED);
	assert_false(upcall(0));
	fifo_unmask_port(&g, p);
	assert_true(upcall(0));
	EXPECT(0, p);
	/* Masked while on its queue: taken off, not handled, and comes with unmasking. */
	assert_int_equal(send_port(p), 0);
	fifo_mask(&g, p);
	EXPECT_NONE(0);
	fifo_unmask_port(&g, p);
	EXPECT(0, p);
	/* Masked and unmasked again while on its queue: handled once. */
	assert_int_equal(send_port(p), 0);
	fifo_mask(&g, p);
	fifo_unmask_port(&g, p);
	EXPECT(0, p);
	/* Older kernels unmask themselves and call afterwards. */
	fifo_mask(&g, p);
	assert_int_equal(send_port(p), 0);
	__atomic_fetch_and(fifo_word(&g, p), ~FIFO_MASKED, __ATOMIC_SEQ_CST);
	assert_false(upcall(0));
	assert_int_equal(unmask_port(p), 0);
	EXPECT(0, p);
	/* What the guest cleared itself is not handled. */
	assert_int_equal(send_port(p), 0);
	assert_true(fifo_clear(&g, p));
	EXPECT_NONE(0);
	/* unmask of what is not pending. */
	fifo_mask(&g, p);
	assert_int_equal(unmask_port(p), 0);
	assert_int_equal(*fifo_word(&g, p), 0);
	assert_false(upcall(0));
}

static void priority_changes(void **state)
{
	u32 p, q, r;

	guest_start(1);
	p = open_ipi(0, 5);
	q = open_ipi(0, 5);
	r = open_ipi(0, 3);
	/* On a queue: it stays there, the next event goes to the new one. */
	assert_int_equal(send_port(p), 0);
	assert_int_equal(fifo_call_priority(p, 2), 0);
	assert_int_equal(send_port(r), 0);
	EXPECT(0, r, p);
	/* p was the tail of 5 and goes to 2: 5 must not be continued behind it. */
	assert_int_equal(send_port(p), 0);
	assert_int_equal(send_port(q), 0);
	assert_int_equal(send_port(r), 0);
	EXPECT(0, p, r, q);
	/* And back, with the other one in between. */
	assert_int_equal(fifo_call_priority(p, 5), 0);
	assert_int_equal(send_port(q), 0);
	assert_int_equal(send_port(p), 0);
	EXPECT(0, q, p);
	/* A closed port's successor begins with the default. */
	assert_int_equal(close_port(p), 0);
	assert_int_equal(ipi(0), p);
	fifo_unmask_port(&g, p);
	assert_int_equal(send_port(p), 0);
	assert_int_equal(send_port(q), 0);
	EXPECT(0, q, p);
}

/* An unbound pair; sending on *from raises the returned one. */
static u32 open_pair(u32 *from)
{
	u32 p;

	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &p), 0);
	assert_int_equal(bind_interdomain(DOMID_SELF, p, from), 0);
	fifo_clear(&g, *from);
	fifo_unmask_port(&g, p);
	return p;
}

static void vcpu_changes(void **state)
{
	u32 from_p, from_q, p, q;

	guest_start(1);
	p = open_pair(&from_p);
	q = open_pair(&from_q);
	assert_int_equal(send_port(from_q), 0);
	assert_int_equal(send_port(from_p), 0);
	assert_int_equal(bind_vcpu(p, 1), 0);
	EXPECT(0, q, p); /* it was on its way */
	assert_int_equal(send_port(from_p), 0);
	assert_int_equal(send_port(from_q), 0);
	EXPECT(1, p);
	EXPECT(0, q);
	assert_int_equal(bind_vcpu(p, 0), 0);
	assert_int_equal(bind_vcpu(q, 1), 0);
	assert_int_equal(fifo_call_priority(q, 1), 0);
	assert_int_equal(send_port(from_q), 0);
	assert_int_equal(send_port(from_p), 0);
	EXPECT(0, p);
	EXPECT(1, q);
	/* Priority and vcpu outlive the peer's closing and coming back. */
	assert_int_equal(close_port(from_q), 0);
	assert_int_equal(bind_interdomain(DOMID_SELF, q, &from_q), 0);
	assert_int_equal(bind_vcpu(p, 1), 0);
	assert_int_equal(send_port(from_p), 0);
	assert_int_equal(send_port(from_q), 0);
	EXPECT(1, q, p);
}

static void missing_control_block(void **state)
{
	u32 p;

	fifo_guest_start(&g, dom_a, 1, 1);
	g.handle = record;
	p = ipi(1);
	fifo_unmask_port(&g, p);
	assert_int_equal(send_port(p), 0); /* the guest should not have unmasked it */
	assert_int_equal(*fifo_word(&g, p), FIFO_PENDING);
	fifo_guest_control(&g, 1);
	assert_int_equal(unmask_port(p), 0);
	EXPECT(1, p);
}

/* What is pending before its word is there comes when it is there. */
static void early_events(void **state)
{
	u32 port[6];

	for (unsigned int i = 0; i < 6; i++) {
		port[i] = ipi(i % 2);
	}
	assert_int_equal(send_port(port[0]), 0);
	assert_int_equal(send_port(port[1]), 0);
	guest_start(0);
	assert_true(evtchn_pending(dom_a, port[0]));
	assert_false(pending(dom_a, port[0])); /* no bit is left behind */
	assert_int_equal(send_port(port[2]), 0);
	assert_int_equal(send_port(port[3]), 0);
	assert_true(evtchn_pending(dom_a, port[2]));
	assert_int_equal(close_port(port[1]), 0);
	assert_int_equal(close_port(port[3]), 0);
	assert_int_equal(ipi(1), port[1]); /* a new port has nothing of the old one's */
	fifo_guest_expand(&g);
	for (unsigned int i = 0; i < 6; i++) {
		bool come = i == 0 || i == 2;

		assert_int_equal(*fifo_word(&g, port[i]), FIFO_MASKED | (come ? FIFO_PENDING : 0));
		fifo_unmask_port(&g, port[i]);
	}
	EXPECT(0, port[0], port[2]);
	EXPECT_NONE(1);
}

/* Words that are not masked when they are given: events come at once. */
static void early_unmasked(void **state)
{
	mfn_t m = fake_frame(dom_a);
	u32 p = ipi(0);

	guest_start(0);
	assert_int_equal(send_port(p), 0);
	g.array_mfn[g.array_pages++] = m;
	assert_int_equal(fifo_call_expand(m), 0);
	assert_true(upcall(0));
	EXPECT(0, p);
}

static void linked_ports_wait(void **state)
{
	u32 p, q;

	guest_start(1);
	p = open_ipi(0, 7);
	assert_int_equal(send_port(p), 0);
	assert_int_equal(close_port(p), 0);
	assert_int_equal(*fifo_word(&g, p), FIFO_LINKED); /* a tail, still */
	q = ipi(0);
	assert_int_not_equal(q, p);
	fifo_unmask_port(&g, q);
	assert_int_equal(send_port(q), 0); /* linked behind the closed one */
	EXPECT(0, q);
	assert_int_equal(ipi(1), p);
	fifo_unmask_port(&g, p);
	assert_int_equal(send_port(p), 0);
	EXPECT_NONE(0);
	EXPECT(1, p);
}

static void reset_and_again(void **state)
{
	u32 p;

	guest_start(2);
	p = open_ipi(0, 7);
	assert_int_equal(send_port(p), 0);
	assert_int_equal(reset_domain(DOMID_SELF), 0);
	fifo_guest_check_released(&g);
	assert_int_equal(evtchn_count(dom_a), 0);
	clear_shared(dom_a);
	p = ipi(0);
	assert_int_equal(send_port(p), 0);
	assert_true(pending(dom_a, p) && upcall(0));
	assert_int_equal(fifo_call_priority(p, 1), -ENOSYS);
	assert_int_equal(fifo_call_expand(g.array_mfn[0]), -EOPNOTSUPP);
	/* The tools may do it to a guest they hold, whoever runs. */
	assert_int_equal(close_port(p), 0);
	guest_start(1);
	p = open_ipi(0, 7);
	dom_a->pause_count = 1;
	assert_int_equal(reset_domain(0), 0);
	dom_a->pause_count = 0;
	fifo_guest_check_released(&g);
	guest_start(1);
	p = open_ipi(1, 7);
	assert_int_equal(send_port(p), 0);
	EXPECT(1, p);
	evtchn_dump(dom_a);
}

static void polling(void **state)
{
	evtchn_port_t port;
	struct sched_poll arg = {.nr_ports = 1};
	struct vcpu *v = dom_a->vcpu[0];

	arg.ports.p = &port;
	guest_start(0);
	port = ipi(0);
	for (unsigned int page = 0; page < 2; page++) { /* without a word, and masked */
		fake_run(dom_a, 0);
		assert_int_equal(do_sched_op(SCHEDOP_poll, (guest_ptr_t)&arg), 0);
		assert_true(v->polling);
		fake_run(dom_a, 1);
		assert_int_equal(send_port(port), 0);
		assert_false(v->polling);
		fake_run(dom_a, 0);
		assert_int_equal(do_sched_op(SCHEDOP_poll, (guest_ptr_t)&arg), 0);
		assert_false(v->polling); /* pending */
		if (page == 0) {
			fifo_guest_expand(&g);
			assert_true(fifo_clear(&g, port));
		}
	}
}

/* A domain with queues and one with two levels; all kinds of channels. */
static void kinds(void **state)
{
	evtchn_status_t s;
	u32 pa, pb, virq, pirq;

	guest_start(1);
	assert_int_equal(alloc_unbound(DOMID_SELF, 1, &pa), 0);
	fake_run(dom_b, 0);
	assert_int_equal(bind_interdomain(0, pa, &pb), 0);
	assert_true(pending(dom_b, pb));
	clear_shared(dom_b);
	fake_run(dom_a, 0);
	fifo_unmask_port(&g, pa);
	assert_int_equal(bind_virq(VIRQ_TIMER, 1, &virq), 0);
	assert_int_equal(bind_pirq(3, 0, &pirq), 0);
	fifo_unmask_port(&g, virq);
	fifo_unmask_port(&g, pirq);
	evtchn_send_virq(dom_a->vcpu[1], VIRQ_TIMER);
	evtchn_raise(dom_a, pirq);
	fake_run(dom_b, 0);
	assert_int_equal(send_port(pb), 0);
	fake_run(dom_a, 0);
	assert_int_equal(send_port(pa), 0);
	assert_true(pending(dom_b, pb) && dom_b->vcpu[0]->info->evtchn_upcall_pending);
	EXPECT(0, pirq, pa);
	EXPECT(1, virq);
	assert_int_equal(fifo_call_priority(pirq, 0), 0);
	assert_int_equal(get_status(DOMID_SELF, pirq, &s), 0);
	assert_true(s.status == EVTCHNSTAT_pirq && s.vcpu == 0 && s.u.pirq == 3);
	assert_int_equal(get_status(DOMID_SELF, pa, &s), 0);
	assert_true(s.u.interdomain.dom == 1 && s.u.interdomain.port == pb);
	evtchn_dump(dom_a);
}

/* --- Random steps against a model --- */

#define M_PORTS  14u
#define M_QUEUES EVTCHN_FIFO_MAX_QUEUES

struct m_queue {
	u32 port[M_PORTS + 1], count;
};
static struct m_port {
	bool open, pending, masked, linked;
	unsigned int vcpu, priority;
	u32 from; /* sending there raises it */
} m_port[2 * M_PORTS + 2];
static struct m_queue m_queue[2][M_QUEUES];
static u32 m_ready[2];

static void m_link(u32 p)
{
	struct m_port *m = &m_port[p];
	struct m_queue *q = &m_queue[m->vcpu][m->priority];

	if (m->pending && !m->masked && !m->linked) {
		m->linked = true;
		q->port[q->count++] = p;
	}
}

static u32 m_handled;

static void m_handle(struct fifo_guest *guest, unsigned int vcpu, u32 port)
{
	m_handled = port;
	fifo_clear(guest, port);
}

/* The guest takes one event; it is the model's first of the first queue that is not empty. */
static void m_consume(unsigned int vcpu)
{
	unsigned int n = 0;
	struct m_queue *q = m_queue[vcpu];
	struct m_port *m;

	while (n < M_QUEUES && !q[n].count) {
		n++;
	}
	m_handled = 0;
	assert_int_equal(fifo_consume_one(&g, vcpu, &m_ready[vcpu]), n < M_QUEUES);
	if (n == M_QUEUES) {
		assert_int_equal(m_ready[vcpu], 0);
		dom_a->vcpu[vcpu]->info->evtchn_upcall_pending = 0;
		return;
	}
	m = &m_port[q[n].port[0]];
	m->linked = false;
	assert_int_equal(m_handled, m->pending && !m->masked ? q[n].port[0] : 0);
	if (m_handled) {
		m->pending = false;
	}
	q[n].count--;
	memmove(q[n].port, q[n].port + 1, q[n].count * sizeof(u32));
}

static void m_compare(void)
{
	for (u32 p = 1; p < ARRAY_SIZE(m_port); p++) {
		const struct m_port *m = &m_port[p];
		u32 w = *fifo_word(&g, p);

		if (m->from || m->linked) {
			assert_int_equal(!!(w & FIFO_PENDING), m->pending);
			assert_int_equal(!!(w & FIFO_MASKED), m->masked);
			assert_int_equal(!!(w & FIFO_LINKED), m->linked);
			assert_int_equal(evtchn_pending(dom_a, p), m->pending);
		}
	}
	for (unsigned int v = 0; v < 2; v++) {
		u32 events = 0;

		for (unsigned int n = 0; n < M_QUEUES; n++) {
			events += m_queue[v][n].count;
		}
		/* Whoever has events was told, unless it is at work on them. */
		assert_true(!events || m_ready[v] || upcall(v));
	}
}

static void m_step(u32 p)
{
	struct m_port *m = &m_port[p];

	switch (rnd(9)) {
	case 0:
	case 1:
		assert_int_equal(send_port(m->from), 0);
		m->pending = true;
		m_link(p);
		break;
	case 2:
		fifo_mask(&g, p);
		m->masked = true;
		break;
	case 3:
		fifo_unmask_port(&g, p);
		m->masked = false;
		m_link(p);
		break;
	case 4:
		assert_int_equal(fifo_clear(&g, p), m->pending);
		m->pending = false;
		break;
	case 5:
		m->priority = rnd(3) * 7;
		assert_int_equal(fifo_call_priority(p, m->priority), 0);
		break;
	case 6:
		m->vcpu = rnd(2);
		assert_int_equal(bind_vcpu(p, m->vcpu), 0);
		break;
	default:
		m_consume(rnd(2));
	}
}

/* Closes a port, and opens the one that the rule says: the lowest free one that is on no queue. */
static void m_reopen(u32 p)
{
	u32 want = 1, got, from = m_port[p].from;

	assert_int_equal(close_port(p), 0);
	fifo_mask(&g, p); /* the next may be a far end, whose first event is not looked at */
	m_port[p].masked = true;
	m_port[p].from = 0;
	m_port[p].open = m_port[p].pending = false;
	while (m_port[want].open || m_port[want].linked) {
		want++;
	}
	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &got), 0);
	assert_int_equal(got, want);
	/* The far end is unbound now: it goes, to come back as the new one's. */
	assert_int_equal(close_port(from), 0);
	m_port[from].open = false;
	m_port[want] = (struct m_port){
		.open = true, .masked = *fifo_word(&g, want) & FIFO_MASKED, .priority = 7};
	assert_int_equal(bind_interdomain(DOMID_SELF, want, &m_port[want].from), 0);
	m_port[m_port[want].from].open = true;
	fifo_clear(&g, m_port[want].from);
}

static void random_steps(void **state)
{
	guest_start(1);
	g.handle = m_handle;
	memset(m_port, 0, sizeof(m_port));
	memset(m_queue, 0, sizeof(m_queue));
	memset(m_ready, 0, sizeof(m_ready));
	for (unsigned int i = 0; i < M_PORTS / 2; i++) {
		u32 from, p = open_pair(&from);

		m_port[p] = (struct m_port){.open = true, .priority = 7, .from = from};
		m_port[from].open = true;
	}
	for (unsigned int i = 0; i < 400000; i++) {
		u32 p = 1 + rnd(ARRAY_SIZE(m_port) - 1);

		fake_run(dom_a, rnd(2));
		if (m_port[p].from) {
			if (rnd(100) == 0) {
				m_reopen(p);
			} else {
				m_step(p);
			}
		}
		m_compare();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_init),       TEST(wrong_expand),    TEST(small_domain),
		TEST(all_ports),        TEST(order_of_events), TEST(masking),
		TEST(priority_changes), TEST(vcpu_changes),    TEST(missing_control_block),
		TEST(early_events),     TEST(early_unmasked),  TEST(linked_ports_wait),
		TEST(reset_and_again),  TEST(polling),         TEST(kinds),
		TEST(random_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

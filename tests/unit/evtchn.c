/* SPDX-License-Identifier: MIT */
/*
 * Event channels and sched_op: every operation rightly, wrongly and without permission; random
 * steps against a model; senders racing with closing and dying domains.
 */
#include "unit.h"
#include <xen/sched.h>
#include <xen/event_channel.h>
#include "event/event.h"
#include "domain/continuation.h"
#include "lib/lib.h"

/* --- What event/ calls and this test watches --- */

static int pirq_rc;
static u32 pirq_port[8];
static struct domain *shut_domain;
static int shut_code = -1;
static unsigned int yields, blocks;

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

void pirq_unbind_port(struct domain *d, u32 pirq)
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

static long op(unsigned int cmd, void *arg)
{
	return do_event_channel_op(cmd, (guest_ptr_t)arg);
}

static long alloc_unbound(domid_t dom, domid_t remote, u32 *port)
{
	evtchn_alloc_unbound_t a = {.dom = dom, .remote_dom = remote};
	long rc = op(EVTCHNOP_alloc_unbound, &a);

	*port = a.port;
	return rc;
}

static long bind_interdomain(domid_t dom, u32 rport, u32 *port)
{
	evtchn_bind_interdomain_t a = {.remote_dom = dom, .remote_port = rport};
	long rc = op(EVTCHNOP_bind_interdomain, &a);

	*port = a.local_port;
	return rc;
}

static long bind_virq(u32 virq, u32 vcpu, u32 *port)
{
	evtchn_bind_virq_t a = {.virq = virq, .vcpu = vcpu};
	long rc = op(EVTCHNOP_bind_virq, &a);

	*port = a.port;
	return rc;
}

static long bind_ipi(u32 vcpu, u32 *port)
{
	evtchn_bind_ipi_t a = {.vcpu = vcpu};
	long rc = op(EVTCHNOP_bind_ipi, &a);

	*port = a.port;
	return rc;
}

static long bind_pirq(u32 pirq, u32 flags, u32 *port)
{
	evtchn_bind_pirq_t a = {.pirq = pirq, .flags = flags};
	long rc = op(EVTCHNOP_bind_pirq, &a);

	*port = a.port;
	return rc;
}

static long bind_vcpu(u32 port, u32 vcpu)
{
	evtchn_bind_vcpu_t a = {.port = port, .vcpu = vcpu};

	return op(EVTCHNOP_bind_vcpu, &a);
}

static long close_port(u32 port)
{
	evtchn_close_t a = {port};

	return op(EVTCHNOP_close, &a);
}

static long send_port(u32 port)
{
	evtchn_send_t a = {port};

	return op(EVTCHNOP_send, &a);
}

static long unmask_port(u32 port)
{
	evtchn_unmask_t a = {port};

	return op(EVTCHNOP_unmask, &a);
}

static long get_status(domid_t dom, u32 port, evtchn_status_t *s)
{
	*s = (evtchn_status_t){.dom = dom, .port = port};
	return op(EVTCHNOP_status, s);
}

static long reset_domain(domid_t dom)
{
	evtchn_reset_t a = {dom};

	return op(EVTCHNOP_reset, &a);
}

static bool pending(struct domain *d, u32 port)
{
	return bit_test(d->shared->evtchn_pending, port);
}

static void clear(struct domain *d)
{
	memset(d->shared, 0, sizeof(*d->shared));
}

/* --- Two domains, 0 privileged --- */

static struct domain *a, *b;

static int start(void **state)
{
	fake_reset();
	fake_domain_free = evtchn_domain_free;
	a = fake_domain(0, 2);
	b = fake_domain(1, 40);
	assert_int_equal(evtchn_domain_create(a), 0);
	assert_int_equal(evtchn_domain_create(b), 0);
	fake_run(a, 0);
	shut_code = -1;
	pirq_rc = 0;
	return 0;
}

static void end_domain(struct domain *d)
{
	d->dying = DOMAIN_DYING;
	while (evtchn_domain_destroy(d) == -ERESTART) {
	}
	assert_int_equal(evtchn_count(d), 0);
	fake_domain_gone(d);
}

static int stop(void **state)
{
	end_domain(b);
	end_domain(a);
	assert_int_equal(fake_heap_bytes, 0);
	return 0;
}

static void interdomain_life(void **state)
{
	evtchn_status_t s;
	u32 pa, pb, other;

	assert_int_equal(alloc_unbound(DOMID_SELF, 1, &pa), 0);
	assert_true(pa > 0);
	fake_run(b, 0);
	assert_int_equal(bind_interdomain(0, pa, &pb), 0);
	assert_true(pending(b, pb)); /* the first event comes by itself */
	assert_false(pending(a, pa));
	clear(b);
	fake_kicks = 0;
	assert_int_equal(send_port(pb), 0);
	assert_true(pending(a, pa));
	assert_int_equal(a->vcpu[0]->info->evtchn_pending_sel, 1ul << pa / 64);
	assert_int_equal(a->vcpu[0]->info->evtchn_upcall_pending, 1);
	assert_int_equal(fake_kicks, 1);
	assert_int_equal(send_port(pb), 0); /* pending already: nobody is woken again */
	assert_int_equal(fake_kicks, 1);

	assert_int_equal(get_status(DOMID_SELF, pb, &s), 0);
	assert_int_equal(s.status, EVTCHNSTAT_interdomain);
	assert_int_equal(s.u.interdomain.dom, 0);
	assert_int_equal(s.u.interdomain.port, pa);

	/* Bound ports cannot be bound again. */
	assert_int_equal(bind_interdomain(0, pa, &other), -EINVAL);

	/* The peer's end goes back to waiting for us, with nothing pending on the closed one. */
	bit_test_and_set(b->shared->evtchn_pending, pb);
	assert_int_equal(close_port(pb), 0);
	assert_false(pending(b, pb));
	assert_int_equal(close_port(pb), -EINVAL);
	fake_run(a, 0);
	assert_int_equal(get_status(DOMID_SELF, pa, &s), 0);
	assert_int_equal(s.status, EVTCHNSTAT_unbound);
	assert_int_equal(s.u.unbound.dom, 1);
	assert_int_equal(send_port(pa), 0); /* nobody there: silence */
	fake_run(b, 0);
	assert_int_equal(bind_interdomain(0, pa, &pb), 0);
}

static void loopback(void **state)
{
	evtchn_status_t s;
	u32 p, q;

	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &p), 0);
	assert_int_equal(bind_interdomain(DOMID_SELF, p, &q), 0);
	clear(a);
	assert_int_equal(send_port(p), 0);
	assert_true(pending(a, q) && !pending(a, p));
	assert_int_equal(close_port(p), 0);
	assert_int_equal(get_status(DOMID_SELF, q, &s), 0);
	assert_int_equal(s.status, EVTCHNSTAT_unbound);
	assert_int_equal(evtchn_count(a), 1);
}

static void masks(void **state)
{
	u32 p, q;

	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &p), 0);
	assert_int_equal(bind_interdomain(DOMID_SELF, p, &q), 0);
	assert_int_equal(bind_vcpu(q, 1), 0);
	clear(a);
	bit_test_and_set(a->shared->evtchn_mask, q);
	assert_int_equal(send_port(p), 0);
	assert_true(pending(a, q));
	assert_int_equal(a->vcpu[1]->info->evtchn_upcall_pending, 0);
	assert_int_equal(unmask_port(q), 0);
	assert_false(bit_test(a->shared->evtchn_mask, q));
	assert_int_equal(a->vcpu[1]->info->evtchn_upcall_pending, 1);
	assert_int_equal(a->vcpu[1]->info->evtchn_pending_sel, 1);
	assert_int_equal(a->vcpu[0]->info->evtchn_upcall_pending, 0);
	assert_true(vcpu_event_deliverable(a->vcpu[1]));
	a->vcpu[1]->info->evtchn_upcall_mask = 1;
	assert_false(vcpu_event_deliverable(a->vcpu[1]));
}

static void virqs(void **state)
{
	evtchn_status_t s;
	u32 p, q, g;

	fake_run(b, 0);
	assert_int_equal(bind_virq(VIRQ_TIMER, 0, &p), 0);
	assert_int_equal(bind_virq(VIRQ_TIMER, 39, &q), 0);
	assert_int_equal(bind_virq(VIRQ_TIMER, 39, &g), -EEXIST);
	clear(b);
	b->vcpu[39]->info = &b->shared->vcpu_info[31];
	evtchn_send_virq(b->vcpu[39], VIRQ_TIMER);
	assert_true(pending(b, q) && !pending(b, p));
	evtchn_send_virq(b->vcpu[38], VIRQ_TIMER); /* not bound there */
	assert_int_equal(bind_vcpu(q, 0), -EINVAL);
	assert_int_equal(close_port(q), 0);
	clear(b);
	evtchn_send_virq(b->vcpu[39], VIRQ_TIMER);
	assert_false(pending(b, q));
	assert_int_equal(bind_virq(VIRQ_TIMER, 39, &q), 0);

	/* Global ones stand at vcpu 0, go to dom0 whoever else binds them, and may move. */
	assert_int_equal(bind_virq(VIRQ_DOM_EXC, 1, &g), -EINVAL);
	assert_int_equal(bind_virq(VIRQ_DOM_EXC, 0, &g), 0);
	assert_int_equal(bind_vcpu(g, 3), 0);
	assert_int_equal(get_status(DOMID_SELF, g, &s), 0);
	assert_int_equal(s.u.virq, VIRQ_DOM_EXC);
	assert_int_equal(s.vcpu, 3);
	fake_run(a, 0);
	assert_int_equal(bind_virq(VIRQ_DOM_EXC, 0, &p), 0);
	clear(a);
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	assert_true(pending(a, p));
	assert_false(pending(b, g));
}

static void pirqs(void **state)
{
	u32 p, q;

	assert_int_equal(bind_pirq(4, 1, &p), 0);
	assert_int_equal(pirq_port[4], p);
	clear(a);
	evtchn_raise(a, p);
	assert_true(pending(a, p));
	assert_int_equal(unmask_port(p), 0);
	assert_int_equal(bind_pirq(9, 0, &q), -EINVAL);
	assert_int_equal(bind_pirq(5, 2, &q), -EINVAL);
	pirq_rc = -EEXIST;
	assert_int_equal(bind_pirq(5, 0, &q), -EEXIST);
	assert_int_equal(evtchn_count(a), 1);
	assert_int_equal(close_port(p), 0);
	assert_int_equal(pirq_port[4], 0);
	clear(a);
	evtchn_raise(a, p); /* a late interrupt */
	assert_false(pending(a, p));
	evtchn_raise(a, 5000);
}

static void ipis(void **state)
{
	u32 p;

	assert_int_equal(bind_ipi(1, &p), 0);
	clear(a);
	assert_int_equal(send_port(p), 0);
	assert_true(pending(a, p));
	assert_int_equal(a->vcpu[1]->info->evtchn_upcall_pending, 1);
	assert_int_equal(bind_ipi(2, &p), -ENOENT);
	assert_int_equal(bind_vcpu(p, 0), -EINVAL);
}

static void wrong_arguments(void **state)
{
	evtchn_status_t s;
	u32 p;

	for (unsigned int cmd = 0; cmd < 20; cmd++) {
		bool known = cmd <= EVTCHNOP_reset;

		assert_int_equal(do_event_channel_op(cmd, 0), known ? -EFAULT : -ENOSYS);
	}
	assert_int_equal(do_event_channel_op(~0u, 0), -ENOSYS);
	for (u32 bad = 4095; bad < 4100; bad++) {
		assert_int_equal(send_port(bad), -EINVAL);
		assert_int_equal(close_port(bad), -EINVAL);
		assert_int_equal(unmask_port(bad), -EINVAL);
		assert_int_equal(bind_vcpu(bad, 0), -EINVAL);
		assert_int_equal(get_status(DOMID_SELF, bad, &s), -EINVAL);
	}
	assert_int_equal(send_port(0), -EINVAL);
	assert_int_equal(close_port(0), -EINVAL);
	assert_int_equal(send_port(~0u), -EINVAL);
	assert_int_equal(alloc_unbound(7, 1, &p), -ESRCH);
	assert_int_equal(alloc_unbound(DOMID_IO, 1, &p), -ESRCH);
	assert_int_equal(bind_interdomain(7, 1, &p), -ESRCH);
	assert_int_equal(bind_interdomain(1, 1, &p), -EINVAL);
	assert_int_equal(bind_virq(24, 0, &p), -EINVAL);
	assert_int_equal(bind_virq(~0u, 0, &p), -EINVAL);
	assert_int_equal(bind_virq(VIRQ_TIMER, 2, &p), -ENOENT);
	assert_int_equal(bind_virq(VIRQ_TIMER, ~0u, &p), -ENOENT);
	assert_int_equal(bind_vcpu(1, 2), -ENOENT);
	assert_int_equal(reset_domain(7), -ESRCH);
	assert_int_equal(reset_domain(1), -EINVAL); /* it runs */
	/* A port that is waiting for another domain is not ours to bind. */
	assert_int_equal(alloc_unbound(DOMID_SELF, 5, &p), 0);
	fake_run(b, 0);
	assert_int_equal(bind_interdomain(0, p, &p), -EINVAL);
}

static void permissions(void **state)
{
	evtchn_status_t s;
	u32 p;

	assert_int_equal(alloc_unbound(1, 0, &p), 0);
	assert_int_equal(get_status(1, p, &s), 0);
	fake_run(b, 0);
	assert_int_equal(alloc_unbound(0, 1, &p), -EPERM);
	assert_int_equal(get_status(0, 1, &s), -EPERM);
	assert_int_equal(reset_domain(0), -EPERM);
}

static void limits(void **state)
{
	struct domain *c = fake_domain(2, 1);
	u32 p;

	c->config_max_evtchn_port = 70;
	assert_int_equal(evtchn_domain_create(c), 0);
	fake_run(c, 0);
	for (unsigned int i = 0; i < 70; i++) {
		assert_int_equal(alloc_unbound(DOMID_SELF, 0, &p), 0);
		assert_int_equal(p, i + 1);
	}
	assert_int_equal(alloc_unbound(DOMID_SELF, 0, &p), -ENOSPC);
	assert_int_equal(bind_ipi(0, &p), -ENOSPC);
	assert_int_equal(bind_virq(VIRQ_TIMER, 0, &p), -ENOSPC);
	assert_int_equal(close_port(33), 0);
	assert_int_equal(alloc_unbound(DOMID_SELF, 0, &p), 0);
	assert_int_equal(p, 33);
	fake_run(a, 0);
	end_domain(c);

	fake_heap_left = 0;
	assert_int_equal(alloc_unbound(DOMID_SELF, 0, &p), -ENOMEM);
	fake_heap_left = -1;
	for (unsigned int i = 1; i < 4096; i++) {
		assert_int_equal(alloc_unbound(DOMID_SELF, 0, &p), 0);
	}
	assert_int_equal(alloc_unbound(DOMID_SELF, 0, &p), -ENOSPC);
	assert_int_equal(evtchn_count(a), 4095);
}

static void reset_is_preemptible(void **state)
{
	unsigned int rounds = 0;
	long rc;
	u32 p;

	for (unsigned int i = 0; i < 200; i++) {
		assert_int_equal(alloc_unbound(DOMID_SELF, 0, &p), 0);
	}
	fake_preempt_every = 1;
	do {
		unsigned int before = evtchn_count(a);

		fake_continued = 0;
		rc = reset_domain(DOMID_SELF);
		assert_true(evtchn_count(a) < before);
		rounds++;
	} while (fake_continued);
	assert_int_equal(rc, 0);
	assert_int_equal(fake_cont_nr, __HYPERVISOR_event_channel_op);
	assert_true(rounds > 5);
	assert_int_equal(evtchn_count(a), 0);
}

/* A dying domain opens nothing, its peers wait for it in vain, and its ports are closed in steps.
 */
static void domain_death(void **state)
{
	struct domain *c = fake_domain(2, 1);
	evtchn_status_t s;
	u32 pa[40], pc;

	assert_int_equal(evtchn_domain_create(c), 0);
	for (unsigned int i = 0; i < 40; i++) {
		fake_run(a, 0);
		assert_int_equal(alloc_unbound(DOMID_SELF, 2, &pa[i]), 0);
		fake_run(c, 0);
		assert_int_equal(bind_interdomain(0, pa[i], &pc), 0);
	}
	fake_run(a, 0);
	fake_preempt_every = 1;
	assert_int_equal(evtchn_domain_destroy(c), -ERESTART);
	assert_int_equal(evtchn_count(c), 24);
	fake_run(c, 0);
	assert_int_equal(bind_ipi(0, &pc), -EINVAL);
	fake_run(a, 0);
	end_domain(c);
	for (unsigned int i = 0; i < 40; i++) {
		assert_int_equal(get_status(DOMID_SELF, pa[i], &s), 0);
		assert_int_equal(s.status, EVTCHNSTAT_unbound);
		assert_int_equal(s.u.unbound.dom, 2);
		assert_int_equal(send_port(pa[i]), 0);
	}
}

static void dump(void **state)
{
	u32 p;

	assert_int_equal(alloc_unbound(DOMID_SELF, 1, &p), 0);
	evtchn_dump(a);
}

/* --- Random steps against a model --- */

#define M_PORTS 12u /* of each domain; the limit makes allocation fail, too */

struct m_port {
	unsigned int kind, vcpu, virq;
	struct m_port *peer; /* interdomain */
	unsigned int dom;    /* unbound: who may bind */
};
static struct m_port model[2][M_PORTS + 1];
static struct domain *m_dom[2];

static u64 seed = 88172645463325252ull;
static u32 rnd(u32 n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (u32)((seed >> 11) % n);
}

static u32 m_free(unsigned int d)
{
	for (u32 p = 1; p <= M_PORTS; p++) {
		if (!model[d][p].kind) {
			return p;
		}
	}
	return 0;
}

static void m_close(unsigned int d, u32 p)
{
	struct m_port *peer = model[d][p].peer;

	if (peer) {
		*peer = (struct m_port){.kind = EVTCHNSTAT_unbound, .vcpu = peer->vcpu, .dom = d};
	}
	model[d][p] = (struct m_port){0};
}

static void step_alloc(unsigned int d)
{
	u32 want = m_free(d), got, who = rnd(2);

	assert_int_equal(alloc_unbound(DOMID_SELF, who, &got), want ? 0 : -ENOSPC);
	if (want) {
		assert_int_equal(got, want);
		model[d][want] = (struct m_port){.kind = EVTCHNSTAT_unbound, .dom = who};
	}
}

static void step_bind(unsigned int d)
{
	unsigned int r = rnd(2);
	u32 rp = rnd(M_PORTS + 2), want = m_free(d), got;
	bool ok = rp && rp <= M_PORTS && model[r][rp].kind == EVTCHNSTAT_unbound &&
		  model[r][rp].dom == d;

	assert_int_equal(bind_interdomain(r, rp, &got), !ok ? -EINVAL : want ? 0 : -ENOSPC);
	if (ok && want) {
		assert_int_equal(got, want);
		model[d][want] =
			(struct m_port){.kind = EVTCHNSTAT_interdomain, .peer = &model[r][rp]};
		model[r][rp].kind = EVTCHNSTAT_interdomain;
		model[r][rp].peer = &model[d][want];
		assert_true(pending(m_dom[d], want));
	}
}

static void step_virq(unsigned int d)
{
	u32 virq = rnd(4), vcpu = rnd(2), want = m_free(d), got;
	bool global = virq == VIRQ_CONSOLE || virq == VIRQ_DOM_EXC, bound = false;
	long rc;

	for (u32 p = 1; p <= M_PORTS; p++) {
		bound |= model[d][p].kind == EVTCHNSTAT_virq && model[d][p].virq == virq &&
			 (global || model[d][p].vcpu == vcpu);
	}
	rc = global && vcpu ? -EINVAL : bound ? -EEXIST : want ? 0 : -ENOSPC;
	assert_int_equal(bind_virq(virq, vcpu, &got), rc);
	if (!rc) {
		model[d][want] =
			(struct m_port){.kind = EVTCHNSTAT_virq, .vcpu = vcpu, .virq = virq};
	}
}

static void step_send(unsigned int d, u32 p)
{
	struct m_port *m = &model[d][p <= M_PORTS ? p : 0];
	bool ok = m->kind == EVTCHNSTAT_unbound || m->kind == EVTCHNSTAT_interdomain ||
		  m->kind == EVTCHNSTAT_ipi;

	memset(m_dom[0]->shared, 0, sizeof(shared_info_t));
	memset(m_dom[1]->shared, 0, sizeof(shared_info_t));
	assert_int_equal(send_port(p), ok ? 0 : -EINVAL);
	for (unsigned int e = 0; e < 2; e++) {
		for (u32 q = 1; q <= M_PORTS; q++) {
			bool hit = ok && (m->peer == &model[e][q] ||
					  (m->kind == EVTCHNSTAT_ipi && m == &model[e][q]));

			assert_int_equal(pending(m_dom[e], q), hit);
			if (hit) {
				assert_true(m_dom[e]->vcpu[model[e][q].vcpu]
						    ->info->evtchn_upcall_pending);
			}
		}
	}
}

static void m_compare(unsigned int d)
{
	unsigned int used = 0;

	for (u32 p = 1; p <= M_PORTS; p++) {
		const struct m_port *m = &model[d][p];
		evtchn_status_t s;

		assert_int_equal(get_status(DOMID_SELF, p, &s), 0);
		assert_int_equal(s.status, m->kind);
		assert_int_equal(s.vcpu, m->vcpu);
		used += m->kind != 0;
		if (m->kind == EVTCHNSTAT_interdomain) {
			assert_ptr_equal(&model[s.u.interdomain.dom][s.u.interdomain.port],
					 m->peer);
		} else if (m->kind == EVTCHNSTAT_unbound) {
			assert_int_equal(s.u.unbound.dom, m->dom);
		} else if (m->kind == EVTCHNSTAT_virq) {
			assert_int_equal(s.u.virq, m->virq);
		}
	}
	assert_int_equal(evtchn_count(m_dom[d]), used);
}

static void step(unsigned int d)
{
	u32 p = rnd(M_PORTS + 2), vcpu = rnd(3), got, want;
	struct m_port *m = &model[d][p <= M_PORTS ? p : 0];

	switch (rnd(8)) {
	case 0:
		step_alloc(d);
		break;
	case 1:
	case 2:
		step_bind(d);
		break;
	case 3:
		step_virq(d);
		break;
	case 4:
		want = m_free(d);
		assert_int_equal(bind_ipi(vcpu, &got), vcpu > 1 ? -ENOENT : want ? 0 : -ENOSPC);
		if (vcpu <= 1 && want) {
			model[d][want] = (struct m_port){.kind = EVTCHNSTAT_ipi, .vcpu = vcpu};
		}
		break;
	case 5:
		assert_int_equal(close_port(p), m->kind ? 0 : -EINVAL);
		if (m->kind) {
			m_close(d, p);
		}
		break;
	case 6:
		step_send(d, p);
		break;
	default:
		want = m->kind == EVTCHNSTAT_unbound || m->kind == EVTCHNSTAT_interdomain ||
		       (m->kind == EVTCHNSTAT_virq && m->virq >= 2);
		assert_int_equal(bind_vcpu(p, vcpu), vcpu > 1 ? -ENOENT : want ? 0 : -EINVAL);
		if (vcpu <= 1 && want) {
			m->vcpu = vcpu;
		}
	}
}

static void random_steps(void **state)
{
	fake_reset();
	fake_domain_free = evtchn_domain_free;
	memset(model, 0, sizeof(model));
	for (unsigned int d = 0; d < 2; d++) {
		m_dom[d] = fake_domain(d, 2);
		m_dom[d]->config_max_evtchn_port = M_PORTS;
		assert_int_equal(evtchn_domain_create(m_dom[d]), 0);
		fake_run(m_dom[d], 0);
		u32 p;
		assert_int_equal(bind_ipi(0, &p), 0); /* so that the bucket is there */
		assert_int_equal(close_port(p), 0);
	}
	for (unsigned int i = 0; i < 300000; i++) {
		unsigned int d = rnd(2);

		fake_run(m_dom[d], rnd(2));
		step(d);
		if (i % 16 == 0) {
			m_compare(d);
		}
	}
	end_domain(m_dom[1]);
	end_domain(m_dom[0]);
}

/* --- Senders against closing, rebinding and dying: run under AddressSanitizer --- */

static bool race_over;

static void *race_sender(void *arg)
{
	fake_cpu = (unsigned int)(unsigned long)arg;
	fake_current = a->vcpu[0];
	while (!__atomic_load_n(&race_over, __ATOMIC_RELAXED)) {
		for (u32 p = 1; p < 20; p++) {
			send_port(p);
		}
		evtchn_send_global_virq(VIRQ_CON_RING);
	}
	return NULL;
}

static void race_round(unsigned int round)
{
	struct domain *c = fake_domain(2, 1);
	u32 p, q;

	assert_int_equal(evtchn_domain_create(c), 0);
	fake_run(c, 0);
	assert_int_equal(bind_virq(VIRQ_TIMER, 0, &p), 0);
	fake_run(a, 1);
	assert_int_equal(bind_virq(VIRQ_CON_RING, 0, &p), 0);
	for (unsigned int i = 0; i < 8; i++) {
		fake_run(a, 1);
		assert_int_equal(alloc_unbound(DOMID_SELF, 2, &p), 0);
		fake_run(c, 0);
		assert_int_equal(bind_interdomain(0, p, &q), 0);
		if (i % 3 == 0) {
			assert_int_equal(close_port(q), 0);
			/* No late event of the sender's on the port's next use. */
			assert_int_equal(bind_ipi(0, &q), 0);
			for (unsigned int spin = 0; spin < 2000; spin++) {
				assert_false(pending(c, q));
			}
		}
	}
	fake_run(a, 1);
	end_domain(c); /* frees channels, vcpus and the domain itself */
	for (p = 1; p < 20; p++) {
		close_port(p);
	}
}

static void races(void **state)
{
	pthread_t t[2];

	race_over = false;
	fake_cpu = 0;
	for (unsigned long i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&t[i], NULL, race_sender, (void *)(i + 1)), 0);
	}
	for (unsigned int i = 0; i < 3000; i++) {
		race_round(i);
	}
	__atomic_store_n(&race_over, true, __ATOMIC_RELAXED);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
}

/* --- sched_op --- */

static long poll_ports(evtchn_port_t *ports, unsigned int n, u64 timeout)
{
	struct sched_poll arg = {.nr_ports = n, .timeout = timeout};

	arg.ports.p = ports;
	return do_sched_op(SCHEDOP_poll, (guest_ptr_t)&arg);
}

static void polling(void **state)
{
	evtchn_port_t ports[129] = {0};
	struct vcpu *v = a->vcpu[0];
	u32 p, q;

	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &p), 0);
	assert_int_equal(bind_interdomain(DOMID_SELF, p, &q), 0);
	clear(a);
	bit_test_and_set(a->shared->evtchn_mask, q);
	ports[0] = q;
	assert_int_equal(poll_ports(ports, 1, 0), 0);
	assert_true(v->polling);
	assert_false(v->poll_timer.armed);
	assert_true(bit_test(a->shared->evtchn_mask, q));
	/* Another port does not wake it, this one does although it is masked. */
	fake_run(a, 1);
	bit_test_and_set(a->shared->evtchn_mask, p);
	assert_int_equal(send_port(q), 0);
	assert_true(v->polling);
	assert_int_equal(send_port(p), 0);
	assert_false(v->polling);
	/* Pending already: no sleep. */
	fake_run(a, 0);
	assert_int_equal(poll_ports(ports, 1, 12345), 0);
	assert_false(v->polling);
	assert_false(v->poll_timer.armed);
	clear(a);
	assert_int_equal(poll_ports(ports, 1, 12345), 0);
	assert_true(v->polling && v->poll_timer.armed);
	assert_int_equal(v->poll_timer.node.key, 12345);
	vcpu_unblock(v); /* the timer's callback; the next poll begins afresh */
	assert_int_equal(poll_ports(ports, 0, 0), 0);
	assert_true(v->polling);
	vcpu_unblock(v);
	v->info->evtchn_upcall_pending = 1; /* an event waits to be delivered */
	assert_int_equal(poll_ports(ports, 1, 0), 0);
	assert_false(v->polling);
	assert_int_equal(poll_ports(ports, 129, 0), -EINVAL);
	assert_int_equal(poll_ports(NULL, 1, 0), -EFAULT);
	ports[0] = 5000;
	assert_int_equal(poll_ports(ports, 1, 0), -EINVAL);
	assert_int_equal(do_sched_op(SCHEDOP_poll, 0), -EFAULT);
}

static void shutdowns(void **state)
{
	struct sched_remote_shutdown remote = {.domain_id = 1, .reason = SHUTDOWN_reboot};
	struct sched_shutdown arg = {SHUTDOWN_suspend};

	fake_run(b, 0);
	assert_int_equal(do_sched_op(SCHEDOP_shutdown, (guest_ptr_t)&arg), 0);
	assert_ptr_equal(shut_domain, b);
	assert_int_equal(shut_code, SHUTDOWN_suspend);
	arg.reason = SHUTDOWN_MAX + 1;
	shut_code = -1;
	assert_int_equal(do_sched_op(SCHEDOP_shutdown, (guest_ptr_t)&arg), -EINVAL);
	assert_int_equal(do_sched_op(SCHEDOP_shutdown, 0), -EFAULT);
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, (guest_ptr_t)&remote), -EPERM);
	assert_int_equal(shut_code, -1);
	arg.reason = SHUTDOWN_crash;
	assert_int_equal(do_sched_op(SCHEDOP_shutdown_code, (guest_ptr_t)&arg), 0);
	assert_int_equal(shut_code, -1);
	arg.reason = SHUTDOWN_poweroff;
	assert_int_equal(do_sched_op(SCHEDOP_shutdown, (guest_ptr_t)&arg), 0);
	assert_int_equal(shut_code, SHUTDOWN_crash);
	fake_run(a, 0);
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, (guest_ptr_t)&remote), 0);
	assert_int_equal(shut_code, SHUTDOWN_reboot);
	remote.domain_id = 9;
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, (guest_ptr_t)&remote), -ESRCH);
	remote = (struct sched_remote_shutdown){1, 77};
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, (guest_ptr_t)&remote), -EINVAL);
	assert_int_equal(do_sched_op(SCHEDOP_yield, 0), 0);
	assert_int_equal(do_sched_op(SCHEDOP_block, 0), 0);
	assert_true(yields == 1 && blocks == 1);
	assert_int_equal(do_sched_op(SCHEDOP_pin_override, 0), -ENOSYS);
	assert_int_equal(do_sched_op(99, 0), -ENOSYS);
}

static long watchdog(u32 id, u32 timeout)
{
	struct sched_watchdog arg = {id, timeout};

	return do_sched_op(SCHEDOP_watchdog, (guest_ptr_t)&arg);
}

static void watchdogs(void **state)
{
	assert_int_equal(watchdog(0, 0), -EINVAL);
	assert_int_equal(watchdog(1, 10), -EINVAL); /* not started */
	assert_int_equal(watchdog(3, 10), -EINVAL);
	assert_int_equal(watchdog(0, 10), 1);
	assert_int_equal(watchdog(0, 20), 2);
	assert_int_equal(watchdog(0, 30), -ENOSPC);
	assert_int_equal(watchdog(1, 15), 0);
	assert_int_equal(watchdog(2, 0), 0);
	assert_int_equal(watchdog(2, 10), -EINVAL);
	assert_int_equal(watchdog(0, 20), 2);
	assert_int_equal(do_sched_op(SCHEDOP_watchdog, 0), -EFAULT);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(interdomain_life),
		TEST(loopback),
		TEST(masks),
		TEST(virqs),
		TEST(pirqs),
		TEST(ipis),
		TEST(wrong_arguments),
		TEST(permissions),
		TEST(limits),
		TEST(reset_is_preemptible),
		TEST(domain_death),
		TEST(dump),
		cmocka_unit_test(random_steps),
		TEST(races),
		TEST(polling),
		TEST(shutdowns),
		TEST(watchdogs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

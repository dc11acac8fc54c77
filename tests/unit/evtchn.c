/* SPDX-License-Identifier: MIT */
/* Event channels: every operation rightly, wrongly and without permission. */
#include "evtchn_fake.h"
#include "lib/lib.h"

static void interdomain_life(void **state)
{
	evtchn_status_t s;
	u32 pa, pb, other;

	assert_int_equal(alloc_unbound(DOMID_SELF, 1, &pa), 0);
	assert_true(pa > 0);
	fake_run(dom_b, 0);
	assert_int_equal(bind_interdomain(0, pa, &pb), 0);
	assert_true(pending(dom_b, pb)); /* the first event comes by itself */
	assert_false(pending(dom_a, pa));
	clear_shared(dom_b);
	fake_kicks = 0;
	assert_int_equal(send_port(pb), 0);
	assert_true(pending(dom_a, pa));
	assert_int_equal(dom_a->vcpu[0]->info->evtchn_pending_sel, 1ul << pa / 64);
	assert_int_equal(dom_a->vcpu[0]->info->evtchn_upcall_pending, 1);
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
	bit_test_and_set(dom_b->shared->evtchn_pending, pb);
	assert_int_equal(close_port(pb), 0);
	assert_false(pending(dom_b, pb));
	assert_int_equal(close_port(pb), -EINVAL);
	fake_run(dom_a, 0);
	assert_int_equal(get_status(DOMID_SELF, pa, &s), 0);
	assert_int_equal(s.status, EVTCHNSTAT_unbound);
	assert_int_equal(s.u.unbound.dom, 1);
	assert_int_equal(send_port(pa), 0); /* nobody there: silence */
	fake_run(dom_b, 0);
	assert_int_equal(bind_interdomain(0, pa, &pb), 0);
}

static void loopback(void **state)
{
	evtchn_status_t s;
	u32 p, q;

	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &p), 0);
	assert_int_equal(bind_interdomain(DOMID_SELF, p, &q), 0);
	clear_shared(dom_a);
	assert_int_equal(send_port(p), 0);
	assert_true(pending(dom_a, q) && !pending(dom_a, p));
	assert_int_equal(close_port(p), 0);
	assert_int_equal(get_status(DOMID_SELF, q, &s), 0);
	assert_int_equal(s.status, EVTCHNSTAT_unbound);
	assert_int_equal(evtchn_count(dom_a), 1);
}

static void masks(void **state)
{
	u32 p, q;

	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &p), 0);
	assert_int_equal(bind_interdomain(DOMID_SELF, p, &q), 0);
	assert_int_equal(bind_vcpu(q, 1), 0);
	clear_shared(dom_a);
	bit_test_and_set(dom_a->shared->evtchn_mask, q);
	assert_int_equal(send_port(p), 0);
	assert_true(pending(dom_a, q));
	assert_int_equal(dom_a->vcpu[1]->info->evtchn_upcall_pending, 0);
	assert_int_equal(unmask_port(q), 0);
	assert_false(bit_test(dom_a->shared->evtchn_mask, q));
	assert_int_equal(dom_a->vcpu[1]->info->evtchn_upcall_pending, 1);
	assert_int_equal(dom_a->vcpu[1]->info->evtchn_pending_sel, 1);
	assert_int_equal(dom_a->vcpu[0]->info->evtchn_upcall_pending, 0);
	assert_true(vcpu_event_deliverable(dom_a->vcpu[1]));
	dom_a->vcpu[1]->info->evtchn_upcall_mask = 1;
	assert_false(vcpu_event_deliverable(dom_a->vcpu[1]));
}

static void virqs(void **state)
{
	evtchn_status_t s;
	u32 p, q, g;

	fake_run(dom_b, 0);
	assert_int_equal(bind_virq(VIRQ_TIMER, 0, &p), 0);
	assert_int_equal(bind_virq(VIRQ_TIMER, 39, &q), 0);
	assert_int_equal(bind_virq(VIRQ_TIMER, 39, &g), -EEXIST);
	clear_shared(dom_b);
	dom_b->vcpu[39]->info = &dom_b->shared->vcpu_info[31];
	evtchn_send_virq(dom_b->vcpu[39], VIRQ_TIMER);
	assert_true(pending(dom_b, q) && !pending(dom_b, p));
	evtchn_send_virq(dom_b->vcpu[38], VIRQ_TIMER); /* not bound there */
	assert_int_equal(bind_vcpu(q, 0), -EINVAL);
	assert_int_equal(close_port(q), 0);
	clear_shared(dom_b);
	evtchn_send_virq(dom_b->vcpu[39], VIRQ_TIMER);
	assert_false(pending(dom_b, q));
	assert_int_equal(bind_virq(VIRQ_TIMER, 39, &q), 0);

	/* Global ones stand at vcpu 0, go to dom0 whoever else binds them, and may move. */
	assert_int_equal(bind_virq(VIRQ_DOM_EXC, 1, &g), -EINVAL);
	assert_int_equal(bind_virq(VIRQ_DOM_EXC, 0, &g), 0);
	assert_int_equal(bind_vcpu(g, 3), 0);
	assert_int_equal(get_status(DOMID_SELF, g, &s), 0);
	assert_int_equal(s.u.virq, VIRQ_DOM_EXC);
	assert_int_equal(s.vcpu, 3);
	fake_run(dom_a, 0);
	assert_int_equal(bind_virq(VIRQ_DOM_EXC, 0, &p), 0);
	clear_shared(dom_a);
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	assert_true(pending(dom_a, p));
	assert_false(pending(dom_b, g));
}

static void pirqs(void **state)
{
	u32 p, q;

	assert_int_equal(bind_pirq(4, 1, &p), 0);
	assert_int_equal(pirq_port[4], p);
	clear_shared(dom_a);
	evtchn_raise(dom_a, p);
	assert_true(pending(dom_a, p));
	assert_int_equal(unmask_port(p), 0);
	assert_int_equal(bind_pirq(9, 0, &q), -EINVAL);
	assert_int_equal(bind_pirq(5, 2, &q), -EINVAL);
	pirq_rc = -EEXIST;
	assert_int_equal(bind_pirq(5, 0, &q), -EEXIST);
	assert_int_equal(evtchn_count(dom_a), 1);
	assert_int_equal(close_port(p), 0);
	assert_int_equal(pirq_port[4], 0);
	clear_shared(dom_a);
	evtchn_raise(dom_a, p); /* a late interrupt */
	assert_false(pending(dom_a, p));
	evtchn_raise(dom_a, 5000);
}

static void ipis(void **state)
{
	u32 p;

	assert_int_equal(bind_ipi(1, &p), 0);
	clear_shared(dom_a);
	assert_int_equal(send_port(p), 0);
	assert_true(pending(dom_a, p));
	assert_int_equal(dom_a->vcpu[1]->info->evtchn_upcall_pending, 1);
	assert_int_equal(bind_ipi(2, &p), -ENOENT);
	assert_int_equal(bind_vcpu(p, 0), -EINVAL);
}

static void wrong_arguments(void **state)
{
	evtchn_status_t s;
	u32 p;

	for (unsigned int cmd = 0; cmd < 20; cmd++) {
		bool known = cmd <= EVTCHNOP_set_priority;

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
	fake_run(dom_b, 0);
	assert_int_equal(bind_interdomain(0, p, &p), -EINVAL);
}

static void permissions(void **state)
{
	evtchn_status_t s;
	u32 p;

	assert_int_equal(alloc_unbound(1, 0, &p), 0);
	assert_int_equal(get_status(1, p, &s), 0);
	fake_run(dom_b, 0);
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
	fake_run(dom_a, 0);
	end_domain(c);

	fake_heap_left = 0;
	assert_int_equal(alloc_unbound(DOMID_SELF, 0, &p), -ENOMEM);
	fake_heap_left = -1;
	for (unsigned int i = 1; i < 4096; i++) {
		assert_int_equal(alloc_unbound(DOMID_SELF, 0, &p), 0);
	}
	assert_int_equal(alloc_unbound(DOMID_SELF, 0, &p), -ENOSPC);
	assert_int_equal(evtchn_count(dom_a), 4095);
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
		unsigned int before = evtchn_count(dom_a);

		fake_continued = 0;
		rc = reset_domain(DOMID_SELF);
		assert_true(evtchn_count(dom_a) < before);
		rounds++;
	} while (fake_continued);
	assert_int_equal(rc, 0);
	assert_int_equal(fake_cont_nr, __HYPERVISOR_event_channel_op);
	assert_true(rounds > 5);
	assert_int_equal(evtchn_count(dom_a), 0);
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
		fake_run(dom_a, 0);
		assert_int_equal(alloc_unbound(DOMID_SELF, 2, &pa[i]), 0);
		fake_run(c, 0);
		assert_int_equal(bind_interdomain(0, pa[i], &pc), 0);
	}
	fake_run(dom_a, 0);
	fake_preempt_every = 1;
	assert_int_equal(evtchn_domain_destroy(c), -ERESTART);
	assert_int_equal(evtchn_count(c), 24);
	fake_run(c, 0);
	assert_int_equal(bind_ipi(0, &pc), -EINVAL);
	fake_run(dom_a, 0);
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
	evtchn_dump(dom_a);
}

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Event channels: random steps against a model. */
#include "evtchn_fake.h"
#include "lib/lib.h"

#define M_PORTS 12u /* of each domain; the limit makes allocation fail, too */

struct m_port {
	unsigned int kind, vcpu, virq;
	struct m_port *peer; /* interdomain */
	unsigned int dom;    /* unbound: who may bind */
};
static struct m_port model[2][M_PORTS + 1];
static struct domain *m_dom[2];

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

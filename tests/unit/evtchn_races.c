/* SPDX-License-Identifier: MIT */
/* Event channels: senders against closing, rebinding and dying, under AddressSanitizer. */
#include "evtchn_fake.h"
#include "lib/lib.h"
#include "../../hypervisor/event/channel.h"

static bool race_over;

static void *race_sender(void *arg)
{
	fake_cpu = (unsigned int)(unsigned long)arg;
	fake_current = dom_a->vcpu[0];
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
	fake_run(dom_a, 1);
	assert_int_equal(bind_virq(VIRQ_CON_RING, 0, &p), 0);
	for (unsigned int i = 0; i < 8; i++) {
		fake_run(dom_a, 1);
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
	fake_run(dom_a, 1);
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

#define RESETS 20000u

static void *resetter(void *arg)
{
	u32 p;

	fake_cpu = (unsigned int)(unsigned long)arg;
	fake_current = dom_a->vcpu[0];
	for (unsigned int i = 0; i < RESETS; i++) {
		alloc_unbound(DOMID_SELF, 2, &p);
		while (chan_close_all(dom_a)) {
		}
	}
	return NULL;
}

/* Two vcpus close all ports at once: nothing is counted down twice. */
static void resets(void **state)
{
	pthread_t t[2];

	for (unsigned long i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&t[i], NULL, resetter, (void *)(i + 1)), 0);
	}
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	assert_int_equal(dom_a->evtchn->top_port, 0);
	assert_int_equal(evtchn_count(dom_a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(races),
		TEST(resets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

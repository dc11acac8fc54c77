/* SPDX-License-Identifier: MIT */
/*
 * The scheduler on one fake CPU: who runs next, that nobody who may run is forgotten (also one that
 * wakes while it is leaving the CPU), and that nobody keeps the CPU for ever.
 */
#include "unit.h"
#define sched_yield hv_sched_yield /* not the C library's */
#include "arch/cpu.h"
#define cpu_id() 0u
#include "../../hypervisor/sched/rr.c"

#define UNITS 4u

static struct sched_unit idle, unit[UNITS], *on_cpu;
static bool asked; /* PENDING_SCHEDULE */
static u64 now;
static struct timer *armed;
static struct sched_unit *wakes_midway; /* during the next switch */

void cpu_raise(unsigned int cpu, enum pending_work work)
{
	assert_int_equal(work, PENDING_SCHEDULE);
	asked = true;
}
u64 time_now(void)
{
	return now;
}
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
	*t = (struct timer){.fn = fn, .arg = arg, .cpu = cpu};
}
void timer_set(struct timer *t, u64 expires)
{
	t->expires = expires;
	t->armed = true;
	armed = t;
}
void timer_stop(struct timer *t)
{
	t->armed = false;
	armed = NULL;
}

static void switch_to(struct sched_unit *prev, struct sched_unit *next)
{
	assert_ptr_equal(prev, on_cpu);
	on_cpu = next;
	if (wakes_midway) {
		sched_wake(wakes_midway);
		wakes_midway = NULL;
	}
	sched_switched_out(prev);
}
/* Does not return, as the real one. */
static jmp_buf after_switch;
void sched_switch(struct sched_unit *prev, struct sched_unit *next, u64 at)
{
	switch_to(prev, next);
	longjmp(after_switch, 1);
}

static void run_pending(void)
{
	while (asked) {
		asked = false;
		if (!setjmp(after_switch)) {
			sched_run();
		}
	}
}

/* Time passes; the slice timer fires when it is due. */
static void pass(u64 ns)
{
	now += ns;
	if (armed && armed->expires <= now) {
		struct timer *t = armed;

		timer_stop(t);
		t->fn(t->arg);
	}
	run_pending();
}

static int setup(void **state)
{
	(void)state;
	sched_init_cpu(0, &idle);
	on_cpu = &idle;
	asked = false;
	armed = NULL;
	now = 0;
	for (unsigned int i = 0; i < UNITS; i++) {
		sched_unit_init(&unit[i], 0);
	}
	return 0;
}

static void test_wakes_and_sleeps(void **state)
{
	(void)state;
	sched_wake(&unit[0]);
	run_pending();
	assert_ptr_equal(on_cpu, &unit[0]);
	sched_sleep(&unit[0]);
	run_pending();
	assert_ptr_equal(on_cpu, &idle);
	sched_wake(&unit[1]);
	sched_sleep(&unit[1]); /* before it ever ran */
	run_pending();
	assert_ptr_equal(on_cpu, &idle);
}

/* An event for a vcpu that is just being switched away from. */
static void test_wakes_while_leaving(void **state)
{
	(void)state;
	sched_wake(&unit[0]);
	run_pending();
	sched_sleep(&unit[0]);
	wakes_midway = &unit[0];
	run_pending();
	assert_ptr_equal(on_cpu, &unit[0]);
}

/* One that was woken and then computes; another is woken meanwhile. */
static void test_woken_beside_a_busy_one(void **state)
{
	(void)state;
	sched_wake(&unit[0]);
	run_pending();
	pass(3 * SLICE_NS);
	sched_wake(&unit[1]);
	run_pending();
	pass(SLICE_NS);
	assert_ptr_equal(on_cpu, &unit[1]);
	pass(SLICE_NS);
	assert_ptr_equal(on_cpu, &unit[0]);
}

static void test_yield(void **state)
{
	(void)state;
	sched_wake(&unit[0]);
	run_pending();
	hv_sched_yield();
	run_pending();
	assert_ptr_equal(on_cpu, &unit[0]); /* nobody else wants it */
	sched_wake(&unit[1]);
	sched_wake(&unit[2]);
	hv_sched_yield();
	run_pending();
	assert_ptr_not_equal(on_cpu, &unit[0]);
}

/* Random wakes, sleeps and time: whoever stays runnable gets the CPU within a slice for each. */
static void test_random(void **state)
{
	u64 waiting[UNITS] = {0};

	(void)state;
	srand(5);
	for (unsigned int step = 0; step < 100000; step++) {
		unsigned int n = (unsigned int)rand() % UNITS;

		switch (rand() % 4) {
		case 0:
			sched_sleep(&unit[n]);
			break;
		case 1:
			wakes_midway = rand() % 2 ? &unit[n] : NULL;
			/* fall through */
		default:
			sched_wake(&unit[n]);
		}
		run_pending();
		wakes_midway = NULL;
		pass((u64)rand() % SLICE_NS);
		for (unsigned int i = 0; i < UNITS; i++) {
			assert_true(unit[i].running == (on_cpu == &unit[i]));
			if (!unit[i].runnable || on_cpu == &unit[i]) {
				waiting[i] = now;
			}
			assert_true(now - waiting[i] <= 3 * UNITS * SLICE_NS);
		}
		assert_true(on_cpu != &idle || !(unit[0].runnable || unit[1].runnable ||
						 unit[2].runnable || unit[3].runnable));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_wakes_and_sleeps, setup),
		cmocka_unit_test_setup(test_wakes_while_leaving, setup),
		cmocka_unit_test_setup(test_woken_beside_a_busy_one, setup),
		cmocka_unit_test_setup(test_yield, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

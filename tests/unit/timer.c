/* SPDX-License-Identifier: MIT */
/* Timers of two fake CPUs: order, stopping, times beyond all bounds, and moving to another CPU. */
#include "unit.h"
#include <pthread.h>
#include <unistd.h>
#include "../../hypervisor/time/timer.c"

#define TIMERS 50u

__thread unsigned int fake_cpu;
static u64 now, programmed[2];
static bool raised[2];
static unsigned int fired, fired_on;
static u64 last;

u64 time_now(void)
{
	return now;
}
u64 time_ns_to_tsc(u64 ns)
{
	return ns;
}
void apic_timer_set(u64 tsc)
{
	programmed[fake_cpu] = tsc;
}
void apic_eoi(void)
{
}
void smp_timer_fired(void)
{
}
u32 smp_overdue[CONFIG_NR_CPUS];
unsigned int cpu_count = 2;
void vector_set_handler(u8 vector, vector_handler_t fn, void *arg)
{
}
void cpu_raise(unsigned int cpu, enum pending_work work)
{
	assert_int_equal(work, PENDING_TIMER);
	raised[cpu] = true;
}

static void fire(void *arg)
{
	const struct timer *t = arg;

	assert_true(t->node.key <= now && t->node.key >= last);
	assert_false(t->armed);
	last = t->node.key;
	fired_on = fake_cpu;
	fired++;
}

static void run(unsigned int cpu, u64 at)
{
	now = at;
	fake_cpu = cpu;
	raised[cpu] = false;
	timer_run();
}

static void test_order(void **state)
{
	static struct timer t[TIMERS];

	(void)state;
	srand(3);
	fake_cpu = 0;
	fired = 0;
	last = 0;
	for (unsigned int i = 0; i < TIMERS; i++) {
		timer_init(&t[i], fire, &t[i], 0);
		timer_set(&t[i], 1000 + (u64)rand() % 1000);
		timer_set(&t[i / 2], 1000 + (u64)rand() % 1000); /* once more */
	}
	timer_stop(&t[7]);
	timer_set(&t[8], ~0ull); /* never, in practice */
	for (now = 900; now < 2100; now += 10) {
		run(0, now);
		assert_true(programmed[0] > now);
	}
	assert_int_equal(fired, TIMERS - 2);
	assert_int_equal(programmed[0], TIMER_NEVER);
	timer_stop(&t[8]);
}

static void test_moves(void **state)
{
	struct timer t;

	(void)state;
	fired = 0;
	last = 0;
	fake_cpu = 1;
	timer_init(&t, fire, &t, 0);
	timer_set(&t, 5000); /* stays where it is: that CPU is told */
	assert_true(raised[0]);
	timer_set_here(&t, 6000);
	assert_int_equal(t.cpu, 1);
	assert_int_equal(programmed[1], 6000);
	run(0, 7000);
	assert_int_equal(fired, 0);
	run(1, 7000);
	assert_int_equal(fired, 1);
	assert_int_equal(fired_on, 1);
	fake_cpu = 0;
	timer_set_here(&t, 8000);
	run(1, 9000);
	run(0, 9000);
	assert_int_equal(fired, 2);
	assert_int_equal(fired_on, 0);
}

static bool inside, stopping;

/* Sets itself again, late: while somebody on another CPU waits for its end. */
static void again(void *arg)
{
	__atomic_store_n(&inside, true, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&stopping, __ATOMIC_SEQ_CST)) {
	}
	usleep(20000);
	timer_set(arg, 20000);
}

static void *run_there(void *arg)
{
	fake_cpu = 1;
	timer_run();
	return NULL;
}

static void test_stop_while_it_sets_itself(void **state)
{
	static struct timer t;
	pthread_t thread;

	(void)state;
	now = 10000;
	fake_cpu = 1;
	timer_init(&t, again, &t, 1);
	timer_set(&t, 9999);
	fake_cpu = 0;
	assert_int_equal(pthread_create(&thread, NULL, run_there, NULL), 0);
	while (!__atomic_load_n(&inside, __ATOMIC_SEQ_CST)) {
	}
	__atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
	timer_stop(&t);
	assert_false(t.armed);
	pthread_join(thread, NULL);
	assert_false(t.armed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_stop_while_it_sets_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

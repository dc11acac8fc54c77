/* SPDX-License-Identifier: MIT */
/*
 * The scheduler with threads for CPUs. Each runs units, and meanwhile wakes, pauses and moves any
 * of them. No unit may run on two CPUs or while it is paused, and in the end all that were woken
 * run.
 */
#include "unit.h"
#include "../../hypervisor/sched/queue.h"

#define CPUS   4u
#define UNITS  10u
#define ROUNDS 3000u
#define STEP   (20 * 1000ull) /* ns that pass between two looks at the clock */

unsigned int cpu_count = CPUS;
__thread unsigned int fake_cpu;

static struct sched_group groups[2];
static struct test_unit {
	struct sched_unit unit;
	pthread_mutex_t turn; /* who wakes and pauses it */
	u32 on;               /* CPUs that have it */
	u32 ran;
} units[UNITS];
static struct sched_unit idle[CPUS], *on_cpu[CPUS];
static u32 pending[CPUS], finished;
static u64 clock_ns = NS_PER_SEC;
static pthread_mutex_t timers_lock = PTHREAD_MUTEX_INITIALIZER, pauser = PTHREAD_MUTEX_INITIALIZER;
static struct timer *timers[CPUS + 2];
static unsigned int timer_count;
static __thread jmp_buf after_switch;
static __thread unsigned int random_state;

u64 time_now(void)
{
	return __atomic_add_fetch(&clock_ns, STEP, __ATOMIC_RELAXED);
}
void cpu_raise(unsigned int cpu, enum pending_work work)
{
	__atomic_store_n(&pending[cpu], 1, __ATOMIC_SEQ_CST);
}
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
	*t = (struct timer){.fn = fn, .arg = arg, .cpu = cpu};
	timers[timer_count++] = t;
}
static void arm(struct timer *t, u64 expires, bool armed)
{
	pthread_mutex_lock(&timers_lock);
	WRITE_ONCE(t->node.key, expires);
	WRITE_ONCE(t->armed, armed);
	pthread_mutex_unlock(&timers_lock);
}
void timer_set(struct timer *t, u64 expires)
{
	arm(t, expires, true);
}
void timer_stop(struct timer *t)
{
	arm(t, 0, false);
}

static void timers_run(void)
{
	for (unsigned int i = 0; i < timer_count; i++) {
		struct timer *t = timers[i];
		bool due;

		pthread_mutex_lock(&timers_lock);
		due = t->cpu == fake_cpu && t->armed && t->node.key <= time_now();
		if (due) {
			WRITE_ONCE(t->armed, false);
		}
		pthread_mutex_unlock(&timers_lock);
		if (due) {
			t->fn(t->arg);
		}
	}
}

static struct test_unit *test_unit(struct sched_unit *u)
{
	return container_of(u, struct test_unit, unit);
}

void sched_switch(struct sched_unit *prev, struct sched_unit *next, u64 now)
{
	assert(prev == on_cpu[fake_cpu]);
	on_cpu[fake_cpu] = next;
	if (!next->idle) {
		assert(__atomic_add_fetch(&test_unit(next)->on, 1, __ATOMIC_SEQ_CST) == 1);
	}
	if (!prev->idle) {
		assert(__atomic_sub_fetch(&test_unit(prev)->on, 1, __ATOMIC_SEQ_CST) == 0);
	}
	sched_switched_out(prev, now);
	longjmp(after_switch, 1);
}

static void schedule(void)
{
	struct sched_unit *u;

	timers_run();
	if (__atomic_exchange_n(&pending[fake_cpu], 0, __ATOMIC_SEQ_CST) && !setjmp(after_switch)) {
		sched_run();
	}
	u = on_cpu[fake_cpu];
	if (!u->idle) {
		__atomic_add_fetch(&test_unit(u)->ran, 1, __ATOMIC_RELAXED);
	}
}

static unsigned int random_below(unsigned int n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

/* As the hypervisor does it: one pauses at a time, and is not itself what it waits for. */
static void pause_and_look(struct test_unit *t)
{
	if (&t->unit == on_cpu[fake_cpu] || pthread_mutex_trylock(&pauser)) {
		return;
	}
	sched_sleep_sync(&t->unit);
	for (unsigned int i = 0; i < 20; i++) {
		assert(!__atomic_load_n(&t->on, __ATOMIC_SEQ_CST));
		fake_pause();
	}
	sched_wake(&t->unit, time_now());
	pthread_mutex_unlock(&pauser);
}

static void meddle(struct test_unit *t)
{
	cpumask_t hard = {{1 + random_below(15)}}, soft = {{1 + random_below(15)}};

	switch (random_below(6)) {
	case 0:
		sched_sleep(&t->unit);
		break;
	case 1:
		pause_and_look(t);
		break;
	case 2:
		assert(!sched_unit_set_affinity(&t->unit, &hard, &soft));
		break;
	case 3:
		assert(!sched_group_set(&groups[1], 1 + random_below(900), random_below(300)));
		break;
	default:
		sched_wake(&t->unit, time_now());
	}
}

static bool all_ran(void)
{
	for (unsigned int i = 0; i < UNITS; i++) {
		if (!__atomic_load_n(&units[i].ran, __ATOMIC_RELAXED)) {
			return false;
		}
	}
	return true;
}

static void *cpu_thread(void *arg)
{
	fake_cpu = (unsigned int)(uintptr_t)arg;
	random_state = fake_cpu + 77;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct test_unit *t = &units[random_below(UNITS)];

		schedule();
		if (!pthread_mutex_trylock(&t->turn)) {
			meddle(t);
			pthread_mutex_unlock(&t->turn);
		}
	}
	/* The last one wakes all; each CPU goes on until all of them have run. */
	if (__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST) == CPUS) {
		for (unsigned int i = 0; i < UNITS; i++) {
			__atomic_store_n(&units[i].ran, 0, __ATOMIC_RELAXED);
			sched_wake(&units[i].unit, time_now());
		}
		__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
	}
	while (__atomic_load_n(&finished, __ATOMIC_SEQ_CST) <= CPUS || !all_ran()) {
		schedule();
		fake_pause();
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[CPUS];

	(void)state;
	for (fake_cpu = 0; fake_cpu < CPUS; fake_cpu++) {
		on_cpu[fake_cpu] = &idle[fake_cpu];
		sched_init_cpu(fake_cpu, &idle[fake_cpu]);
	}
	fake_cpu = 0;
	sched_group_init(&groups[0]);
	sched_group_init(&groups[1]);
	for (unsigned int i = 0; i < UNITS; i++) {
		pthread_mutex_init(&units[i].turn, NULL);
		sched_unit_init(&units[i].unit, i % CPUS, &groups[i % 2]);
	}
	for (uintptr_t i = 0; i < CPUS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, cpu_thread, (void *)i), 0);
	}
	for (unsigned int i = 0; i < CPUS; i++) {
		pthread_join(threads[i], NULL);
	}
	for (unsigned int i = 0; i < UNITS; i++) {
		assert_int_equal(units[i].unit.running, units[i].on);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Waking and waiting on a simulated machine: latency beside spinners, the bound for how long a
 * runnable unit waits, nobody forgotten whatever happens in the middle of a switch, yields.
 */
#include "sched_sim.h"

/* One that wakes 1,000 times a second beside four spinners. */
static void waker(unsigned int cpus, unsigned int wakers, u64 run_ns)
{
	sim_start(cpus, 7 * cpus + wakers);
	for (unsigned int i = 0; i < 4; i++) {
		sim_spin(sim_group(256, 0));
	}
	sim_run(50 * NS_PER_MS);
	for (unsigned int i = 0; i < wakers; i++) {
		sim_sleeper(sim_group(256, 0), run_ns, NS_PER_MS - run_ns, i > 0);
	}
	sim_run(10 * NS_PER_SEC);
	for (unsigned int i = 4; i < sim_count; i++) {
		assert_true(sim_units[i].latencies > 5000);
		if (sim_latency(&sim_units[i], 99) >= NS_PER_MS) {
			fail_msg("%u CPUs, %u wakers: #%u's 99th percentile is %lu us", cpus,
				 wakers, i, (unsigned long)(sim_latency(&sim_units[i], 99) / US));
		}
	}
	sim_end();
}

static void test_latency(void **state)
{
	(void)state;
	for (unsigned int cpus = 1; cpus <= 4; cpus *= 2) {
		waker(cpus, 1, 50 * US);
		waker(cpus, 1, 100 * US);
		waker(cpus, 3, 30 * US);
	}
}

/* Nobody is preempted all the time: the one that runs has the rate limit's time. */
static void test_ratelimit(void **state)
{
	u64 since;

	(void)state;
	assert_int_equal(sched_set_ratelimit(99), -EINVAL);
	assert_int_equal(sched_set_ratelimit(500001), -EINVAL);
	assert_int_equal(sched_set_ratelimit(2000), 0);
	assert_int_equal(sched_ratelimit(), 2000);
	sim_start(1, 1);
	sim_spin(sim_group(256, 0));
	sim_sleeper(sim_group(256, 0), 10 * US, 90 * US, false);
	sim_run(NS_PER_MS / 2);
	for (unsigned int i = 0; i < 100; i++) {
		while (!sim_units[0].unit.running) {
			sim_run(US);
		}
		since = sim_now;
		while (sim_units[0].unit.running) {
			sim_run(US);
		}
		assert_true(sim_now - since >= 2 * NS_PER_MS - US);
	}
	sim_end();
	assert_int_equal(sched_set_ratelimit(0), 0);
	assert_int_equal(sched_set_ratelimit(SCHED_RATELIMIT_US), 0);
}

static u64 random_ns(void)
{
	return (1 + sim_random(100)) * (sim_random(4) ? 20 * US : 500 * US);
}

/* Any mix of units: the machine checks that none waits longer than the bound. */
static void test_bound(void **state)
{
	static const u32 weights[] = {64, 128, 256, 256, 256, 512, 1024};

	(void)state;
	for (unsigned int seed = 1; seed <= 40; seed++) {
		unsigned int n;

		sim_start(1 + seed % SIM_CPUS, seed);
		n = 2 + sim_random(3 * cpu_count);
		for (unsigned int i = 0; i < n; i++) {
			struct sched_group *g = sim_group(weights[sim_random(7)], 0);

			if (sim_random(2)) {
				sim_spin(g);
			} else {
				sim_sleeper(g, random_ns(), random_ns(), true);
			}
			sim_run(sim_random(20) * NS_PER_MS);
		}
		sim_run(NS_PER_SEC);
		sim_end();
	}
}

/* Sleepers that want less than their share get all that they want, whoever else spins. */
static void test_small_demand(void **state)
{
	(void)state;
	sim_start(2, 4);
	for (unsigned int i = 0; i < 6; i++) {
		sim_spin(sim_group(1024, 0));
	}
	for (unsigned int i = 0; i < 4; i++) { /* 1 % each, their weights allow 1.9 % */
		sim_sleeper(sim_group(64, 0), 100 * US, 9900 * US, true);
	}
	sim_run(10 * NS_PER_SEC);
	for (unsigned int i = 6; i < sim_count; i++) {
		assert_in_range(sim_units[i].used, 85 * NS_PER_MS, 115 * NS_PER_MS);
	}
	sim_end();
}

/* What others do to random units while one CPU switches. */
static void meddle(void)
{
	if (sim_random(3)) {
		struct sched_unit *u = &sim_units[sim_random(sim_count)].unit;

		fake_cpu = sim_random(cpu_count);
		if (sim_random(2)) {
			sched_wake(u, time_now());
		} else {
			sched_sleep(u);
		}
	}
}

static void change_something(void)
{
	struct sim_unit *s = &sim_units[sim_random(sim_count)];
	cpumask_t hard = {{1 + sim_random(255)}}, soft = {{1 + sim_random(255)}};

	fake_cpu = sim_random(cpu_count);
	switch (sim_random(8)) {
	case 0:
		sched_sleep(&s->unit);
		break;
	case 1:
		sched_unit_set_affinity(&s->unit, &hard, &soft);
		break;
	case 2:
		sched_group_set(s->unit.group, 1 + sim_random(1000), sim_random(150));
		break;
	case 3:
		sched_group_set(s->unit.group, 1 + sim_random(1000), 0);
		break;
	case 4:
		hv_sched_yield();
		break;
	default:
		sched_wake(&s->unit, time_now());
	}
}

/* Everything at random, also in the middle of switches: the machine checks that nobody is lost. */
static void test_random(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 24; seed++) {
		sim_start(1 + seed % SIM_CPUS, seed);
		sim_check_bound = false;
		for (unsigned int i = 0; i < 3; i++) {
			struct sched_group *g = sim_group(256, i ? 60 * i : 0);

			for (unsigned int j = 0; j < cpu_count; j++) {
				sim_spin(g);
			}
		}
		sim_midway = meddle;
		for (unsigned int i = 0; i < 2000; i++) {
			change_something();
			if (sim_random(2)) {
				sim_run(sim_random(3000) * US);
			}
		}
		sim_end();
	}
}

static void test_yield(void **state)
{
	struct sim_unit *a, *b;

	(void)state;
	sim_start(1, 1);
	a = sim_spin(sim_group(256, 0));
	sim_settle();
	hv_sched_yield();
	sim_settle();
	assert_true(a->unit.running); /* nobody else wants it */
	b = sim_spin(sim_group(1, 0));
	sim_run(3 * NS_PER_MS);
	while (!a->unit.running) {
		sim_run(NS_PER_MS);
	}
	hv_sched_yield();
	sim_settle();
	assert_true(b->unit.running);
	sim_run(2 * SLICE_NS);
	assert_true(a->unit.running);
	sim_end();
}

/* A CPU that comes up later takes its part. */
static void test_cpu_comes(void **state)
{
	static struct sched_unit late;

	(void)state;
	sim_start(1, 1);
	sim_spin(sim_group(256, 0));
	sim_spin(sim_group(256, 0));
	sim_run(NS_PER_SEC);
	sim_add_cpu(&late);
	sim_settle();
	assert_true(sim_units[0].unit.running && sim_units[1].unit.running);
	sim_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_latency),   cmocka_unit_test(test_ratelimit),
		cmocka_unit_test(test_bound),     cmocka_unit_test(test_small_demand),
		cmocka_unit_test(test_random),    cmocka_unit_test(test_yield),
		cmocka_unit_test(test_cpu_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

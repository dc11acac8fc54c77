/* SPDX-License-Identifier: MIT */
/*
 * Shares of the CPUs over ten simulated seconds: weighted max-min fair within 1 %, caps kept within
 * 1 %, affinity respected, also while units come and go.
 */
#include "sched_sim.h"

#define SPAN (10 * NS_PER_SEC)

/* Spinners' fair shares of `cpus`, in ns of SPAN: by weight, but nobody more than one CPU. */
static void fair_shares(unsigned int cpus, const u32 *weight, unsigned int n, double *share)
{
	double rest = cpus;
	bool whole[SIM_UNITS] = {false}, again = true;

	while (again) {
		double sum = 0, left = rest;

		for (unsigned int i = 0; i < n; i++) {
			sum += whole[i] ? 0 : weight[i];
		}
		again = false;
		for (unsigned int i = 0; i < n; i++) {
			share[i] = whole[i] ? 1 : rest * weight[i] / sum;
			if (!whole[i] && share[i] >= 1) {
				whole[i] = again = true;
				left -= 1;
			}
		}
		rest = left;
	}
	for (unsigned int i = 0; i < n; i++) {
		share[i] *= (double)SPAN;
	}
}

/* Within 1 %, or 2 % if timers are late, and one slice, which is what the last turn may make. */
static void check_share(const struct sim_unit *s, double fair, const char *what)
{
	double off = (double)s->used - fair;

	off = off < 0 ? -off : off;
	if (off > fair / (sim_late ? 50 : 100) + (double)SLICE_NS) {
		fail_msg("%s: unit %u of weight %u got %.1f ms, not %.1f", what,
			 (unsigned int)(s - sim_units), s->unit.group->weight,
			 (double)s->used / 1e6, fair / 1e6);
	}
}

static void spin_late(unsigned int cpus, const u32 *weight, unsigned int n, u64 warm, u64 late)
{
	double fair[SIM_UNITS];
	char what[80];

	sim_start(cpus, cpus * 31 + n);
	sim_late = late;
	sim_check_bound = !late;
	for (unsigned int i = 0; i < n; i++) {
		sim_spin(sim_group(weight[i], 0));
	}
	sim_run(warm);
	for (unsigned int i = 0; i < n; i++) {
		sim_units[i].used = 0;
	}
	sim_run(SPAN);
	fair_shares(cpus, weight, n, fair);
	snprintf(what, sizeof(what), "%u CPUs, %u units", cpus, n);
	for (unsigned int i = 0; i < n; i++) {
		check_share(&sim_units[i], n <= cpus ? (double)SPAN : fair[i], what);
	}
	sim_end();
}

static void spin(unsigned int cpus, const u32 *weight, unsigned int n, u64 warm)
{
	spin_late(cpus, weight, n, warm, 0);
}

static void test_weights(void **state)
{
	static const u32 sets[][9] = {
		{256, 256},
		{256, 256, 256},
		{256, 256, 256, 256, 256},
		{64, 128, 256, 512},
		{64, 128, 256, 512, 1024, 2048},
		{512, 256, 256, 256},
		{65535, 256, 256},
		{65535, 65535, 65535},
		{1000, 1, 1000, 1000, 500, 700, 300, 256, 256},
		{100, 200, 300, 400, 500, 600, 700, 800, 900},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sets); i++) {
		for (unsigned int cpus = 1; cpus <= SIM_CPUS; cpus *= 2) {
			unsigned int n = 0;

			while (n < 9 && sets[i][n]) {
				n++;
			}
			spin(cpus, sets[i], n, 0);
		}
	}
}

/* What a slice was too long is paid for later, also by light units. */
static void test_late_timers(void **state)
{
	static const u32 weights[] = {64, 128, 256, 512, 64, 128, 256, 512};

	(void)state;
	for (u64 late = 2 * NS_PER_MS; late <= 16 * NS_PER_MS; late *= 2) {
		spin_late(1, weights, 4, NS_PER_SEC, late);
		spin_late(2, weights, 8, NS_PER_SEC, late);
	}
}

static void test_many(void **state)
{
	u32 weight[40];

	(void)state;
	for (unsigned int cpus = 2; cpus <= SIM_CPUS; cpus *= 2) {
		for (unsigned int i = 0; i < ARRAY_SIZE(weight); i++) {
			weight[i] = 64 + 37 * (i * 7 % 23);
		}
		spin(cpus, weight, ARRAY_SIZE(weight), 0);
	}
}

/* Time without contention gives no rights and no debts: whoever came alone first is one of many. */
static void test_history(void **state)
{
	const u32 weight[] = {512, 64, 256, 256, 256};
	double fair[ARRAY_SIZE(weight)];

	(void)state;
	sim_start(2, 5);
	sim_spin(sim_group(weight[0], 0));
	sim_run(5 * NS_PER_SEC);
	sim_spin(sim_group(weight[1], 0));
	sim_run(5 * NS_PER_SEC);
	for (unsigned int i = 2; i < ARRAY_SIZE(weight); i++) {
		sim_spin(sim_group(weight[i], 0));
	}
	sim_units[0].used = sim_units[1].used = 0;
	sim_run(SPAN);
	fair_shares(2, weight, ARRAY_SIZE(weight), fair);
	for (unsigned int i = 0; i < ARRAY_SIZE(weight); i++) {
		check_share(&sim_units[i], fair[i], "history");
	}
	sim_end();
}

/* A unit whose share is more than a CPU saves nothing up for the time when it is less. */
static void test_too_heavy(void **state)
{
	const u32 weight[] = {1024, 256, 256, 256, 256, 256, 256};
	double fair[ARRAY_SIZE(weight)];

	(void)state;
	sim_start(2, 6);
	for (unsigned int i = 0; i < 4; i++) {
		sim_spin(sim_group(weight[i], 0));
	}
	sim_run(20 * NS_PER_SEC); /* 4 : 1 : 1 : 1, the first has a CPU */
	for (unsigned int i = 4; i < ARRAY_SIZE(weight); i++) {
		sim_spin(sim_group(weight[i], 0)); /* 4 : 6 of two CPUs: not quite one */
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(weight); i++) {
		sim_units[i].used = 0;
	}
	sim_run(SPAN);
	fair_shares(2, weight, ARRAY_SIZE(weight), fair);
	for (unsigned int i = 0; i < ARRAY_SIZE(weight); i++) {
		check_share(&sim_units[i], fair[i], "too heavy");
	}
	sim_end();
}

static void capped(unsigned int cpus, u32 cap, unsigned int vcpus, unsigned int spinners)
{
	struct sched_group *g;
	u64 used = 0, want = SPAN * cap / 100;

	sim_start(cpus, cap);
	sim_check_bound = false;
	g = sim_group(256, cap);
	for (unsigned int i = 0; i < vcpus; i++) {
		sim_spin(g);
	}
	for (unsigned int i = 0; i < spinners; i++) {
		sim_spin(sim_group(256, 0));
	}
	sim_run(SPAN);
	for (unsigned int i = 0; i < vcpus; i++) {
		used += sim_units[i].used;
	}
	if (used > want + want / 100 || used < want - want / 100) {
		fail_msg("cap %u on %u CPUs, %u vcpus, %u spinners: %.1f ms", cap, cpus, vcpus,
			 spinners, (double)used / 1e6);
	}
	sim_end();
}

static void test_caps(void **state)
{
	(void)state;
	capped(1, 25, 1, 0);
	capped(1, 25, 1, 1);
	capped(1, 1, 1, 1);
	capped(1, 25, 1, 2);
	capped(1, 50, 2, 0);
	capped(2, 25, 1, 4);
	capped(2, 150, 2, 0);
	capped(2, 10, 2, 3);
	capped(4, 100, 4, 2);
	capped(4, 250, 4, 1);
	capped(4, 33, 8, 4);
	capped(8, 300, 8, 4);
}

/* Caps may be set, changed and taken away at any time; nobody stays parked. */
static void test_caps_change(void **state)
{
	struct sched_group *g;
	struct sim_unit *s;

	(void)state;
	sim_start(1, 1);
	sim_check_bound = false;
	g = sim_group(256, 1);
	s = sim_spin(g);
	sim_run(NS_PER_SEC + 3 * NS_PER_MS);
	assert_true(s->unit.parked);
	assert_int_equal(sched_group_set(g, 256, 0), 0);
	sim_run(NS_PER_MS);
	assert_true(s->unit.running);
	assert_int_equal(sched_group_set(g, 256, 40), 0);
	s->used = 0;
	sim_run(SPAN);
	assert_in_range(s->used, SPAN / 100 * 39, SPAN / 100 * 41);
	assert_int_equal(sched_group_set(g, 0, 0), -EINVAL);
	assert_int_equal(sched_group_set(g, 65536, 0), -EINVAL);
	sched_sleep(&s->unit);
	sim_run(NS_PER_SEC);
	assert_false(s->unit.parked || s->unit.queued || s->unit.running);
	sched_group_stop(g);
	assert_false(g->refill.armed);
	sim_end();
}

static void pin(struct sim_unit *s, u64 hard, u64 soft)
{
	cpumask_t h = {{hard}}, f = {{soft}};

	assert_int_equal(sched_unit_set_affinity(&s->unit, &h, &f), 0);
}

/* Two pinned to CPU 0, three to CPU 1, one free: everyone a third of a CPU, and no drift. */
static void test_pinned(void **state)
{
	(void)state;
	sim_start(2, 3);
	for (unsigned int i = 0; i < 6; i++) {
		pin(sim_spin(sim_group(256, 0)), i < 2 ? 1 : i < 5 ? 2 : 3, ~0ull);
	}
	sim_run(SPAN);
	for (unsigned int i = 0; i < 6; i++) {
		check_share(&sim_units[i], (double)SPAN / 3, "pinned");
	}
	pin(&sim_units[0], 2, ~0ull); /* 1 and 4: now nobody but #1 must stay on CPU 0 */
	sim_settle();
	for (unsigned int i = 0; i < 6; i++) {
		sim_units[i].used = 0;
	}
	sim_run(SPAN);
	for (unsigned int i = 0; i < 6; i++) {
		check_share(&sim_units[i], (double)SPAN / (i == 1 || i == 5 ? 2 : 4), "moved");
	}
	sim_end();
}

static void test_affinity(void **state)
{
	cpumask_t nowhere = {{0xf0}};
	struct sim_unit *s;

	(void)state;
	sim_start(4, 9);
	for (unsigned int i = 0; i < 12; i++) {
		sim_sleeper(sim_group(256, 0), 300 * US, 700 * US, true);
	}
	s = sim_spin(sim_group(256, 0));
	sim_check_bound = false;
	assert_int_equal(sched_unit_set_affinity(&s->unit, &nowhere, &nowhere), -EINVAL);
	for (unsigned int i = 0; i < 20000; i++) { /* the machine checks where they run */
		pin(&sim_units[sim_random(sim_count)], 1 + sim_random(15), 1 + sim_random(15));
		sim_run(sim_random(200) * US);
	}
	sim_end();
}

/* Where there is room, everyone is where it wants to be. */
static void test_soft(void **state)
{
	(void)state;
	sim_start(4, 2);
	for (unsigned int i = 0; i < 4; i++) {
		pin(sim_sleeper(sim_group(256, 0), 200 * US, 300 * US, false), ~0ull, BIT(3 - i));
	}
	sim_run(NS_PER_SEC);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(sim_units[i].unit.cpu, 3 - i);
	}
	sim_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weights),     cmocka_unit_test(test_late_timers),
		cmocka_unit_test(test_many),        cmocka_unit_test(test_history),
		cmocka_unit_test(test_too_heavy),   cmocka_unit_test(test_caps),
		cmocka_unit_test(test_caps_change), cmocka_unit_test(test_pinned),
		cmocka_unit_test(test_affinity),    cmocka_unit_test(test_soft),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Recalibration on a simulated machine: the TSC's real rate is not what it was measured to be at
 * boot, it drifts, and reading the platform timer takes its time. System time never goes back, is
 * never set, and stays with the platform timer, also with a counter that comes round in 4.7 s.
 */
#include "unit.h"
#include <math.h>
#include "hypervisor/drivers/platform_timer.c"
#undef ANY_HOUR
#include "hypervisor/drivers/recalibrate.c"
#include "hypervisor/time/clock.c"

#define PM_PORT 0x608

struct cpu_features cpu_features;
struct vcpu *fake_current;
static double real_ns, tsc_ghz,
	read_ns; /* the truth: time, the TSC's rate, how long a read takes */
static double tsc;
static u32 regs[0x400];
static bool have_hpet;
static u64 last_now, due;
static unsigned int rate_changes, comparisons;

static void pass(double ns)
{
	real_ns += ns;
	tsc += ns * tsc_ghz;
}

u64 fake_rdtsc(void)
{
	pass(10);
	return (u64)tsc;
}
u32 fake_in(u16 port, unsigned int size)
{
	double before = read_ns * (rand() % 1000) / 1000;
	u32 v;

	assert_int_equal(port, PM_PORT);
	pass(before);
	v = (u32)(u64)(real_ns * PM_HZ / 1e9) & 0xffffff;
	pass(read_ns - before);
	return v;
}
void fake_out(u16 port, unsigned int size, u32 v)
{
}
void *map_mmio(maddr_t ma, size_t bytes)
{
	return have_hpet ? regs : NULL;
}
void console_add_key(char key, void (*fn)(void), const char *what)
{
}
void timer_dump(void)
{
}
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
	*t = (struct timer){.fn = fn, .arg = arg, .cpu = cpu};
}
void timer_set(struct timer *t, u64 expires)
{
	due = expires;
}

/* What is read before and after the change is in order, and no step forward either. */
void vcpus_set_time_rate(u32 mul)
{
	u64 before = time_now(), after;

	time_set_rate(mul);
	after = time_now();
	assert_in_range(after - before, 0, 100);
	rate_changes++;
}

static void check_now(void)
{
	u64 now = time_now();

	assert_true(now >= last_now);
	last_now = now;
}

static void start(double ghz, double wrong_ppm, double read)
{
	memset(&record, 0, sizeof(record));
	memset(&state, 0, sizeof(state));
	interval = INTERVAL_FIRST;
	rate_changes = comparisons = 0;
	last_now = 0;
	real_ns = 1e9 * (rand() % 100);
	tsc = 1e12;
	tsc_ghz = ghz;
	read_ns = read;
	platform_timer_init(0, PM_PORT, false);
	tsc_khz = (u64)(ghz * 1e6 * (1 + wrong_ppm / 1e6));
	time_init();
	recalibration_begin();
	pass(3e8);
	recalibration_start();
}

/* Runs for some time; every wait until the timer is cut into a few looks at the clock. */
static void run(double seconds, double rate_walk_ppm)
{
	double end = real_ns + seconds * 1e9;

	while (real_ns < end) {
		s64 wait = (s64)(due - time_now());

		while (wait > 0) {
			pass(wait / 3.0 + 1);
			tsc_ghz *= 1 + rate_walk_ppm / 1e6 * (rand() % 2001 - 1000) / 1000;
			check_now();
			wait = (s64)(due - time_now());
			wait = wait < 1000000 ? 0 : wait;
		}
		check_now();
		comparisons++;
		timer.fn(timer.arg);
		check_now();
	}
}

static void follows(double ghz, double wrong_ppm, double read, bool invariant)
{
	double real, system;

	cpu_features.invariant_tsc = invariant;
	start(ghz, wrong_ppm, read);
	run(20, 0.05);
	assert_true(state.behind < 20000 && state.behind > -20000);
	real = real_ns;
	system = (double)time_now();
	run(300, 0.05);
	system = (double)time_now() - system;
	real = real_ns - real;
	print_message("%.3f GHz, wrong by %.0f ppm: drift %.3f ppm, %u changes in %u comparisons\n",
		      ghz, wrong_ppm, (system - real) / real * 1e6, rate_changes, comparisons);
	assert_true((system - real) / real * 1e6 < 10 && (system - real) / real * 1e6 > -10);
	assert_true(state.behind < 200000 && state.behind > -200000);
}

static void stays_with_the_platform_timer(void **unused)
{
	static const double rates[] = {0.8, 1.0, 2.1, 2.999, 5.7};
	static const double wrong[] = {0, 40, -40, 1000, -1000};

	(void)unused;
	srand(5);
	for (unsigned int i = 0; i < 5; i++) {
		for (unsigned int j = 0; j < 5; j++) {
			follows(rates[i], wrong[j], 2000, j & 1);
		}
	}
	assert_true(comparisons < 170);
}

static void is_compared_rarely(void **unused)
{
	(void)unused;
	follows(3, 100, 1000, true);
	assert_in_range(comparisons, 15, 30);
}

/* A read that takes as long as this tells too little after a second, and enough after a minute. */
static void slow_reads_do_not_mislead(void **unused)
{
	(void)unused;
	srand(6);
	cpu_features.invariant_tsc = true;
	start(3, 0, 2000000);
	run(600, 0);
	assert_true(rate_changes < 20);
	assert_true(state.behind < 4000000 && state.behind > -4000000);
}

/* After minutes without a look, and a TSC that is wrong, it is known which round the counter is in.
 */
static void rounds_are_counted(void **unused)
{
	double start_ns;
	u64 t, doubt, first, about;

	(void)unused;
	srand(7);
	start(3, 0, 1000);
	start_ns = real_ns;
	about = first = platform_timer_ns(ANY_HOUR, &t, &doubt);
	for (int i = 0; i < 2000; i++) {
		double wait = 1e9 * (rand() % 400000) / 1000;
		u64 ns;

		pass(wait);
		ns = platform_timer_ns(about + (u64)(wait * (1 + (rand() % 1001 - 500) / 1e6)), &t,
				       &doubt);
		assert_true(ns >= about);
		assert_true(fabs((double)(ns - first) - (real_ns - start_ns)) < 10000);
		about = ns;
	}
}

static void slews_within_bounds(void **unused)
{
	const u32 mul = 0x55555555;
	u32 m;

	(void)unused;
	m = steer(mul, NS_PER_SEC, NS_PER_SEC, 0, NS_PER_SEC);
	assert_int_equal(m, mul);
	m = steer(mul, NS_PER_SEC, NS_PER_SEC, (s64)NS_PER_SEC * 1000, 16 * NS_PER_SEC);
	assert_in_range(m, mul + mul / 2001, mul + mul / 1999);
	m = steer(mul, NS_PER_SEC, NS_PER_SEC, -(s64)NS_PER_SEC * 1000, NS_PER_SEC);
	assert_in_range(m, mul - mul / 1999, mul - mul / 2001);
	m = steer(mul, NS_PER_SEC, NS_PER_SEC + 100000, 0, NS_PER_SEC);
	assert_in_range(m, mul + mul / 10001, mul + mul / 9999);
	m = steer(mul, 16 * NS_PER_SEC, 0, 0, NS_PER_SEC); /* nonsense is bounded, too */
	assert_in_range(m, mul - mul / 15, mul - mul / 17);
	m = steer(1u << 31, 600 * NS_PER_SEC, 1200 * NS_PER_SEC, 0, NS_PER_SEC);
	assert_in_range(m, (1u << 31) + (1u << 27) - 100, (1u << 31) + (1u << 27));
}

/* A timer armed for a time goes off at that time or a little before, whatever the rate. */
static void times_become_ticks(void **unused)
{
	(void)unused;
	start(2.5, 0, 1000);
	run(40, 0.1);
	for (u64 ahead = 1; ahead < 1000 * NS_PER_SEC; ahead = ahead * 3 + 1) {
		u64 now = time_now(), ticks = time_ns_to_tsc(now + ahead);
		u64 there = record.base + time_ticks_to_ns(ticks - record.stamp);

		assert_true(there + 2 + ahead / 1000000000 >= now + ahead);
		assert_true(there <= now + ahead + 2 + ahead / 1000000000);
	}
	assert_true(time_ns_to_tsc(5) <= (u64)tsc && time_ns_to_tsc(5) > 0);
	assert_true(time_ns_to_tsc(TIMER_NEVER) > (u64)tsc + (1ull << 60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_with_the_platform_timer),
		cmocka_unit_test(is_compared_rarely),
		cmocka_unit_test(slow_reads_do_not_mislead),
		cmocka_unit_test(rounds_are_counted),
		cmocka_unit_test(slews_within_bounds),
		cmocka_unit_test(times_become_ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The watchdog's decision, on CPUs that work, sleep, hang, or were stopped with their watchers. */
#include "unit.h"
#include "arch/cpu.h"

#define CPUS 4u

static struct cpu_info infos[CPUS];
static bool sleeps[CPUS], hangs[CPUS];
static unsigned int here, kicks[CPUS], reports;
static jmp_buf end;

struct cpu_info *cpu_info_of(unsigned int cpu)
{
	return &infos[cpu];
}
#define cpu_id() here
#include "lib/lib.h"
#undef panic
#define panic(...) longjmp(end, 1)
#include "hypervisor/domain/watchdog.c"

unsigned int cpu_count = CPUS;
static u64 now;

u64 time_now(void)
{
	return now;
}
bool cpu_mark(unsigned int cpu, enum pending_work work)
{
	return false;
}
void cpu_raise(unsigned int cpu, enum pending_work work)
{
	assert_int_equal(work, PENDING_ALIVE);
	kicks[cpu]++;
	if (!hangs[cpu]) { /* it comes at once */
		infos[cpu].pending = 0;
	} else {
		infos[cpu].pending |= 1u << work;
	}
}
bool cpu_is_idle(unsigned int cpu)
{
	return sleeps[cpu];
}
void smp_stuck(unsigned int which)
{
	reports |= 1u << which;
	longjmp(end, 1);
}
u64 smp_patience;
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
	*t = (struct timer){.fn = fn, .arg = arg, .cpu = cpu};
}
void timer_set(struct timer *t, u64 expires)
{
	t->node.key = expires;
	t->armed = true;
}

static int fresh(void **state)
{
	memset(watchers, 0, sizeof(watchers));
	memset(misses, 0, sizeof(misses));
	memset(infos, 0, sizeof(infos));
	memset(sleeps, 0, sizeof(sleeps));
	memset(hangs, 0, sizeof(hangs));
	memset(kicks, 0, sizeof(kicks));
	reports = 0;
	timeout_s = 10;
	on = true;
	off = false;
	cpu_count = CPUS;
	now = 1000;
	watchdog_start();
	return 0;
}

/* True if a watcher found somebody stuck within that time. */
static bool found(u64 seconds)
{
	u64 until = now + seconds * NS_PER_SEC;

	if (setjmp(end)) {
		return true;
	}
	while (now < until) {
		now += NS_PER_SEC / 10;
		for (here = 0; here < 2; here++) {
			struct timer *t = &watchers[here].timer;

			if (!hangs[here] && t->armed && t->node.key <= now) {
				t->armed = false;
				t->fn(t->arg);
			}
		}
	}
	return false;
}

static void who_works_is_left_alone(void **state)
{
	assert_false(found(1000));
	assert_in_range(kicks[2], 190, 210); /* twice in a time-out */
	assert_in_range(kicks[0], 190, 210);
}

static void who_sleeps_is_not_woken(void **state)
{
	sleeps[2] = sleeps[3] = true;
	assert_false(found(1000));
	assert_int_equal(kicks[2] + kicks[3], 0);
}

static void who_hangs_is_found(void **state)
{
	assert_false(found(100));
	hangs[2] = true;
	assert_false(found(9));
	assert_true(found(8));
	assert_int_equal(reports, 4);
}

static void the_watcher_is_watched(void **state)
{
	sleeps[1] = true;
	hangs[0] = true;
	assert_true(found(17));
	assert_true(reports & 1);
}

/* Asleep by its state, yet it does not do what it was woken for. */
static void who_does_not_wake_up_is_found(void **state)
{
	sleeps[3] = hangs[3] = true;
	assert_false(found(100));
	infos[3].pending = 1u << PENDING_SCHEDULE;
	assert_true(found(17));
	assert_true(reports & 8);
}

static void a_machine_that_stood_still_is_fine(void **state)
{
	hangs[2] = true; /* stopped before it can answer */
	assert_false(found(6));
	now += 1000 * NS_PER_SEC;
	assert_false(found(4));
	hangs[2] = false;
	infos[2].pending = 0;
	assert_false(found(100));
}

static void options(void **state)
{
	on = false;
	memset(watchers, 0, sizeof(watchers));
	watchdog_start();
	assert_false(watchers[0].timer.armed);
	on = off = true;
	watchdog_start();
	assert_false(watchers[0].timer.armed);
	off = false;
	cpu_count = 1;
	watchdog_start();
	assert_false(watchers[0].timer.armed);
	assert_int_equal(smp_patience, 10); /* it still watches itself */
	cpu_count = 2;
	watchdog_start();
	assert_true(watchers[0].timer.armed && watchers[1].timer.armed);
	assert_int_equal(option_number("25", &timeout_s), 0);
	assert_int_equal(timeout_s, 25);
	assert_int_equal(option_number("0", &timeout_s), -EINVAL);
	assert_int_equal(option_number("", &timeout_s), -EINVAL);
	assert_int_equal(option_number("3s", &timeout_s), -EINVAL);
	assert_int_equal(timeout_s, 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_works_is_left_alone, fresh),
		cmocka_unit_test_setup(who_sleeps_is_not_woken, fresh),
		cmocka_unit_test_setup(who_hangs_is_found, fresh),
		cmocka_unit_test_setup(the_watcher_is_watched, fresh),
		cmocka_unit_test_setup(who_does_not_wake_up_is_found, fresh),
		cmocka_unit_test_setup(a_machine_that_stood_still_is_fine, fresh),
		cmocka_unit_test_setup(options, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

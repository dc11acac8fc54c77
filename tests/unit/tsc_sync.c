/* SPDX-License-Identifier: MIT */
/* The comparison of two TSCs, on two threads: equal ones pass, others are set right or refused. */
#include "unit.h"
#include <pthread.h>
#include <sched.h>
#include "arch/cpu.h"

static __thread bool on_new_cpu;
static u64 counter = 1ull << 40;
static s64 offset; /* of the new CPU's TSC */
static u64 adjusted;
static enum { ADJUST, WRITE, FIXED } kind;

static u64 fake_rdtsc(void)
{
	u64 t = __atomic_add_fetch(&counter, 3, __ATOMIC_SEQ_CST);

	return on_new_cpu ? t + (u64)offset : t;
}
static int fake_rdmsr_safe(u32 msr, u64 *v)
{
	*v = adjusted;
	return kind == ADJUST ? 0 : -5;
}
static void fake_wrmsr(u32 msr, u64 v)
{
	assert_true(on_new_cpu);
	if (kind == ADJUST) {
		assert_int_equal(msr, MSR_TSC_ADJUST);
		offset += (s64)(v - adjusted);
		adjusted = v;
	} else if (kind == WRITE) {
		assert_int_equal(msr, MSR_TSC);
		offset += (s64)(v - fake_rdtsc());
	}
}
#define rdtsc         fake_rdtsc
#define rdtsc_ordered fake_rdtsc
#define rdmsr_safe    fake_rdmsr_safe
#define wrmsr         fake_wrmsr
#define cpu_relax()   sched_yield()
#include "hypervisor/arch/x86/tsc_sync.c"

static void *new_cpu(void *result)
{
	on_new_cpu = true;
	*(bool *)result = tsc_sync(true);
	return NULL;
}

static bool both(s64 off)
{
	pthread_t t;
	bool here, there;

	offset = off;
	adjusted = 12345;
	pthread_create(&t, NULL, new_cpu, &there);
	here = tsc_sync(false);
	pthread_join(t, NULL);
	assert_int_equal(here, there);
	return here;
}

static void equal_ones_pass(void **state)
{
	kind = FIXED;
	for (int i = 0; i < 5; i++) {
		assert_true(both(0));
		assert_int_equal(offset, 0);
	}
}

/* What remains is what a write of the TSC itself takes; if that shows, the CPU is refused. */
static void others_are_set_right(void **state)
{
	static const s64 far[] = {1ll << 39, -(1ll << 39), 1000000, -1000000};

	for (kind = ADJUST; kind <= WRITE; kind++) {
		for (unsigned int i = 0; i < 4; i++) {
			assert_true(both(far[i]) || kind == WRITE);
			assert_true(offset < 100000 && offset > -100000);
		}
	}
}

static void what_stays_apart_is_refused(void **state)
{
	kind = FIXED;
	assert_false(both(1ll << 39));
	assert_false(both(-(1ll << 39)));
	assert_true(both(0)); /* and the next CPU starts afresh */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_ones_pass),
		cmocka_unit_test(others_are_set_right),
		cmocka_unit_test(what_stays_apart_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Time never goes back on any CPU while its rate changes. Threads are CPUs; the TSC is one counter
 * for all, so whatever goes back is the software's doing. The hypervisor's readers use time_now(),
 * guests compute from the copy that their vcpu was given and leave guest mode only for interrupts.
 */
#include "unit.h"
#include <pthread.h>
#include <sched.h>
#include <time.h>
#define sched_yield hv_sched_yield /* not the C library's */
#include "arch/cpu.h"
#include "domain/domain.h"
#undef current
#define current       fake_current
#define cpu_id()      fake_cpu
#define cpu_relax()   fake_pause()
#define cpu_mark      fake_mark
#define rdtsc         fake_rdtsc
#define rdtsc_ordered fake_rdtsc
#define BIG_STEP      100000u /* ticks from change to change, so that rates show */

#undef sched_yield
static void fake_pause(void);
static u64 fake_tsc = 1000000;
static u64 fake_rdtsc(void)
{
	return __atomic_add_fetch(&fake_tsc, 7, __ATOMIC_SEQ_CST);
}

static __thread unsigned int fake_cpu;
static __thread struct vcpu *fake_current;
static u32 pending[8];

static bool fake_mark(unsigned int cpu, enum pending_work work)
{
	return __atomic_fetch_or(&pending[cpu], 1u << work, __ATOMIC_SEQ_CST) & 1u << work;
}

#include "hypervisor/time/clock.c"
#include "hypervisor/domain/vcpu_time.c"

#define CPUS    4u /* of the machine; CPU 0 changes the rate */
#define CHANGES 200u
#define SECONDS 10  /* at the most: on a busy machine CPUs wait long for each other */
#define READS   50u /* at the most, before a vcpu leaves its guest by itself */

unsigned int cpu_count = CPUS;
struct domain idle_domain, domain;
static struct vcpu vcpus[CPUS], idle[CPUS];
static vcpu_info_t infos[CPUS];
static bool interrupted[CPUS], in_idle[CPUS], ended;
static u64 newest; /* the latest time that anybody read */
static u64 reads, changes;
static unsigned int steps_back;
static bool honest = true; /* the guests' copies follow the record as they should */

bool cpu_is_idle(unsigned int cpu)
{
	return __atomic_load_n(&in_idle[cpu], __ATOMIC_SEQ_CST);
}

static bool take_interrupt(void)
{
	return __atomic_exchange_n(&interrupted[fake_cpu], false, __ATOMIC_SEQ_CST);
}

/* Interrupts come also while the hypervisor spins, for calls of other CPUs above all. */
static void fake_pause(void)
{
	take_interrupt();
	sched_yield();
}

/* The other CPUs answer when they leave the guest, or in the hypervisor at any time. */
void smp_call(const cpumask_t *mask, void (*fn)(void *), void *arg)
{
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		if (mask->bits[0] >> cpu & 1) {
			__atomic_store_n(&interrupted[cpu], true, __ATOMIC_SEQ_CST);
		}
	}
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		while (__atomic_load_n(&interrupted[cpu], __ATOMIC_SEQ_CST) &&
		       mask->bits[0] >> cpu & 1 && !__atomic_load_n(&ended, __ATOMIC_SEQ_CST)) {
			fake_pause();
		}
	}
}

static void read_check(u64 (*read)(void))
{
	u64 before = __atomic_load_n(&newest, __ATOMIC_SEQ_CST), now = read();

	__atomic_add_fetch(&reads, 1, __ATOMIC_RELAXED);
	if (now < before) {
		__atomic_add_fetch(&steps_back, 1, __ATOMIC_SEQ_CST);
	}
	while (before < now && !__atomic_compare_exchange_n(&newest, &before, now, false,
							    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
	}
}

/* As every PV kernel does it. */
static u64 guest_now(void)
{
	const struct vcpu_time_info *t = &infos[fake_cpu].time;
	u64 ticks = fake_rdtsc() - t->tsc_timestamp;

	return t->system_time +
	       (u64)(((unsigned __int128)(ticks << t->tsc_shift) * t->tsc_to_system_mul) >> 32);
}

static void pending_run(void)
{
	while (__atomic_exchange_n(&pending[fake_cpu], 0, __ATOMIC_SEQ_CST)) {
		if (honest) {
			while (__atomic_load_n(&guests_wait, __ATOMIC_SEQ_CST)) {
				fake_pause();
			}
			vcpu_follow_time();
		}
	}
}

static void *guest_cpu(void *arg)
{
	unsigned int seed = fake_cpu = (unsigned int)(uintptr_t)arg;

	while (!__atomic_load_n(&ended, __ATOMIC_SEQ_CST)) {
		bool sleeps = rand_r(&seed) % 4 == 0;

		fake_current = sleeps ? &idle[fake_cpu] : &vcpus[fake_cpu];
		__atomic_store_n(&in_idle[fake_cpu], sleeps, __ATOMIC_SEQ_CST);
		take_interrupt();
		read_check(time_now);
		if (sleeps) {
			continue;
		}
		if (honest && !time_version_is(vcpus[fake_cpu].time_version)) {
			vcpu_update_time(&vcpus[fake_cpu]);
		}
		pending_run();
		for (unsigned int i = 0; i < READS && !interrupted[fake_cpu]; i++) {
			read_check(guest_now);
		}
	}
	take_interrupt();
	return NULL;
}

static void run(void)
{
	const time_t began = time(NULL);
	pthread_t threads[CPUS];

	memset(&record, 0, sizeof(record));
	newest = steps_back = 0;
	ended = false;
	tsc_khz = 1000000;
	time_init();
	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		vcpus[cpu] = (struct vcpu){.domain = &domain, .info = &infos[cpu]};
		idle[cpu] = (struct vcpu){.domain = &idle_domain};
		vcpu_update_time(&vcpus[cpu]);
		pthread_create(&threads[cpu], NULL, guest_cpu, (void *)(uintptr_t)cpu);
	}
	fake_current = &idle[0];
	idle[0].domain = &idle_domain;
	in_idle[0] = true;
	for (unsigned int i = 0; i < CHANGES && time(NULL) - began < SECONDS; i++) {
		changes++;
		__atomic_add_fetch(&fake_tsc, BIG_STEP, __ATOMIC_SEQ_CST);
		read_check(time_now);
		vcpus_set_time_rate(0x80000000u - (u32)rand() % 0x1000000u);
		read_check(time_now);
	}
	__atomic_store_n(&ended, true, __ATOMIC_SEQ_CST);
	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		pthread_join(threads[cpu], NULL);
	}
}

static void never_goes_back(void **state)
{
	honest = true;
	reads = changes = 0;
	run();
	assert_int_equal(steps_back, 0);
	assert_true(changes && reads > changes * 2); /* not CPU 0 alone */
}

/* The test itself: vcpus that do not follow are found out. */
static void what_is_wrong_shows(void **state)
{
	honest = false;
	for (unsigned int i = 0; i < 5 && !steps_back; i++) {
		run();
	}
	assert_true(steps_back > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_goes_back),
		cmocka_unit_test(what_is_wrong_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The clock as two vcpus see it, each from its own record.
 *
 * A PV guest computes the time from the TSC and a record that the hypervisor keeps for each vcpu.
 * The hypervisor gives the clock another rate now and then, and the two vcpus run meanwhile, on two
 * CPUs: no reading may be earlier than one that either of them made before, and both must have the
 * same record once both run. Linux hides such steps (it remembers the last reading), this kernel
 * does not. Failure: a FAIL line with the worst step.
 */
#include "../lib/guest.h"
#include <xen/sched.h>
#include <xen/vcpu.h>

#define SEC 1000000000ul

static u64 newest, worst;
static volatile u64 reads[2];
static volatile bool stop, stopped;

static void read_check(unsigned int id)
{
	u64 before = __atomic_load_n(&newest, __ATOMIC_SEQ_CST), now = vcpu_now(id);

	if (now < before && before - now > worst) {
		worst = before - now;
	}
	while (before < now && !__atomic_compare_exchange_n(&newest, &before, now, false,
							    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
	}
	reads[id]++;
}

static void other(void)
{
	while (!stop) {
		read_check(1);
	}
	stopped = true;
	for (;;) {
		HC2(__HYPERVISOR_vcpu_op, VCPUOP_down, 1);
	}
}

static void hammer(u64 seconds)
{
	u64 end = vcpu_now(0) + seconds * SEC;

	claim("time does not go back between two vcpus");
	while (vcpu_now(0) < end || (!reads[1] && vcpu_now(0) < end + 60 * SEC)) {
		read_check(0);
	}
	print("read %lu and %lu times, the worst step back %lu ns\n", reads[0], reads[1], worst);
	CHECK_EQ(worst, 0);
	CHECK(reads[0] > 1000 && reads[1] > 0);
}

/* A copy that was not changed meanwhile. */
static struct vcpu_time_info record(volatile struct vcpu_time_info *t)
{
	struct vcpu_time_info copy;

	do {
		copy = *(struct vcpu_time_info *)t;
		__asm__ volatile("lfence" ::: "memory");
	} while (copy.version & 1 || copy.version != t->version);
	copy.version = 0;
	return copy;
}

static bool same(volatile struct vcpu_time_info *a, volatile struct vcpu_time_info *b)
{
	struct vcpu_time_info x = record(a), y = record(b);

	return !memcmp(&x, &y, sizeof(x));
}

static void records(void)
{
	static struct vcpu_time_info second __attribute__((aligned(64)));
	struct vcpu_register_time_memory_area area = {.addr.p = (u64)&second};
	vcpu_info_t *info = shared_info->vcpu_info;
	u64 end = vcpu_now(0) + 10 * SEC;

	claim("both have the same record, and nothing is promised that does not hold");
	while (!same(&info[0].time, &info[1].time) && vcpu_now(0) < end) {
		HC1(__HYPERVISOR_sched_op, SCHEDOP_yield);
	}
	CHECK(same(&info[0].time, &info[1].time));
	CHECK_EQ(info[0].time.flags & XEN_PVCLOCK_TSC_STABLE_BIT, 0);
	CHECK(info[0].time.tsc_to_system_mul >> 29);
	claim("the second area has it, too");
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &area), 0);
	for (end = vcpu_now(0) + SEC; !same(&info[0].time, &second) && vcpu_now(0) < end;) {
		HC1(__HYPERVISOR_sched_op, SCHEDOP_yield);
	}
	CHECK(same(&info[0].time, &second));
}

void test_main(void)
{
	CHECK_EQ(vcpu_start(other), 0);
	hammer(argument("seconds", 8));
	records();
	stop = true;
	while (!stopped) {
		HC1(__HYPERVISOR_sched_op, SCHEDOP_yield);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * A guest for measures of the scheduler; it makes no claim of its own and runs until it is
 * destroyed.
 *
 * As a rule all its vcpus (one or two) spin, and each second of system time it says how much CPU
 * time they had: "at <ns> ran <ns>". With wakes=N it sleeps instead and wakes every millisecond, N
 * times, and then says how late that was: "late <ns at the median> <ns at the 99th percentile>
 * <ns at most>".
 */
#include "../lib/guest.h"
#include <xen/sched.h>
#include <xen/vcpu.h>

#define SECOND    1000000000ul
#define PERIOD    1000000ul
#define BUCKET_NS 1000ul
#define BUCKETS   100000ul

static u32 lateness[BUCKETS]; /* how often; the last one stands for all that are later, too */

static u64 ran(unsigned int vcpu)
{
	struct vcpu_runstate_info r = {.state = 0};

	return HC3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, vcpu, &r)
		       ? 0
		       : r.time[RUNSTATE_running];
}

/* Plain instructions: PAUSE and RDTSC cost an emulator much more than the CPU that it emulates. */
static void work(u64 count)
{
	while (count--) {
		__asm__ volatile("");
	}
}

static void spin(void)
{
	for (;;) {
		work(~0ul);
	}
}

static void spin_and_tell(void)
{
	u64 next = (system_time() / SECOND + 1) * SECOND;

	for (;;) {
		while (system_time() < next) {
			work(100000);
		}
		print("at %lu ran %lu\n", system_time(), ran(0) + ran(1));
		next += SECOND;
	}
}

static u64 percentile(u64 count, u64 percent)
{
	u64 seen = 0, i = 0;

	while (i < BUCKETS - 1 && (seen += lateness[i]) * 100 < count * percent) {
		i++;
	}
	return i * BUCKET_NS;
}

static void wake_and_tell(u64 count)
{
	u64 most = 0, deadline = system_time() + PERIOD;
	struct sched_poll sleep = {.nr_ports = 0};

	for (u64 i = 0; i < count; i++) {
		u64 now, late;

		sleep.timeout = deadline;
		HC2(__HYPERVISOR_sched_op, SCHEDOP_poll, &sleep);
		now = system_time();
		late = now > deadline ? now - deadline : 0;
		most = late > most ? late : most;
		lateness[late / BUCKET_NS < BUCKETS ? late / BUCKET_NS : BUCKETS - 1]++;
		/* One that came too late to sleep at all is not counted twice. */
		deadline = (deadline > now ? deadline : now) + PERIOD;
	}
	print("late %lu %lu %lu\n", percentile(count, 50), percentile(count, 99), most);
}

void test_main(void)
{
	u64 wakes = argument("wakes", 0);

	if (wakes) {
		wake_and_tell(wakes);
		HC2(__HYPERVISOR_sched_op, SCHEDOP_block, 0);
	}
	vcpu_start(spin); /* if there is a second one */
	spin_and_tell();
}

/* SPDX-License-Identifier: MIT */
/*
 * Kicks and cross-calls. call_lock lets one caller at a time use the call block; callers wait
 * with interrupts on, so that two CPUs calling each other cannot deadlock.
 */
#include "arch/apic.h"
#include "arch/smp.h"
#include "arch/tsc.h"
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "lib/spinlock.h"

static u32 apic_ids[CONFIG_NR_CPUS];

#define REPORT_US 2000000u /* registers and trace through a slow line */

u64 smp_patience;
u32 smp_overdue[CONFIG_NR_CPUS];

static spinlock_t call_lock = SPINLOCK_INIT;
static struct {
	void (*fn)(void *);
	void *arg;
	u32 waiting; /* CPUs that have not run it yet */
} call;

u32 cpu_apic_id(unsigned int cpu)
{
	return apic_ids[cpu];
}

static void kick_handler(u8 vector, void *arg)
{
	apic_eoi(); /* the return to the guest looks at what is pending */
}

static void call_handler(u8 vector, void *arg)
{
	apic_eoi();
	call.fn(call.arg);
	__atomic_sub_fetch(&call.waiting, 1, __ATOMIC_RELEASE);
}

void smp_init_cpu(unsigned int cpu)
{
	apic_ids[cpu] = apic_id();
	if (cpu == 0) {
		vector_set_handler(VECTOR_KICK, kick_handler, NULL);
		vector_set_handler(VECTOR_CALL, call_handler, NULL);
	}
}

/* Where each CPU keeps its block: at the top of its stack. */
struct cpu_info *cpu_info_of(unsigned int cpu)
{
	return (struct cpu_info *)(CPUWIN_STACK(cpu) + STACK_SIZE) - 1;
}

void smp_kick(unsigned int cpu)
{
	if (cpu != cpu_id()) {
		apic_send_ipi(apic_ids[cpu], VECTOR_KICK);
	}
}

bool cpu_mark(unsigned int cpu, enum pending_work work)
{
	u32 bit = 1u << work;

	return __atomic_fetch_or(&cpu_info_of(cpu)->pending, bit, __ATOMIC_SEQ_CST) & bit;
}

void cpu_raise(unsigned int cpu, enum pending_work work)
{
	if (!cpu_mark(cpu, work)) {
		smp_kick(cpu);
	}
}

/* Makes another CPU print its registers and a call trace, whatever it does: by NMI. */
static void report(unsigned int cpu)
{
	u64 start = rdtsc();

	cpu_mark(cpu, PENDING_REPORT);
	apic_send_nmi(apic_ids[cpu]);
	while (cpu_marked(cpu, PENDING_REPORT) && !tsc_passed(start, REPORT_US)) {
		cpu_relax();
	}
}

void smp_stuck(unsigned int which)
{
	printk(LOG_ERR "CPU %u gives no sign of life for %lu s\n", which, smp_patience);
	if (which == cpu_id()) {
		stack_trace((u64)__builtin_return_address(0), (u64)__builtin_frame_address(0));
	}
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		if (cpu != cpu_id()) {
			report(cpu);
		}
	}
	panic("CPU %u is stuck in the hypervisor: please report the lines above", which);
}

void smp_alive(void)
{
	(void)cpu_take(PENDING_ALIVE);
	smp_overdue[cpu_id()] = 0;
}

void smp_timer_fired(void)
{
	unsigned int cpu = cpu_id();
	bool waits = cpu_mark(cpu, PENDING_TIMER);

	if (smp_patience) {
		if (waits && ++smp_overdue[cpu] >= smp_patience) {
			smp_stuck(cpu);
		}
		apic_timer_set(rdtsc() + tsc_khz * 1000); /* unless timer_run() comes first */
	}
}

static unsigned int count_others(const cpumask_t *mask)
{
	unsigned int n = 0;

	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		n += cpu != cpu_id() && bit_test(mask->bits, cpu);
	}
	return n;
}

void smp_call(const cpumask_t *cpus, void (*fn)(void *), void *arg)
{
	cpumask_t mask;
	unsigned int others;
	unsigned long flags;

	/* A domain's mask changes while its vcpus come and go: as many must answer as were asked.
	 */
	for (unsigned int i = 0; i < ARRAY_SIZE(mask.bits); i++) {
		mask.bits[i] = READ_ONCE(((cpumask_t *)cpus)->bits[i]);
	}
	others = cpu_count > 1 ? count_others(&mask) : 0;
	if (others) {
		spin_lock(&call_lock);
		call.fn = fn;
		call.arg = arg;
		__atomic_store_n(&call.waiting, others, __ATOMIC_RELEASE);
		for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
			if (cpu != cpu_id() && bit_test(mask.bits, cpu)) {
				apic_send_ipi(apic_ids[cpu], VECTOR_CALL);
			}
		}
	}
	if (bit_test(mask.bits, cpu_id())) {
		flags = irq_save();
		fn(arg);
		irq_restore(flags);
	}
	if (others) {
		while (__atomic_load_n(&call.waiting, __ATOMIC_ACQUIRE)) {
			cpu_relax();
		}
		spin_unlock(&call_lock);
	}
}

void smp_halt(void)
{
	for (;;) {
		irq_disable();
		cpu_halt();
	}
}

static void stop_here(void *arg)
{
	__atomic_sub_fetch(&call.waiting, 1, __ATOMIC_RELEASE);
	smp_halt();
}

/* Does not wait for the lock or for answers: the caller may be dying with either held. */
void smp_stop_others(void)
{
	call.fn = stop_here;
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		if (cpu != cpu_id()) {
			apic_send_ipi(apic_ids[cpu], VECTOR_CALL);
		}
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * From one vcpu to another on this CPU, the idle loop, and the work before a return to the guest.
 * Each switch away from a guest leaves nothing of it on the CPU: its tables, its registers, its
 * FPU.
 */
#include "arch/smp.h"
#include "arch/tlb.h"
#include "arch/x86_private.h"
#include "domain/domain.h"
#include "domain/hooks.h"
#include "domain/switch.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "arch/guest_entry.h"

struct domain idle_domain = {.mm = {.id = DOMID_IDLE}};
static struct vcpu idle_vcpus[CONFIG_NR_CPUS];

static void mask_set(cpumask_t *m, unsigned int cpu, bool on)
{
	u64 bit = BIT(cpu % 64);

	if (on) {
		__atomic_or_fetch(&m->bits[cpu / 64], bit, __ATOMIC_SEQ_CST);
	} else {
		__atomic_and_fetch(&m->bits[cpu / 64], ~bit, __ATOMIC_SEQ_CST);
	}
}

static void __noreturn idle_loop(void)
{
	for (;;) {
		if (cpu_work_pending()) {
			pending_work_run();
			continue;
		}
		if (alloc_scrub_some(time_now())) {
			continue;
		}
		irq_disable();
		if (!cpu_work_pending()) {
			__asm__ volatile("sti; hlt" ::: "memory");
		} else {
			irq_enable();
		}
	}
}

void idle_vcpu_init(unsigned int cpu)
{
	struct vcpu *v = &idle_vcpus[cpu];

	v->domain = &idle_domain;
	v->id = cpu;
	v->runstate.state = RUNSTATE_running;
	sched_init_cpu(cpu, &v->unit);
	cpu_info()->running = v;
}

void __noreturn idle_enter(void)
{
	irq_enable();
	stack_reset_and_jump(idle_loop);
}

static struct vcpu *vcpu_of(struct sched_unit *u)
{
	return container_of(u, struct vcpu, unit);
}

static void __noreturn enter(struct vcpu *v, u64 now)
{
	bool selectors_ok;

	vcpu_switched_in(v, now);
	descriptor_load(v);
	selectors_ok = context_load(&v->pv);
	if (v->runstate_area) {
		v->area_stale = true;
	}
	if (!time_version_is(v->time_version)) {
		vcpu_update_time(v);
	}
	if (v->pv.kernel_mode) {
		vcpu_write_areas(v);
	}
	if (!selectors_ok) {
		pv_deliver_failsafe(v);
	}
	enter_guest();
}

void sched_switch(struct sched_unit *prev_unit, struct sched_unit *next_unit, u64 now)
{
	struct vcpu *prev = vcpu_of(prev_unit), *next = vcpu_of(next_unit);
	unsigned int cpu = cpu_id();

	if (!is_idle_vcpu(prev)) {
		vcpu_switched_out(prev, now);
		context_save(&prev->pv);
	}
	if (!is_idle_vcpu(next)) {
		mask_set(&next->domain->mm.dirty, cpu, true);
	}
	cpu_info()->running = next;
	if (is_idle_vcpu(next)) {
		arch_load_idle();
	} else {
		arch_load_guest_cr3(&next->pv);
	}
	if (!is_idle_vcpu(prev) && prev->domain != next->domain) {
		mask_set(&prev->domain->mm.dirty, cpu, false);
	}
	sched_switched_out(prev_unit, now);
	if (is_idle_vcpu(next)) {
		stack_reset_and_jump(idle_loop);
	}
	enter(next, now);
}

bool cpu_is_idle(unsigned int cpu)
{
	return READ_ONCE(cpu_info_of(cpu)->running) == &idle_vcpus[cpu];
}

static void rare_work(void)
{
	(void)cpu_take(PENDING_ALIVE);
	if (cpu_take(PENDING_TIME)) {
		vcpu_follow_time();
	}
	if (cpu_take(PENDING_NMI)) {
		printk_guest(LOG_WARN "A hardware NMI on CPU %u\n", cpu_id());
	}
}

void pending_work_run(void)
{
	const u32 often = 1u << PENDING_TIMER | 1u << PENDING_SCHEDULE;

	/* Timers first: they may ask to schedule. One that runs out meanwhile stays pending. */
	if (cpu_take(PENDING_TIMER)) {
		timer_run();
	}
	if (READ_ONCE(cpu_info()->pending) & ~often) {
		rare_work();
	}
	tlb_keep_up();
	if (cpu_take(PENDING_SCHEDULE)) {
		sched_run();
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * What a vcpu is told of time: vcpu_time_info in its info page, the wall clock in shared_info, and
 * the runstate and time areas that it registered by virtual address. Those can only be written
 * while its kernel table is loaded; until then area_stale remembers it.
 *
 * All vcpus get the clock's record as it is (time/clock.c), so all compute the same. When it
 * changes no vcpu may be in guest mode, or one would go by the old line while another has the new:
 *
 *  1. every CPU is marked (PENDING_TIME): from now on it waits on its way to a guest;
 *  2. those that may be in a guest are called, and the answer shows that they left it. Idle CPUs
 *     sleep on; in the hypervisor none is held up, whatever it does, so none waits for another;
 *  3. the record changes, and on its way to the guest each CPU first copies it for its vcpu. What
 *     runs later finds at its switch that its copy is of another version.
 *
 * The flag TSC_STABLE is never set. It tells a kernel that its programs may read the clock from the
 * time area of vcpu 0 whichever vcpu they run on, and that area is only written when vcpu 0 runs.
 */
#include <xen/vcpu.h>
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "domain/domain.h"
#include "domain/hooks.h"
#include "domain/switch.h"
#include "lib/lib.h"

static bool guests_wait; /* the record is about to change */

static u32 fill_time(struct vcpu_time_info *t)
{
	return time_scale(&t->tsc_to_system_mul, &t->tsc_shift, &t->tsc_timestamp, &t->system_time);
}

/* The version of what a guest may read meanwhile is odd while it changes. */
static void change_begin(u32 *version)
{
	WRITE_ONCE(*version, *version | 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void change_end(u32 *version)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	WRITE_ONCE(*version, (*version | 1) + 1);
}

void vcpu_update_time(struct vcpu *v)
{
	struct vcpu_time_info *t = &v->info->time, now = {0};

	v->time_version = fill_time(&now);
	change_begin(&t->version);
	now.version = READ_ONCE(t->version);
	*t = now;
	change_end(&t->version);
	v->area_stale |= v->time_area != 0;
}

static bool write_runstate(struct vcpu *v)
{
	const bool flagged = v->domain->vm_assist & BIT(VMASST_TYPE_runstate_update_flag);
	const guest_ptr_t entry_time =
		v->runstate_area + offsetof(vcpu_runstate_info_t, state_entry_time);
	vcpu_runstate_info_t r = v->runstate; /* it runs: nobody else changes it */
	u64 stamp = r.state_entry_time;

	r.state_entry_time = stamp | (flagged ? XEN_RUNSTATE_UPDATE : 0);
	if (flagged && copy_to_guest(entry_time, &r.state_entry_time, sizeof(stamp))) {
		return false;
	}
	barrier();
	if (copy_to_guest(v->runstate_area, &r, sizeof(r))) {
		return false;
	}
	barrier();
	return !flagged || !copy_to_guest(entry_time, &stamp, sizeof(stamp));
}

static bool write_time(struct vcpu *v)
{
	struct vcpu_time_info t = {0};

	if (copy_from_guest(&t.version, v->time_area, sizeof(t.version))) {
		return false;
	}
	fill_time(&t);
	t.version |= 1;
	if (copy_to_guest(v->time_area, &t, sizeof(t))) {
		return false;
	}
	barrier();
	t.version++;
	return copy_to_guest(v->time_area, &t.version, sizeof(t.version)) == 0;
}

void vcpu_write_areas(struct vcpu *v)
{
	bool ok = true;

	if (!v->area_stale) {
		return;
	}
	if (v->runstate_area) {
		ok &= write_runstate(v);
	}
	if (v->time_area) {
		ok &= write_time(v);
	}
	/* Not mapped at this moment: the next entry to the guest's kernel tries again. */
	v->area_stale = !ok;
}

static void answer(void *arg)
{
}

void vcpus_set_time_rate(u32 mul)
{
	cpumask_t busy = {{0}};

	WRITE_ONCE(guests_wait, true);
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		cpu_mark(cpu, PENDING_TIME);
		if (cpu != cpu_id() && !cpu_is_idle(cpu)) {
			busy.bits[cpu / 64] |= BIT(cpu % 64);
		}
	}
	smp_call(&busy, answer, NULL);
	time_set_rate(mul);
	__atomic_store_n(&guests_wait, false, __ATOMIC_RELEASE);
}

/* Whom we wait for waits for nothing but answers, and these come by interrupt. */
void vcpu_follow_time(void)
{
	struct vcpu *v = current;

	while (__atomic_load_n(&guests_wait, __ATOMIC_ACQUIRE)) {
		cpu_relax();
	}
	if (is_idle_vcpu(v)) {
		return;
	}
	vcpu_update_time(v);
	if (v->pv.kernel_mode) {
		vcpu_write_areas(v);
	}
}

void domain_update_wallclock(struct domain *d)
{
	u64 ns = time_wallclock_base();
	shared_info_t *s = d->shared;

	if (!s) {
		return; /* not there yet, or dead */
	}
	change_begin(&s->wc_version);
	s->wc_sec = (u32)(ns / NS_PER_SEC);
	s->wc_sec_hi = (u32)(ns / NS_PER_SEC >> 32);
	s->wc_nsec = (u32)(ns % NS_PER_SEC);
	change_end(&s->wc_version);
}

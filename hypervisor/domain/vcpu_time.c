/* SPDX-License-Identifier: MIT */
/*
 * What a vcpu is told of time: vcpu_time_info in its info page, the wall clock in shared_info, and
 * the runstate and time areas that it registered by virtual address. Those can only be written
 * while its kernel table is loaded; until then area_stale remembers it.
 */
#include <xen/vcpu.h>
#include "arch/uaccess.h"
#include "domain/domain.h"
#include "domain/hooks.h"
#include "lib/lib.h"

static void fill_time(struct vcpu_time_info *t)
{
	s8 shift;

	time_scale(&t->tsc_to_system_mul, &shift, &t->tsc_timestamp, &t->system_time);
	t->tsc_shift = shift;
}

void vcpu_update_time(struct vcpu *v)
{
	struct vcpu_time_info *t = &v->info->time;
	struct vcpu_time_info now = {0};
	u32 version = READ_ONCE(t->version);

	fill_time(&now);
	/* Odd while it changes; the guest reads again if the version moved. */
	WRITE_ONCE(t->version, version | 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	t->tsc_timestamp = now.tsc_timestamp;
	t->system_time = now.system_time;
	t->tsc_to_system_mul = now.tsc_to_system_mul;
	t->tsc_shift = now.tsc_shift;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	WRITE_ONCE(t->version, (version | 1) + 1);
	v->area_stale |= v->time_area != 0;
}

static bool write_runstate(struct vcpu *v)
{
	const bool flagged = v->domain->vm_assist & BIT(VMASST_TYPE_runstate_update_flag);
	const guest_ptr_t entry_time =
		v->runstate_area + offsetof(vcpu_runstate_info_t, state_entry_time);
	vcpu_runstate_info_t r;
	u64 stamp;

	vcpu_runstate(v, &r);
	r.state_entry_time = time_now();
	if (!flagged) {
		return copy_to_guest(v->runstate_area, &r, sizeof(r)) == 0;
	}
	stamp = r.state_entry_time;
	r.state_entry_time |= XEN_RUNSTATE_UPDATE;
	if (copy_to_guest(entry_time, &r.state_entry_time, 8)) {
		return false;
	}
	barrier();
	if (copy_to_guest(v->runstate_area, &r, sizeof(r))) {
		return false;
	}
	barrier();
	return copy_to_guest(entry_time, &stamp, 8) == 0;
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

void domain_update_wallclock(struct domain *d)
{
	u64 ns = time_wallclock_base();
	shared_info_t *s = d->shared;
	u32 version = READ_ONCE(s->wc_version);

	WRITE_ONCE(s->wc_version, version | 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	s->wc_sec = (u32)(ns / NS_PER_SEC);
	s->wc_sec_hi = (u32)(ns / NS_PER_SEC >> 32);
	s->wc_nsec = (u32)(ns % NS_PER_SEC);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	WRITE_ONCE(s->wc_version, (version | 1) + 1);
}

/* SPDX-License-Identifier: MIT */
/*
 * vcpus: allocation, whether they may run, blocking, pausing, and the time they spent in each
 * state. run_lock of a vcpu makes "compute whether it may run, tell the scheduler" one step, so
 * that the last of several concurrent changes decides.
 */
#include "domain/domain.h"
#include "domain/hooks.h"
#include "arch/smp.h"
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/pagetype.h"

/* Where a vcpu's info goes when its domain has no page for it any more. */
static vcpu_info_t nowhere;

static void singleshot_fn(void *arg)
{
	evtchn_send_virq(arg, VIRQ_TIMER);
}

static void periodic_fn(void *arg)
{
	struct vcpu *v = arg;
	u64 now = time_now();

	if (v->period_ns) {
		/* Ticks that were missed are not made up for. */
		timer_set(&v->periodic, MAX(v->periodic.node.key + v->period_ns, now));
		evtchn_send_virq(v, VIRQ_TIMER);
	}
}

static void poll_fn(void *arg)
{
	vcpu_unblock(arg);
}

int domain_alloc_vcpu(struct domain *d, unsigned int id)
{
	unsigned int cpu;
	struct vcpu *v;

	if (id >= d->max_vcpus) {
		return -EINVAL;
	}
	if (d->vcpu[id]) {
		return -EEXIST;
	}
	v = heap_alloc(sizeof(*v));
	if (!v) {
		return -ENOMEM;
	}
	v->domain = d;
	v->id = id;
	v->info_mfn = INVALID_MFN;
	v->old_table = INVALID_MFN;
	v->info = id < XEN_LEGACY_MAX_VCPUS ? &d->shared->vcpu_info[id] : &nowhere;
	if (id < XEN_LEGACY_MAX_VCPUS) {
		v->info->evtchn_upcall_mask = 1;
	}
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = time_now();
	for (unsigned int i = 0; i < ARRAY_SIZE(v->pv.gdt_frame); i++) {
		v->pv.gdt_frame[i] = INVALID_MFN;
	}
	v->pv.kernel_mode = true;
	v->pv.traps = heap_alloc(256 * sizeof(struct trap_entry));
	cpu = (domain_id(d) + id) % cpu_count;
	sched_unit_init(&v->unit, cpu, &d->sched);
	timer_init(&v->singleshot, singleshot_fn, v, cpu);
	timer_init(&v->periodic, periodic_fn, v, cpu);
	timer_init(&v->poll_timer, poll_fn, v, cpu);
	v->pv.fpu = heap_alloc(fpu_area_bytes());
	if (!v->pv.traps || !v->pv.fpu) {
		vcpu_free(v);
		return -ENOMEM;
	}
	fpu_reset(&v->pv);
	v->pv.xcr0 = 1;
	vcpu_update_time(v);
	__atomic_store_n(&d->vcpu[id], v, __ATOMIC_RELEASE);
	return 0;
}

void vcpu_free(struct vcpu *v)
{
	heap_free(v->pv.fpu, fpu_area_bytes());
	heap_free(v->pv.traps, 256 * sizeof(struct trap_entry));
	heap_free(v, sizeof(*v));
}

void vcpu_stop_timers(struct vcpu *v)
{
	v->period_ns = 0;
	timer_stop(&v->singleshot);
	timer_stop(&v->periodic);
	timer_stop(&v->poll_timer);
}

/* --- Time by state. run_lock held. --- */

static void runstate_change(struct vcpu *v, int state, u64 now)
{
	vcpu_runstate_info_t *r = &v->runstate;

	if (now > r->state_entry_time) {
		r->time[r->state] += now - r->state_entry_time;
	}
	r->state = state;
	r->state_entry_time = now;
}

static bool may_run(const struct vcpu *v)
{
	const struct domain *d = v->domain;

	return v->up && !v->blocked && !v->polling && !d->pause_count && !d->shut_down;
}

static int waiting_state(const struct vcpu *v)
{
	return v->blocked || v->polling ? RUNSTATE_blocked : RUNSTATE_offline;
}

void vcpu_update_runnable(struct vcpu *v)
{
	unsigned long flags;
	u64 now;

	if (is_idle_vcpu(v)) {
		return;
	}
	flags = spin_lock_irqsave(&v->run_lock);
	now = time_now();
	if (may_run(v)) {
		if (v->runstate.state != RUNSTATE_running) {
			runstate_change(v, RUNSTATE_runnable, now);
		}
		sched_wake(&v->unit, now);
	} else {
		sched_sleep(&v->unit);
		if (v->runstate.state != RUNSTATE_running) {
			runstate_change(v, waiting_state(v), now);
		}
	}
	spin_unlock_irqrestore(&v->run_lock, flags);
}

void vcpu_switched_in(struct vcpu *v, u64 now)
{
	HOLD_LOCK_IRQSAVE(&v->run_lock);

	runstate_change(v, RUNSTATE_running, now);
}

void vcpu_switched_out(struct vcpu *v, u64 now)
{
	HOLD_LOCK_IRQSAVE(&v->run_lock);

	runstate_change(v, v->unit.runnable ? RUNSTATE_runnable : waiting_state(v), now);
}

void vcpu_runstate(struct vcpu *v, vcpu_runstate_info_t *r)
{
	HOLD_LOCK_IRQSAVE(&v->run_lock);
	u64 now = time_now();

	*r = v->runstate;
	if (now > r->state_entry_time) {
		r->time[r->state] += now - r->state_entry_time;
	}
}

/* --- Blocking and waking --- */

void vcpu_block(void)
{
	struct vcpu *v = current;

	v->info->evtchn_upcall_mask = 0;
	v->blocked = true;
	/* blocked before the look at pending: a sender does it the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vcpu_event_deliverable(v) || v->pv.nmi_pending) {
		v->blocked = false;
	} else {
		vcpu_update_runnable(v);
	}
}

void vcpu_unblock(struct vcpu *v)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (READ_ONCE(v->blocked) || READ_ONCE(v->polling)) {
		WRITE_ONCE(v->blocked, false);
		WRITE_ONCE(v->polling, false);
		vcpu_update_runnable(v);
	}
}

void vcpu_kick(struct vcpu *v)
{
	vcpu_unblock(v);
	if (v != current && READ_ONCE(v->unit.running)) {
		/* If it moves meanwhile, it looks at its events when it gets its new CPU. */
		smp_kick(READ_ONCE(v->unit.cpu));
	}
}

/* --- Pausing, counted --- */

void domain_pause(struct domain *d)
{
	__atomic_add_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);
	vcpu_for_each (d, v, i) {
		vcpu_update_runnable(v);
		sched_sleep_sync(&v->unit);
	}
}

void domain_unpause(struct domain *d)
{
	if (__atomic_sub_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST) == 0) {
		vcpu_for_each (d, v, i) {
			vcpu_update_runnable(v);
		}
	}
}

/* --- The page shared with the guest --- */

void vcpu_detach_info(struct vcpu *v)
{
	mfn_t m = v->info_mfn;

	v->info = &nowhere;
	v->info_mfn = INVALID_MFN;
	if (!mfn_eq(m, INVALID_MFN)) {
		frame_put_and_type(m);
	}
}

int vcpu_register_info(struct vcpu *v, mfn_t m, unsigned int offset)
{
	vcpu_info_t *new;
	int err;

	if (offset > PAGE_SIZE - sizeof(*new) || offset % 8) {
		return -EINVAL;
	}
	if (!mfn_eq(v->info_mfn, INVALID_MFN)) {
		return -EINVAL;
	}
	err = frame_get_and_type(m, &v->domain->mm, FT_WRITABLE);
	if (err) {
		return err;
	}
	new = (vcpu_info_t *)((char *)mfn_to_virt(m) + offset);
	if (v->info == &nowhere) {
		memset(new, 0, sizeof(*new));
		new->evtchn_upcall_mask = 1;
	} else {
		*new = *v->info;
	}
	v->info_mfn = m;
	WRITE_ONCE(v->info, new);
	/* Events raised while it moved may have hit the old place: look at all of them. */
	new->evtchn_pending_sel = ~0ul;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	WRITE_ONCE(new->evtchn_upcall_pending, 1);
	vcpu_update_time(v);
	return 0;
}

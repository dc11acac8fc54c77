/* SPDX-License-Identifier: MIT */
/* vcpu_op and set_timer_op: what a domain asks about its own vcpus. See pv-ABI: <xen/vcpu.h>. */
#include <xen/sched.h>
#include <xen/vcpu.h>
#include "arch/apic.h"
#include "arch/uaccess.h"
#include "domain/continuation.h"
#include "domain/domain.h"
#include "domain/hooks.h"
#include "lib/lib.h"
#include "mm/alloc.h"

#define MIN_PERIOD_NS NS_PER_MS

long vcpu_read_context(struct vcpu *v, guest_ptr_t from)
{
	vcpu_guest_context_t *c = heap_alloc(sizeof(*c));
	long rc;

	if (!c) {
		return -ENOMEM;
	}
	rc = copy_from_guest(c, from, sizeof(*c)) ? -EFAULT : 0;
	if (!rc) { /* the lock: several vcpus may try it at once */
		spin_lock(&v->domain->lock);
		rc = v->initialised ? -EEXIST : vcpu_set_context(v, c);
		spin_unlock(&v->domain->lock);
	}
	heap_free(c, sizeof(*c));
	return rc;
}

static long initialise(struct vcpu *v, guest_ptr_t arg)
{
	long rc = vcpu_read_context(v, arg);

	return rc == -ERESTART
		       ? HYPERCALL_CONTINUE(__HYPERVISOR_vcpu_op, VCPUOP_initialise, v->id, arg)
		       : rc;
}

static long up(struct vcpu *v, void *arg)
{
	HOLD_LOCK(&v->domain->lock);
	if (!v->initialised) {
		return -EINVAL;
	}
	v->up = true;
	vcpu_update_runnable(v);
	return 0;
}

static long down(struct vcpu *v, void *arg)
{
	bool last = true;

	spin_lock(&v->domain->lock);
	vcpu_for_each (v->domain, other, i) {
		last &= other == v || !other->up;
	}
	if (!last) {
		v->up = false;
	}
	spin_unlock(&v->domain->lock);
	if (last) {
		domain_shutdown(v->domain, SHUTDOWN_poweroff);
	} else {
		vcpu_update_runnable(v);
	}
	return 0;
}

static long is_up(struct vcpu *v, void *arg)
{
	return v->up;
}

static long get_runstate(struct vcpu *v, void *arg)
{
	vcpu_runstate(v, arg);
	return 0;
}

static long register_area(struct vcpu *v, u64 va, guest_ptr_t *area)
{
	*area = va_guest(va) ? va : 0;
	v->area_stale = true;
	if (v == current) {
		vcpu_write_areas(v);
	}
	return 0;
}

static long register_runstate(struct vcpu *v, void *arg)
{
	return register_area(v, *(u64 *)arg, &v->runstate_area);
}

static long register_time(struct vcpu *v, void *arg)
{
	return register_area(v, *(u64 *)arg, &v->time_area);
}

static long set_periodic(struct vcpu *v, void *arg)
{
	const struct vcpu_set_periodic_timer *p = arg;

	if (p->period_ns < MIN_PERIOD_NS || p->period_ns > (1ull << 62)) {
		return -EINVAL;
	}
	v->period_ns = p->period_ns;
	timer_set_here(&v->periodic, time_now() + p->period_ns);
	return 0;
}

static long stop_periodic(struct vcpu *v, void *arg)
{
	v->period_ns = 0;
	timer_stop(&v->periodic);
	return 0;
}

static long set_singleshot(struct vcpu *v, void *arg)
{
	const struct vcpu_set_singleshot_timer *s = arg;

	if ((s->flags & VCPU_SSHOTTMR_future) && s->timeout_abs_ns < time_now()) {
		return -ETIME;
	}
	timer_set_here(&v->singleshot, s->timeout_abs_ns);
	return 0;
}

static long stop_singleshot(struct vcpu *v, void *arg)
{
	timer_stop(&v->singleshot);
	return 0;
}

/* Of oneself or of a vcpu that is down and stays so meanwhile: nobody else uses the info. */
static long register_info(struct vcpu *v, void *arg)
{
	const struct vcpu_register_vcpu_info *r = arg;

	HOLD_LOCK(&v->domain->lock);
	if (v != current && (v->up || READ_ONCE(v->unit.running))) {
		return -EINVAL;
	}
	return vcpu_register_info(v, _mfn(r->mfn), r->offset);
}

void vcpu_send_nmi(struct vcpu *v)
{
	if (!__atomic_exchange_n(&v->pv.nmi_pending, true, __ATOMIC_SEQ_CST)) {
		vcpu_kick(v);
	}
}

static long send_nmi(struct vcpu *v, void *arg)
{
	vcpu_send_nmi(v);
	return 0;
}

static long get_physid(struct vcpu *v, void *arg)
{
	unsigned int cpu;

	if (!v->domain->privileged) {
		return -EINVAL;
	}
	cpu = READ_ONCE(v->unit.cpu); /* where it ran last */
	*(u64 *)arg = (u64)cpu_apic_id(cpu) | (u64)cpu << 32;
	return 0;
}

/* `bytes` of the argument are copied in or, with OUT, out. OWN: for the calling vcpu alone. */
enum { OUT = 1, OWN = 2 };
static const struct {
	long (*fn)(struct vcpu *v, void *arg);
	u8 bytes, flags;
} ops[] = {
	[VCPUOP_up] = {up, 0, 0},
	[VCPUOP_down] = {down, 0, 0},
	[VCPUOP_is_up] = {is_up, 0, 0},
	[VCPUOP_get_runstate_info] = {get_runstate, sizeof(vcpu_runstate_info_t), OUT},
	[VCPUOP_register_runstate_memory_area] = {register_runstate, sizeof(u64), 0},
	[VCPUOP_register_vcpu_time_memory_area] = {register_time, sizeof(u64), 0},
	[VCPUOP_set_periodic_timer] = {set_periodic, sizeof(vcpu_set_periodic_timer_t), 0},
	[VCPUOP_stop_periodic_timer] = {stop_periodic, 0, 0},
	[VCPUOP_set_singleshot_timer] = {set_singleshot, sizeof(vcpu_set_singleshot_timer_t), OWN},
	[VCPUOP_stop_singleshot_timer] = {stop_singleshot, 0, OWN},
	[VCPUOP_register_vcpu_info] = {register_info, sizeof(vcpu_register_vcpu_info_t), 0},
	[VCPUOP_send_nmi] = {send_nmi, 0, 0},
	[VCPUOP_get_physid] = {get_physid, sizeof(vcpu_get_physid_t), OUT},
};

long do_vcpu_op(unsigned int cmd, unsigned int id, guest_ptr_t arg)
{
	struct vcpu *v = domain_vcpu(current->domain, id);
	u64 copy[sizeof(vcpu_runstate_info_t) / sizeof(u64)] = {0};
	long rc;

	if (!v) {
		return -ENOENT;
	}
	if (cmd == VCPUOP_initialise) {
		return initialise(v, arg);
	}
	if (cmd >= ARRAY_SIZE(ops) || !ops[cmd].fn) {
		return -ENOSYS;
	}
	cmd = (unsigned int)index_clamp(cmd, ARRAY_SIZE(ops));
	if (ops[cmd].flags & OWN && v != current) {
		return -EINVAL;
	}
	if (!(ops[cmd].flags & OUT) && copy_from_guest(copy, arg, ops[cmd].bytes)) {
		return -EFAULT;
	}
	rc = ops[cmd].fn(v, copy);
	return !rc && ops[cmd].flags & OUT && copy_to_guest(arg, copy, ops[cmd].bytes) ? -EFAULT
										       : rc;
}

long do_set_timer_op(u64 deadline)
{
	if (deadline) {
		timer_set_here(&current->singleshot, deadline);
	} else {
		timer_stop(&current->singleshot);
	}
	return 0;
}

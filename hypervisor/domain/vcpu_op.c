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

long do_vcpu_op(unsigned int cmd, unsigned int id, guest_ptr_t arg);
long do_set_timer_op(u64 deadline);

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

static long up(struct vcpu *v)
{
	if (!v->initialised) {
		return -EINVAL;
	}
	v->up = true;
	vcpu_update_runnable(v);
	return 0;
}

static long down(struct vcpu *v)
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
		return 0;
	}
	vcpu_update_runnable(v);
	return 0;
}

static long get_runstate(struct vcpu *v, guest_ptr_t arg)
{
	vcpu_runstate_info_t r = {0};

	vcpu_runstate(v, &r);
	return copy_to_guest(arg, &r, sizeof(r)) ? -EFAULT : 0;
}

static long register_area(struct vcpu *v, guest_ptr_t arg, guest_ptr_t *area)
{
	u64 va;

	if (copy_from_guest(&va, arg, sizeof(va))) {
		return -EFAULT;
	}
	*area = va_guest(va) ? va : 0;
	v->area_stale = true;
	if (v == current) {
		vcpu_write_areas(v);
	}
	return 0;
}

static long set_periodic(struct vcpu *v, guest_ptr_t arg)
{
	struct vcpu_set_periodic_timer p;

	if (copy_from_guest(&p, arg, sizeof(p))) {
		return -EFAULT;
	}
	if (p.period_ns < MIN_PERIOD_NS || p.period_ns > (1ull << 62)) {
		return -EINVAL;
	}
	v->period_ns = p.period_ns;
	timer_set(&v->periodic, time_now() + p.period_ns);
	return 0;
}

static long stop_periodic(struct vcpu *v)
{
	v->period_ns = 0;
	timer_stop(&v->periodic);
	return 0;
}

static long set_singleshot(struct vcpu *v, guest_ptr_t arg)
{
	struct vcpu_set_singleshot_timer s;

	if (copy_from_guest(&s, arg, sizeof(s))) {
		return -EFAULT;
	}
	if ((s.flags & VCPU_SSHOTTMR_future) && s.timeout_abs_ns < time_now()) {
		return -ETIME;
	}
	timer_set(&v->singleshot, s.timeout_abs_ns);
	return 0;
}

/* Of oneself or of a vcpu that is down: two that paused each other would wait for ever. */
static long register_info(struct vcpu *v, guest_ptr_t arg)
{
	struct vcpu_register_vcpu_info r;
	long rc;

	if (copy_from_guest(&r, arg, sizeof(r))) {
		return -EFAULT;
	}
	if (v != current && READ_ONCE(v->up)) {
		return -EINVAL;
	}
	spin_lock(&v->domain->lock);
	rc = vcpu_register_info(v, _mfn(r.mfn), r.offset);
	spin_unlock(&v->domain->lock);
	return rc;
}

static long get_physid(struct vcpu *v, guest_ptr_t arg)
{
	struct vcpu_get_physid p = {0};

	if (!v->domain->privileged) {
		return -EINVAL;
	}
	p.phys_id = (u64)cpu_apic_id(v->unit.cpu) | (u64)v->unit.cpu << 32;
	return copy_to_guest(arg, &p, sizeof(p)) ? -EFAULT : 0;
}

long do_vcpu_op(unsigned int cmd, unsigned int id, guest_ptr_t arg)
{
	struct vcpu *v = domain_vcpu(current->domain, id);

	if (!v) {
		return -ENOENT;
	}
	switch (cmd) {
	case VCPUOP_initialise:
		return initialise(v, arg);
	case VCPUOP_up:
		return up(v);
	case VCPUOP_down:
		return down(v);
	case VCPUOP_is_up:
		return v->up;
	case VCPUOP_get_runstate_info:
		return get_runstate(v, arg);
	case VCPUOP_register_runstate_memory_area:
		return register_area(v, arg, &v->runstate_area);
	case VCPUOP_register_vcpu_time_memory_area:
		return register_area(v, arg, &v->time_area);
	case VCPUOP_set_periodic_timer:
		return set_periodic(v, arg);
	case VCPUOP_stop_periodic_timer:
		return stop_periodic(v);
	case VCPUOP_set_singleshot_timer:
		return v == current ? set_singleshot(v, arg) : -EINVAL;
	case VCPUOP_stop_singleshot_timer:
		if (v != current) {
			return -EINVAL;
		}
		timer_stop(&v->singleshot);
		return 0;
	case VCPUOP_register_vcpu_info:
		return register_info(v, arg);
	case VCPUOP_send_nmi:
		if (!__atomic_exchange_n(&v->pv.nmi_pending, true, __ATOMIC_SEQ_CST)) {
			vcpu_kick(v);
		}
		return 0;
	case VCPUOP_get_physid:
		return get_physid(v, arg);
	default:
		return -ENOSYS;
	}
}

long do_set_timer_op(u64 deadline)
{
	if (deadline) {
		timer_set(&current->singleshot, deadline);
	} else {
		timer_stop(&current->singleshot);
	}
	return 0;
}

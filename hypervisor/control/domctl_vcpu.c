/* SPDX-License-Identifier: MIT */
/* domctl: single vcpus. Their first state, what is told about them, and where they may run. */
#include <xen/vcpu.h>
#include "domctl.h"
#include "lib/lib.h"

static long setvcpucontext(struct vcpu *v, struct xen_domctl *op)
{
	guest_ptr_t from = (guest_ptr_t)op->u.vcpucontext.ctxt.p;
	long rc;

	if (!from) {
		return -EOPNOTSUPP; /* a reset, for resuming in place */
	}
	domain_pause(v->domain);
	rc = vcpu_read_context(v, from);
	domain_unpause(v->domain);
	return rc;
}

static long getvcpuinfo(struct vcpu *v, struct xen_domctl *op)
{
	vcpu_runstate_info_t r = {0};

	vcpu_runstate(v, &r);
	op->u.getvcpuinfo = (struct xen_domctl_getvcpuinfo){
		.vcpu = v->id,
		.online = v->up,
		.blocked = v->blocked || v->polling,
		.running = v->unit.running,
		.cpu_time = r.time[RUNSTATE_running],
		.cpu = READ_ONCE(v->unit.cpu),
	};
	return 0;
}

static void mask_and(cpumask_t *to, const cpumask_t *with)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(to->bits); i++) {
		to->bits[i] &= with->bits[i];
	}
}

/* Gives the caller those of the masks that it asks for. */
static long give_affinity(const struct xen_domctl_vcpuaffinity *a, const cpumask_t *hard,
			  const cpumask_t *soft)
{
	long rc = a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT) ? 0 : -EINVAL;

	if (a->flags & XEN_VCPUAFFINITY_HARD) {
		rc = bitmap_to_guest(hard->bits, CONFIG_NR_CPUS, &a->cpumap_hard);
	}
	if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT)) {
		rc = bitmap_to_guest(soft->bits, CONFIG_NR_CPUS, &a->cpumap_soft);
	}
	return rc;
}

/* The masks are kept as they are set; what of them can be had now is given back. */
static long setvcpuaffinity(struct vcpu *v, struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	cpumask_t hard = v->unit.hard, soft = v->unit.soft, effective;
	long rc = 0;

	if (a->flags & XEN_VCPUAFFINITY_HARD) {
		rc = bitmap_from_guest(hard.bits, CONFIG_NR_CPUS, &a->cpumap_hard);
	}
	if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT)) {
		rc = bitmap_from_guest(soft.bits, CONFIG_NR_CPUS, &a->cpumap_soft);
	}
	rc = rc ? rc : sched_unit_set_affinity(&v->unit, &hard, &soft);
	if (rc) {
		return rc;
	}
	cpumask_online(&effective);
	mask_and(&effective, &hard);
	mask_and(&soft, &effective);
	return give_affinity(a, &effective, &soft);
}

static long getvcpuaffinity(struct vcpu *v, struct xen_domctl *op)
{
	return give_affinity(&op->u.vcpuaffinity, &v->unit.hard, &v->unit.soft);
}

/* Of the triggers only the NMI is one of PV guests. */
static long sendtrigger(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = domain_vcpu(d, op->u.sendtrigger.vcpu);

	if (op->u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI) {
		return -ENOSYS;
	}
	if (!v) {
		return -ESRCH;
	}
	vcpu_send_nmi(v);
	return 0;
}

const struct domctl_handler domctl_vcpu[] = {
	{XEN_DOMCTL_setvcpucontext, .target = OTHER_DOMAIN, .on_vcpu = setvcpucontext},
	{XEN_DOMCTL_getvcpuinfo, .on_vcpu = getvcpuinfo},
	{XEN_DOMCTL_setvcpuaffinity, .on_vcpu = setvcpuaffinity},
	{XEN_DOMCTL_getvcpuaffinity, .on_vcpu = getvcpuaffinity},
	{XEN_DOMCTL_sendtrigger, .on_domain = sendtrigger},
	{.cmd = 0},
};

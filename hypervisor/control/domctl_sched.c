/* SPDX-License-Identifier: MIT */
/*
 * domctl: where vcpus may run and how much. Affinities are kept per vcpu as the tools set them; one
 * memory node is shown. The scheduler reports itself as credit2 and takes its parameters.
 */
#include "domctl.h"
#include "lib/lib.h"

static bool mask_and(cpumask_t *to, const cpumask_t *with)
{
	u64 any = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(to->bits); i++) {
		to->bits[i] &= with->bits[i];
		any |= to->bits[i];
	}
	return any;
}

long domctl_setvcpuaffinity(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	struct vcpu *v = domain_vcpu(d, a->vcpu);
	cpumask_t hard, soft, online, effective;
	int err = 0;

	if (!v) {
		return -ESRCH;
	}
	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT))) {
		return -EINVAL;
	}
	cpumask_online(&online);
	hard = v->hard_affinity;
	soft = v->soft_affinity;
	if (a->flags & XEN_VCPUAFFINITY_HARD) {
		err = bitmap_from_guest(hard.bits, CONFIG_NR_CPUS, &a->cpumap_hard);
	}
	if (!err && (a->flags & XEN_VCPUAFFINITY_SOFT)) {
		err = bitmap_from_guest(soft.bits, CONFIG_NR_CPUS, &a->cpumap_soft);
	}
	effective = hard;
	if (!err && !mask_and(&effective, &online)) {
		err = -EINVAL;
	}
	if (err) {
		return err;
	}
	v->hard_affinity = hard;
	v->soft_affinity = soft;
	if (a->flags & XEN_VCPUAFFINITY_HARD) {
		err = bitmap_to_guest(effective.bits, CONFIG_NR_CPUS, &a->cpumap_hard);
	}
	if (!err && (a->flags & XEN_VCPUAFFINITY_SOFT)) {
		mask_and(&effective, &soft);
		err = bitmap_to_guest(effective.bits, CONFIG_NR_CPUS, &a->cpumap_soft);
	}
	return err;
}

long domctl_getvcpuaffinity(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	struct vcpu *v = domain_vcpu(d, a->vcpu);
	int err = 0;

	if (!v) {
		return -ESRCH;
	}
	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT))) {
		return -EINVAL;
	}
	if (a->flags & XEN_VCPUAFFINITY_HARD) {
		err = bitmap_to_guest(v->hard_affinity.bits, CONFIG_NR_CPUS, &a->cpumap_hard);
	}
	if (!err && (a->flags & XEN_VCPUAFFINITY_SOFT)) {
		err = bitmap_to_guest(v->soft_affinity.bits, CONFIG_NR_CPUS, &a->cpumap_soft);
	}
	return err;
}

long domctl_setnodeaffinity(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	u64 nodes;
	int err = bitmap_from_guest(&nodes, 64, &op->u.nodeaffinity.nodemap);

	return err ? err : nodes & 1 ? 0 : -EINVAL;
}

long domctl_getnodeaffinity(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	const u64 node0 = 1;

	return bitmap_to_guest(&node0, 64, &op->u.nodeaffinity.nodemap);
}

#define CAP_UNCHANGED 0xffffu

static void put_params(struct domain *d, const struct xen_domctl_sched_credit2 *p)
{
	vcpu_for_each (d, v, i) {
		if (p->weight) {
			WRITE_ONCE(v->unit.weight, p->weight);
		}
		if (p->cap != CAP_UNCHANGED) {
			WRITE_ONCE(v->unit.cap, p->cap);
		}
	}
}

long domctl_scheduler_op(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;
	struct vcpu *v0 = domain_vcpu(d, 0);

	if (s->sched_id != XEN_SCHEDULER_CREDIT2 || !v0) {
		return -EINVAL;
	}
	switch (s->cmd) {
	case XEN_DOMCTL_SCHEDOP_putinfo:
		put_params(d, &s->u.credit2);
		return 0;
	case XEN_DOMCTL_SCHEDOP_getinfo:
		s->u.credit2.weight = v0->unit.weight;
		s->u.credit2.cap = v0->unit.cap;
		*copyback = true;
		return 0;
	}
	return -EINVAL;
}

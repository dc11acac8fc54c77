/* SPDX-License-Identifier: MIT */
/*
 * domctl: domains as a whole. Creation, end, pausing, what is told about them, and their few
 * settings. Runs under the domctl turn; d->lock guards what domain/ changes too.
 */
#include <xen/vcpu.h>
#include "domctl.h"
#include "lib/lib.h"
#include "pv/pv.h"

static long createdomain(struct domain *unused, struct xen_domctl *op)
{
	struct domain *d;
	int err = domain_create(op->domain, &op->u.createdomain, &d);

	if (err) {
		return err;
	}
	/* Its first pause is the tools' to lift. */
	d->paused_by_tools = 1;
	op->domain = domain_id(d);
	return 0;
}

static long destroydomain(struct domain *d, struct xen_domctl *op)
{
	return d->privileged ? -EINVAL : domain_kill(d);
}

static long pausedomain(struct domain *d, struct xen_domctl *op)
{
	if (d->paused_by_tools == ~0u) {
		return -EOVERFLOW;
	}
	d->paused_by_tools++;
	domain_pause(d);
	return 0;
}

static long unpausedomain(struct domain *d, struct xen_domctl *op)
{
	if (!d->paused_by_tools) {
		return -EINVAL;
	}
	d->paused_by_tools--;
	domain_unpause(d);
	return 0;
}

/* Flags and totals over the vcpus. "Blocked": all that are up wait for events. */
static u32 count_vcpus(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	u32 flags = XEN_DOMINF_blocked;

	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	info->cpu_time = d->cpu_time_dead;
	vcpu_for_each (d, v, i) {
		vcpu_runstate_info_t r = {0};

		vcpu_runstate(v, &r);
		info->cpu_time += r.time[RUNSTATE_running];
		info->max_vcpu_id = v->id;
		if (!v->up) {
			continue;
		}
		info->nr_online_vcpus++;
		if (!v->blocked && !v->polling) {
			flags &= ~XEN_DOMINF_blocked;
		}
		if (v->unit.running) {
			flags |= XEN_DOMINF_running;
		}
	}
	return info->nr_online_vcpus ? flags : 0;
}

void domain_fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	memset(info, 0, sizeof(*info));
	info->domain = domain_id(d);
	info->flags = count_vcpus(d, info);
	if (d->dying == DOMAIN_DEAD) {
		info->flags |= XEN_DOMINF_dying;
	}
	if (d->shut_down) {
		info->flags |= XEN_DOMINF_shutdown | d->shutdown_code << XEN_DOMINF_shutdownshift;
	}
	if (d->paused_by_tools) {
		info->flags |= XEN_DOMINF_paused;
	}
	info->tot_pages = d->mm.pages;
	info->max_pages = d->mm.limit;
	info->shared_info_frame = d->shared ? mfn_x(virt_to_mfn(d->shared)) : ~0ull;
	info->gpaddr_bits = cpu_features.maddr_bits;
	memcpy(info->handle, d->handle, sizeof(info->handle));
}

/* Answers for the first domain with at least the id that was asked for. */
static long getdomaininfo(struct domain *unused, struct xen_domctl *op)
{
	struct domain *d = domain_get_next(op->domain);

	if (!d) {
		return -ESRCH;
	}
	op->domain = domain_id(d);
	domain_fill_info(d, &op->u.getdomaininfo);
	domain_put(d);
	return 0;
}

static long max_vcpus(struct domain *d, struct xen_domctl *op)
{
	int err = 0;

	if (op->u.max_vcpus.max != d->max_vcpus || d->dying != DOMAIN_ALIVE) {
		return -EINVAL;
	}
	for (unsigned int i = 0; !err && i < d->max_vcpus; i++) {
		err = d->vcpu[i] ? 0 : domain_alloc_vcpu(d, i);
	}
	return err;
}

static long setdomainhandle(struct domain *d, struct xen_domctl *op)
{
	memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
	return 0;
}

static long set_address_size(struct domain *d, struct xen_domctl *op)
{
	return op->u.address_size.size == 64 ? 0 : -EINVAL;
}

static long get_address_size(struct domain *d, struct xen_domctl *op)
{
	op->u.address_size.size = 64;
	return 0;
}

/* TSC modes: 0 default, 2 native; RDTSC is never trapped, so 1 (always emulated) cannot be had. */
static long settscinfo(struct domain *d, struct xen_domctl *op)
{
	u32 mode = op->u.tsc_info.tsc_mode;

	if (mode != 0 && mode != 2) {
		return -EOPNOTSUPP;
	}
	d->tsc_mode = mode;
	d->tsc_incarnation = op->u.tsc_info.incarnation;
	return 0;
}

/* For a guest that moves; a native TSC has neither a rate nor an offset to take along. */
static long gettscinfo(struct domain *d, struct xen_domctl *op)
{
	op->u.tsc_info = (struct xen_domctl_tsc_info){.tsc_mode = d->tsc_mode,
						      .incarnation = d->tsc_incarnation};
	return 0;
}

/* Below what it already has is fine: it gets nothing more until it gave enough back. */
static long max_mem(struct domain *d, struct xen_domctl *op)
{
	spin_lock(&d->mm.lock);
	d->mm.limit = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);
	spin_unlock(&d->mm.lock);
	return 0;
}

static long hypercall_init(struct domain *d, struct xen_domctl *op)
{
	return hypercall_page_install(d, _mfn(op->u.hypercall_init.gmfn)) ? -EACCES : 0;
}

static long setnodeaffinity(struct domain *d, struct xen_domctl *op)
{
	u64 nodes;
	int err = bitmap_from_guest(&nodes, 64, &op->u.nodeaffinity.nodemap);

	return err ? err : nodes & 1 ? 0 : -EINVAL;
}

static long getnodeaffinity(struct domain *d, struct xen_domctl *op)
{
	const u64 node0 = 1;

	return bitmap_to_guest(&node0, 64, &op->u.nodeaffinity.nodemap);
}

/* A domain's share of the CPUs, under the name and with the parameters of credit2. Weight 0: as it
 * is. Single vcpus have none of their own. */
static long scheduler_op(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;
	struct xen_domctl_sched_credit2 *p = &s->u.credit2;

	if (s->sched_id != XEN_SCHEDULER_CREDIT2) {
		return -EINVAL;
	}
	switch (s->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		p->weight = (u16)d->sched.weight;
		p->cap = (u16)d->sched.cap;
		return 0;
	case XEN_DOMCTL_SCHEDOP_putinfo:
		if (d->dying || p->cap > 100 * d->max_vcpus) {
			return -EINVAL;
		}
		return sched_group_set(&d->sched, p->weight ? p->weight : d->sched.weight, p->cap);
	}
	return -EINVAL;
}

const struct domctl_handler domctl_domain[] = {
	{XEN_DOMCTL_createdomain, .target = NO_DOMAIN, .on_domain = createdomain},
	{XEN_DOMCTL_destroydomain, .target = OTHER_DOMAIN, .on_domain = destroydomain},
	{XEN_DOMCTL_pausedomain, .target = OTHER_DOMAIN, .on_domain = pausedomain},
	{XEN_DOMCTL_unpausedomain, .on_domain = unpausedomain},
	{XEN_DOMCTL_getdomaininfo, .target = NO_DOMAIN, .on_domain = getdomaininfo},
	{XEN_DOMCTL_max_vcpus, .on_domain = max_vcpus},
	{XEN_DOMCTL_setdomainhandle, .on_domain = setdomainhandle},
	{XEN_DOMCTL_set_address_size, .on_domain = set_address_size},
	{XEN_DOMCTL_get_address_size, .on_domain = get_address_size},
	{XEN_DOMCTL_gettscinfo, .on_domain = gettscinfo},
	{XEN_DOMCTL_settscinfo, .target = OTHER_DOMAIN, .on_domain = settscinfo},
	{XEN_DOMCTL_max_mem, .on_domain = max_mem},
	{XEN_DOMCTL_hypercall_init, .on_domain = hypercall_init},
	{XEN_DOMCTL_setnodeaffinity, .on_domain = setnodeaffinity},
	{XEN_DOMCTL_getnodeaffinity, .on_domain = getnodeaffinity},
	{XEN_DOMCTL_scheduler_op, .on_domain = scheduler_op},
	{.cmd = 0},
};

/* SPDX-License-Identifier: MIT */
/*
 * domctl: domains as a whole. Creation, end, pausing, what is told about them, and their small
 * settings. Runs under the domctl turn; d->lock guards what domain/ changes too.
 */
#include <xen/vcpu.h>
#include "arch/tsc.h"
#include "domctl.h"
#include "event/event.h"
#include "lib/lib.h"

long domctl_createdomain(struct domain *unused, struct xen_domctl *op, bool *copyback)
{
	struct domain *d;
	int err = domain_create(op->domain, &op->u.createdomain, &d);

	if (err) {
		return err;
	}
	/* Its first pause is the tools' to lift. */
	d->paused_by_tools = 1;
	op->domain = domain_id(d);
	*copyback = true;
	return 0;
}

long domctl_destroydomain(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	if (d == current->domain || d->privileged) {
		return -EINVAL;
	}
	return domain_kill(d);
}

long domctl_pausedomain(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	if (d == current->domain) {
		return -EINVAL;
	}
	if (d->paused_by_tools == ~0u) {
		return -EOVERFLOW;
	}
	d->paused_by_tools++;
	domain_pause(d);
	return 0;
}

long domctl_unpausedomain(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	if (!d->paused_by_tools) {
		return -EINVAL;
	}
	d->paused_by_tools--;
	domain_unpause(d);
	return 0;
}

long domctl_resumedomain(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	if (d == current->domain) {
		return -EINVAL;
	}
	domain_resume(d);
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
long domctl_getdomaininfo(struct domain *unused, struct xen_domctl *op, bool *copyback)
{
	struct domain *d = domain_get_next(op->domain);

	if (!d) {
		return -ESRCH;
	}
	op->domain = domain_id(d);
	domain_fill_info(d, &op->u.getdomaininfo);
	domain_put(d);
	*copyback = true;
	return 0;
}

long domctl_max_vcpus(struct domain *d, struct xen_domctl *op, bool *copyback)
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

long domctl_setdomainhandle(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
	return 0;
}

/* There is no debugger interface: only "off" can be had. */
long domctl_setdebugging(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	return op->u.setdebugging.enable ? -EOPNOTSUPP : 0;
}

long domctl_settimeoffset(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	s64 sec = op->u.settimeoffset.time_offset_seconds;
	const s64 limit = INT64_MAX / (s64)NS_PER_SEC;

	if (sec > limit || sec < -limit) {
		return -EINVAL;
	}
	d->time_offset_ns = (u64)(sec * (s64)NS_PER_SEC);
	domain_update_wallclock(d);
	return 0;
}

long domctl_set_address_size(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	return op->u.address_size.size == 64 ? 0 : -EINVAL;
}

long domctl_get_address_size(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	op->u.address_size.size = 64;
	*copyback = true;
	return 0;
}

/* TSC modes: 0 default, 2 native; RDTSC is never trapped, so 1 (always emulated) cannot be had. */
long domctl_settscinfo(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	u32 mode = op->u.tsc_info.tsc_mode;

	if (d == current->domain) {
		return -EINVAL;
	}
	if (mode != 0 && mode != 2) {
		return mode == 1 ? -EOPNOTSUPP : -EINVAL;
	}
	d->tsc_mode = mode;
	return 0;
}

long domctl_gettscinfo(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	op->u.tsc_info = (struct xen_domctl_tsc_info){
		.tsc_mode = d->tsc_mode,
		.gtsc_khz = (u32)tsc_khz,
		.elapsed_nsec = time_now(),
	};
	*copyback = true;
	return 0;
}

/* Devices belong to dom0 alone: rights can be taken from other domains, which have none, not given.
 */
long domctl_permission(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	bool allow;

	if (op->cmd == XEN_DOMCTL_irq_permission) {
		allow = op->u.irq_permission.allow_access;
	} else if (op->cmd == XEN_DOMCTL_iomem_permission) {
		allow = op->u.iomem_permission.allow_access;
	} else {
		allow = op->u.ioport_permission.allow_access;
	}
	return allow == d->privileged ? 0 : -EOPNOTSUPP;
}

long domctl_set_virq_handler(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	return evtchn_set_virq_handler(d, op->u.set_virq_handler.virq);
}

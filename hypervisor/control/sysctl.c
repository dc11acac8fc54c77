/* SPDX-License-Identifier: MIT */
/*
 * sysctl: what dom0's tools ask about the machine. Changes nothing but the message ring, so it
 * needs no lock of its own. Domus's own counters (include/public/domus.h) are a sysctl too.
 */
#include <xen/sysctl.h>
#include "abi_check.h"
#include "arch/tsc.h"
#include "arch/uaccess.h"
#include "control/control.h"
#include "domain/subop.h"
#include "domctl.h"
#include "domus.h"
#include "drivers/console.h"
#include "event/event.h"
#include "grant/grant.h"
#include "lib/lib.h"
#include "mm/alloc.h"

#define DEBUG_KEYS_MAX 64u

static long readconsole(struct xen_sysctl *op)
{
	return console_read_ring(&op->u.readconsole);
}

static long physinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *p = &op->u.physinfo;

	*p = (struct xen_sysctl_physinfo){
		.threads_per_core = 1,
		.cores_per_socket = cpu_count,
		.nr_cpus = cpu_count,
		.max_cpu_id = cpu_count - 1,
		.nr_nodes = 1,
		.cpu_khz = (u32)tsc_khz,
		.capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1 |
				(grant_version_max > 1 ? XEN_SYSCTL_PHYSCAP_gnttab_v2 : 0),
		.total_pages = host_facts.total_pages,
		.free_pages = alloc_free_pages(),
		.scrub_pages = alloc_dirty_pages(),
		.max_mfn = frame_end - 1,
	};
	policy_hw_caps(p->hw_cap);
	return 0;
}

static long sched_id(struct xen_sysctl *op)
{
	op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
	return 0;
}

static long getdomaininfolist(struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *l = &op->u.getdomaininfolist;
	struct domain *d = domain_get_next(l->first_domain);
	xen_domctl_getdomaininfo_t info;
	u32 n = 0;
	long rc = 0;

	for (; d && n < l->max_domains && !rc; n++) {
		domain_fill_info(d, &info);
		if (copy_to_guest((guest_ptr_t)(l->buffer.p + n), &info, sizeof(info))) {
			rc = -EFAULT;
		}
		d = domain_next(d);
	}
	if (d) {
		domain_put(d);
	}
	l->num_domains = n;
	return rc;
}

static long debug_keys(struct xen_sysctl *op)
{
	struct xen_sysctl_debug_keys *k = &op->u.debug_keys;
	char keys[DEBUG_KEYS_MAX];

	if (k->nr_keys > sizeof(keys)) {
		return -E2BIG;
	}
	if (copy_from_guest(keys, (guest_ptr_t)k->keys.p, k->nr_keys)) {
		return -EFAULT;
	}
	for (u32 i = 0; i < k->nr_keys; i++) {
		console_handle_key(keys[i]);
	}
	return 0;
}

static const struct {
	u32 cmd;
	long (*fn)(struct xen_sysctl *op);
} handlers[] = {
	{XEN_SYSCTL_readconsole, readconsole},
	{XEN_SYSCTL_physinfo, physinfo},
	{XEN_SYSCTL_sched_id, sched_id},
	{XEN_SYSCTL_getdomaininfolist, getdomaininfolist},
	{XEN_SYSCTL_debug_keys, debug_keys},
	{XEN_SYSCTL_cputopoinfo, sysctl_cputopoinfo},
	{XEN_SYSCTL_pcitopoinfo, sysctl_pcitopoinfo},
	{XEN_SYSCTL_numainfo, sysctl_numainfo},
	{XEN_SYSCTL_cpupool_op, sysctl_cpupool_op},
	{XEN_SYSCTL_scheduler_op, sysctl_scheduler_op},
	{XEN_SYSCTL_get_cpu_featureset, sysctl_cpu_featureset},
	{XEN_SYSCTL_get_cpu_policy, sysctl_cpu_policy},
};

static void count_domains(struct domus_counters *c)
{
	domain_for_each (d) {
		c->domains++;
		c->domain_pages += d->mm.pages;
		c->event_channels += evtchn_count(d);
		c->grant_maps += grant_map_count(d);
		vcpu_for_each (d, v, i) {
			c->vcpus++;
		}
	}
}

static long counters(guest_ptr_t arg)
{
	struct domus_counters c;

	/* Version 1 is the only one: whoever knows a later one gets this. */
	if (copy_from_guest(&c, arg, offsetof(struct domus_counters, total_pages))) {
		return -EFAULT;
	}
	if (!c.version) {
		return -EINVAL;
	}
	c = (struct domus_counters){
		.cmd = c.cmd,
		.interface_version = c.interface_version,
		.version = DOMUS_COUNTERS_VERSION,
		.total_pages = host_facts.total_pages,
		.free_pages = alloc_free_pages(),
		.heap_pages = heap_bytes_used() >> PAGE_SHIFT,
		.uptime_ns = time_now(),
	};
	count_domains(&c);
	return copy_to_guest(arg, &c, sizeof(c)) ? -EFAULT : 0;
}

long do_sysctl(guest_ptr_t arg)
{
	u32 head[2]; /* command, interface version */
	struct xen_sysctl op;
	long rc = tools_call_read(head, sizeof(head), arg, XEN_SYSCTL_INTERFACE_VERSION);

	if (rc) {
		return rc;
	}
	if (head[0] == DOMUS_SYSCTL_COUNTERS) {
		return counters(arg);
	}
	op.cmd = head[0];
	op.interface_version = head[1];
	if (copy_from_guest(&op.u, arg + offsetof(struct xen_sysctl, u), sizeof(op.u))) {
		return -EFAULT;
	}
	rc = -ENOSYS;
	for (unsigned int i = 0; i < ARRAY_SIZE(handlers); i++) {
		if (handlers[i].cmd == op.cmd) {
			rc = handlers[i].fn(&op);
			break;
		}
	}
	if (copy_to_guest(arg, &op, sizeof(op))) {
		rc = -EFAULT;
	}
	return rc;
}

/* SPDX-License-Identifier: MIT */
/* sysctl: CPUs, topology, the one CPU pool and the scheduler, as tools list them. Read-only. */
#include <xen/sysctl.h>
#include "arch/uaccess.h"
#include "control/control.h"
#include "domctl.h"
#include "lib/lib.h"
#include "mm/alloc.h"

#define LOCAL_DISTANCE 10u
#define PCI_NODES_MAX  64u

/* Every CPU is shown as a core of its own in one socket. */
long sysctl_cputopoinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *t = &op->u.cputopoinfo;
	u32 n = MIN(t->num_cpus, cpu_count);

	for (u32 cpu = 0; t->cputopo.p && cpu < n; cpu++) {
		xen_sysctl_cputopo_t topo = {.core = cpu};

		if (copy_to_guest((guest_ptr_t)(t->cputopo.p + cpu), &topo, sizeof(topo))) {
			return -EFAULT;
		}
	}
	t->num_cpus = cpu_count;
	return 0;
}

/* All devices are near the one node. Part of the list is an answer, too: the caller goes on. */
long sysctl_pcitopoinfo(struct xen_sysctl *op)
{
	static const u32 nodes[PCI_NODES_MAX];
	struct xen_sysctl_pcitopoinfo *t = &op->u.pcitopoinfo;

	t->num_devs = MIN(t->num_devs, PCI_NODES_MAX);
	return copy_to_guest((guest_ptr_t)t->nodes.p, nodes, t->num_devs * sizeof(nodes[0]))
		       ? -EFAULT
		       : 0;
}

/* One node with all memory. */
long sysctl_numainfo(struct xen_sysctl *op)
{
	struct xen_sysctl_numainfo *n = &op->u.numainfo;
	const xen_sysctl_meminfo_t mem = {
		.memsize = host_facts.total_pages << PAGE_SHIFT,
		.memfree = alloc_free_pages() << PAGE_SHIFT,
	};
	const u32 distance = LOCAL_DISTANCE;
	guest_ptr_t mem_to = n->num_nodes ? (guest_ptr_t)n->meminfo.p : 0;
	guest_ptr_t distance_to = n->num_nodes ? (guest_ptr_t)n->distance.p : 0;

	n->num_nodes = 1;
	if ((mem_to && copy_to_guest(mem_to, &mem, sizeof(mem))) ||
	    (distance_to && copy_to_guest(distance_to, &distance, sizeof(distance)))) {
		return -EFAULT;
	}
	return 0;
}

static long pool_info(struct xen_sysctl_cpupool_op *c)
{
	cpumask_t online;

	if (c->cpupool_id != 0 && c->cpupool_id != XEN_SYSCTL_CPUPOOL_PAR_ANY) {
		return -ENOENT; /* answers for the first pool with at least this id */
	}
	c->cpupool_id = 0;
	c->sched_id = XEN_SCHEDULER_CREDIT2;
	c->n_dom = domain_count();
	cpumask_online(&online);
	return bitmap_to_guest(online.bits, CONFIG_NR_CPUS, &c->cpumap);
}

long sysctl_cpupool_op(struct xen_sysctl *op)
{
	static const cpumask_t none;
	struct xen_sysctl_cpupool_op *c = &op->u.cpupool_op;

	switch (c->op) {
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		return pool_info(c);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO: /* CPUs in no pool */
		return bitmap_to_guest(none.bits, CONFIG_NR_CPUS, &c->cpumap);
	}
	return -EINVAL;
}

/* credit2's one parameter: how long a vcpu keeps a CPU before one that wakes may take it. */
long sysctl_scheduler_op(struct xen_sysctl *op)
{
	struct xen_sysctl_scheduler_op *s = &op->u.scheduler_op;
	u32 *limit = &s->u.sched_credit2.ratelimit_us;

	if (s->cmd != XEN_SYSCTL_SCHEDOP_putinfo && s->cmd != XEN_SYSCTL_SCHEDOP_getinfo) {
		return -EINVAL;
	}
	if (s->cpupool_id) {
		return -ESRCH;
	}
	if (s->sched_id != XEN_SCHEDULER_CREDIT2) {
		return -EINVAL;
	}
	if (s->cmd == XEN_SYSCTL_SCHEDOP_putinfo) {
		return sched_set_ratelimit(*limit);
	}
	*limit = sched_ratelimit();
	return 0;
}

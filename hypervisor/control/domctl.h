/* SPDX-License-Identifier: MIT */
/* Shared by the files of control/: handlers of domctl by theme, and bitmaps of the ABI. */
#ifndef CONTROL_DOMCTL_H
#define CONTROL_DOMCTL_H

#include <xen/domctl.h>
#include "domain/domain.h"

/*
 * A domctl handler. `d` is referenced by the caller (NULL where the call names no existing domain).
 * Sets *copyback when the structure is to be written back, also with an error. -ERESTART: the
 * call is made again with the same arguments.
 */
typedef long (*domctl_fn_t)(struct domain *d, struct xen_domctl *op, bool *copyback);

/* domctl_life.c */
long domctl_createdomain(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_destroydomain(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_pausedomain(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_unpausedomain(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_resumedomain(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_getdomaininfo(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_max_vcpus(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_setdomainhandle(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_setdebugging(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_settimeoffset(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_set_address_size(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_get_address_size(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_settscinfo(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_gettscinfo(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_permission(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_set_virq_handler(struct domain *d, struct xen_domctl *op, bool *copyback);
/* Fills what tools list of a domain; also for sysctl getdomaininfolist. */
void domain_fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* domctl_mem.c */
long domctl_max_mem(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_hypercall_init(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_shadow_op(struct domain *d, struct xen_domctl *op, bool *copyback);

/* domctl_vcpu.c */
long domctl_setvcpucontext(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_getvcpucontext(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_sendtrigger(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_set_ext_vcpucontext(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_get_ext_vcpucontext(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_setvcpuextstate(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_getvcpuextstate(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_vcpu_msrs(struct domain *d, struct xen_domctl *op, bool *copyback);

/* domctl_sched.c */
long domctl_setvcpuaffinity(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_getvcpuaffinity(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_setnodeaffinity(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_getnodeaffinity(struct domain *d, struct xen_domctl *op, bool *copyback);
long domctl_scheduler_op(struct domain *d, struct xen_domctl *op, bool *copyback);

/* policy.c: CPUID policies for domctl and sysctl. */
long domctl_cpu_policy(struct domain *d, struct xen_domctl *op, bool *copyback);
struct xen_sysctl;
long sysctl_cpu_policy(struct xen_sysctl *op, bool *copyback);
long sysctl_cpu_featureset(struct xen_sysctl *op, bool *copyback);
/* The first feature words of the host: what `xl info` prints as hw_caps. */
void policy_hw_caps(u32 caps[8]);

/* sysctl_cpu.c */
long sysctl_getcpuinfo(struct xen_sysctl *op, bool *copyback);
long sysctl_cputopoinfo(struct xen_sysctl *op, bool *copyback);
long sysctl_numainfo(struct xen_sysctl *op, bool *copyback);
long sysctl_cpupool_op(struct xen_sysctl *op, bool *copyback);
long sysctl_scheduler_op(struct xen_sysctl *op, bool *copyback);

/* bitmap.c. A guest's bitmap may be of any size up to 32768 bits: shorter ones are
 * zero-extended, what does not fit is cut off. -EINVAL, -EFAULT. */
int bitmap_from_guest(u64 *bits, unsigned int count, const struct xenctl_bitmap *b);
int bitmap_to_guest(const u64 *bits, unsigned int count, const struct xenctl_bitmap *b);
/* The online CPUs. */
void cpumask_online(cpumask_t *m);

#endif

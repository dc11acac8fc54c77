/* SPDX-License-Identifier: MIT */
/* Shared by the files of control/: handlers of domctl by theme, and bitmaps of the ABI. */
#pragma once

#include <xen/domctl.h>
#include "domain/domain.h"

/* Whom a domctl may name. */
enum domctl_target {
	ANY_DOMAIN,   /* that exists */
	OTHER_DOMAIN, /* that is not the caller's: -EINVAL */
	NO_DOMAIN,    /* the handler looks for itself and gets NULL */
};

/*
 * One domctl: a handler that gets a domain, or one that gets the vcpu named by the first field of
 * the call's part of the union; the caller of the handler holds a reference. The structure is
 * written back in any case. -ERESTART: the call is made again with the same arguments.
 */
struct domctl_handler {
	u32 cmd;
	enum domctl_target target;
	long (*on_domain)(struct domain *d, struct xen_domctl *op);
	long (*on_vcpu)(struct vcpu *v, struct xen_domctl *op);
};

/* The handlers of each file, ended by an empty one. */
extern const struct domctl_handler domctl_domain[], domctl_vcpu[], domctl_policy[];

/* Fills what tools list of a domain; also for sysctl getdomaininfolist. */
void domain_fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* policy.c: the machine's CPUID policies. */
struct xen_sysctl;
long sysctl_cpu_policy(struct xen_sysctl *op);
long sysctl_cpu_featureset(struct xen_sysctl *op);
/* The first feature words of the host: what `xl info` prints as hw_caps. */
void policy_hw_caps(u32 caps[8]);

/* sysctl_cpu.c */
long sysctl_cputopoinfo(struct xen_sysctl *op);
long sysctl_pcitopoinfo(struct xen_sysctl *op);
long sysctl_numainfo(struct xen_sysctl *op);
long sysctl_cpupool_op(struct xen_sysctl *op);
long sysctl_scheduler_op(struct xen_sysctl *op);

/* bitmap.c. A guest's bitmap may be of any size up to 32768 bits: shorter ones are
 * zero-extended, what does not fit is cut off. -EINVAL, -EFAULT. */
int bitmap_from_guest(u64 *bits, unsigned int count, const struct xenctl_bitmap *b);
int bitmap_to_guest(const u64 *bits, unsigned int count, const struct xenctl_bitmap *b);
/* The online CPUs. */
void cpumask_online(cpumask_t *m);

/* SPDX-License-Identifier: MIT */
/*
 * CPUID policies as the tools read and set them: of the machine (sysctl), of a domain (domctl). A
 * new policy is checked whole before it replaces the old one, with the domain paused.
 */
#include <xen/sysctl.h>
#include "arch/uaccess.h"
#include "domctl.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "pv/cpuid.h"

#define LEAVES_BYTES (CPUID_MAX_LEAVES * sizeof(xen_cpuid_leaf_t))

/* Writes p's leaves to a buffer of *count entries and sets *count; no buffer: the most there can
 * be. */
static long leaves_to_guest(const struct cpuid_policy *p, guest_ptr_t to, u32 *count)
{
	xen_cpuid_leaf_t *leaves;
	unsigned int n;
	long rc = 0;

	if (!to) {
		*count = CPUID_MAX_LEAVES;
		return 0;
	}
	leaves = heap_alloc(LEAVES_BYTES);
	if (!leaves) {
		return -ENOMEM;
	}
	n = cpuid_policy_to_leaves(p, leaves);
	if (n > *count) {
		rc = -ENOBUFS;
	} else if (copy_to_guest(to, leaves, n * sizeof(*leaves))) {
		rc = -EFAULT;
	}
	*count = n;
	heap_free(leaves, LEAVES_BYTES);
	return rc;
}

static long msrs_to_guest(const struct cpuid_policy *p, guest_ptr_t to, u32 *count)
{
	xen_msr_entry_t msrs[CPUID_MAX_MSRS];
	unsigned int n, room = *count;

	*count = CPUID_MAX_MSRS;
	if (!to) {
		return 0;
	}
	n = cpuid_policy_to_msrs(p, msrs);
	if (n > room) {
		return -ENOBUFS;
	}
	*count = n;
	return copy_to_guest(to, msrs, n * sizeof(*msrs)) ? -EFAULT : 0;
}

long sysctl_cpu_policy(struct xen_sysctl *op, bool *copyback)
{
	struct xen_sysctl_cpu_policy *c = &op->u.cpu_policy;
	const struct cpuid_policy *p = cpuid_system_policy(c->index);
	long rc;

	if (c->_rsvd || c->index > XEN_SYSCTL_cpu_policy_hvm_default) {
		return -EINVAL;
	}
	if (!p) {
		return -EOPNOTSUPP; /* only PV guests here */
	}
	rc = leaves_to_guest(p, (guest_ptr_t)c->leaves.p, &c->nr_leaves);
	if (!rc) {
		rc = msrs_to_guest(p, (guest_ptr_t)c->msrs.p, &c->nr_msrs);
	}
	*copyback = true;
	return rc;
}

static const struct cpuid_policy *featureset_policy(u32 index)
{
	switch (index) {
	case XEN_SYSCTL_cpu_featureset_raw:
		return cpuid_system_policy(XEN_SYSCTL_cpu_policy_raw);
	case XEN_SYSCTL_cpu_featureset_host:
		return cpuid_system_policy(XEN_SYSCTL_cpu_policy_host);
	case XEN_SYSCTL_cpu_featureset_pv:
		return cpuid_system_policy(XEN_SYSCTL_cpu_policy_pv_default);
	case XEN_SYSCTL_cpu_featureset_pv_max:
		return cpuid_system_policy(XEN_SYSCTL_cpu_policy_pv_max);
	}
	return NULL;
}

void policy_hw_caps(u32 caps[8])
{
	for (unsigned int i = 0; i < 8; i++) {
		caps[i] = cpuid_policy_word(cpuid_system_policy(XEN_SYSCTL_cpu_policy_host), i);
	}
}

long sysctl_cpu_featureset(struct xen_sysctl *op, bool *copyback)
{
	struct xen_sysctl_cpu_featureset *f = &op->u.cpu_featureset;
	const struct cpuid_policy *p = featureset_policy(f->index);
	u32 words[CPUID_FEATURE_WORDS];
	u32 n = MIN(f->nr_features, CPUID_FEATURE_WORDS);

	if (f->index > XEN_SYSCTL_cpu_featureset_hvm_max) {
		return -EINVAL;
	}
	if (f->features.p && !p) {
		return -EOPNOTSUPP;
	}
	*copyback = true;
	if (!f->features.p) {
		f->nr_features = CPUID_FEATURE_WORDS;
		return 0;
	}
	for (unsigned int w = 0; w < CPUID_FEATURE_WORDS; w++) {
		words[w] = cpuid_policy_word(p, w);
	}
	f->nr_features = n;
	if (copy_to_guest((guest_ptr_t)f->features.p, words, n * sizeof(u32))) {
		return -EFAULT;
	}
	return n < CPUID_FEATURE_WORDS ? -ENOBUFS : 0;
}

static long leaves_from_guest(struct cpuid_policy *p, struct xen_domctl_cpu_policy *c)
{
	guest_ptr_t from = (guest_ptr_t)c->leaves.p;
	xen_cpuid_leaf_t leaf;
	int err;

	if (c->nr_leaves > CPUID_MAX_LEAVES) {
		return -E2BIG;
	}
	for (u32 i = 0; i < c->nr_leaves; i++) {
		if (copy_from_guest(&leaf, from + i * sizeof(leaf), sizeof(leaf))) {
			return -EFAULT;
		}
		err = cpuid_policy_put_leaf(p, &leaf);
		if (err) {
			c->err_leaf = leaf.leaf;
			c->err_subleaf = leaf.subleaf;
			return err;
		}
	}
	return 0;
}

static long msrs_from_guest(struct cpuid_policy *p, struct xen_domctl_cpu_policy *c)
{
	guest_ptr_t from = (guest_ptr_t)c->msrs.p;
	xen_msr_entry_t msr;
	int err;

	if (c->nr_msrs > CPUID_MAX_MSRS) {
		return -E2BIG;
	}
	for (u32 i = 0; i < c->nr_msrs; i++) {
		if (copy_from_guest(&msr, from + i * sizeof(msr), sizeof(msr))) {
			return -EFAULT;
		}
		err = cpuid_policy_put_msr(p, &msr);
		if (err) {
			c->err_msr = msr.idx;
			return err;
		}
	}
	return 0;
}

/* Leaves that are not sent keep what the domain has. */
static long set_policy(struct domain *d, struct xen_domctl_cpu_policy *c)
{
	struct cpuid_policy *p = heap_alloc(sizeof(*p));
	long rc;

	if (!p) {
		return -ENOMEM;
	}
	*p = *d->cpuid;
	rc = leaves_from_guest(p, c);
	if (!rc) {
		rc = msrs_from_guest(p, c);
	}
	if (!rc) {
		rc = cpuid_policy_fit(p, cpuid_system_policy(XEN_SYSCTL_cpu_policy_pv_max),
				      &c->err_leaf, &c->err_subleaf, &c->err_msr);
	}
	if (!rc) {
		domain_pause(d);
		*d->cpuid = *p;
		domain_unpause(d);
	}
	heap_free(p, sizeof(*p));
	return rc;
}

long domctl_cpu_policy(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	struct xen_domctl_cpu_policy *c = &op->u.cpu_policy;
	long rc;

	*copyback = true;
	if (op->cmd == XEN_DOMCTL_get_cpu_policy) {
		rc = leaves_to_guest(d->cpuid, (guest_ptr_t)c->leaves.p, &c->nr_leaves);
		return rc ? rc : msrs_to_guest(d->cpuid, (guest_ptr_t)c->msrs.p, &c->nr_msrs);
	}
	c->err_leaf = c->err_subleaf = c->err_msr = ~0u;
	return d == current->domain ? -EINVAL : set_policy(d, c);
}

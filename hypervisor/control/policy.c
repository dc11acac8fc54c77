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

/* Writes leaves and MSRs to the buffers of *nr entries each and sets *nr to what there is; without
 * a buffer, to the most there can be. */
static long policy_to_guest(const struct cpuid_policy *p, guest_ptr_t leaves_to, u32 *nr_leaves,
			    guest_ptr_t msrs_to, u32 *nr_msrs)
{
	xen_msr_entry_t msrs[CPUID_MAX_MSRS];
	xen_cpuid_leaf_t *leaves = heap_alloc(LEAVES_BYTES);
	const u32 leaf_room = leaves_to ? *nr_leaves : ~0u, msr_room = msrs_to ? *nr_msrs : ~0u;
	long rc = 0;

	if (!leaves) {
		return -ENOMEM;
	}
	*nr_leaves = leaves_to ? cpuid_policy_to_leaves(p, leaves) : CPUID_MAX_LEAVES;
	*nr_msrs = cpuid_policy_to_msrs(p, msrs);
	if (*nr_leaves > leaf_room || *nr_msrs > msr_room) {
		rc = -ENOBUFS;
	} else if ((leaves_to && copy_to_guest(leaves_to, leaves, *nr_leaves * sizeof(*leaves))) ||
		   (msrs_to && copy_to_guest(msrs_to, msrs, *nr_msrs * sizeof(*msrs)))) {
		rc = -EFAULT;
	}
	heap_free(leaves, LEAVES_BYTES);
	return rc;
}

long sysctl_cpu_policy(struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_policy *c = &op->u.cpu_policy;
	const struct cpuid_policy *p = cpuid_system_policy(c->index);

	if (c->_rsvd || c->index > XEN_SYSCTL_cpu_policy_hvm_default) {
		return -EINVAL;
	}
	/* Only PV guests here. */
	return p ? policy_to_guest(p, (guest_ptr_t)c->leaves.p, &c->nr_leaves,
				   (guest_ptr_t)c->msrs.p, &c->nr_msrs)
		 : -EOPNOTSUPP;
}

void policy_hw_caps(u32 caps[8])
{
	for (unsigned int i = 0; i < 8; i++) {
		caps[i] = cpuid_policy_word(cpuid_system_policy(XEN_SYSCTL_cpu_policy_host), i);
	}
}

long sysctl_cpu_featureset(struct xen_sysctl *op)
{
	static const u8 policy_of[] = {
		[XEN_SYSCTL_cpu_featureset_raw] = XEN_SYSCTL_cpu_policy_raw,
		[XEN_SYSCTL_cpu_featureset_host] = XEN_SYSCTL_cpu_policy_host,
		[XEN_SYSCTL_cpu_featureset_pv] = XEN_SYSCTL_cpu_policy_pv_default,
		[XEN_SYSCTL_cpu_featureset_hvm] = XEN_SYSCTL_cpu_policy_hvm_default,
		[XEN_SYSCTL_cpu_featureset_pv_max] = XEN_SYSCTL_cpu_policy_pv_max,
		[XEN_SYSCTL_cpu_featureset_hvm_max] = XEN_SYSCTL_cpu_policy_hvm_max,
	};
	struct xen_sysctl_cpu_featureset *f = &op->u.cpu_featureset;
	const struct cpuid_policy *p;
	u32 words[CPUID_FEATURE_WORDS];
	u32 n = MIN(f->nr_features, CPUID_FEATURE_WORDS);

	if (f->index >= ARRAY_SIZE(policy_of)) {
		return -EINVAL;
	}
	if (!f->features.p) {
		f->nr_features = CPUID_FEATURE_WORDS;
		return 0;
	}
	p = cpuid_system_policy(policy_of[f->index]);
	if (!p) {
		return -EOPNOTSUPP;
	}
	for (u32 w = 0; w < n; w++) {
		words[w] = cpuid_policy_word(p, w);
	}
	f->nr_features = n;
	if (copy_to_guest((guest_ptr_t)f->features.p, words, n * sizeof(u32))) {
		return -EFAULT;
	}
	return n < CPUID_FEATURE_WORDS ? -ENOBUFS : 0;
}

/* Reads leaves into p; a bad one is told by err_leaf and err_subleaf. */
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

/* Leaves that are not sent keep what the domain has. MSRs are the policy's own. */
static long set_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *c = &op->u.cpu_policy;
	struct cpuid_policy *p = heap_alloc(sizeof(*p));
	long rc;

	if (!p) {
		return -ENOMEM;
	}
	*p = *d->cpuid;
	c->err_leaf = c->err_subleaf = c->err_msr = ~0u;
	rc = c->nr_msrs ? -EOPNOTSUPP : leaves_from_guest(p, c);
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

static long get_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *c = &op->u.cpu_policy;

	return policy_to_guest(d->cpuid, (guest_ptr_t)c->leaves.p, &c->nr_leaves,
			       (guest_ptr_t)c->msrs.p, &c->nr_msrs);
}

const struct domctl_handler domctl_policy[] = {
	{XEN_DOMCTL_get_cpu_policy, .on_domain = get_cpu_policy},
	{XEN_DOMCTL_set_cpu_policy, .target = OTHER_DOMAIN, .on_domain = set_cpu_policy},
	{.cmd = 0},
};

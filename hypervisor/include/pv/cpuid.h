/* SPDX-License-Identifier: MIT */
/*
 * CPUID policies: what a CPU has, what PV guests can get of it, and what one guest gets. A policy
 * is a plain value; tools read and write it as arrays of xen_cpuid_leaf_t and xen_msr_entry_t.
 */
#pragma once

#include <xen/xen.h>
#include "lib/types.h"

struct cpuid_regs {
	u32 a, b, c, d;
};

/* Leaves kept of each class; the sizes are those that libxenguest 4.17 knows. */
#define CPUID_BASIC_COUNT  14u /* 0 .. 0xd */
#define CPUID_CACHE_COUNT  6u  /* leaf 4 */
#define CPUID_FEAT_COUNT   3u  /* leaf 7 */
#define CPUID_TOPO_COUNT   2u  /* leaf 0xb */
#define CPUID_XSTATE_COUNT 63u /* leaf 0xd */
#define CPUID_EXTD_COUNT   34u /* 0x80000000 .. 0x80000021 */
/* Leaves 4, 7, 0xb and 0xd stand for their sub-leaves; two more tell the hypervisor ranges' limits.
 */
#define CPUID_MAX_LEAVES                                                                    \
	(CPUID_BASIC_COUNT - 4u + CPUID_CACHE_COUNT + CPUID_FEAT_COUNT + CPUID_TOPO_COUNT + \
	 CPUID_XSTATE_COUNT + CPUID_EXTD_COUNT + 2u)
#define CPUID_MAX_MSRS      2u
#define CPUID_FEATURE_WORDS 19u /* order of <xen/arch-x86/cpufeatureset.h> */

struct cpuid_policy {
	struct cpuid_regs basic[CPUID_BASIC_COUNT];
	struct cpuid_regs cache[CPUID_CACHE_COUNT];
	struct cpuid_regs feat[CPUID_FEAT_COUNT];
	struct cpuid_regs topo[CPUID_TOPO_COUNT];
	struct cpuid_regs xstate[CPUID_XSTATE_COUNT];
	struct cpuid_regs extd[CPUID_EXTD_COUNT];
	u32 hv_limit, hv2_limit;      /* 0: the default */
	u64 platform_info, arch_caps; /* MSRs 0xce, 0x10a */
};

/* How the machine's own values are read; the tests put other CPUs here. */
struct cpuid_source {
	void (*leaf)(u32 leaf, u32 sub, u32 out[4]);
	u64 arch_caps; /* MSR 0x10a, 0 if it has none */
	u64 xcr0;      /* XCR0 bits that the hypervisor manages; 0: it does not use XSAVE */
};

/* The four policies of the machine, numbered as XEN_SYSCTL_cpu_policy_*; NULL for others. */
const struct cpuid_policy *cpuid_system_policy(unsigned int index);

/* cpuid_policy.c: pure functions. */
void cpuid_policy_raw(struct cpuid_policy *p, const struct cpuid_source *s);
void cpuid_policy_host(struct cpuid_policy *p, const struct cpuid_policy *raw, u64 xcr0);
void cpuid_policy_pv_max(struct cpuid_policy *p, const struct cpuid_policy *host);
void cpuid_policy_pv_default(struct cpuid_policy *p, const struct cpuid_policy *max);
/* A leaf as it is kept, NULL if it is not; `sub` counts only where there are sub-leaves. */
const struct cpuid_regs *cpuid_policy_leaf(const struct cpuid_policy *p, u32 leaf, u32 sub);
/* Feature words: a 32-bit register's worth each. */
u32 cpuid_policy_word(const struct cpuid_policy *p, unsigned int word);
/* feature: XEN_X86_FEATURE_*. */
bool cpuid_policy_has(const struct cpuid_policy *p, unsigned int feature);
u64 cpuid_policy_xcr0(const struct cpuid_policy *p); /* XCR0 bits that a guest may set */
/* Size of the XSAVE area for these XCR0 bits, in bytes; compact: as XSAVEC lays it out. */
u32 cpuid_policy_xsave_size(const struct cpuid_policy *p, u64 xcr0, bool compact);
bool cpuid_policy_is_amd(const struct cpuid_policy *p);

/* Writes at most CPUID_MAX_LEAVES entries; returns their number. */
unsigned int cpuid_policy_to_leaves(const struct cpuid_policy *p, xen_cpuid_leaf_t *out);
unsigned int cpuid_policy_to_msrs(const struct cpuid_policy *p, xen_msr_entry_t *out);
/* One entry into p. -ERANGE: no such leaf. */
int cpuid_policy_put_leaf(struct cpuid_policy *p, const xen_cpuid_leaf_t *l);
/*
 * May a guest have p where max is all there is? Bits that only follow the host (hyper-threading,
 * invariant TSC, ...) are cut silently, others give -EINVAL and the place.
 */
int cpuid_policy_fit(struct cpuid_policy *p, const struct cpuid_policy *max, u32 *err_leaf,
		     u32 *err_subleaf, u32 *err_msr);

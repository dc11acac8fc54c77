/* SPDX-License-Identifier: MIT */
/*
 * What CPUID tells a PV guest: its domain's policy, with what follows the vcpu's state put in, and
 * the hypervisor's own leaves. The system policies are made once, on the boot CPU, before the first
 * domain, and are constant afterwards; a domain's policy changes only while the domain is paused.
 */
#include <xen/arch-x86/cpufeatureset.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/sysctl.h>
#include <xen/version.h>
#include "arch/tsc.h"
#include "domus.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "pv/cpuid.h"
#include "pv/pv.h"

#define FEATURE_BIT(name) (1u << (XEN_X86_FEATURE_##name % 32))
/* Bits of leaf 1's edx that AMD repeats in 0x80000001's. */
#define AMD_COMMON_EDX 0x0183f3ffu

static struct cpuid_policy raw, host, pv_max, pv_default;
static bool system_ready;

static void make_system_policies(void)
{
	struct cpuid_source s = {.leaf = cpuid,
				 .xcr0 = cpu_features.xsave ? cpu_features.xcr0_max : 0};
	u32 r[4];

	if (cpu_features.max_leaf >= 7) {
		cpuid(7, 0, r);
		if (r[3] & FEATURE_BIT(ARCH_CAPS)) {
			(void)rdmsr_safe(MSR_ARCH_CAPS, &s.arch_caps);
		}
	}
	cpuid_policy_raw(&raw, &s);
	cpuid_policy_host(&host, &raw, s.xcr0);
	cpuid_policy_pv_max(&pv_max, &host);
	cpuid_policy_pv_default(&pv_default, &pv_max);
	system_ready = true;
}

const struct cpuid_policy *cpuid_system_policy(unsigned int index)
{
	static const struct cpuid_policy *const policy[] = {
		[XEN_SYSCTL_cpu_policy_raw] = &raw,
		[XEN_SYSCTL_cpu_policy_host] = &host,
		[XEN_SYSCTL_cpu_policy_pv_max] = &pv_max,
		[XEN_SYSCTL_cpu_policy_pv_default] = &pv_default,
	};

	return index < ARRAY_SIZE(policy) ? policy[index] : NULL;
}

int cpuid_domain_create(struct domain *d)
{
	if (!system_ready) {
		make_system_policies();
	}
	d->cpuid = heap_alloc(sizeof(*d->cpuid));
	if (!d->cpuid) {
		return -ENOMEM;
	}
	*d->cpuid = pv_default;
	return 0;
}

void cpuid_domain_free(struct domain *d)
{
	heap_free(d->cpuid, sizeof(*d->cpuid));
	d->cpuid = NULL;
}

/* 0x40000003: how the guest's TSC relates to the host's. */
static void tsc_leaf(const struct vcpu *v, u32 sub, u32 out[4])
{
	u64 stamp, system_time;
	s8 shift;

	switch (sub) {
	case 0:
		out[0] = cpu_features.invariant_tsc ? BIT(1) : 0;
		out[1] = v->domain->tsc_mode;
		out[2] = (u32)tsc_khz;
		break;
	case 1: /* offset 0, then the scale */
		time_scale(&out[2], &shift, &stamp, &system_time);
		out[3] = (u8)shift;
		break;
	case 2:
		out[0] = (u32)tsc_khz;
		break;
	}
}

static void hypervisor_leaf(const struct vcpu *v, u32 leaf, u32 sub, u32 out[4])
{
	u32 limit = v->domain->cpuid->hv_limit & 0xff;

	limit = limit < 2 ? XEN_CPUID_MAX_NUM_LEAVES : MIN(limit, XEN_CPUID_MAX_NUM_LEAVES);
	if (leaf - XEN_CPUID_FIRST_LEAF > limit) {
		return;
	}
	switch (leaf - XEN_CPUID_FIRST_LEAF) {
	case 0:
		out[0] = XEN_CPUID_FIRST_LEAF + limit;
		out[1] = XEN_CPUID_SIGNATURE_EBX;
		out[2] = XEN_CPUID_SIGNATURE_ECX;
		out[3] = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		out[0] = 4 << 16 | 17;
		break;
	case 2: /* one hypercall page, the MSR that fills it */
		out[0] = 1;
		out[1] = 0x40000000;
		out[2] = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case 3:
		tsc_leaf(v, sub, out);
		break;
	case 5: /* bits of a machine address: Linux picks the grant table version by it */
		out[1] = frame_end ? bit_last(frame_end - 1) + 1 + PAGE_SHIFT : 0;
		break;
	}
}

static void domus_leaf(u32 leaf, u32 out[4])
{
	if (leaf == DOMUS_CPUID_BASE) {
		out[0] = DOMUS_CPUID_BASE + 1;
		out[1] = DOMUS_CPUID_EBX;
		out[2] = DOMUS_CPUID_ECX;
		out[3] = DOMUS_CPUID_EDX;
	} else if (leaf == DOMUS_CPUID_BASE + 1) {
		out[0] = DOMUS_VERSION;
	}
}

static const struct cpuid_regs *policy_leaf(const struct cpuid_policy *p, u32 leaf, u32 sub)
{
	static const struct cpuid_regs none;
	u32 limit = leaf >= 0x80000000u ? p->extd[0].a : p->basic[0].a;
	const struct cpuid_regs *r = leaf <= limit ? cpuid_policy_leaf(p, leaf, sub) : NULL;

	return r ? r : &none;
}

/*
 * OSXSAVE: Linux looks once, before it touches CR4, and does without XSAVE for good if the bit
 * is clear. So it shows the hypervisor's setting.
 */
static bool osxsave(const struct vcpu *v)
{
	return cpuid_policy_has(v->domain->cpuid, XEN_X86_FEATURE_XSAVE) && (hv_cr4 & CR4_OSXSAVE);
}

/* dom0 sees more of the host: it programs MTRRs through us and never moves to another host. */
static u32 dom0_extra(const struct vcpu *v, unsigned int word, u32 mask)
{
	return v->domain->privileged ? cpuid_policy_word(&host, word) & mask : 0;
}

static void vcpu_view(const struct vcpu *v, u32 leaf, u32 sub, u32 out[4])
{
	const struct cpuid_policy *p = v->domain->cpuid;

	switch (leaf) {
	case 1:
		out[2] |= osxsave(v) ? FEATURE_BIT(OSXSAVE) : 0;
		out[3] |= dom0_extra(v, 0, FEATURE_BIT(MTRR));
		break;
	case 0xd:
		if (sub == 0 && cpuid_policy_xcr0(p)) {
			out[1] = cpuid_policy_xsave_size(p, v->pv.xcr0, false);
		} else if (sub == 1 && (out[0] & FEATURE_BIT(XSAVEC))) {
			out[1] = cpuid_policy_xsave_size(p, v->pv.xcr0, true);
		}
		break;
	case 0x80000001u:
		if (cpuid_policy_is_amd(p)) {
			out[3] |= p->basic[1].d & AMD_COMMON_EDX;
		}
		break;
	case 0x80000007u:
		out[3] |= dom0_extra(v, 7, FEATURE_BIT(ITSC));
		break;
	}
}

void pv_cpuid(struct vcpu *v, u32 leaf, u32 sub, u32 out[4])
{
	out[0] = out[1] = out[2] = out[3] = 0;
	if (leaf >> 16 == XEN_CPUID_FIRST_LEAF >> 16) {
		if ((leaf & 0xff00) == 0) {
			hypervisor_leaf(v, leaf, sub, out);
		} else {
			domus_leaf(leaf, out);
		}
		return;
	}
	memcpy(out, policy_leaf(v->domain->cpuid, leaf, sub), sizeof(struct cpuid_regs));
	vcpu_view(v, leaf, sub, out);
}

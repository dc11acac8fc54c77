/* SPDX-License-Identifier: MIT */
/*
 * The MSRs that a PV guest kernel may read and write: a white list; all others fault. Reads give
 * what the ABI promises, hardly ever what the hardware holds. Called on the vcpu's own CPU.
 */
#include <xen/arch-x86/cpufeatureset.h>
#include "arch/cpu.h"
#include "lib/lib.h"
#include "pv/cpuid.h"
#include "pv/pv.h"

#define MSR_PLATFORM_ID     0x17
#define MSR_FEATURE_CONTROL 0x3a
#define MSR_UCODE_REVISION  0x8b
#define MSR_PLATFORM_INFO   0xce
#define MSR_MISC_FEATURES   0x140
#define MSR_MCG_CAP         0x179
#define MSR_MCG_STATUS      0x17a
#define MSR_MISC_ENABLE     0x1a0
#define MSR_HYPERCALL_PAGE  0x40000000
#define MSR_AMD_SYSCFG      0xc0010010
#define MSR_AMD_HWCR        0xc0010015
#define MSR_AMD_TOP_MEM     0xc001001a
#define MSR_AMD_TOP_MEM2    0xc001001d
#define MSR_AMD_MMIO_CONF   0xc0010058
#define MSR_AMD_DE_CFG      0xc0011029

#define APICBASE_DEFAULT 0xfee00000ull
#define APICBASE_BSP     BIT(8)
#define APICBASE_ENABLE  BIT(11)

#define FEATURE_CONTROL_LOCK BIT(0)

#define MISC_ENABLE_FAST_STRINGS BIT(0)
#define MISC_ENABLE_NO_BTS       BIT(11)
#define MISC_ENABLE_NO_PEBS      BIT(12)

#define HWCR_TSC_FREQ_SEL BIT(24) /* the TSC counts at the P0 rate: Linux complains without */
#define DE_CFG_LFENCE     BIT(1)  /* LFENCE serialises */

static int read_intel(struct vcpu *v, u32 msr, u64 *val)
{
	switch (msr) {
	case MSR_PLATFORM_ID:
		return rdmsr_safe(msr, val) ? -EPERM : 0;
	case MSR_FEATURE_CONTROL:
		*val = FEATURE_CONTROL_LOCK;
		return 0;
	case MSR_PLATFORM_INFO:
		*val = v->domain->cpuid->platform_info;
		return 0;
	case MSR_MISC_FEATURES:
		return 0;
	case MSR_MISC_ENABLE:
		if (rdmsr_safe(msr, val)) {
			return -EPERM;
		}
		*val = (*val & MISC_ENABLE_FAST_STRINGS) | MISC_ENABLE_NO_BTS | MISC_ENABLE_NO_PEBS;
		return 0;
	}
	return -EPERM;
}

static int read_amd(struct vcpu *v, u32 msr, u64 *val)
{
	switch (msr) {
	case MSR_AMD_HWCR:
		*val = HWCR_TSC_FREQ_SEL;
		return 0;
	case MSR_AMD_DE_CFG:
		*val = DE_CFG_LFENCE;
		return 0;
	case MSR_AMD_SYSCFG:
	case MSR_AMD_TOP_MEM:
	case MSR_AMD_TOP_MEM2:
	case MSR_AMD_MMIO_CONF: /* where PCI windows lie: the device owner's business */
		return v->domain->privileged && !rdmsr_safe(msr, val) ? 0 : -EPERM;
	}
	return -EPERM;
}

int pv_read_msr(struct vcpu *v, u32 msr, u64 *val)
{
	*val = 0;
	switch (msr) {
	case MSR_TSC:
		*val = rdtsc();
		return 0;
	case MSR_APICBASE:
		*val = APICBASE_DEFAULT | APICBASE_ENABLE | (v->id ? 0 : APICBASE_BSP);
		return 0;
	case MSR_UCODE_REVISION:
		return rdmsr_safe(msr, val) ? -EPERM : 0;
	case MSR_ARCH_CAPS:
		*val = v->domain->cpuid->arch_caps;
		return cpuid_policy_has(v->domain->cpuid, XEN_X86_FEATURE_ARCH_CAPS) ? 0 : -EPERM;
	case MSR_MCG_CAP: /* no machine-check banks */
	case MSR_MCG_STATUS:
	case MSR_HYPERCALL_PAGE:
		return 0;
	case MSR_PAT:
		*val = PAT_HV;
		return 0;
	case MSR_EFER:
		*val = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
		return 0;
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS: /* hardware has them: selector loads change bases without us */
		*val = rdmsr(msr);
		return 0;
	}
	return cpu_features.amd ? read_amd(v, msr, val) : read_intel(v, msr, val);
}

/* Only the guest kernel gets here, so the active GS base is the kernel's. */
static int write_base(struct vcpu *v, u32 msr, u64 val)
{
	if (!va_canonical(val)) {
		return -EPERM;
	}
	wrmsr(msr, val);
	if (msr == MSR_FS_BASE) {
		v->pv.fs_base = val;
	} else if (msr == MSR_GS_BASE) {
		v->pv.gs_base_kernel = val;
	} else {
		v->pv.gs_base_user = val;
	}
	return 0;
}

int pv_write_msr(struct vcpu *v, u32 msr, u64 val)
{
	u64 old;

	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS:
		return write_base(v, msr, val);
	case MSR_HYPERCALL_PAGE: /* there is only page 0 */
		return val & ~PAGE_MASK ||
				       hypercall_page_install(v->domain, _mfn(val >> PAGE_SHIFT))
			       ? -EPERM
			       : 0;
	case MSR_UCODE_REVISION: /* Linux clears it before it reads the revision */
	case MSR_MCG_STATUS:
		return val ? -EPERM : 0;
	case MSR_MISC_FEATURES:
	case MSR_FEATURE_CONTROL:
	case MSR_MISC_ENABLE:
	case MSR_AMD_HWCR:
	case MSR_AMD_DE_CFG:
	case MSR_EFER:
	case MSR_PAT: /* writing back what was read is harmless and happens */
		return pv_read_msr(v, msr, &old) || old != val ? -EPERM : 0;
	}
	return -EPERM;
}

/* SPDX-License-Identifier: MIT */
/*
 * What this CPU can do, and its control registers as the hypervisor wants them. Options:
 * smap=off, smep=off, xsave=off, pcid=off, xpti=on|off.
 */
#include "arch/cpu.h"
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "lib/option.h"

struct cpu_features cpu_features;
u64 hv_cr4;
unsigned int cpu_count = 1;

static bool use_smap = true, use_smep = true, use_xsave = true, use_pcid = true;
static enum { AUTO, OFF, ON } xpti;

OPTION(smap, option_switch, &use_smap);
OPTION(smep, option_switch, &use_smep);
OPTION(xsave, option_switch, &use_xsave);
OPTION(pcid, option_switch, &use_pcid);

static int parse_xpti(const char *value, void *arg)
{
	bool on = true;
	int rc = option_switch(value, &on);

	if (!rc) {
		xpti = on ? ON : OFF;
	}
	return rc;
}
OPTION(xpti, parse_xpti, NULL);

#define ARCH_CAPS_RDCL_NO BIT(0)
#define MSR_DE_CFG        0xc0011029
#define DE_CFG_LFENCE     BIT(1)

/* XCR0 bits offered: x87, SSE, AVX and the AVX-512 group; each group whole or not at all. */
#define XCR0_X87_SSE 0x3ull
#define XCR0_AVX     0x4ull
#define XCR0_AVX512  0xe0ull

static void find_xsave(void)
{
	u32 r[4];
	u64 have;

	cpuid(0xd, 0, r);
	have = r[0] | (u64)r[3] << 32;
	cpu_features.xcr0_max = XCR0_X87_SSE | (have & XCR0_AVX);
	if ((have & XCR0_AVX) && (have & XCR0_AVX512) == XCR0_AVX512) {
		cpu_features.xcr0_max |= XCR0_AVX512;
	}
}

/* Can user code find out what stands in pages that are mapped, but not for it (Meltdown)? A CPU
 * that cannot is AMD's, or says so. */
static bool leaks_to_user(const struct cpu_features *f)
{
	u64 caps = 0;
	u32 r[4] = {0};

	if (f->max_leaf >= 7) {
		cpuid(7, 0, r);
	}
	if (r[3] & BIT(29)) {
		caps = rdmsr(MSR_ARCH_CAPS);
	}
	return !f->amd && !(caps & ARCH_CAPS_RDCL_NO);
}

static void print_model(const struct cpu_features *f)
{
	u32 name[13] = {0}, r[4], family;

	for (u32 i = 0; i < 3 && f->max_ext_leaf >= 0x80000004; i++) {
		cpuid(0x80000002 + i, 0, &name[4 * i]);
	}
	cpuid(1, 0, r);
	family = r[0] >> 8 & 0xf;
	printk(LOG_INFO "CPU: %s, family %u, model %u, stepping %u, uses%s%s%s%s%s%s\n",
	       (char *)name, family == 15 ? family + (r[0] >> 20 & 0xff) : family,
	       (r[0] >> 4 & 0xf) | (r[0] >> 12 & 0xf0), r[0] & 0xf, f->smep ? " SMEP" : "",
	       f->smap ? " SMAP" : "", f->xsave ? " XSAVE" : " FXSAVE", f->x2apic ? " x2APIC" : "",
	       f->pcid ? " PCID" : "", f->isolate ? ", page-table isolation" : "");
}

void cpu_find_features(void)
{
	struct cpu_features *f = &cpu_features;
	bool has_pcid;
	u32 r[4];

	cpuid(0, 0, r);
	f->max_leaf = r[0];
	f->amd = r[1] == 0x68747541 || r[1] == 0x6f677948; /* "Auth", "Hygo" */
	cpuid(1, 0, r);
	f->x2apic = r[2] & BIT(21);
	has_pcid = r[2] & BIT(17);
	f->tsc_deadline = r[2] & BIT(24);
	f->xsave = use_xsave && (r[2] & BIT(26)) && f->max_leaf >= 0xd;
	if (f->max_leaf >= 7) {
		cpuid(7, 0, r);
		f->smep = use_smep && (r[1] & BIT(7));
		f->smap = use_smap && (r[1] & BIT(20));
		f->umip = r[2] & BIT(2);
		f->pcid = use_pcid && has_pcid && (r[1] & BIT(10));
	}
	f->isolate = xpti == AUTO ? leaks_to_user(f) : xpti == ON;
	cpuid(0x80000000, 0, r);
	f->max_ext_leaf = r[0];
	cpuid(0x80000001, 0, r);
	f->page1gb = r[3] & BIT(26);
	f->maddr_bits = 36;
	if (f->max_ext_leaf >= 0x80000007) {
		cpuid(0x80000007, 0, r);
		f->invariant_tsc = r[3] & BIT(8);
	}
	if (f->max_ext_leaf >= 0x80000008) {
		cpuid(0x80000008, 0, r);
		f->maddr_bits = (u8)MIN(r[0] & 0xff, 52u);
	}
	if (f->xsave) {
		find_xsave();
	}
	/* Global pages are in every view. */
	hv_cr4 = CR4_PAE | CR4_MCE | (f->isolate ? 0 : CR4_PGE) | CR4_OSFXSR | CR4_OSXMMEXCPT |
		 CR4_DE | (f->pcid ? CR4_PCIDE : 0) | (f->smep ? CR4_SMEP : 0) |
		 (f->smap ? CR4_SMAP : 0) | (f->umip ? CR4_UMIP : 0) | (f->xsave ? CR4_OSXSAVE : 0);
	print_model(f);
}

/* AMD's LFENCE holds back what follows it only where this bit is set. A hypervisor below us may set
 * it itself, and not let us. */
void cpu_lfence_serializes(void)
{
	u64 v;

	if (cpu_features.amd && !rdmsr_safe(MSR_DE_CFG, &v) && !(v & DE_CFG_LFENCE)) {
		v |= DE_CFG_LFENCE;
		__asm__ volatile("1: wrmsr; 2:" EX_TABLE("1b", "2b")::"c"(MSR_DE_CFG), "a"((u32)v),
				 "d"((u32)(v >> 32)));
	}
}

/* Per CPU, once cpu_find_features() ran. */
void cpu_init_registers(void)
{
	u32 r[4];

	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
	write_cr4(hv_cr4);
	wrmsr(MSR_PAT, PAT_HV);
	if (cpu_features.xsave) {
		xsetbv(cpu_features.xcr0_max);
		cpuid(0xd, 0, r);
		cpu_features.xsave_size = r[1];
	}
}

int rdmsr_safe(u32 msr, u64 *v)
{
	u32 lo = 0, hi = 0;
	int err = 0;

	__asm__ volatile("1: rdmsr; jmp 3f; 2: movl %4, %2; 3:" EX_TABLE("1b", "2b")
			 : "=&a"(lo), "=&d"(hi), "+r"(err)
			 : "c"(msr), "i"(-EIO));
	*v = (u64)hi << 32 | lo;
	return err;
}

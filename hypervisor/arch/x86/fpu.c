/* SPDX-License-Identifier: MIT */
/*
 * FPU state, saved and loaded whole at every vcpu switch (lazy switching leaks). The area lies in a
 * page of its own, or in as many as XSAVE needs.
 */
#include "arch/x86_private.h"
#include "lib/lib.h"

#define FCW_RESET   0x37f
#define MXCSR_RESET 0x1f80

/* Multiples of 64 bytes: the heap aligns those as XSAVE wants it. */
size_t fpu_area_bytes(void)
{
	return cpu_features.xsave ? ROUND_UP(cpu_features.xsave_size, PAGE_SIZE) : 512;
}

void fpu_reset(struct pv_vcpu *pv)
{
	memset(pv->fpu, 0, fpu_area_bytes());
	*(u16 *)pv->fpu = FCW_RESET;
	((u32 *)pv->fpu)[6] = MXCSR_RESET;
}

/* TS is the guest's own matter: it must be clear while the hypervisor moves state. */
static void clear_ts(void)
{
	__asm__ volatile("clts");
}

void fpu_save(struct pv_vcpu *pv)
{
	clear_ts();
	if (cpu_features.xsave) {
		__asm__ volatile("xsave64 (%0)" ::"r"(pv->fpu), "a"(~0u), "d"(~0u) : "memory");
	} else {
		__asm__ volatile("fxsave64 (%0)" ::"r"(pv->fpu) : "memory");
	}
}

/*
 * The area may hold what a guest's tools supplied: a fault while loading it puts the FPU into
 * its reset state instead.
 */
void fpu_load(struct pv_vcpu *pv)
{
	int bad = 0;

	clear_ts();
	if (cpu_features.xsave) {
		__asm__ volatile("1: xrstor64 (%1); jmp 3f; 2: movl $1, %0; 3:" EX_TABLE("1b", "2b")
				 : "+r"(bad)
				 : "r"(pv->fpu), "a"(~0u), "d"(~0u)
				 : "memory");
	} else {
		__asm__ volatile(
			"1: fxrstor64 (%1); jmp 3f; 2: movl $1, %0; 3:" EX_TABLE("1b", "2b")
			: "+r"(bad)
			: "r"(pv->fpu)
			: "memory");
	}
	if (bad) {
		fpu_reset(pv);
		fpu_load(pv);
	}
}

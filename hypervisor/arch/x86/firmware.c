/* SPDX-License-Identifier: MIT */
/* UEFI's run-time services, see arch/firmware.h. */
#include "arch/cpu.h"
#include "arch/firmware.h"
#include "arch/x86_private.h"
#include "lib/spinlock.h"

#define FCW_EFI   0x37f
#define MXCSR_EFI 0x1f80

typedef u64 __attribute__((ms_abi)) service_fn(u64, u64, u64, u64, u64);

/* The state that the UEFI specification promises its services. */
static void load_firmware_fpu(void)
{
	const u16 fcw = FCW_EFI;
	const u32 mxcsr = MXCSR_EFI;

	__asm__ volatile("fninit; fldcw %0; ldmxcsr %1" ::"m"(fcw), "m"(mxcsr));
}

u64 firmware_call(struct pv_vcpu *pv, u64 service, const u64 arg[5])
{
	unsigned long flags = irq_save();
	u64 cr3 = read_cr3(), status;

	if (cpu_features.xsave) {
		xsetbv(cpu_features.xcr0_max);
	}
	fpu_save(pv);
	load_firmware_fpu();
	write_cr3(firmware_root);
	status = ((service_fn *)service)(arg[0], arg[1], arg[2], arg[3], arg[4]);
	write_cr3(cr3);
	fpu_load(pv);
	if (cpu_features.xsave) {
		xsetbv(pv->xcr0);
	}
	arch_update_ts(pv);
	irq_restore(flags);
	return status;
}

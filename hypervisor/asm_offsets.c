/* SPDX-License-Identifier: MIT */
/* Offsets and sizes for assembly, read out of the compiler's output: see hypervisor/rules.mk. */
#include "domain/domain.h"

#define DEFINE(sym, val)          __asm__ volatile("\n.ascii \"==>" #sym " %0\"" : : "i"(val))
#define OFFSET(sym, type, member) DEFINE(sym, offsetof(type, member))

void asm_offsets(void);
void asm_offsets(void)
{
	OFFSET(REGS_rip, struct cpu_regs, rip);
	OFFSET(REGS_cs, struct cpu_regs, cs);
	OFFSET(REGS_rflags, struct cpu_regs, rflags);
	OFFSET(REGS_rsp, struct cpu_regs, rsp);
	OFFSET(REGS_ss, struct cpu_regs, ss);
	OFFSET(REGS_error_code, struct cpu_regs, error_code);
	OFFSET(REGS_entry_vector, struct cpu_regs, entry_vector);
	OFFSET(REGS_rax, struct cpu_regs, rax);
	DEFINE(REGS_SIZE, sizeof(struct cpu_regs));
	OFFSET(CPUINFO_current, struct cpu_info, running);
	OFFSET(CPUINFO_pending, struct cpu_info, pending);
	OFFSET(CPUINFO_tables, struct cpu_info, tables);
	OFFSET(CPUINFO_views, struct cpu_info, views);
	DEFINE(CPUINFO_SIZE, sizeof(struct cpu_info));
	DEFINE(STACK_BYTES, STACK_SIZE);
	DEFINE(WINDOW_VIRT, CPUWIN_VIRT);
	DEFINE(WINDOW_SIZE, CPUWIN_SIZE);
	DEFINE(WINDOW_STACK, CPUWIN_STACK(0) - CPUWIN_VIRT);
	DEFINE(NR_CPUS, CONFIG_NR_CPUS);
	DEFINE(SYSCALL_STUB, SYSCALL_STUB_BYTES);
	DEFINE(HYPERVISOR_IRET, __HYPERVISOR_iret);
	OFFSET(VCPU_info, struct vcpu, info);
	OFFSET(VCPU_kernel_mode, struct vcpu, pv.kernel_mode);
	OFFSET(VCPU_nmi_pending, struct vcpu, pv.nmi_pending);
	OFFSET(VCPU_cr3_load, struct vcpu, pv.cr3_load);
}

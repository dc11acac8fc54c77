/* SPDX-License-Identifier: MIT */
/* Exceptions of guests: what the hypervisor handles itself, and what goes on to their kernels. */
#include <xen/nmi.h>
#include "arch/uaccess.h"
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "mmu/mmu.h"
#include "bounce.h"
#include "pv/pv.h"
#include "arch/guest_entry.h"

#define GP_EC_IDT    2u
#define DR6_RESERVED 0xffff0ff0ull

void pv_inject(struct vcpu *v, unsigned int vector, bool has_ec, u32 ec)
{
	const struct trap_entry *t = &v->pv.traps[vector];

	if (unlikely(!t->address)) {
		domain_crash(v->domain, "exception %u, error code %x, and no handler for it",
			     vector, ec);
	} else if (has_ec) {
		pv_bounce_ec(v, guest_regs(), t->address, t->flags & 4, ec);
	} else {
		pv_bounce(v, guest_regs(), t->address, t->flags & 4);
	}
}

void pv_inject_page_fault(struct vcpu *v, unsigned long cr2, u32 ec)
{
	WRITE_ONCE(v->info->arch.cr2, cr2);
	pv_inject(v, TRAP_PF, true, ec);
}

/* --- Page faults --- */

/* An offset into this CPU's LDT window, or -1. */
static long ldt_window_offset(unsigned long va)
{
	unsigned long base = CPUWIN_LDT(cpu_id());

	return va >= base && va < base + 0x10000 ? (long)(va - base) : -1;
}

/* Only loading a selector and iretq look into the LDT: no lock is held. To validate its page may
 * take calls to CPUs that wait for us. */
bool pv_hypervisor_page_fault(unsigned long cr2)
{
	long offset = ldt_window_offset(cr2);
	bool mended;

	if (offset < 0 || is_idle_vcpu(current)) {
		return false;
	}
	irq_enable();
	mended = ldt_fault(current, (unsigned long)offset);
	irq_disable();
	return mended;
}

static inline bool may_be_table_write(const struct vcpu *v, u32 ec, unsigned long cr2)
{
	return v->pv.kernel_mode && va_guest(cr2) &&
	       (ec & (PFEC_PRESENT | PFEC_WRITE | PFEC_INSN | PFEC_RSVD)) ==
		       (PFEC_PRESENT | PFEC_WRITE) &&
	       ((v->domain->vm_assist & BIT(VMASST_TYPE_writable_pagetables)) ||
		v->domain->privileged);
}

/* All but the fault of a program at an address of its own. */
static __noinline void kernel_page_fault(struct vcpu *v, struct cpu_regs *regs, unsigned long cr2)
{
	u32 ec = regs->error_code;
	long offset;

	if (may_be_table_write(v, ec, cr2) && ptwr_fault(v, cr2, regs)) {
		return;
	}
	offset = ldt_window_offset(cr2);
	if (offset >= 0) {
		if (ldt_fault(v, (unsigned long)offset)) {
			return;
		}
		cr2 = v->pv.ldt_base + (unsigned long)offset;
	}
	/* Both modes run in ring 3: the guest wants to know which of them it was. */
	ec = v->pv.kernel_mode ? ec & ~(u32)PFEC_USER : ec | (u32)PFEC_USER;
	pv_inject_page_fault(v, cr2, ec);
}

void pv_page_fault(struct cpu_regs *regs, unsigned long cr2)
{
	struct vcpu *v = current;

	if (v->pv.kernel_mode || unlikely(!va_guest(cr2))) {
		kernel_page_fault(v, regs, cr2);
	} else {
		pv_inject_page_fault(v, cr2, regs->error_code | (u32)PFEC_USER);
	}
}

/* --- #GP: INT n, privileged instructions --- */

/* INT n through a gate that ring 3 may not use. The vector is read from the instruction. */
static bool software_interrupt(struct vcpu *v, struct cpu_regs *regs)
{
	const unsigned int cpl = v->pv.kernel_mode ? 1 : 3;
	const struct trap_entry *t;
	u8 insn[2];

	if (copy_from_guest(insn, regs->rip, sizeof(insn)) || insn[0] != 0xcd) {
		return false;
	}
	t = &v->pv.traps[insn[1]];
	if ((t->flags & 3u) < cpl) {
		/* As the CPU would report it, whatever the emulator said. */
		regs->error_code = insn[1] * 8u + GP_EC_IDT;
		return false;
	}
	regs->rip += 2;
	pv_inject(v, insn[1], false, 0);
	return true;
}

static void general_protection(struct vcpu *v, struct cpu_regs *regs)
{
	if (regs->error_code & GP_EC_IDT) {
		if (software_interrupt(v, regs)) {
			return;
		}
	} else if (!regs->error_code && pv_emulate_privop(v, regs)) {
		return;
	}
	pv_inject(v, TRAP_GP, true, regs->error_code);
}

static void int80(struct vcpu *v, struct cpu_regs *regs)
{
	if (v->pv.traps[0x80].address) {
		pv_inject(v, 0x80, false, 0);
		return;
	}
	regs->rip -= 2;
	pv_inject(v, TRAP_GP, true, 0x80 * 8 + GP_EC_IDT);
}

static void debug_exception(struct vcpu *v)
{
	u64 dr6 = read_db6();

	v->pv.dr[6] = (v->pv.dr[6] & ~0xfull) | (dr6 & ~DR6_RESERVED) | DR6_RESERVED;
	arch_load_debugregs(&v->pv);
	pv_inject(v, TRAP_DB, false, 0);
}

static void no_fpu(struct vcpu *v)
{
	if (v->pv.cr0 & CR0_TS) {
		v->pv.cr0 &= ~CR0_TS;
		arch_update_ts(&v->pv);
		pv_inject(v, TRAP_NM, false, 0);
	}
}

void pv_exception(struct cpu_regs *regs)
{
	struct vcpu *v = current;
	u32 vector = regs->entry_vector;

	switch (vector) {
	case 0x80:
		int80(v, regs);
		break;
	case TRAP_GP:
		general_protection(v, regs);
		break;
	case TRAP_UD:
		if (!pv_emulate_forced_cpuid(v, regs)) {
			pv_inject(v, TRAP_UD, false, 0);
		}
		break;
	case TRAP_DB:
		debug_exception(v);
		break;
	case TRAP_NM:
		no_fpu(v);
		break;
	default:
		pv_inject(v, vector, TRAP_HAVE_EC >> vector & 1, regs->error_code);
		break;
	}
}

/* iretq refused what the guest asked for: as if the fault had happened at the target. */
void pv_iret_fault(struct cpu_regs *regs)
{
	struct vcpu *v = current;
	u32 vector = regs->entry_vector;

	if (vector == TRAP_PF) {
		pv_inject_page_fault(v, read_cr2(), regs->error_code);
		return;
	}
	pv_inject(v, vector, TRAP_HAVE_EC >> vector & 1, regs->error_code);
}

/* Interrupts off, possibly on the NMI stack: only what cannot wait. The reason goes to dom0's
 * kernel. */
void pv_hardware_nmi(void)
{
	u8 reason = inb(0x61);
	struct vcpu *v;

	if (!(reason & 0xc0) || !dom0 || !dom0->shared || !dom0->vcpu[0]) {
		return;
	}
	v = dom0->vcpu[0];
	if (reason & 0x40) {
		bit_test_and_set(&dom0->shared->arch.nmi_reason, _XEN_NMIREASON_io_error);
	}
	if (reason & 0x80) {
		bit_test_and_set(&dom0->shared->arch.nmi_reason, _XEN_NMIREASON_pci_serr);
	}
	WRITE_ONCE(v->pv.nmi_pending, true);
}

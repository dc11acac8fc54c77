/* SPDX-License-Identifier: MIT */
/*
 * Direct writes by guest kernels to what they may only read: live L1 tables, and dom0's read-only
 * device memory. The store is decoded, and applied through the same checks as mmu_update.
 * Invariant: registers change if and only if the store took effect. No lock.
 */
#include "arch/uaccess.h"
#include "irq/irq.h"
#include "lib/lib.h"
#include "mmu/mmu.h"
#include "store_decode.h"
#include "tables.h"

#define TRIES \
	8 /* the CPU may set A and D under our hands; after that the guest just faults again */

/* The store at rip, if it is one that writes aligned to va. */
static bool store_fetch(unsigned long va, const struct cpu_regs *regs, struct store *s)
{
	u8 insn[STORE_MAX_INSN];
	unsigned int length = sizeof(insn);

	if (copy_from_guest(insn, regs->rip, length)) {
		length = MIN(length, (unsigned int)(PAGE_SIZE - (regs->rip & ~PAGE_MASK)));
		if (copy_from_guest(insn, regs->rip, length)) {
			return false;
		}
	}
	return !store_decode(insn, length, regs, s) && s->address == va && !(va % s->bytes);
}

static bool mmio_store(struct vcpu *v, mfn_t m, unsigned long va, struct cpu_regs *regs)
{
	struct store s;

	if (!v->domain->mm.io_cap || !mmio_read_only(m) || !store_fetch(va, regs, &s) ||
	    s.op != STORE_MOV) {
		return false;
	}
	mmio_write(m.n << PAGE_SHIFT | (va & ~PAGE_MASK), s.bytes, s.operand);
	regs->rip += s.length;
	return true;
}

/* One attempt: 0 done, -EBUSY again, else the guest's own fault. */
static int entry_store(struct vcpu *v, mfn_t table, unsigned long va, const struct store *s,
		       struct cpu_regs *regs)
{
	unsigned int slot = (va & ~PAGE_MASK) / sizeof(pte_t), shift = va % sizeof(pte_t) * 8;
	u64 mask = (s->bytes == 8 ? ~0ull : BIT(s->bytes * 8) - 1) << shift, value = 0;
	pte_t old = READ_ONCE(((pte_t *)mfn_to_virt(table))[slot]);
	int rc = 0;

	if (store_result(s, old >> shift, regs, &value)) {
		rc = pte_cmpxchg(table, slot, old, (old & ~mask) | (value << shift & mask),
				 &v->domain->mm);
	}
	if (!rc) {
		store_retire(s, old >> shift, value, regs);
	}
	return rc;
}

/*
 * Unmapping a page, in few instructions; false if it is anything else, or not allowed. Should the
 * CPU set A or D just now, the guest faults again.
 */
static inline bool xchg_store(struct vcpu *v, mfn_t table, unsigned long va, struct cpu_regs *regs)
{
	unsigned int length;
	u64 insn, address, *reg;
	int rc;

	if (va % sizeof(pte_t) || !guest_read_u64(regs->rip, &insn)) {
		return false;
	}
	length = store_decode_xchg(insn, regs, &address, &reg);
	if (!length || address != va ||
	    !(v->domain->vm_assist & BIT(VMASST_TYPE_writable_pagetables))) {
		return false;
	}
	rc = pte_exchange(table, (va & ~PAGE_MASK) / sizeof(pte_t), reg, true, *reg,
			  &v->domain->mm);
	regs->rip += rc ? 0 : length;
	return !rc || rc == -EBUSY;
}

/* Any store to a table, of which we hold a reference. */
static bool table_store(struct vcpu *v, mfn_t m, unsigned long va, struct cpu_regs *regs)
{
	const u32 type = READ_ONCE(frame_of(m)->type);
	struct store s;
	int rc = -EBUSY;

	if (FT_KIND(type) != FT_L1 || !(type & FT_VALIDATED) ||
	    !(v->domain->vm_assist & BIT(VMASST_TYPE_writable_pagetables)) ||
	    !store_fetch(va, regs, &s)) {
		return false;
	}
	for (unsigned int i = 0; i < TRIES && rc == -EBUSY; i++) {
		rc = entry_store(v, m, va, &s, regs);
	}
	return !rc || rc == -EBUSY;
}

/* Any store, to a table or to device memory. */
static __noinline bool any_store(struct vcpu *v, mfn_t m, unsigned long va, struct cpu_regs *regs)
{
	bool done;

	if (!frame_valid(m)) {
		return mmio_store(v, m, va, regs);
	}
	if (frame_get(m, &v->domain->mm)) {
		return false;
	}
	done = table_store(v, m, va, regs);
	frame_put(m);
	return done;
}

bool ptwr_fault(struct vcpu *v, unsigned long va, struct cpu_regs *regs)
{
	mfn_t table;
	pte_t e;

	if (!l1_find(v, va, &table, &e) || (e & (PTE_P | PTE_RW)) != PTE_P) {
		return false;
	}
	return xchg_store(v, pte_mfn(e), va, regs) || any_store(v, pte_mfn(e), va, regs);
}

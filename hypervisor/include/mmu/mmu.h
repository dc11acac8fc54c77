/* SPDX-License-Identifier: MIT */
/* The MMU hypercalls and all that installs guest page-table entries. */
#pragma once

#include "domain/domain.h"
#include "mm/pagetype.h"

long do_mmu_update(guest_ptr_t reqs, unsigned int count, guest_ptr_t done, unsigned int foreign);
long do_mmuext_op(guest_ptr_t ops, unsigned int count, guest_ptr_t done, unsigned int foreign);
long do_update_va_mapping(unsigned long va, u64 val, unsigned long flags);
long do_update_va_mapping_otherdomain(unsigned long va, u64 val, unsigned long flags,
				      domid_t domid);
long do_update_descriptor(u64 maddr, u64 desc);
long do_set_gdt(guest_ptr_t frames, unsigned int entries);
long do_memory_op(unsigned long cmd, guest_ptr_t arg); /* control/memory.c */

/* Finds the L1 table of v's kernel tables for va, and its entry; false if there is none. The
 * table may be another's a moment later: what changes entries looks again. */
bool l1_find(const struct vcpu *v, unsigned long va, mfn_t *table, pte_t *e);
/* Direct write to a live L1 table by the guest kernel (#PF, write, present). True: done, go on
 * behind it. */
bool ptwr_fault(struct vcpu *v, unsigned long va, struct cpu_regs *regs);
/* #PF in the LDT window. True: the page is now there, retry. */
bool ldt_fault(struct vcpu *v, unsigned long offset);

/* vcpu context: loads and releases tables, GDT and LDT (references taken and dropped). */
int mmu_set_base(struct vcpu *v, mfn_t kernel, mfn_t user); /* -EINVAL, -ERESTART; user 0 = none */
int gdt_set(struct vcpu *v, const u64 *mfns, unsigned int entries);
void gdt_release(struct vcpu *v);
void ldt_release(struct vcpu *v); /* empties the window's frames */
/* Writes v's GDT/LDT frames into this CPU's window (context switch, set_gdt). */
void descriptor_load(struct vcpu *v);

/* Debug builds: tells mm/audit.h what d's vcpus hold, and its shared page. */
void mmu_audit(const struct domain *d);

/* Gives back all memory of a dying domain: unpins, drops, frees; -ERESTART. */
int mmu_domain_destroy(struct domain *d);

/*
 * For grant/: installs or removes an L1 entry of current's domain. By address `va` in the loaded
 * tables, or by machine address of the entry (contains_pte). `owner_frame` references are the
 * caller's. -EINVAL, -EFAULT.
 */
int mmu_grant_map(u64 host_addr, bool is_pte, pte_t entry);
int mmu_grant_unmap(u64 host_addr, bool is_pte, mfn_t frame, bool writable);

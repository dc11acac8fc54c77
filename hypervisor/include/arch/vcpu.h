/* SPDX-License-Identifier: MIT */
/*
 * The PV CPU of a vcpu: what the ABI's vcpu_guest_context holds, in the form that entry.S uses.
 * Written by the vcpu itself (on its CPU), or by others while it is paused.
 */
#pragma once

#include <xen/callback.h>
#include "arch/page.h"
#include "arch/regs.h"
#include "lib/types.h"

#define GUEST_GDT_FRAMES 14u

enum pv_callback {
	PV_CB_EVENT = CALLBACKTYPE_event,
	PV_CB_FAILSAFE = CALLBACKTYPE_failsafe,
	PV_CB_SYSCALL = CALLBACKTYPE_syscall,
	PV_CB_NMI = CALLBACKTYPE_nmi,
	PV_CB_SYSENTER = CALLBACKTYPE_sysenter,
	PV_CB_SYSCALL32 = CALLBACKTYPE_syscall32,
	PV_CB_COUNT,
};

struct trap_entry {
	u64 address; /* 0: none */
	u16 cs;
	u8 flags; /* bits 0-1 DPL, bit 2 mask events */
};

struct pv_vcpu {
	struct cpu_regs regs; /* valid while not running on a CPU */
	u16 ds, es, fs, gs;
	bool kernel_mode;                           /* guest kernel (true) or guest user */
	bool syscall_masks_events[PV_CB_COUNT];     /* callback flag "mask events" */
	bool nmi_pending, nmi_masked, nmi_deferred; /* deferred: waits for the iret that unmasks */
	u8 iopl;                                    /* virtual IOPL, 0-3 */
	u64 callback[PV_CB_COUNT];
	u64 kernel_sp;
	u16 kernel_ss;

	u64 fs_base, gs_base_kernel, gs_base_user;
	u64 cr3_kernel, cr3_user; /* machine addresses of the L4 tables; user 0 = none */
	u64 cr3_load[2];          /* what CR3 gets for guest user [0] and guest kernel [1] */
	u64 cr0, cr4;             /* guest view; only TS of cr0 varies */
	u64 dr[8];                /* 0-3, 6, 7 */

	struct trap_entry *traps; /* 256, a page of its own */
	mfn_t gdt_frame[GUEST_GDT_FRAMES];
	u32 gdt_entries;
	u64 ldt_base;
	u32 ldt_entries;
	u16 ldt_mapped; /* bit i: page i of the LDT window holds a typed frame, see ldt_frame */
	mfn_t ldt_frame[16];

	guest_ptr_t iobmp; /* guest's I/O bitmap and the ports it covers */
	u32 iobmp_ports;

	u64 xcr0;
	void *fpu; /* FXSAVE or XSAVE area, 64-byte aligned */
};

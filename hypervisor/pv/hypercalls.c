/* SPDX-License-Identifier: MIT */
/* Hypercalls that set up the PV CPU: traps, callbacks, stack, segment bases, FPU, debug registers.
 */
#include <xen/callback.h>
#include "arch/uaccess.h"
#include "arch/x86_private.h"
#include "domain/continuation.h"
#include "domain/subop.h"
#include "lib/lib.h"
#include "mm/pagetype.h"
#include "pv/pv.h"

#define TRAPS_PER_STEP 64u

/* --- Traps --- */

long do_set_trap_table(guest_ptr_t traps)
{
	struct vcpu *v = current;
	struct trap_info t;

	if (!traps) {
		memset(v->pv.traps, 0, 256 * sizeof(*v->pv.traps));
		return 0;
	}
	for (unsigned int n = 0;; n++, traps += sizeof(t)) {
		if (n == TRAPS_PER_STEP && preempt_needed()) {
			return HYPERCALL_CONTINUE(__HYPERVISOR_set_trap_table, traps);
		}
		n %= TRAPS_PER_STEP;
		if (copy_from_guest(&t, traps, sizeof(t))) {
			return -EFAULT;
		}
		if (!t.address) {
			return 0;
		}
		if (!va_canonical(t.address)) {
			return -EINVAL;
		}
		v->pv.traps[t.vector] =
			(struct trap_entry){t.address, (u16)(t.cs | 3), t.flags & 7};
	}
}

/* --- Callbacks --- */

static long callback_set(struct vcpu *v, unsigned int type, u64 address, bool mask)
{
	/* 3 is a 32-bit form, 6 was never given out. */
	if (type == CALLBACKTYPE_sysenter_deprecated || type == 6 || type >= PV_CB_COUNT ||
	    !va_canonical(address)) {
		return -EINVAL;
	}
	if (type == CALLBACKTYPE_nmi) {
		v->pv.traps[TRAP_NMI] = (struct trap_entry){address, SEL_GUEST_CS64, 0};
		return 0;
	}
	v->pv.callback[type] = address;
	v->pv.syscall_masks_events[type] = mask;
	return 0;
}

long do_set_callbacks(unsigned long event, unsigned long failsafe, unsigned long syscall)
{
	struct vcpu *v = current;

	if (!va_canonical(event) || !va_canonical(failsafe) || !va_canonical(syscall)) {
		return -EINVAL;
	}
	callback_set(v, CALLBACKTYPE_event, event, false);
	callback_set(v, CALLBACKTYPE_failsafe, failsafe, false);
	callback_set(v, CALLBACKTYPE_syscall, syscall, false);
	return 0;
}

static long callback_register(void *arg)
{
	const struct callback_register *r = arg;

	return callback_set(current, r->type, r->address, r->flags & CALLBACKF_mask_events);
}

/* Event, failsafe and system call cannot be given up. */
static long callback_unregister(void *arg)
{
	const struct callback_unregister *u = arg;

	return u->type <= CALLBACKTYPE_syscall ? -EINVAL : callback_set(current, u->type, 0, false);
}

long do_callback_op(unsigned int cmd, guest_ptr_t arg)
{
	static const struct subop ops[] = {
		[CALLBACKOP_register] = {callback_register, sizeof(struct callback_register), 0},
		[CALLBACKOP_unregister] = {callback_unregister, sizeof(struct callback_unregister),
					   0},
	};

	return subop_run(ops, ARRAY_SIZE(ops), cmd, arg);
}

/* --- Stack, bases, FPU --- */

long do_stack_switch(unsigned long ss, unsigned long sp)
{
	current->pv.kernel_ss = (u16)(ss | 3);
	current->pv.kernel_sp = sp;
	return 0;
}

long do_set_segment_base(unsigned int which, unsigned long base)
{
	static const u32 msr[] = {[SEGBASE_FS] = MSR_FS_BASE,
				  [SEGBASE_GS_USER] = MSR_KERNEL_GS,
				  [SEGBASE_GS_KERNEL] = MSR_GS_BASE};

	if (which == SEGBASE_GS_USER_SEL) {
		/* A bad selector is loaded as null: Linux does not expect a failure. */
		load_gs_user_selector((u16)base);
		return 0;
	}
	if (which >= ARRAY_SIZE(msr) || !va_canonical(base)) {
		return -EINVAL;
	}
	wrmsr(msr[which], base);
	return 0;
}

long do_fpu_taskswitch(int set)
{
	struct pv_vcpu *pv = &current->pv;

	pv->cr0 = set ? pv->cr0 | CR0_TS : pv->cr0 & ~CR0_TS;
	arch_update_ts(pv);
	return 0;
}

long do_vm_assist(unsigned int cmd, unsigned int type)
{
	u64 bit;

	if (type > VMASST_TYPE_m2p_strict || !(VM_ASSIST_VALID & BIT(type))) {
		return -EINVAL;
	}
	bit = BIT(type);
	switch (cmd) {
	case VMASST_CMD_enable:
		__atomic_or_fetch(&current->domain->vm_assist, bit, __ATOMIC_SEQ_CST);
		return 0;
	case VMASST_CMD_disable:
		__atomic_and_fetch(&current->domain->vm_assist, ~bit, __ATOMIC_SEQ_CST);
		return 0;
	default:
		return -ENOSYS;
	}
}

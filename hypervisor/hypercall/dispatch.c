/* SPDX-License-Identifier: MIT */
/* From a number in rax to its handler, and many calls in one. */
#include <xen/xen.h>
#include "arch/uaccess.h"
#include "arch/guest_entry.h"
#include "arch/x86_private.h"
#include "control/control.h"
#include "drivers/console.h"
#include "event/event.h"
#include "grant/grant.h"
#include "domain/continuation.h"
#include "irq/irq.h"
#include "lib/lib.h"
#include "mmu/mmu.h"
#include "pv/pv.h"

#define CALL0(fn) fn()
#define CALL1(fn) fn(a0)
#define CALL2(fn) fn(a0, a1)
#define CALL3(fn) fn(a0, a1, a2)
#define CALL4(fn) fn(a0, a1, a2, a3)

#define HYPERCALL(name, nargs, fn) \
	case __HYPERVISOR_##name:  \
		return CALL##nargs(fn);
#define REFUSED(name, err)        \
	case __HYPERVISOR_##name: \
		return -err;

static __noinline long do_multicall(guest_ptr_t list, unsigned int count);

long hypercall_entry(unsigned long a0, unsigned long a1, unsigned long a2, unsigned long a3,
		     unsigned long nr)
{
	if (nr == __HYPERVISOR_event_channel_op) { /* the most frequent one, but for iret */
		return do_event_channel_op(a0, a1);
	}
	switch (nr) {
#include "table.def"
	default:
		return -ENOSYS;
	}
}

bool preempt_needed(void)
{
	return cpu_work_pending() || vcpu_event_deliverable(current);
}

/* --- Multicalls: entries run in order, each with its own result. --- */

static inline bool one_entry(struct multicall_state *mc, guest_ptr_t at)
{
	const unsigned long nr = mc->entry.op;
	const xen_ulong_t *a = mc->entry.args;

	mc->preempted = false;
	/* A multicall within a multicall would be recursion of the guest's choosing. */
	mc->entry.result = nr == __HYPERVISOR_multicall
				   ? (xen_ulong_t)-EINVAL
				   : (xen_ulong_t)hypercall_entry(a[0], a[1], a[2], a[3], nr);
	if (unlikely(mc->preempted)) {
		return !copy_to_guest(at, &mc->entry, sizeof(mc->entry));
	}
	/* After an iret other tables may be loaded: no place for the result. */
	return nr == __HYPERVISOR_iret ||
	       !copy_to_guest(at + offsetof(multicall_entry_t, result), &mc->entry.result,
			      sizeof(mc->entry.result));
}

static long do_multicall(guest_ptr_t list, unsigned int count)
{
	struct vcpu *v = current;
	struct multicall_state mc;
	long rc = 0;

	while (count && !rc) {
		if (copy_from_guest(&mc.entry, list, sizeof(mc.entry))) {
			return -EFAULT;
		}
		v->mc = &mc;
		rc = one_entry(&mc, list) ? 0 : -EFAULT;
		v->mc = NULL;
		if (mc.preempted) {
			break;
		}
		if (mc.entry.op == __HYPERVISOR_iret) {
			return (long)mc.entry.result;
		}
		list += sizeof(mc.entry);
		count--;
		if (count && !rc && preempt_needed()) {
			break;
		}
	}
	if (rc || !count) {
		return rc;
	}
	return HYPERCALL_CONTINUE(__HYPERVISOR_multicall, list, count);
}

/* SPDX-License-Identifier: MIT */
/* Ways in from the hypervisor: the table of exceptions, the address for events. */
#include "base.h"
#include <xen/callback.h>

enum { TRAPS = 32, BREAKPOINT = 3, OVERFLOW = 4, USER = 3, KERNEL = 1, WORDS = 16 };

void traps_set(void)
{
	static trap_info_t traps[TRAPS + 1]; /* the last one ends the table */
	struct callback_register event = {.type = CALLBACKTYPE_event};

	for (unsigned int i = 0; i < TRAPS; i++) {
		/* These two may be raised by user code, all by the kernel itself. */
		u8 flags = i == BREAKPOINT || i == OVERFLOW ? USER : KERNEL;

		traps[i] = (trap_info_t){(u8)i, flags, FLAT_KERNEL_CS,
					 (unsigned long)trap_stubs + i * 16};
	}
	HC1(__HYPERVISOR_set_trap_table, traps);
	event.address = (unsigned long)event_stub;
	HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &event);
}

/* Where it was, for who has to find out why. */
void trap_show(const struct trap_frame *f)
{
	const u64 *sp = (const u64 *)f->rsp;

	print("trap %lu, error code %lx, rip %lx, cs %lx, rsp %lx, flags %lx\n", f->vector,
	      f->error_code, f->rip, f->cs, f->rsp, f->rflags);
	print("rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx r8 %lx\n", f->rax, f->rbx,
	      f->rcx, f->rdx, f->rsi, f->rdi, f->rbp, f->r8);
	print("r9 %lx r10 %lx r11 %lx r12 %lx r13 %lx r14 %lx r15 %lx\n", f->r9, f->r10, f->r11,
	      f->r12, f->r13, f->r14, f->r15);
	if (f->rsp - VIRT_BASE < 0x40000000) {
		for (unsigned int i = 0; i < WORDS; i++) {
			print("%lx%s", sp[i], i % 8 == 7 ? "\n" : " ");
		}
	}
}

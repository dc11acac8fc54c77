/* SPDX-License-Identifier: MIT */
/* The end: one sentence, for a bug the call trace too; all CPUs stop and stay so. */
#include "arch/smp.h"
#include "arch/x86_private.h"
#include "lib/lib.h"

static bool panicking;

static void __noreturn stop_machine(void)
{
	if (__atomic_exchange_n(&panicking, true, __ATOMIC_SEQ_CST)) {
		smp_halt();
	}
	smp_stop_others();
	printk(LOG_ERR "The machine is halted: reset it by hand.\n");
	smp_halt();
}

void panic(const char *fmt, ...)
{
	char line[256];
	__builtin_va_list ap;

	irq_disable();
	__builtin_va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	__builtin_va_end(ap);
	printk(LOG_ERR "PANIC: %s\n", line);
	stop_machine();
}

void bug_at(const char *file, int line, const char *what)
{
	irq_disable();
	printk(LOG_ERR "BUG at %s:%d: %s\n", file, line, what);
	stack_trace((u64)__builtin_return_address(0), (u64)__builtin_frame_address(0));
	stop_machine();
}

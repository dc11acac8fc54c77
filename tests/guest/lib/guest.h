/* SPDX-License-Identifier: MIT */
/*
 * What a test kernel needs: hypercalls, a console, traps that can be expected, results. A test is
 * one folder with a main.c: its head says the claim, test_main() makes it, and a line
 * "RESULT: pass" or "RESULT: fail ..." ends it. The kernel runs as dom0 and as domU.
 */
#pragma once

#include "../../../pv-drivers/kernel/base.h"
#include <xen/errno.h>

/* The test. Its return ends the kernel with the result and a shutdown. */
void test_main(void);

/* --- Traps --- */
/* Returns true when it dealt with the trap (it may have changed the frame). NULL: none expected. */
extern bool (*trap_handler)(struct trap_frame *f);
extern void (*event_handler)(void);
/* The next hypercall is told that an event waits: long ones give way once and go on. */
void event_make_pending(void);

/*
 * What each of the two vcpus has for itself. Which one this is the stack tells, also in handlers:
 * GS is the test's to play with. user.S knows the first two fields and the size.
 */
struct guest_cpu {
	u64 user_sp; /* of user_run() */
	u64 syscall_frame[7];
	u64 resume, at;
	volatile int vector;
	volatile u64 error_code;
	u64 random;
	u64 unused[3];
};
_Static_assert(sizeof(struct guest_cpu) == 128, "user.S shifts");
extern struct guest_cpu guest_cpus[2];
#define VCPU1_STACK (4 * PAGE_SIZE)
extern char vcpu1_stack[VCPU1_STACK];
static inline unsigned int this_vcpu(void)
{
	u64 sp;

	__asm__("movq %%rsp, %0" : "=r"(sp));
	return sp - (u64)vcpu1_stack < VCPU1_STACK;
}
#define this_cpu (&guest_cpus[this_vcpu()])

/* Runs one instruction sequence; a fault inside is caught. */
#define caught_vector this_cpu->vector /* -1: none */
#define caught_ec     this_cpu->error_code
#define try_at        this_cpu->at
#define try_resume    this_cpu->resume
/* Executes `insn` (a string) with a fixup: caught_vector tells what happened, try_at where. Not for
 * one that changes r15. */
#define TRY(insn, ...)                                                                             \
	do {                                                                                       \
		register struct guest_cpu *cpu_ __asm__("r15") = this_cpu;                         \
		cpu_->vector = -1;                                                                 \
		__asm__ volatile(                                                                  \
			"pushq %%rax; pushq %%rbx; pushq %%rcx; pushq %%rdx\n"                     \
			"movq $2f, %c[at_](%[cpu_]); movq $1f, %c[re_](%[cpu_])"                   \
			"\n2: " insn "\n1: movq $0, %c[re_](%[cpu_])\n"                            \
			"popq %%rdx; popq %%rcx; popq %%rbx; popq %%rax" ::__VA_ARGS__ __VA_OPT__( \
				, )[cpu_] "r"(cpu_),                                               \
			[at_] "i"(offsetof(struct guest_cpu, at)),                                 \
			[re_] "i"(offsetof(struct guest_cpu, resume))                              \
			: "memory");                                                               \
	} while (0)

/* --- A second vcpu: vcpu.c --- */
vcpu_guest_context_t *vcpu_context(void (*fn)(void)); /* one that would run fn; to be changed */
long vcpu_start(void (*fn)(void));

/* --- Memory: memory.c, mmu.c --- */
void *page_alloc(void);  /* a mapped page of its own, zeroed; never freed */
void *table_alloc(void); /* an empty page, mapped read-only */

/* --- User mode: user.S. A second set of tables shows one page of code and one of stack. --- */
#define USER_CODE  0x400000ul
#define USER_STACK 0x600000ul
/* Makes the tables; [code, end) is copied to USER_CODE. Returns the L4 table. */
void *user_prepare(const char *code, const char *end);
/* Runs user code until it makes a system call (returns its rax) or user_leave() is called. */
long user_run(unsigned long rip, unsigned long rsp);
/* rax r11 rcx flags rip cs rflags rsp ss; cs has RPL 3. */
long user_iret(const u64 frame[9]);
/* From a trap handler: user_run() returns what rax holds. */
void user_leave(struct trap_frame *f);
/* rcx r11 rip cs rflags rsp ss of the last system call */
#define user_syscall_frame (this_cpu->syscall_frame)

/* A seeded generator, of each vcpu: the same sequence on every run. */
u64 random_next(void);
void random_seed(u64 seed);

/* SPDX-License-Identifier: MIT */
/*
 * What a test kernel needs: hypercalls, a console, traps that can be expected, results. A test is
 * one folder with a main.c: its head says the claim, test_main() makes it, and a line
 * "RESULT: pass" or "RESULT: fail ..." ends it. The kernel runs as dom0 and as domU.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/errno.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define PAGE_SIZE     4096ul
#define VIRT_BASE     0xffffffff80000000ul
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

long hypercall(unsigned long nr, unsigned long a1, unsigned long a2, unsigned long a3,
	       unsigned long a4);
#define HC0(nr)       hypercall(nr, 0, 0, 0, 0)
#define HC1(nr, a)    hypercall(nr, (unsigned long)(a), 0, 0, 0)
#define HC2(nr, a, b) hypercall(nr, (unsigned long)(a), (unsigned long)(b), 0, 0)
#define HC3(nr, a, b, c) \
	hypercall(nr, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c), 0)
#define HC4(nr, a, b, c, d)                                                       \
	hypercall(nr, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c), \
		  (unsigned long)(d))

extern start_info_t *start_info_ptr;
extern shared_info_t *shared_info; /* mapped by guest_main() */

/* --- Console: console_io in dom0, the ring elsewhere. Formats: %s %d %u %x %lx %ld %p. --- */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* --- Results. A claim is what the checks behind it are about: it ends as a line PASS or FAIL. ---
 */
extern unsigned int check_count, fail_count;
void claim(const char *what);
#define CHECK(c)                                                           \
	do {                                                               \
		check_count++;                                             \
		if (!(c)) {                                                \
			fail_count++;                                      \
			print("FAIL %s:%d: %s\n", __FILE__, __LINE__, #c); \
		}                                                          \
	} while (0)
#define CHECK_EQ(a, b)                                                                          \
	do {                                                                                    \
		long a_ = (long)(a), b_ = (long)(b);                                            \
		check_count++;                                                                  \
		if (a_ != b_) {                                                                 \
			fail_count++;                                                           \
			print("FAIL %s:%d: %s is %ld, expected %s (%ld)\n", __FILE__, __LINE__, \
			      #a, a_, #b, b_);                                                  \
		}                                                                               \
	} while (0)

/* The test. Its return ends the kernel with the result and a shutdown. */
void test_main(void);
void guest_shutdown(unsigned int reason) __attribute__((noreturn));
bool is_dom0(void);
/* A word NAME=NUMBER of the command line, or the default; NAME=TEXT: does it say so? */
u64 argument(const char *name, u64 otherwise);
bool argument_is(const char *name, const char *text);

/* --- Traps --- */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error_code, rip, cs, rflags, rsp, ss;
};
/* Returns true when it dealt with the trap (it may have changed the frame). NULL: none expected. */
extern bool (*trap_handler)(struct trap_frame *f);
extern void (*event_handler)(void);
void guest_resume(struct trap_frame *f) __attribute__((noreturn));
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

/* ns since the hypervisor started, from vcpu 0's record, and from any one's, on that vcpu: time.c
 */
u64 system_time(void);
u64 vcpu_now(unsigned int id);

/* --- A second vcpu: vcpu.c --- */
vcpu_guest_context_t *vcpu_context(void (*fn)(void)); /* one that would run fn; to be changed */
long vcpu_start(void (*fn)(void));

/* --- Memory --- */
static inline u64 va_to_pfn(const void *p)
{
	return ((unsigned long)p - VIRT_BASE) / PAGE_SIZE;
}
static inline u64 pfn_to_mfn(u64 pfn)
{
	return ((u64 *)start_info_ptr->mfn_list)[pfn];
}
static inline u64 va_to_mfn(const void *p)
{
	return pfn_to_mfn(va_to_pfn(p));
}
void *page_alloc(void); /* a mapped page of its own, zeroed; never freed */
/* The L1 entry that maps p, as a machine address for mmu_update. */
u64 pte_maddr(const void *p);
u64 *pte_address(const void *p); /* where it can be read */
u64 pte_read(const void *p);
long va_map(const void *p, u64 pte); /* update_va_mapping with a local flush */

/* --- Page tables: mmu.c --- */
#define PTE_P  0x001ull
#define PTE_RW 0x002ull
#define PTE_US 0x004ull
#define PTE_AD 0x060ull
#define PTE_NX (1ull << 63)
/* An entry for the page p (of the bootstrap region), and its machine address. */
u64 pte_for(const void *p, u64 flags);
u64 maddr_of(const void *p);
long mmuext(unsigned int cmd, u64 arg1, u64 arg2);
long mmu_update(u64 ptr, u64 val);
/* Maps a page of the bootstrap region read-only, so that it may become a table, and back. */
long page_make_ro(void *p);
long page_make_rw(void *p);
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

void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

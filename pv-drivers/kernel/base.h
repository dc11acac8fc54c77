/* SPDX-License-Identifier: MIT */
/*
 * What any PV kernel needs first, and what the test kernels of tests/guest are built on too:
 * hypercalls, the console, page-table entries, traps, the clock, words of the command line, claims
 * that pass or fail. The rest of the reference kernel is in kernel.h.
 *
 * The kernel keeps the page tables that it was started with, and adds to them:
 *
 *	VIRT_BASE + 1 MiB  image | frame list, start info, store and console ring, tables | free
 *	                   pseudo-physical page n is at VIRT_BASE + n * PAGE_SIZE
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define PAGE_SIZE     4096ul
#define VIRT_BASE     0xffffffff80000000ul
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* --- Start: start.S calls these; each kernel has its own. --- */
void kernel_start(void) __attribute__((noreturn));
struct trap_frame *kernel_trap(struct trap_frame *f);  /* an exception; returns what to resume */
struct trap_frame *kernel_event(struct trap_frame *f); /* an event, while they are not masked */

/* --- Hypercalls: start.S --- */
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

/* --- The domain: domain.c --- */
extern start_info_t *start_info_ptr;
extern shared_info_t *shared_info; /* once it is mapped */
long shared_info_map(void);
void shared_info_unmap(void);
bool is_dom0(void);
void guest_shutdown(unsigned int reason) __attribute__((noreturn));
/* A word NAME=NUMBER of the command line, or the default; NAME=TEXT: does it say so? What stands
 * behind NAME=, up to the line's end; NULL: nothing does. */
u64 argument(const char *name, u64 otherwise);
bool argument_is(const char *name, const char *text);
const char *argument_text(const char *name);

/* --- Console: console.c. The hypervisor's in dom0, the ring elsewhere. Formats: %s %d %u %x %lx
 * %ld %lu %p. --- */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void print_list(const char *fmt, __builtin_va_list ap);

/* --- Claims: claims.c. What the checks behind it are about ends as a line PASS or FAIL. --- */
extern unsigned int check_count, fail_count;
void claim(const char *what);
/* The last claim's line, and the line RESULT. */
void claims_end(void);
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

/* --- Traps: traps.c; start.S fills the frame. --- */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error_code, rip, cs, rflags, rsp, ss;
};
extern char trap_stubs[], event_stub[]; /* a stub of 16 bytes for each exception; the event's */
void traps_set(void);
void trap_show(const struct trap_frame *f);
void guest_resume(struct trap_frame *f) __attribute__((noreturn));

/* --- The clock: time.c. The CPU's time stamp, which vcpus share with dom0; ns since the hypervisor
 * started, as vcpu 0 or another one has it. --- */
u64 cycles(void);
u64 system_time(void);
u64 vcpu_now(unsigned int id);

/* --- Page-table entries: tables.c --- */
#define PTE_P  0x001ull
#define PTE_RW 0x002ull
#define PTE_US 0x004ull
#define PTE_AD 0x060ull
#define PTE_NX (1ull << 63)
static inline u64 va_to_pfn(const void *p)
{
	return ((unsigned long)p - VIRT_BASE) / PAGE_SIZE;
}
static inline u64 pfn_to_mfn(u64 pfn)
{
	return ((u64 *)start_info_ptr->mfn_list)[pfn];
}
static inline u64 mfn_to_pfn(u64 mfn)
{
	return ((const u64 *)MACH2PHYS_VIRT_START)[mfn];
}
static inline u64 va_to_mfn(const void *p)
{
	return pfn_to_mfn(va_to_pfn(p));
}
u64 maddr_of(const void *p);           /* of a byte of the bootstrap region */
void *page_of_machine(u64 mfn);        /* where a frame of ours is mapped */
u64 pte_for(const void *p, u64 flags); /* an entry for the page p of the bootstrap region */
/* The entry that covers p in a table of level 1 to 4, which must exist; it can be read there. */
u64 *table_entry(const void *p, unsigned int level);
u64 *pte_address(const void *p);
u64 pte_maddr(const void *p); /* for mmu_update */
u64 pte_read(const void *p);
long va_map(const void *p, u64 pte); /* update_va_mapping with a local flush */
long mmuext(unsigned int cmd, u64 arg1, u64 arg2);
long mmu_update(u64 ptr, u64 val);
/* Maps a page of the bootstrap region read-only, so that it may become a table, and back. */
long page_make_ro(void *p);
long page_make_rw(void *p);

/* SPDX-License-Identifier: MIT */
/*
 * The CPU: per-CPU block at the stack's top, control registers, MSRs, port I/O, features.
 *
 * One stack region per CPU, 8 pages, aligned to its size (lowest first):
 *   #DF | NMI | #MC | #DB | guard | three pages of stack, ending in struct cpu_info
 */
#pragma once

#include "arch/regs.h"
#include "lib/types.h"

#define STACK_PAGES 8u
#define STACK_SIZE  (STACK_PAGES * PAGE_SIZE_U)
#define PAGE_SIZE_U 4096u

struct vcpu;
struct pv_vcpu;

/* What entry.S and everybody else finds from the stack pointer alone. */
struct cpu_info {
	struct cpu_regs regs; /* guest registers: what the return to the guest will load */
	struct vcpu *running;
	u32 cpu;
	u32 pending; /* PENDING_* bits: work before the return to the guest */
	/* Page-table isolation (arch/isolation.h): what CR3 gets on the way in, 0 while no view can
	 * be loaded; on the way out to guest user [0] and guest kernel [1]; and whose tables these
	 * show, NULL in the idle loop. */
	u64 tables;
	u64 views[2];
	const struct pv_vcpu *shown;
};

static inline struct cpu_info *cpu_info(void)
{
	unsigned long sp;

	__asm__("movq %%rsp, %0" : "=r"(sp));
	return (struct cpu_info *)((sp | (STACK_SIZE - 1)) + 1) - 1;
}
static inline unsigned int cpu_id(void)
{
	return cpu_info()->cpu;
}
static inline struct cpu_regs *guest_regs(void)
{
	return &cpu_info()->regs;
}
#define current (cpu_info()->running)
/* Another CPU's. */
struct cpu_info *cpu_info_of(unsigned int cpu);

/* Work that waits for the return to the guest (or for the idle loop). */
enum pending_work {
	PENDING_SCHEDULE,
	PENDING_TIMER,
	PENDING_TIME,   /* the clock's rate changes: its vcpu needs the new record */
	PENDING_ALIVE,  /* to clear it shows that the CPU is not stuck */
	PENDING_NMI,    /* one came, and is to be reported */
	PENDING_REPORT, /* the NMI that comes is to print where it hits */
};
/* Asks `cpu` to do the work before it next enters a guest; kicks it by IPI if it is another CPU. */
void cpu_raise(unsigned int cpu, enum pending_work work);
/* The same without the kick: whenever it comes by. True if that was asked already. */
bool cpu_mark(unsigned int cpu, enum pending_work work);
/* Was it asked to, and did not come to it yet? */
static inline bool cpu_marked(unsigned int cpu, enum pending_work work)
{
	return READ_ONCE(cpu_info_of(cpu)->pending) >> work & 1;
}
/* Takes back what was asked of this CPU; true if it was. */
static inline bool cpu_take(enum pending_work work)
{
	return __atomic_fetch_and(&cpu_info()->pending, ~(1u << work), __ATOMIC_SEQ_CST) &
	       1u << work;
}
static inline bool cpu_work_pending(void)
{
	return READ_ONCE(cpu_info()->pending) != 0;
}

/* read_cr0(), write_cr0() and so on. */
#define CONTROL_REGISTER(reg)                                            \
	static inline u64 read_##reg(void)                               \
	{                                                                \
		u64 v;                                                   \
		__asm__ volatile("mov %%" #reg ", %0" : "=r"(v));        \
		return v;                                                \
	}                                                                \
	static inline void write_##reg(u64 v)                            \
	{                                                                \
		__asm__ volatile("mov %0, %%" #reg ::"r"(v) : "memory"); \
	}
CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)
CONTROL_REGISTER(db6)

static inline void invlpg(unsigned long va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}
/* Types of INVPCID (SDM 2A): the page at va in tables with that PCID; all of all but global pages.
 */
#define INVPCID_PAGE 0
#define INVPCID_ALL  3
static inline void invpcid(u64 type, u64 pcid, u64 va)
{
	const u64 descriptor[2] = {pcid, va};

	__asm__ volatile("invpcid %0, %1" ::"m"(descriptor), "r"(type) : "memory");
}
static inline void irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}
static inline void irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}
static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}
static inline void cpu_halt(void)
{
	__asm__ volatile("hlt" ::: "memory");
}
/* The last resort of a reboot: an exception without an IDT. */
static inline void __noreturn cpu_triple_fault(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __packed none = {0, 0};

	__asm__ volatile("lidt %0; int3" ::"m"(none));
	for (;;) {
	}
}
static inline void cpu_wbinvd(void)
{
	__asm__ volatile("wbinvd" ::: "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}
/* Not before what comes earlier in the program is done. */
static inline u64 rdtsc_ordered(void)
{
	__asm__ volatile("lfence" ::: "memory");
	return rdtsc();
}
static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}
static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}
/* The same for MSRs that may not exist: 0, or -EIO when the access faulted. */
int rdmsr_safe(u32 msr, u64 *v);

/* inb(), outb() and so on, by the size of the operand. */
#define PORT_ACCESS(suffix, type)                                                \
	static inline type in##suffix(u16 port)                                  \
	{                                                                        \
		type v;                                                          \
		__asm__ volatile("in" #suffix " %1, %0" : "=a"(v) : "Nd"(port)); \
		return v;                                                        \
	}                                                                        \
	static inline void out##suffix(u16 port, type v)                         \
	{                                                                        \
		__asm__ volatile("out" #suffix " %0, %1" ::"a"(v), "Nd"(port));  \
	}
PORT_ACCESS(b, u8)
PORT_ACCESS(w, u16)
PORT_ACCESS(l, u32)
/* size: 1, 2 or 4 bytes. */
static inline u32 port_in(u16 port, unsigned int size)
{
	return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}
static inline void port_out(u16 port, unsigned int size, u32 v)
{
	if (size == 1) {
		outb(port, (u8)v);
	} else if (size == 2) {
		outw(port, (u16)v);
	} else {
		outl(port, v);
	}
}

static inline void cpuid(u32 leaf, u32 sub, u32 r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}

#define SYSCALL_STUB_BYTES 48u /* entry.S has one for each CPU */

#define MSR_TSC          0x10
#define MSR_APICBASE     0x1b
#define MSR_TSC_ADJUST   0x3b
#define MSR_ARCH_CAPS    0x10a
#define MSR_SYSENTER_CS  0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_PAT          0x277
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_EFER         0xc0000080
#define MSR_STAR         0xc0000081
#define MSR_LSTAR        0xc0000082
#define MSR_CSTAR        0xc0000083
#define MSR_SFMASK       0xc0000084
#define MSR_FS_BASE      0xc0000100
#define MSR_GS_BASE      0xc0000101
#define MSR_KERNEL_GS    0xc0000102 /* the inactive GS base */

#define PAT_HV 0x050100070406ull /* WB WT UC- UC WC WP UC UC, as the ABI's guests expect */

#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_CD BIT(30)
#define CR0_PG BIT(31)

#define CR4_DE         BIT(3)
#define CR4_PAE        BIT(5)
#define CR4_MCE        BIT(6)
#define CR4_PGE        BIT(7)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP       BIT(11)
#define CR4_PCIDE      BIT(17)
#define CR4_OSXSAVE    BIT(18)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)

/* What the boot CPU has; filled by cpu_init(), constant afterwards. */
struct cpu_features {
	bool x2apic, xsave, smep, smap, umip, tsc_deadline, invariant_tsc, amd, page1gb;
	bool pcid;      /* with INVPCID */
	bool isolate;   /* it lets user code read what it may not: page-table isolation */
	u64 xcr0_max;   /* XCR0 bits that the hypervisor offers */
	u32 xsave_size; /* bytes of the standard-format area for xcr0_max */
	u32 max_leaf, max_ext_leaf;
	u8 maddr_bits;
};
extern struct cpu_features cpu_features;
/* CR4 as the hypervisor runs with it on every CPU. */
extern u64 hv_cr4;

/* Selectors of the hypervisor's part of each CPU's GDT (page 14 of the window). */
#define SEL_HV_CS      0xe008
#define SEL_HV_DS      0xe010
#define SEL_GUEST_CS32 0xe023
#define SEL_GUEST_DS   0xe02b
#define SEL_GUEST_CS64 0xe033
#define SEL_TSS        0xe040
#define SEL_LDT        0xe050

/* The window of a CPU, an L1 table of its own: GDT (16 pages), LDT (16 pages), then its stack
 * region. */
#define CPUWIN_SIZE       0x200000ul
#define CPUWIN_GDT(cpu)   (CPUWIN_VIRT + (cpu)*CPUWIN_SIZE)
#define CPUWIN_LDT(cpu)   (CPUWIN_GDT(cpu) + 0x10000)
#define CPUWIN_STACK(cpu) (CPUWIN_GDT(cpu) + 0x40000)

#ifndef CONFIG_NR_CPUS
#define CONFIG_NR_CPUS 64
#endif
extern unsigned int cpu_count; /* online CPUs; ids are 0 .. cpu_count - 1 */
u32 cpu_apic_id(unsigned int cpu);

/* A set of CPUs. */
typedef struct {
	u64 bits[(CONFIG_NR_CPUS + 63) / 64];
} cpumask_t;

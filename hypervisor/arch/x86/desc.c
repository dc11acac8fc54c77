/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables: page 14 of each CPU's GDT window is the hypervisor's; one IDT serves all;
 * one TSS per CPU, for its stacks only (no I/O bitmap: every IN and OUT of a guest traps).
 */
#include "arch/apic.h"
#include "arch/page.h"
#include "arch/x86_private.h"
#include "lib/lib.h"

struct tss {
	u32 pad0;
	u64 rsp[3], pad1, ist[7], pad2;
	u16 pad3, iomap;
} __packed;

struct idt_gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, zero;
};

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

#define GATE_DPL0 0x8e
#define GATE_DPL3 0xee

/* Stack numbers in the TSS; the pages lie below the stack in this order, see arch/cpu.h. */
enum { IST_DF = 1, IST_NMI, IST_MC, IST_DB };

/* What the CPU reads before the entry code can change tables is in every view. */
static struct idt_gate idt[256] __aligned(64) __section(".bss.isolated");
static struct tss tss[CONFIG_NR_CPUS] __aligned(128) __section(".bss.isolated");

/* entry.S, and again as entry_isolated.S. */
extern const char trap_stubs[], syscall_stubs[], syscall32_stubs[], sysenter_entry[];
extern const char isolated_trap_stubs[], isolated_syscall_stubs[], isolated_syscall32_stubs[],
	isolated_sysenter_entry[];
#define STUBS(name) (u64)(cpu_features.isolate ? isolated_##name : name)

static void gate_set(unsigned int vector, u16 selector, u8 ist, u8 type)
{
	u64 handler = STUBS(trap_stubs) + vector * 16;

	idt[vector] = (struct idt_gate){.offset_low = (u16)handler,
					.selector = selector,
					.ist = ist,
					.type = type,
					.offset_mid = (u16)(handler >> 16),
					.offset_high = (u32)(handler >> 32)};
}

static void idt_fill(u16 selector, bool with_ist)
{
	for (unsigned int v = 0; v < 256; v++) {
		gate_set(v, selector, 0, GATE_DPL0);
	}
	gate_set(TRAP_BP, selector, 0, GATE_DPL3);
	gate_set(TRAP_OF, selector, 0, GATE_DPL3);
	gate_set(VECTOR_INT80, selector, 0, GATE_DPL3);
	if (with_ist) {
		gate_set(TRAP_DF, selector, IST_DF, GATE_DPL0);
		gate_set(TRAP_NMI, selector, IST_NMI, GATE_DPL0);
		gate_set(TRAP_MC, selector, IST_MC, GATE_DPL0);
		gate_set(TRAP_DB, selector, IST_DB, GATE_DPL0);
	}
}

static void idt_load(void)
{
	struct table_pointer p = {sizeof(idt) - 1, (u64)idt};

	__asm__ volatile("lidt %0" ::"m"(p));
}

void idt_init_early(void)
{
	idt_fill(8, false);
	idt_load();
}

static void tss_init(unsigned int cpu)
{
	u64 stack = CPUWIN_STACK(cpu);
	u64 top = stack + STACK_SIZE - sizeof(struct cpu_info) + sizeof(struct cpu_regs);

	tss[cpu].rsp[0] = top;
	for (unsigned int i = IST_DF; i <= IST_DB; i++) {
		tss[cpu].ist[i - 1] = stack + i * PAGE_SIZE;
	}
	tss[cpu].iomap = sizeof(struct tss);
}

static void gdt_fill(unsigned int cpu)
{
	u64 *gdt = (u64 *)(CPUWIN_GDT(cpu) + GUEST_GDT_FRAMES * PAGE_SIZE);
	u64 base = (u64)&tss[cpu];

	gdt[1] = 0x00af9b000000ffffull; /* e008: ring 0 code */
	gdt[2] = 0x00cf93000000ffffull; /* e010: ring 0 data */
	gdt[4] = 0x00cffb000000ffffull; /* e023: ring 3 code, 32-bit */
	gdt[5] = 0x00cff3000000ffffull; /* e02b: ring 3 data */
	gdt[6] = 0x00affb000000ffffull; /* e033: ring 3 code, 64-bit */
	gdt[8] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
		 (base >> 24 & 0xff) << 56;
	gdt[9] = base >> 32;
}

static void syscall_msrs(unsigned int cpu)
{
	wrmsr(MSR_STAR, (u64)SEL_GUEST_CS32 << 48 | (u64)SEL_HV_CS << 32);
	wrmsr(MSR_LSTAR, STUBS(syscall_stubs) + cpu * SYSCALL_STUB_BYTES);
	wrmsr(MSR_CSTAR, STUBS(syscall32_stubs) + cpu * SYSCALL_STUB_BYTES);
	wrmsr(MSR_SFMASK,
	      RFLAGS_AC | RFLAGS_VM | RFLAGS_RF | RFLAGS_NT | RFLAGS_DF | RFLAGS_IF | RFLAGS_TF);
	if (!cpu_features.amd) {
		wrmsr(MSR_SYSENTER_CS, SEL_HV_CS);
		wrmsr(MSR_SYSENTER_ESP, tss[cpu].rsp[0]);
		wrmsr(MSR_SYSENTER_EIP, STUBS(sysenter_entry));
	}
}

void desc_init(unsigned int cpu)
{
	struct table_pointer p = {16 * PAGE_SIZE - 1, CPUWIN_GDT(cpu)};

	gdt_fill(cpu);
	tss_init(cpu);
	__asm__ volatile("lgdt %0" ::"m"(p));
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" ::"i"(SEL_HV_CS)
			 : "rax", "memory");
	__asm__ volatile(
		"movl %0, %%ss; movl %1, %%ds; movl %1, %%es; movl %1, %%fs; movl %1, %%gs" ::"r"(
			SEL_HV_DS),
		"r"(0));
	__asm__ volatile("ltr %w0" ::"r"(SEL_TSS));
	__asm__ volatile("lldt %w0" ::"r"(0));
	if (cpu == 0) {
		idt_fill(SEL_HV_CS, true);
	}
	idt_load();
	syscall_msrs(cpu);
	cpu_lfence_serializes();
}

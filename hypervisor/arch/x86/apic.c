/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of each CPU: as MSRs (x2APIC) where the CPU can, else memory-mapped. Its timer
 * runs one-shot: in TSC-deadline mode where there is one, else counting down bus ticks.
 */
#include "arch/apic.h"
#include "arch/hv_map.h"
#include "arch/tsc.h"
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "lib/spinlock.h"

#define REG_ID         0x020
#define REG_TPR        0x080
#define REG_EOI        0x0b0
#define REG_SPIV       0x0f0
#define REG_ESR        0x280
#define REG_ICR        0x300
#define REG_ICR_HIGH   0x310
#define REG_LVT_TIMER  0x320
#define REG_LVT_LINT0  0x350
#define REG_LVT_LINT1  0x360
#define REG_LVT_ERROR  0x370
#define REG_TIMER_INIT 0x380
#define REG_TIMER_NOW  0x390
#define REG_TIMER_DIV  0x3e0

#define APICBASE_ENABLE BIT(11)
#define APICBASE_X2APIC BIT(10)
#define SPIV_ENABLE     0x100
#define LVT_MASKED      0x10000
#define LVT_NMI         0x400
#define LVT_DEADLINE    0x40000
#define ICR_BUSY        0x1000
#define ICR_ASSERT      0x4000
#define ICR_NMI         0x400
#define ICR_INIT        0x500
#define ICR_STARTUP     0x600
#define ICR_OTHERS      0xc0000
#define TIMER_DIV_BY_1  0xb

#define CALIBRATE_US 500

static volatile u32 *apic_mmio; /* NULL: x2APIC */
static u64 timer_per_tsc;       /* timer ticks per TSC tick, 32.32; 0 before calibration */
static bool deadline;

static u32 apic_read(u32 reg)
{
	return apic_mmio ? apic_mmio[reg / 4] : (u32)rdmsr(0x800 + (reg >> 4));
}

static void apic_write(u32 reg, u32 v)
{
	if (apic_mmio) {
		apic_mmio[reg / 4] = v;
	} else {
		wrmsr(0x800 + (reg >> 4), v);
	}
}

static void spurious(u8 vector, void *arg)
{
	/* No EOI: a spurious interrupt has no bit in service. */
}

static void error(u8 vector, void *arg)
{
	u32 esr;

	apic_write(REG_ESR, 0);
	esr = apic_read(REG_ESR);
	apic_eoi();
	printk_guest(LOG_WARN "APIC error on CPU %u: status %x\n", cpu_id(), esr);
}

static void find_mode(void)
{
	u64 base = rdmsr(MSR_APICBASE);

	base |= APICBASE_ENABLE;
	if (cpu_features.x2apic) {
		wrmsr(MSR_APICBASE, base);
		wrmsr(MSR_APICBASE, base | APICBASE_X2APIC);
		return;
	}
	wrmsr(MSR_APICBASE, base);
	if (!apic_mmio) {
		apic_mmio = map_mmio(base & PTE_MFN_MASK, PAGE_SIZE);
	}
}

void apic_init(void)
{
	find_mode();
	apic_write(REG_TPR, 0);
	apic_write(REG_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(REG_LVT_LINT0, LVT_MASKED);
	apic_write(REG_LVT_LINT1, LVT_NMI);
	apic_write(REG_LVT_ERROR, VECTOR_ERROR);
	apic_write(REG_SPIV, SPIV_ENABLE | VECTOR_SPURIOUS);
	if (cpu_id() == 0) {
		vector_set_handler(VECTOR_SPURIOUS, spurious, NULL);
		vector_set_handler(VECTOR_ERROR, error, NULL);
	}
	if (timer_per_tsc || deadline) {
		apic_timer_calibrate();
	}
}

u32 apic_id(void)
{
	u32 id = apic_read(REG_ID);

	return apic_mmio ? id >> 24 : id;
}

void apic_eoi(void)
{
	apic_write(REG_EOI, 0);
}

static void icr_write(u32 id, u32 command)
{
	unsigned long flags;

	if (!apic_mmio) {
		/* The write of this MSR does not wait for stores before it (SDM 3A, "MSR access in
		 * x2APIC mode"): what it announces would come later. */
		__asm__ volatile("mfence; lfence" ::: "memory");
		wrmsr(0x800 + (REG_ICR >> 4), (u64)id << 32 | command);
		return;
	}
	flags = irq_save();
	while (apic_read(REG_ICR) & ICR_BUSY) {
		cpu_relax();
	}
	apic_write(REG_ICR_HIGH, id << 24);
	apic_write(REG_ICR, command);
	irq_restore(flags);
}

void apic_send_ipi(u32 id, u8 vector)
{
	icr_write(id, ICR_ASSERT | vector);
}

void apic_send_nmi(u32 id)
{
	icr_write(id, ICR_ASSERT | ICR_NMI);
}

void apic_send_init_others(void)
{
	icr_write(0, ICR_OTHERS | ICR_ASSERT | ICR_INIT);
}

void apic_send_startup(u32 id, maddr_t page)
{
	icr_write(id, ICR_ASSERT | ICR_STARTUP | (u32)(page >> PAGE_SHIFT));
}

static u32 timer_count(void)
{
	return apic_read(REG_TIMER_NOW);
}

/* Counts the APIC's ticks over half a millisecond of TSC; a pause of the machine does no harm. */
static u64 measure(void)
{
	u64 start, end, doubt;
	u32 ticks;

	apic_write(REG_TIMER_DIV, TIMER_DIV_BY_1);
	apic_write(REG_TIMER_INIT, ~0u);
	ticks = tsc_sample(timer_count, &start, &doubt);
	tsc_wait(CALIBRATE_US);
	ticks -= tsc_sample(timer_count, &end, &doubt);
	apic_write(REG_TIMER_INIT, 0);
	return ((u64)ticks << 32) / (end - start);
}

void apic_timer_calibrate(void)
{
	deadline = cpu_features.tsc_deadline;
	if (deadline) {
		apic_write(REG_LVT_TIMER, LVT_DEADLINE | VECTOR_TIMER);
		return;
	}
	if (!timer_per_tsc) {
		timer_per_tsc = measure();
		if (!timer_per_tsc) {
			panic("the local APIC's timer does not count: check the machine's APIC settings");
		}
		printk(LOG_INFO "Timer: local APIC, %lu kHz\n", timer_per_tsc * tsc_khz >> 32);
	}
	apic_write(REG_TIMER_DIV, TIMER_DIV_BY_1);
	apic_write(REG_LVT_TIMER, VECTOR_TIMER);
}

void apic_timer_set(u64 tsc)
{
	u64 now, ticks;

	if (deadline) {
		wrmsr(MSR_TSC_DEADLINE, tsc);
		return;
	}
	if (!tsc) {
		apic_write(REG_TIMER_INIT, 0);
		return;
	}
	now = rdtsc();
	ticks = tsc <= now ? 1 : (u64)(((unsigned __int128)(tsc - now) * timer_per_tsc) >> 32) + 1;
	apic_write(REG_TIMER_INIT, (u32)MIN(ticks, 0xffffffffull));
}

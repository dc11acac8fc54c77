/* SPDX-License-Identifier: MIT */
/*
 * Starting the other CPUs, one after the other, from the boot CPU. Invariant: a CPU counts
 * (cpu_count) once it takes interrupts and idles; one that comes too late finds its turn over and
 * stays out, as does one whose TSC cannot be made to agree. Boot only; what both sides use of
 * `turn` is changed by compare-and-swap.
 */
#include "arch/ap.h"
#include "arch/apic.h"
#include "arch/hv_map.h"
#include "arch/mtrr.h"
#include "arch/smp.h"
#include "arch/tlb.h"
#include "arch/tsc.h"
#include "arch/x86_private.h"
#include "lib/lib.h"

#define INIT_WAIT_US   10000u /* SDM 3A, "MP initialization protocol": between INIT and start-up */
#define SECOND_US      200u   /* ... and between two start-ups */
#define PATIENCE_US    500000u
#define TRAMPOLINE_MAX 256u

/* ap_start.S */
extern const u8 ap_trampoline[], ap_trampoline_end[], ap_gdtr[], ap_far[], ap_cr3[];
extern u64 boot_l4[];
void ap_main(void);

u64 ap_stack; /* of the CPU whose turn it is */

enum turn { NOBODY, CALLED, ALIVE, ONLINE };
static u32 turn;
static unsigned int turn_cpu;
static void (*turn_go)(unsigned int cpu); /* does not return */

static bool turn_wait(enum turn wanted, u64 us)
{
	u64 start = rdtsc();

	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) < wanted) {
		if (tsc_passed(start, us)) {
			return false;
		}
		cpu_relax();
	}
	return true;
}

static bool turn_pass(u32 from, enum turn to)
{
	return __atomic_compare_exchange_n(&turn, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

static void add32(u8 *page, const u8 *field, u32 v)
{
	u32 old;

	memcpy(&old, page + (field - ap_trampoline), sizeof(old));
	old += v;
	memcpy(page + (field - ap_trampoline), &old, sizeof(old));
}

void ap_prepare(maddr_t page, maddr_t image)
{
	u8 *p = maddr_to_virt(page);

	BUG_ON(ap_trampoline_end - ap_trampoline > TRAMPOLINE_MAX);
	memcpy(p, ap_trampoline, (size_t)(ap_trampoline_end - ap_trampoline));
	add32(p, ap_gdtr + 2, (u32)page);
	add32(p, ap_far, (u32)page);
	add32(p, ap_cr3, (u32)(image + ((u64)boot_l4 - IMAGE_VIRT)));
	mtrr_save();
	apic_send_init_others();
	tsc_wait(INIT_WAIT_US);
}

int ap_start(unsigned int cpu, u32 apic_id, maddr_t page, void (*go)(unsigned int cpu))
{
	int rc = cpu_window_init(cpu);

	if (rc) {
		return rc;
	}
	ap_stack = CPUWIN_STACK(cpu) + STACK_SIZE - sizeof(struct cpu_info);
	turn_cpu = cpu;
	turn_go = go;
	__atomic_store_n(&turn, CALLED, __ATOMIC_RELEASE);
	apic_send_startup(apic_id, page);
	if (!turn_wait(ALIVE, SECOND_US)) {
		apic_send_startup(apic_id, page);
	}
	if (!turn_wait(ALIVE, PATIENCE_US) && turn_pass(CALLED, NOBODY)) {
		return -EIO;
	}
	if (!tsc_sync(false)) {
		printk(LOG_WARN "CPU %u: its TSC does not agree with the boot CPU's\n", cpu);
		return -EIO;
	}
	if (!turn_wait(ONLINE, PATIENCE_US)) {
		panic("CPU %u (APIC ID %u) started and then got stuck", cpu, apic_id);
	}
	cpu_count = cpu + 1;
	return 0;
}

static void __noreturn stay_out(void)
{
	for (;;) {
		cpu_halt();
	}
}

/* On the new CPU's own stack, interrupts off. */
void ap_main(void)
{
	unsigned int cpu = turn_cpu;

	if (!turn_pass(CALLED, ALIVE)) {
		stay_out(); /* too late */
	}
	cpu_info()->cpu = cpu;
	cpu_init_registers();
	tlb_flush_local();
	if (mtrr_load()) {
		printk(LOG_INFO "CPU %u: memory types taken over from the boot CPU\n", cpu);
	}
	desc_init(cpu);
	apic_init();
	if (!tsc_sync(true)) {
		stay_out();
	}
	smp_init_cpu(cpu);
	turn_go(cpu);
}

void ap_online(void)
{
	__atomic_store_n(&turn, ONLINE, __ATOMIC_RELEASE);
}

/* SPDX-License-Identifier: MIT */
/*
 * The end of the machine: reboot, power off, halt. Each way that may fail is followed by the next;
 * the last is to stop where it is. Other CPUs are stopped first. Option: noreboot.
 */
#include "arch/smp.h"
#include "arch/tsc.h"
#include "control/control.h"
#include "lib/lib.h"
#include "lib/option.h"

struct host_facts host_facts;

#define PM1_SLP_EN       BIT(13)
#define RESET_SPACE_PORT 1
#define RESET_SPACE_PCI  2
#define PCI_CONFIG_ADDR  0xcf8
#define PCI_CONFIG_DATA  0xcfc
#define PORT_RESET       0xcf9
#define RESET_HARD       0x02
#define RESET_HARD_GO    0x06
#define PORT_KBD         0x64
#define KBD_BUSY         0x02
#define KBD_PULSE_RESET  0xfe
#define KBD_TRIES        10000u
#define TRY_US           200000u

static bool noreboot;
OPTION(noreboot, option_switch, &noreboot);

void machine_halt(void)
{
	smp_stop_others();
	printk(LOG_ERR "Halted.\n");
	smp_halt();
}

static void reset_by_acpi(void)
{
	u64 a = host_facts.power.reset_addr;

	if (!host_facts.power.reset_supported) {
		return;
	}
	if (host_facts.power.reset_space == RESET_SPACE_PORT && a <= 0xffff) {
		outb((u16)a, host_facts.power.reset_value);
	} else if (host_facts.power.reset_space == RESET_SPACE_PCI) {
		/* Bus 0: device in bits 32-47, function 16-31, offset 0-15. */
		outl(PCI_CONFIG_ADDR,
		     (u32)(BIT(31) | (a >> 32 & 0x1f) << 11 | (a >> 16 & 7) << 8 | (a & 0xfc)));
		outb((u16)(PCI_CONFIG_DATA + (a & 3)), host_facts.power.reset_value);
	}
	tsc_wait(TRY_US);
}

static void reset_by_keyboard(void)
{
	for (unsigned int i = 0; i < KBD_TRIES && (inb(PORT_KBD) & KBD_BUSY); i++) {
		cpu_relax();
	}
	outb(PORT_KBD, KBD_PULSE_RESET);
	tsc_wait(TRY_US);
}

void machine_reboot(void)
{
	if (noreboot) {
		printk(LOG_ERR "Not rebooting: noreboot was given.\n");
		machine_halt();
	}
	printk(LOG_ERR "Rebooting.\n");
	smp_stop_others();
	irq_disable();
	reset_by_acpi();
	outb(PORT_RESET, RESET_HARD);
	outb(PORT_RESET, RESET_HARD_GO);
	tsc_wait(TRY_US);
	reset_by_keyboard();
	cpu_triple_fault();
}

static void pm1_write(u16 port, u16 val)
{
	if (port) {
		outw(port, val);
	}
}

void power_enter_s5(u16 pm1a_val, u16 pm1b_val)
{
	const struct host_power *p = &host_facts.power;

	printk(LOG_ERR "Powering off.\n");
	smp_stop_others();
	irq_disable();
	pm1_write(p->pm1a_cnt, pm1a_val & (u16)~PM1_SLP_EN);
	pm1_write(p->pm1b_cnt, pm1b_val & (u16)~PM1_SLP_EN);
	pm1_write(p->pm1a_cnt, pm1a_val | PM1_SLP_EN);
	pm1_write(p->pm1b_cnt, pm1b_val | PM1_SLP_EN);
	tsc_wait(TRY_US);
	machine_halt();
}

/* SPDX-License-Identifier: MIT */
/* The boot order: from head.S to dom0's first instruction. */
#include <xen/sched.h>
#include "arch/apic.h"
#include "arch/hv_map.h"
#include "arch/tsc.h"
#include "arch/x86_private.h"
#include "boot/boot.h"
#include "control/control.h"
#include "domus.h"
#include "domain/switch.h"
#include "drivers/console.h"
#include "drivers/platform_timer.h"
#include "irq/irq.h"
#include "lib/lib.h"
#include "mm/alloc.h"

void boot_start(u32 magic, maddr_t info);

static void dom0_stopped(u8 code)
{
	switch (code) {
	case SHUTDOWN_poweroff:
		printk(LOG_INFO "dom0 powers the machine off\n");
		machine_halt(); /* S5 goes by platform_op: dom0 has no ACPI */
	case SHUTDOWN_crash:
		printk(LOG_ERR "dom0 crashed\n");
		machine_reboot();
	default:
		printk(LOG_INFO "dom0 reboots the machine\n");
		machine_reboot();
	}
}

static void start_time(void)
{
	platform_timer_init(acpi_facts.hpet_maddr, acpi_facts.pm_timer_port,
			    acpi_facts.pm_timer_32bit);
	tsc_khz = platform_timer_measure_tsc_khz();
	time_init();
	recalibration_begin();
	time_set_wallclock(rtc_read(), 0, time_now());
	printk(LOG_INFO "TSC: %lu.%03lu MHz, measured by %s\n", tsc_khz / 1000, tsc_khz % 1000,
	       platform_timer_name());
}

/* On the final stack of CPU 0. */
static void boot_on_stack(void)
{
	desc_init(0);
	acpi_init();
	efi_init();
	apic_init();
	smp_init_cpu(0);
	start_time();
	apic_timer_calibrate();
	timer_start_cpu();
	irq_init();
	idle_vcpu_init(0);
	keys_init();
	console_start();
	irq_enable();
	cpus_start();

	dom0_shutdown_hook = dom0_stopped;
	dom0 = dom0_build();
	boot_release_modules();
	printk(LOG_INFO "%lu MiB are free for guests; Ctrl-a three times gives the serial line to "
			"the hypervisor\n",
	       alloc_free_pages() >> 8);
	recalibration_start();
	watchdog_start();
	domain_unpause(dom0);
	idle_enter();
}

/* On head.S's stack and tables. */
void boot_start(u32 magic, maddr_t info)
{
	const char *error;

	idt_init_early();
	uart_init_early();
	error = boot_parse(magic, info);
	options_parse(boot_info.cmdline, false);
	console_parse_options();
	printk(LOG_INFO "Domus " DOMUS_VERSION_STRING ", a hypervisor with the Xen 4.17 PV ABI\n");
	printk(LOG_INFO "Command line: %s\n", boot_info.cmdline);
	options_parse(boot_info.cmdline, true);
	if (error) {
		panic("%s", error);
	}
	cpu_find_features();
	boot_memory_init();
	cpu_init_registers();
	if (cpu_window_init(0)) {
		panic("no memory for the boot CPU's stack");
	}
	stack_switch_and_call((void *)(CPUWIN_STACK(0) + STACK_SIZE - sizeof(struct cpu_info)),
			      boot_on_stack);
}

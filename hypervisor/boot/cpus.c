/* SPDX-License-Identifier: MIT */
/*
 * Starts the CPUs that the firmware lists, apart from the one that boots. One that does not start
 * is reported and left out. Options: maxcpus=N, nosmp. Boot only.
 */
#include "arch/ap.h"
#include "boot/boot.h"
#include "control/control.h"
#include "domain/switch.h"
#include "lib/lib.h"
#include "lib/option.h"

#define LOW_RAM_END 0xa0000ull

static u64 max_cpus = CONFIG_NR_CPUS;

static bool nosmp;

OPTION(maxcpus, option_number, &max_cpus);
OPTION(nosmp, option_switch, &nosmp);

/* A page of RAM below 640 KiB, as high as possible; 0: none. The hypervisor gives none of them out.
 */
static maddr_t low_page(void)
{
	maddr_t best = 0;

	for (unsigned int i = 0; i < boot_info.e820_count; i++) {
		const struct boot_e820 *e = &boot_info.e820[i];
		u64 end = MIN(e->addr + e->size, LOW_RAM_END) & PAGE_MASK;

		if (e->type == 1 && end >= e->addr + PAGE_SIZE && end - PAGE_SIZE > best) {
			best = end - PAGE_SIZE;
		}
	}
	return best;
}

static void __noreturn begin(unsigned int cpu)
{
	idle_vcpu_init(cpu);
	ap_online();
	idle_enter();
}

static void start(unsigned int i, maddr_t page)
{
	u32 id = acpi_facts.cpu_apic_id[i];
	int rc;

	if (id == cpu_apic_id(0)) {
		host_facts.cpu_acpi_id[0] = acpi_facts.cpu_acpi_id[i];
		return;
	}
	if (cpu_count >= MIN(max_cpus, (u64)CONFIG_NR_CPUS)) {
		return;
	}
	rc = ap_start(cpu_count, id, page, begin);
	if (rc) {
		printk(LOG_WARN "The CPU with APIC ID %u does not start: error %d\n", id, -rc);
		return;
	}
	host_facts.cpu_acpi_id[cpu_count - 1] = acpi_facts.cpu_acpi_id[i];
}

void cpus_start(void)
{
	maddr_t page = low_page();

	if (acpi_facts.cpu_count > 1 && max_cpus > 1 && !nosmp && page) {
		ap_prepare(page, boot_info.image_start);
	} else {
		max_cpus = 1;
	}
	for (unsigned int i = 0; i < acpi_facts.cpu_count; i++) {
		start(i, page);
	}
	if (cpu_count < acpi_facts.cpu_count) {
		printk(LOG_WARN "%u of %u CPUs are used\n", cpu_count, acpi_facts.cpu_count);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * ACPI: finds the tables from the RSDP that the boot loader copied, takes what the hypervisor
 * needs, and hides the IOMMUs' tables from dom0. Boot only; the facts are constant afterwards.
 */
#include "acpi_tables.h"
#include "arch/hv_map.h"
#include "control/control.h"
#include "lib/lib.h"

#define MAX_TABLES    256u
#define DEFAULT_LAPIC 0xfee00000u

struct acpi_facts acpi_facts;

/* A whole table, or NULL. */
static u8 *map_table(u64 maddr, u32 *bytes)
{
	const u8 *header = maddr ? map_firmware(maddr, ACPI_HEADER_BYTES) : NULL;

	*bytes = header ? acpi_length(header) : 0;
	return *bytes ? map_firmware(maddr, *bytes) : NULL;
}

static void use_table(u8 *t, u32 bytes)
{
	if (acpi_signature_is(t, "DMAR") || acpi_signature_is(t, "IVRS")) {
		printk(LOG_INFO "ACPI: %.4s hidden: IOMMUs are not used\n", (char *)t);
		acpi_hide(t);
	} else if (!acpi_checksum_ok(t, bytes)) {
		printk(LOG_WARN "ACPI: table %.4s has a wrong checksum\n", (char *)t);
	} else if (acpi_signature_is(t, "APIC")) {
		acpi_parse_madt(t, bytes, &acpi_facts);
	} else if (acpi_signature_is(t, "FACP")) {
		acpi_parse_fadt(t, bytes, &acpi_facts);
	} else if (acpi_signature_is(t, "HPET")) {
		acpi_parse_hpet(t, bytes, &acpi_facts);
	}
}

static void read_tables(void)
{
	u32 root_bytes, bytes;
	const u8 *root = map_table(boot_info.rsdp_root, &root_bytes);
	u64 maddr;

	if (!root) {
		printk(LOG_WARN "ACPI: no tables found\n");
		return;
	}
	for (unsigned int i = 0; i < MAX_TABLES; i++) {
		u8 *t;

		if (!acpi_root_entry(root, root_bytes, boot_info.rsdp_is_xsdt, i, &maddr)) {
			break;
		}
		t = map_table(maddr, &bytes);
		if (t) {
			use_table(t, bytes);
		}
	}
}

/* dom0's view of the machine: what the firmware says, and the local APICs' page, which is ours. */
static void publish(void)
{
	for (unsigned int i = 0; i < boot_info.e820_count; i++) {
		const struct boot_e820 *e = &boot_info.e820[i];

		machine_map_add(e->addr, e->size, e->type);
	}
	machine_map_add(acpi_facts.lapic_maddr & PAGE_MASK, PAGE_SIZE, 2);
	host_facts.power = acpi_facts.power;
}

void acpi_init(void)
{
	acpi_facts.lapic_maddr = DEFAULT_LAPIC;
	read_tables();
	publish();
	printk(LOG_INFO "ACPI: %u CPUs, %u I/O APICs, SCI %u\n", acpi_facts.cpu_count,
	       acpi_facts.ioapic_count, acpi_facts.sci);
}

/* SPDX-License-Identifier: MIT */
/* Reading ACPI tables: bytes in, facts out; fields that a short table lacks read as 0. */
#include "acpi_tables.h"
#include "irq/irq.h"
#include "lib/lib.h"

struct table {
	const u8 *p;
	u32 bytes;
};

static u64 get(const struct table *t, u32 at, unsigned int width)
{
	u64 v = 0;

	if (at <= t->bytes && t->bytes - at >= width) {
		memcpy(&v, t->p + at, width);
	}
	return v;
}

bool acpi_signature_is(const void *table, const char *signature)
{
	return !memcmp(table, signature, 4);
}

u32 acpi_length(const void *header)
{
	u32 n;

	memcpy(&n, (const u8 *)header + 4, sizeof(n));
	return n >= ACPI_HEADER_BYTES && n <= ACPI_MAX_BYTES ? n : 0;
}

bool acpi_root_entry(const void *root, u32 bytes, bool is_xsdt, unsigned int i, u64 *maddr)
{
	struct table t = {root, bytes};
	unsigned int width = is_xsdt ? 8 : 4;
	u64 at = ACPI_HEADER_BYTES + (u64)i * width;

	if (at + width > bytes) {
		return false;
	}
	*maddr = get(&t, (u32)at, width);
	return true;
}

void acpi_hide(void *table)
{
	u8 *p = table;

	p[9] = (u8)(p[9] + p[0] - 'X'); /* the sum over all bytes stays what it was */
	p[0] = 'X';
}

static void add_cpu(struct acpi_facts *f, u32 apic_id, u32 acpi_id, u32 flags)
{
	if ((flags & 1) && f->cpu_count < ARRAY_SIZE(f->cpu_apic_id)) {
		f->cpu_apic_id[f->cpu_count] = apic_id;
		f->cpu_acpi_id[f->cpu_count] = acpi_id;
		f->cpu_count++;
	}
}

static void parse_madt_entry(const struct table *e, struct acpi_facts *f)
{
	switch (get(e, 0, 1)) {
	case 0: /* local APIC */
		add_cpu(f, (u32)get(e, 3, 1), (u32)get(e, 2, 1), (u32)get(e, 4, 4));
		break;
	case 1: /* I/O APIC */
		f->ioapic_count++;
		machine_map_add(get(e, 4, 4) & PAGE_MASK, PAGE_SIZE, 2);
		ioapic_add((u8)get(e, 2, 1), get(e, 4, 4), (u32)get(e, 8, 4));
		break;
	case 2: /* an ISA interrupt arrives elsewhere; in its flags 3 is low or level, 0 as ISA */
		irq_add_override((u8)get(e, 3, 1), (u32)get(e, 4, 4), (get(e, 8, 2) >> 2 & 3) == 3,
				 (get(e, 8, 2) & 3) == 3);
		break;
	case 5: /* 64-bit address of the local APICs */
		f->lapic_maddr = get(e, 4, 8) ? get(e, 4, 8) : f->lapic_maddr;
		break;
	case 9: /* local x2APIC */
		add_cpu(f, (u32)get(e, 4, 4), (u32)get(e, 12, 4), (u32)get(e, 8, 4));
		break;
	default:
		break;
	}
}

void acpi_parse_madt(const void *table, u32 bytes, struct acpi_facts *f)
{
	struct table t = {table, bytes};

	f->lapic_maddr = get(&t, 36, 4);
	for (u32 at = 44; at < bytes && bytes - at >= 2;) {
		struct table e = {t.p + at, t.p[at + 1]};

		if (e.bytes < 2 || e.bytes > bytes - at) {
			return;
		}
		parse_madt_entry(&e, f);
		at += e.bytes;
	}
}

/* A port given as plain field `at` or, if that is 0, as generic address `x_at` in I/O space. */
static u16 fadt_port(const struct table *t, u32 at, u32 x_at)
{
	u64 port = get(t, at, 4);

	if (!port && get(t, x_at, 1) == 1) {
		port = get(t, x_at + 4, 8);
	}
	return port <= 0xffff ? (u16)port : 0;
}

void acpi_parse_fadt(const void *table, u32 bytes, struct acpi_facts *f)
{
	struct table t = {table, bytes};
	u32 flags = (u32)get(&t, 112, 4);

	f->sci = (u16)get(&t, 46, 2);
	f->power.pm1a_cnt = fadt_port(&t, 64, 172);
	f->power.pm1b_cnt = fadt_port(&t, 68, 184);
	f->pm_timer_port = fadt_port(&t, 76, 208);
	f->pm_timer_32bit = flags & BIT(8);
	f->power.reset_supported = (flags & BIT(10)) && get(&t, 116, 1) <= 2 && get(&t, 120, 8);
	f->power.reset_space = (u8)get(&t, 116, 1);
	f->power.reset_addr = get(&t, 120, 8);
	f->power.reset_value = (u8)get(&t, 128, 1);
}

void acpi_parse_hpet(const void *table, u32 bytes, struct acpi_facts *f)
{
	struct table t = {table, bytes};

	if (!f->hpet_maddr && get(&t, 40, 1) == 0) {
		f->hpet_maddr = get(&t, 44, 8);
	}
}

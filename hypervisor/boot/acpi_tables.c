/* SPDX-License-Identifier: MIT */
/* Reading ACPI tables. Pure: bytes in, facts out; fields that a short table lacks read as 0. */
#include "acpi_tables.h"
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

bool acpi_checksum_ok(const void *table, u32 bytes)
{
	const u8 *p = table;
	u8 sum = 0;

	for (u32 i = 0; i < bytes; i++) {
		sum += p[i];
	}
	return sum == 0;
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

static void add_ioapic(struct acpi_madt *m, u8 id, u64 maddr, u32 gsi_base)
{
	unsigned int i = m->ioapic_count;

	if (i < ACPI_MAX_IOAPICS) {
		m->ioapic[i].id = id;
		m->ioapic[i].maddr = maddr;
		m->ioapic[i].gsi_base = gsi_base;
		m->ioapic_count++;
	}
}

/* Flags: polarity in bits 0-1, trigger in bits 2-3; 3 = low or level, 0 = as ISA has it. */
static void add_override(struct acpi_madt *m, u8 irq, u32 gsi, u16 flags)
{
	unsigned int i = m->override_count;

	if (i < ACPI_MAX_OVERRIDES) {
		m->override[i].isa_irq = irq;
		m->override[i].gsi = gsi;
		m->override[i].active_low = (flags & 3) == 3;
		m->override[i].level = (flags >> 2 & 3) == 3;
		m->override_count++;
	}
}

static void parse_madt_entry(const struct table *e, struct acpi_facts *f, struct acpi_madt *m)
{
	switch (get(e, 0, 1)) {
	case 0: /* local APIC */
		add_cpu(f, (u32)get(e, 3, 1), (u32)get(e, 2, 1), (u32)get(e, 4, 4));
		break;
	case 1: /* I/O APIC */
		add_ioapic(m, (u8)get(e, 2, 1), get(e, 4, 4), (u32)get(e, 8, 4));
		break;
	case 2: /* an ISA interrupt arrives elsewhere */
		add_override(m, (u8)get(e, 3, 1), (u32)get(e, 4, 4), (u16)get(e, 8, 2));
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

void acpi_parse_madt(const void *table, u32 bytes, struct acpi_facts *f, struct acpi_madt *m)
{
	struct table t = {table, bytes};

	f->lapic_maddr = get(&t, 36, 4);
	for (u32 at = 44; at < bytes && bytes - at >= 2;) {
		struct table e = {t.p + at, t.p[at + 1]};

		if (e.bytes < 2 || e.bytes > bytes - at) {
			return;
		}
		parse_madt_entry(&e, f, m);
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
	f->pm1a_evt = fadt_port(&t, 56, 148);
	f->pm1b_evt = fadt_port(&t, 60, 160);
	f->pm1a_cnt = fadt_port(&t, 64, 172);
	f->pm1b_cnt = fadt_port(&t, 68, 184);
	f->pm_timer_port = fadt_port(&t, 76, 208);
	f->pm_timer_32bit = flags & BIT(8);
	f->reset_supported = (flags & BIT(10)) && get(&t, 116, 1) <= 2 && get(&t, 120, 8);
	f->reset_space = (u8)get(&t, 116, 1);
	f->reset_addr = get(&t, 120, 8);
	f->reset_value = (u8)get(&t, 128, 1);
}

void acpi_parse_hpet(const void *table, u32 bytes, struct acpi_facts *f)
{
	struct table t = {table, bytes};

	if (!f->hpet_maddr && get(&t, 40, 1) == 0) {
		f->hpet_maddr = get(&t, 44, 8);
	}
}

void acpi_parse_mcfg(const void *table, u32 bytes, struct acpi_facts *f)
{
	struct table t = {table, bytes};

	for (u32 at = 44; at < bytes && bytes - at >= 16; at += 16) {
		struct acpi_mcfg m = {.base = get(&t, at, 8),
				      .segment = (u16)get(&t, at + 8, 2),
				      .bus_start = (u8)get(&t, at + 10, 1),
				      .bus_end = (u8)get(&t, at + 11, 1)};

		if (m.base && m.bus_start <= m.bus_end && f->mcfg_count < ARRAY_SIZE(f->mcfg)) {
			f->mcfg[f->mcfg_count++] = m;
		}
	}
}

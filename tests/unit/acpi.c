/* SPDX-License-Identifier: MIT */
/* ACPI tables as bytes: what is read out of them, short and damaged ones. */
#include "unit.h"
#include "acpi_tables.h"
#include "lib/lib.h"

static struct acpi_facts facts;
static struct {
	u8 id;
	u64 maddr;
	unsigned int count, reserved;
} ioapic;
static struct {
	u32 gsi;
	bool level, active_low;
} override[256];
static unsigned int override_count;

void ioapic_add(u8 id, u64 maddr, u32 gsi_base)
{
	ioapic.id = id;
	ioapic.maddr = maddr;
	ioapic.count++;
}

void machine_map_add(u64 addr, u64 size, u32 type)
{
	assert_int_equal(size, PAGE_SIZE);
	assert_int_equal(type, 2);
	ioapic.reserved++;
}

void irq_add_override(u8 isa_irq, u32 gsi, bool level, bool active_low)
{
	override[override_count % ARRAY_SIZE(override)].gsi = gsi;
	override[override_count % ARRAY_SIZE(override)].level = level;
	override[override_count++ % ARRAY_SIZE(override)].active_low = active_low;
}

static void set(u8 *t, u32 at, u64 v, unsigned int width)
{
	memcpy(t + at, &v, width);
}

static void finish(u8 *t, u32 bytes)
{
	u8 sum = 0;

	set(t, 4, bytes, 4);
	t[9] = 0;
	for (u32 i = 0; i < bytes; i++) {
		sum += t[i];
	}
	t[9] = (u8)-sum;
}

static const u8 madt_entries[] = {
	0,   8,  0, 0,  1,  0, 0,    0,                              /* CPU 0, APIC 0 */
	0,   8,  1, 2,  1,  0, 0,    0,                              /* CPU 1, APIC 2 */
	0,   8,  2, 4,  0,  0, 0,    0,                              /* disabled */
	1,   12, 7, 0,  0,  0, 0xc0, 0xfe, 0,  0, 0, 0,              /* I/O APIC 7 */
	2,   10, 0, 0,  2,  0, 0,    0,    0,  0,                    /* IRQ 0 -> 2 */
	2,   10, 0, 9,  9,  0, 0,    0,    13, 0,                    /* IRQ 9: high, level */
	2,   10, 0, 10, 11, 0, 0,    0,    7,  0,                    /* IRQ 10 -> 11: low, edge */
	200, 4,  1, 2,                                               /* unknown */
	9,   16, 0, 0,  0,  1, 0,    0,    1,  0, 0, 0, 77, 0, 0, 0, /* x2APIC 0x100 */
};

static u32 make_madt(u8 *t)
{
	memset(t, 0, 44);
	memcpy(t, "APIC", 4);
	set(t, 36, 0xfee00000, 4);
	memcpy(t + 44, madt_entries, sizeof(madt_entries));
	finish(t, 44 + sizeof(madt_entries));
	return 44 + sizeof(madt_entries);
}

/* Parses a copy of exactly `bytes`. */
static void parse_madt(const u8 *t, u32 bytes)
{
	u8 *copy = malloc(bytes ? bytes : 1);

	memcpy(copy, t, bytes);
	memset(&facts, 0, sizeof(facts));
	memset(&ioapic, 0, sizeof(ioapic));
	override_count = 0;
	acpi_parse_madt(copy, bytes, &facts);
	free(copy);
}

static void test_madt(void **state)
{
	u8 t[256];
	u32 n = make_madt(t);

	(void)state;
	assert_int_equal(acpi_length(t), n);
	assert_true(acpi_checksum_ok(t, n));
	parse_madt(t, n);
	assert_int_equal(facts.lapic_maddr, 0xfee00000);
	assert_int_equal(facts.cpu_count, 3);
	assert_int_equal(facts.cpu_apic_id[1], 2);
	assert_int_equal(facts.cpu_apic_id[2], 0x100);
	assert_int_equal(facts.cpu_acpi_id[2], 77);
	assert_int_equal(ioapic.count, 1);
	assert_int_equal(ioapic.reserved, 1);
	assert_int_equal(ioapic.id, 7);
	assert_int_equal(ioapic.maddr, 0xfec00000);
	assert_int_equal(override_count, 3);
	assert_int_equal(override[0].gsi, 2);
	assert_false(override[0].level || override[0].active_low);
	assert_true(override[1].level && !override[1].active_low);
	assert_true(!override[2].level && override[2].active_low);
}

static void test_madt_damaged(void **state)
{
	u8 t[256];
	u32 n = make_madt(t);

	(void)state;
	for (u32 i = 0; i < n; i++) {
		parse_madt(t, i);
	}
	srand(6);
	for (unsigned int round = 0; round < 50000; round++) {
		make_madt(t);
		t[36 + (unsigned int)rand() % (n - 36)] = (u8)rand();
		t[36 + (unsigned int)rand() % (n - 36)] = (u8)rand();
		parse_madt(t, n);
	}
	/* More of everything than there is room for. */
	{
		static u8 big[44 + 8 * 600];

		memset(big, 0, sizeof(big));
		for (u32 i = 44; i < sizeof(big); i += 8) {
			memcpy(big + i, madt_entries, 8);
		}
		parse_madt(big, sizeof(big));
		assert_int_equal(facts.cpu_count, 256);
	}
}

static void test_fadt(void **state)
{
	u8 t[244] = "FACP";

	(void)state;
	memset(&facts, 0, sizeof(facts));
	set(t, 46, 9, 2);
	set(t, 56, 0x600, 4);
	set(t, 64, 0x604, 4);
	set(t, 76, 0x608, 4);
	set(t, 112, BIT(8) | BIT(10), 4);
	t[116] = 1;
	set(t, 120, 0xcf9, 8);
	t[128] = 0xf;
	t[184] = 1; /* PM1b control only as extended address */
	set(t, 188, 0x704, 8);
	acpi_parse_fadt(t, sizeof(t), &facts);
	assert_int_equal(facts.sci, 9);
	assert_int_equal(facts.power.pm1a_cnt, 0x604);
	assert_int_equal(facts.power.pm1b_cnt, 0x704);
	assert_int_equal(facts.pm_timer_port, 0x608);
	assert_true(facts.pm_timer_32bit && facts.power.reset_supported);
	assert_int_equal(facts.power.reset_addr, 0xcf9);
	assert_int_equal(facts.power.reset_value, 0xf);
	/* An ACPI 1.0 table ends before the reset register. */
	memset(&facts, 0, sizeof(facts));
	acpi_parse_fadt(t, 116, &facts);
	assert_int_equal(facts.power.pm1a_cnt, 0x604);
	assert_false(facts.power.reset_supported);
	for (u32 n = 0; n < sizeof(t); n++) {
		u8 *copy = malloc(n ? n : 1);

		memcpy(copy, t, n);
		acpi_parse_fadt(copy, n, &facts);
		free(copy);
	}
}

static void test_hpet(void **state)
{
	u8 t[56] = {0};

	(void)state;
	memset(&facts, 0, sizeof(facts));
	set(t, 44, 0xfed00000, 8);
	acpi_parse_hpet(t, 56, &facts);
	assert_int_equal(facts.hpet_maddr, 0xfed00000);
	acpi_parse_hpet(t, 40, &facts);
	assert_int_equal(facts.hpet_maddr, 0xfed00000);
}

static void test_root(void **state)
{
	u8 t[36 + 20] = "XSDT";
	u64 maddr;

	(void)state;
	set(t, 36, 0x123456789, 8);
	set(t, 44, 0xabcdef, 8);
	finish(t, sizeof(t));
	assert_true(acpi_root_entry(t, sizeof(t), true, 1, &maddr));
	assert_int_equal(maddr, 0xabcdef);
	assert_false(acpi_root_entry(t, sizeof(t), true, 2, &maddr)); /* 4 bytes are left */
	assert_true(acpi_root_entry(t, sizeof(t), false, 4, &maddr));
	assert_false(acpi_root_entry(t, sizeof(t), false, 5, &maddr));
	assert_false(acpi_root_entry(t, sizeof(t), true, ~0u, &maddr));
	set(t, 4, 35, 4);
	assert_int_equal(acpi_length(t), 0);
	set(t, 4, ~0u, 4);
	assert_int_equal(acpi_length(t), 0);
}

static void test_hide(void **state)
{
	u8 t[80] = "DMAR";

	(void)state;
	t[60] = 0x99;
	finish(t, sizeof(t));
	acpi_hide(t);
	assert_false(acpi_signature_is(t, "DMAR"));
	assert_true(acpi_checksum_ok(t, sizeof(t)));
	t[20]++;
	assert_false(acpi_checksum_ok(t, sizeof(t)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_madt), cmocka_unit_test(test_madt_damaged),
		cmocka_unit_test(test_fadt), cmocka_unit_test(test_hpet),
		cmocka_unit_test(test_root), cmocka_unit_test(test_hide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

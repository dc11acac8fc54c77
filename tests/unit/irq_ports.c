/* SPDX-License-Identifier: MIT */
/* Which ports guests reach; the CMOS clock; the TSC measured against each platform timer. */
#include "unit.h"
#include "arch/hv_map.h"
#include "drivers/console.h"
#include "drivers/platform_timer.h"
#include "drivers/rtc.h"
#include "irq/irq.h"
#include "pv/pv.h"

#define PM_PORT 0x608
#define TSC_KHZ 2500000ull

struct vcpu *fake_current;
static struct vcpu vcpu;
static struct domain domain;

static u16 last_port;
static unsigned int last_size, accesses;
static u32 last_value;
static u8 cmos[128], cmos_index;
static u64 tsc; /* moves with each access */
static bool have_pit, pit_gate, have_pm;
static u64 pit_start;
static u32 pit_count;
static u32 hpet[256];
static bool have_hpet;
static u32 conf_seen[4];

static u64 ns(void)
{
	return tsc * 1000000 / TSC_KHZ;
}

u64 fake_rdtsc(void)
{
	tsc += 50;
	return tsc;
}

u32 fake_in(u16 port, unsigned int size)
{
	last_port = port;
	last_size = size;
	accesses++;
	tsc += 2500;
	if (port == 0x71) {
		return cmos[cmos_index];
	}
	if (port == PM_PORT && size == 4 && have_pm) {
		return (u32)(ns() * 3579545 / 1000000000) & 0xffffff;
	}
	if (port == 0x61 && have_pit) {
		return pit_gate && ns() - pit_start > (u64)pit_count * 1000000000 / 1193182 ? 0x30
											    : 0x10;
	}
	return size == 4 ? ~0u : (1u << size * 8) - 1;
}

void fake_out(u16 port, unsigned int size, u32 v)
{
	last_port = port;
	last_size = size;
	last_value = v;
	accesses++;
	if (port == 0x70) {
		cmos_index = v & 0x7f;
	} else if (port == 0x71) {
		cmos[cmos_index] = (u8)v;
	} else if (port == 0x42) {
		pit_count = pit_count >> 8 | v << 8;
		pit_start = ns();
	} else if (port == 0x61) {
		pit_gate = v & 1;
	}
}

void *map_mmio(maddr_t ma, size_t bytes)
{
	return have_hpet ? hpet : NULL;
}
bool uart_owns_port(u16 port)
{
	return port >= 0x3f8 && port <= 0x3ff;
}
u32 pci_conf_read(u32 cf8, unsigned int offset, unsigned int size)
{
	memcpy(conf_seen, (u32[]){cf8, offset, size, 0}, sizeof(conf_seen));
	return 0x1234;
}
void pci_conf_write(u32 cf8, unsigned int offset, unsigned int size, u32 val)
{
	memcpy(conf_seen, (u32[]){cf8, offset, size, val}, sizeof(conf_seen));
}

static int as_dom0(void **state)
{
	domain.privileged = true;
	vcpu.domain = &domain;
	accesses = 0;
	last_port = 0;
	have_pm = true;
	have_pit = have_hpet = false;
	platform_timer_init(0, PM_PORT, false);
	accesses = 0;
	return 0;
}

static int as_guest(void **state)
{
	as_dom0(state);
	domain.privileged = false;
	return 0;
}

static u32 in(u16 port, unsigned int size)
{
	return pv_port_in(&vcpu, port, size);
}
static void out(u16 port, unsigned int size, u32 v)
{
	pv_port_out(&vcpu, port, size, v);
}

static void guests_have_no_ports(void **state)
{
	for (u32 port = 0; port < 0x10000; port++) {
		assert_int_equal(in((u16)port, 1), port == 0x42 ? 0 : 0xff);
		assert_int_equal(in((u16)port, 2), 0xffff);
		assert_int_equal(in((u16)port, 4), ~0u);
		out((u16)port, 1, 0);
		out((u16)port, 4, 0);
	}
	assert_int_equal(accesses, 0);
}

/* Ports that dom0 never touches, by any width that covers them. */
static void dom0_denied(void **state)
{
	static const u16 denied[] = {0x20, 0x21, 0xa0, 0xa1, 0x40, 0x41, 0x3f8, 0x3fd};

	for (unsigned int i = 0; i < ARRAY_SIZE(denied); i++) {
		accesses = 0;
		assert_int_equal(in(denied[i], 1), 0xff);
		out(denied[i], 1, 0);
		assert_int_equal(accesses, 0);
	}
	accesses = 0;
	assert_int_equal(in(0x20, 2), 0xffff);
	out(0x20, 2, 0x1111);
	out(0x3f6, 4, 0x11112222);
	assert_int_equal(accesses, 2); /* the bytes for 0x3f6 and 0x3f7 */
	assert_int_equal(last_port, 0x3f7);
	assert_int_equal(last_value, 0x22);
}

static void dom0_plain(void **state)
{
	in(0x1f0, 2);
	assert_int_equal(last_port, 0x1f0);
	assert_int_equal(last_size, 2);
	out(0xcf9, 1, 6);
	assert_int_equal(last_port, 0xcf9);
	assert_int_equal(last_value, 6);
	accesses = 0;
	assert_int_equal(in(0xffff, 4), ~0u);
	out(0xfffe, 4, 0);
	assert_int_equal(accesses, 0);
}

static void dom0_pm_timer_is_read_only(void **state)
{
	assert_int_not_equal(in(PM_PORT, 4), ~0u);
	accesses = 0;
	out(PM_PORT, 4, 0);
	out(PM_PORT + 1, 1, 0);
	assert_int_equal(accesses, 0);
}

static void dom0_config_space(void **state)
{
	out(0xcf8, 4, 0x80001004);
	assert_int_equal(accesses, 0);
	assert_int_equal(in(0xcf8, 4), 0x80001004);
	assert_int_equal(in(0xcfe, 2), 0x1234);
	assert_int_equal(conf_seen[0], 0x80001004);
	assert_int_equal(conf_seen[1], 2);
	assert_int_equal(conf_seen[2], 2);
	out(0xcfd, 1, 0x77);
	assert_int_equal(conf_seen[1], 1);
	assert_int_equal(conf_seen[3], 0x77);
	assert_int_equal(accesses, 0);
	out(0xcf8, 1, 5); /* another port, not the address */
	assert_int_equal(in(0xcf8, 4), 0x80001004);
}

static void dom0_pit_channel_2_only(void **state)
{
	out(0x43, 1, 0x34);
	out(0x43, 1, 0xc2);
	assert_int_equal(accesses, 0);
	out(0x43, 1, 0xb0);
	assert_int_equal(last_port, 0x43);
	out(0x61, 1, 0xff);
	assert_int_equal(last_value, 0xff); /* absent: only the two low bits are dom0's */
	have_pit = true;
	out(0x61, 1, 0xff);
	assert_int_equal(last_value & ~0x30u, 3);
}

static void dom0_cmos_is_latched(void **state)
{
	cmos[0x0b] = 0x02;
	out(0x70, 1, 0x8b);
	assert_int_equal(accesses, 0);
	assert_int_equal(cmos_read(0x32), cmos[0x32]); /* the hypervisor in between */
	assert_int_equal(in(0x71, 1), 0x02);
	out(0x71, 1, 0x06);
	assert_int_equal(cmos[0x0b], 0x06);
	cmos[0x0b] = 0x02;
}

static void cmos_set(u8 b, u8 century, u8 year, u8 month, u8 day, u8 hour, u8 min, u8 sec)
{
	memset(cmos, 0, sizeof(cmos));
	cmos[11] = b;
	cmos[0x32] = century;
	cmos[9] = year;
	cmos[8] = month;
	cmos[7] = day;
	cmos[4] = hour;
	cmos[2] = min;
	cmos[0] = sec;
}

static void clock_forms(void **state)
{
	cmos_set(2, 0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58);
	assert_int_equal(rtc_read(), 1709251198);
	cmos_set(6, 0x20, 24, 2, 29, 23, 59, 58);
	assert_int_equal(rtc_read(), 1709251198);
	cmos_set(0, 0x20, 0x24, 0x02, 0x29, 0x91, 0x59, 0x58); /* 11 pm */
	assert_int_equal(rtc_read(), 1709251198);
	cmos_set(0, 0x20, 0x00, 0x01, 0x01, 0x12, 0x00, 0x00); /* 12 am */
	assert_int_equal(rtc_read(), 946684800);
	cmos_set(2, 0xff, 0x99, 0x12, 0x31, 0x00, 0x00, 0x00);
	assert_int_equal(rtc_read(), 946598400);
	cmos_set(2, 0x19, 0x70, 0x01, 0x01, 0x00, 0x00, 0x00);
	assert_int_equal(rtc_read(), 0);
	memset(cmos, 0xff, sizeof(cmos));
	assert_int_equal(rtc_read(), 0);
}

static void measured(const char *by)
{
	u64 khz;

	tsc = 123456789;
	khz = platform_timer_measure_tsc_khz();
	assert_string_equal(platform_timer_name(), by);
	assert_in_range(khz, TSC_KHZ - TSC_KHZ / 1000, TSC_KHZ + TSC_KHZ / 1000);
	assert_in_range(ns(), 0, 80000000); /* 50 ms of it before the start */
}

static void measures_with_pm_timer(void **state)
{
	measured("ACPI PM timer");
}

/* It is switched on, away from the legacy interrupts, and then left aside. */
static void hpet_that_stands_still(void **state)
{
	have_hpet = true;
	hpet[1] = 10000000; /* fs: 100 MHz */
	hpet[4] = 2;
	platform_timer_init(0xfed00000, PM_PORT, false);
	assert_int_equal(hpet[4], 1);
	measured("ACPI PM timer");
	hpet[1] = ~0u; /* nothing behind the address */
	hpet[4] = ~0u;
	platform_timer_init(0xfed00000, PM_PORT, false);
	assert_int_equal(hpet[4], ~0u);
	measured("ACPI PM timer");
}

static void pm_timer_that_is_not_there(void **state)
{
	have_pm = false;
	platform_timer_init(0, PM_PORT, false); /* reads all ones */
	assert_string_equal(platform_timer_name(), "CPUID");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(guests_have_no_ports, as_guest),
		cmocka_unit_test_setup(dom0_denied, as_dom0),
		cmocka_unit_test_setup(dom0_plain, as_dom0),
		cmocka_unit_test_setup(dom0_pm_timer_is_read_only, as_dom0),
		cmocka_unit_test_setup(dom0_config_space, as_dom0),
		cmocka_unit_test_setup(dom0_pit_channel_2_only, as_dom0),
		cmocka_unit_test_setup(dom0_cmos_is_latched, as_dom0),
		cmocka_unit_test(clock_forms),
		cmocka_unit_test_setup(measures_with_pm_timer, as_dom0),
		cmocka_unit_test_setup(hpet_that_stands_still, as_dom0),
		cmocka_unit_test_setup(pm_timer_that_is_not_there, as_dom0),
	};

	return cmocka_run_group_tests_name("irq_ports", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The CMOS clock. Its index and data ports are a pair; cmos_lock, taken with interrupts off, makes
 * each access whole, dom0's included.
 */
#include "arch/cpu.h"
#include "drivers/platform_timer.h"
#include "drivers/rtc.h"
#include "lib/lib.h"
#include "lib/spinlock.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

enum {
	RTC_SEC = 0,
	RTC_MIN = 2,
	RTC_HOUR = 4,
	RTC_DAY = 7,
	RTC_MONTH = 8,
	RTC_YEAR = 9,
	RTC_A = 10,
	RTC_B = 11,
	RTC_CENTURY = 0x32
};

#define A_UPDATING   0x80
#define B_BINARY     0x04
#define B_24_HOURS   0x02
#define HOUR_PM      0x80
#define UPDATE_READS 20000u /* an update takes 2 ms at most */

struct rtc_time {
	u32 year, month, day, hour, min, sec;
};

static spinlock_t cmos_lock = SPINLOCK_INIT;

u8 cmos_read(u8 reg)
{
	HOLD_LOCK_IRQSAVE(&cmos_lock);

	outb(CMOS_INDEX, reg & 0x7f);
	return inb(CMOS_DATA);
}

void cmos_write(u8 reg, u8 val)
{
	HOLD_LOCK_IRQSAVE(&cmos_lock);

	outb(CMOS_INDEX, reg & 0x7f);
	outb(CMOS_DATA, val);
}

static u32 field(u8 reg, bool binary)
{
	u8 v = cmos_read(reg);

	return binary ? v : (v >> 4) * 10u + (v & 15);
}

static void rtc_fields(struct rtc_time *t)
{
	u8 b = cmos_read(RTC_B), hour = cmos_read(RTC_HOUR);
	bool binary = b & B_BINARY;
	u32 century = field(RTC_CENTURY, false);

	t->sec = field(RTC_SEC, binary);
	t->min = field(RTC_MIN, binary);
	t->hour = hour & ~HOUR_PM;
	t->hour = binary ? t->hour : (t->hour >> 4) * 10 + (t->hour & 15);
	if (!(b & B_24_HOURS)) {
		t->hour = t->hour % 12 + (hour & HOUR_PM ? 12 : 0);
	}
	t->day = field(RTC_DAY, binary);
	t->month = field(RTC_MONTH, binary);
	/* Not every clock has a century: two digits before 70 are then this one's. */
	t->year = field(RTC_YEAR, binary);
	t->year += century >= 19 && century <= 22 ? century * 100 : t->year < 70 ? 2000 : 1900;
}

static bool rtc_valid(const struct rtc_time *t)
{
	return t->year >= 1970 && t->month >= 1 && t->month <= 12 && t->day >= 1 && t->day <= 31 &&
	       t->hour < 24 && t->min < 60 && t->sec < 60;
}

/* Days from 1970 to a date of the Gregorian calendar; years begin in March, leap days end them. */
static u64 days_since_1970(u32 year, u32 month, u32 day)
{
	u32 y = month > 2 ? year : year - 1;
	u32 m = month > 2 ? month - 3 : month + 9;

	return (u64)y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

/* 0 if there is no clock or it shows nonsense. */
u64 rtc_read(void)
{
	struct rtc_time t, again;

	for (unsigned int tries = 0; tries < 3; tries++) {
		for (unsigned int i = 0; i < UPDATE_READS && cmos_read(RTC_A) & A_UPDATING; i++) {
			cpu_relax();
		}
		rtc_fields(&t);
		rtc_fields(&again);
		if (!memcmp(&t, &again, sizeof(t))) {
			break;
		}
	}
	if (!rtc_valid(&t)) {
		return 0;
	}
	return ((days_since_1970(t.year, t.month, t.day) * 24 + t.hour) * 60 + t.min) * 60 + t.sec;
}

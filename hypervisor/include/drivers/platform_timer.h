/* SPDX-License-Identifier: MIT */
/* HPET or ACPI PM timer, whichever is there: to measure the TSC against, at boot and from then on.
 */
#pragma once

#include "lib/types.h"

void platform_timer_init(u64 hpet_maddr, u16 pm_port, bool pm_32bit); /* 0 = not there */
u64 platform_timer_measure_tsc_khz(void);
/*
 * The time that it shows, in ns from some origin, at the moment that the TSC had the value *tsc;
 * *doubt: by how many of the TSC's ticks the two may be apart. The counter is narrow and comes
 * round again, after 4.7 s at the shortest: which round this is tells `about`, the time as another
 * clock has it, which need only be right to half a round. The first call may say any hour.
 */
u64 platform_timer_ns(u64 about, u64 *tsc, u64 *doubt);
/* drivers/recalibrate.c: system time follows it. First, with the clock's own start; then, once all
 * CPUs run and before any guest does. Boot CPU. */
void recalibration_begin(void);
void recalibration_start(void);
/* Is it one of the PM timer's ports? */
bool platform_timer_owns_port(u16 port);
const char *platform_timer_name(void);
/* Seconds since 1970 from the CMOS clock (or what EFI said). */
u64 rtc_read(void);

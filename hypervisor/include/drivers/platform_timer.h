/* SPDX-License-Identifier: MIT */
/* HPET or ACPI PM timer, whichever is there: to measure the TSC against. */
#ifndef DRIVERS_PLATFORM_TIMER_H
#define DRIVERS_PLATFORM_TIMER_H

#include "lib/types.h"

void platform_timer_init(u64 hpet_maddr, u16 pm_port, bool pm_32bit); /* 0 = not there */
u64 platform_timer_measure_tsc_khz(void);
/* Is it one of the PM timer's ports? */
bool platform_timer_owns_port(u16 port);
const char *platform_timer_name(void);
/* Seconds since 1970 from the CMOS clock (or what EFI said). */
u64 rtc_read(void);

#endif

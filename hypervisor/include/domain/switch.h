/* SPDX-License-Identifier: MIT */
/* The idle vcpu of each CPU. */
#pragma once

#include "lib/types.h"

/* Makes the CPU's idle vcpu and its run queue; it is current afterwards. Once per CPU, by itself.
 */
void idle_vcpu_init(unsigned int cpu);
/* Goes idle for good: from here on the CPU runs what is runnable. */
void idle_enter(void) __attribute__((noreturn));
/* No guest's vcpu has the CPU. It may get one at any time: but not before the CPU has looked at
 * what is marked as pending by then. */
bool cpu_is_idle(unsigned int cpu);
/* domain/watchdog.c: from now on a CPU that is stuck is noticed, unless that is switched off. */
void watchdog_start(void);

/* SPDX-License-Identifier: MIT */
/* CPUs talking to each other. */
#pragma once

#include "arch/cpu.h"

/* Makes `cpu` notice its pending work: an IPI, nothing if it is this CPU. */
void smp_kick(unsigned int cpu);
/* Runs fn(arg) on all online CPUs of mask, this one included, interrupts off; waits for all. */
void smp_call(const cpumask_t *mask, void (*fn)(void *), void *arg);
/*
 * The watchdog's part of it (domain/watchdog.c). smp_stuck(): prints where all CPUs are and ends
 * the machine. smp_alive(): this CPU does what may take long. smp_timer_fired(): its timer's
 * interrupt, which comes again each second until timer_run() has cleared smp_overdue; smp_patience
 * times at most (0: for ever), or the CPU is stuck.
 */
extern u64 smp_patience;
extern u32 smp_overdue[CONFIG_NR_CPUS];
void smp_stuck(unsigned int which) __noreturn;
void smp_alive(void);
void smp_timer_fired(void);
/* Stops all other CPUs for good (panic, reboot, power off). */
void smp_stop_others(void);
void smp_halt(void) __noreturn; /* and this one */

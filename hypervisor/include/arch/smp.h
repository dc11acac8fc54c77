/* SPDX-License-Identifier: MIT */
/* CPUs talking to each other. */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include "arch/cpu.h"

/* Makes `cpu` notice its pending work: an IPI, nothing if it is this CPU. */
void smp_kick(unsigned int cpu);
/* Runs fn(arg) on all online CPUs of mask, this one included, interrupts off; waits for all. */
void smp_call(const cpumask_t *mask, void (*fn)(void *), void *arg);
/* Stops all other CPUs for good (panic, reboot, power off). */
void smp_stop_others(void);

#endif

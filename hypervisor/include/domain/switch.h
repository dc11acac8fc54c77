/* SPDX-License-Identifier: MIT */
/* The idle vcpu of each CPU. */
#ifndef DOMAIN_SWITCH_H
#define DOMAIN_SWITCH_H

/* Makes the CPU's idle vcpu and its run queue; it is current afterwards. Once per CPU, by itself.
 */
void idle_vcpu_init(unsigned int cpu);
/* Goes idle for good: from here on the CPU runs what is runnable. */
void idle_enter(void) __attribute__((noreturn));

#endif

/* SPDX-License-Identifier: MIT */
/* What dom0's tools and dom0's kernel ask of the host. */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "domain/domain.h"

long do_domctl(guest_ptr_t op);
long do_sysctl(guest_ptr_t op);
long do_platform_op(guest_ptr_t op);
long do_xen_version(unsigned int cmd, guest_ptr_t arg);
long do_vcpu_op(unsigned int cmd, unsigned int vcpu, guest_ptr_t arg); /* domain/vcpu_op.c */
long do_set_timer_op(u64 deadline);				       /* domain/vcpu_op.c */

/* control/power.c: by ACPI or what else works; do not return. */
void machine_reboot(void) __noreturn;
void machine_power_off(void) __noreturn;
void machine_halt(void) __noreturn;

#endif

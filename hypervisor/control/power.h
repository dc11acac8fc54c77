/* SPDX-License-Identifier: MIT */
#ifndef CONTROL_POWER_H
#define CONTROL_POWER_H

#include "lib/types.h"

/* dom0's ACPI code wants sleep state S5 and gives the PM1 control values for it; does not return.
 */
void power_enter_s5(u16 pm1a_val, u16 pm1b_val) __noreturn;

#endif

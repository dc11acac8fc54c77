/* SPDX-License-Identifier: MIT */
/*
 * Debug registers of guests. A breakpoint may not lie in the hypervisor's range; general detect and
 * I/O breakpoints are refused: the first would trap the hypervisor's own accesses, the second would
 * report ports that the guest never touches itself.
 */
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "pv/pv.h"

#define DR6_ONES  0xffff0ff0ull
#define DR6_ZEROS 0x1000ull
#define DR7_ONES  0x400ull
#define DR7_ZEROS 0xd800ull
#define DR7_GD    0x2000ull
#define RW_IO     2u

static bool has_io_breakpoint(u64 dr7)
{
	for (unsigned int i = 0; i < 4; i++) {
		if ((dr7 >> (16 + i * 4) & 3) == RW_IO) {
			return true;
		}
	}
	return false;
}

int pv_set_debugreg(struct vcpu *v, unsigned int reg, unsigned long value)
{
	if (reg >= 4 && reg <= 7 && value >> 32) {
		return -EINVAL;
	}
	switch (reg) {
	case 0 ... 3:
		/* Breakpoints span up to 8 bytes. */
		if (!va_guest(value) || !va_guest(value | 7)) {
			return -EPERM;
		}
		break;
	case 4:
	case 6:
		value = (value | DR6_ONES) & ~DR6_ZEROS;
		reg = 6;
		break;
	case 5:
	case 7:
		value = (value | DR7_ONES) & ~DR7_ZEROS;
		if ((value & DR7_GD) || ((value & 0xff) && has_io_breakpoint(value))) {
			return -EPERM;
		}
		reg = 7;
		break;
	default:
		return -ENODEV;
	}
	v->pv.dr[reg] = value;
	if (v == current) {
		arch_load_debugregs(&v->pv);
	}
	return 0;
}

long do_set_debugreg(int reg, unsigned long value)
{
	return reg < 0 ? -ENODEV : pv_set_debugreg(current, (unsigned int)reg, value);
}

long do_get_debugreg(int reg)
{
	if (reg < 0 || reg > 7) {
		return -ENODEV;
	}
	return (long)current->pv.dr[reg == 4 || reg == 5 ? reg + 2 : reg];
}

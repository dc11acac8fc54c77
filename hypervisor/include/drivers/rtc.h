/* SPDX-License-Identifier: MIT */
/* The CMOS clock's registers. */
#pragma once

#include "lib/types.h"

/* One register, 0 to 0x7f: index and data ports as one step. Any context. */
u8 cmos_read(u8 reg);
void cmos_write(u8 reg, u8 val);

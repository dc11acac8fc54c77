/* SPDX-License-Identifier: MIT */
/* What boot/ tells of the machine before dom0 runs. */
#pragma once

#include "lib/types.h"

/* How ACPI switches the machine off and resets it; a port of 0 is not there. */
struct host_power {
	u16 pm1a_cnt, pm1b_cnt;
	bool reset_supported;
	u8 reset_space, reset_value; /* space 0 memory, 1 port, 2 PCI config */
	u64 reset_addr;
};

/* Adds a range to the map that dom0 gets from XENMEM_machine_memory_map: RAM, reserved, the pages
 * of I/O and local APICs (reserved). dom0 sorts it; types as in an e820 map. What does not fit is
 * reported. */
void machine_map_add(u64 addr, u64 size, u32 type);

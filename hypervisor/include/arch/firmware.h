/* SPDX-License-Identifier: MIT */
/*
 * Calls into UEFI's run-time services. They run at their machine addresses, in a page table that
 * is in use only then: the hypervisor's own map and, below it, what the firmware asked for. Its
 * code and data share pages, so these are writable and executable, there alone.
 */
#pragma once

#include "arch/vcpu.h"

/* The machine address of that table; 0: none. */
extern maddr_t firmware_root;

/* Boot, after hv_map_load(): maps a range at its own address. False: out of reach, no memory. */
bool firmware_map(maddr_t ma, u64 bytes, u64 flags);
/* Calls a service; `pv` runs on this CPU and keeps its FPU. Pointers are the hypervisor's. */
u64 firmware_call(struct pv_vcpu *pv, u64 service, const u64 arg[5]);

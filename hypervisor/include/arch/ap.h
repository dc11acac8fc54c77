/* SPDX-License-Identifier: MIT */
/* Starting application processors: Intel SDM 3A, 9.4 "Multiple-Processor (MP) Initialization". */
#pragma once

#include "lib/types.h"

/* Boot: the trampoline goes to `page` (of RAM, in the first MiB); every other CPU is reset and
 * waits for its start-up. `image`: machine address of the hypervisor. Takes 10 ms. */
void ap_prepare(maddr_t page, maddr_t image);
/*
 * Boot: starts the CPU with this APIC ID as number `cpu` (= cpu_count) and waits until it is
 * online. It ends in go(), with its own stack and tables, interrupts off; go() calls ap_online()
 * when the CPU may be counted on. -ENOMEM, -EIO: it does not answer.
 */
int ap_start(unsigned int cpu, u32 apic_id, maddr_t page, void (*go)(unsigned int cpu));
void ap_online(void);

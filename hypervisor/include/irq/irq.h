/* SPDX-License-Identifier: MIT */
/* Device interrupts: I/O APICs, MSI, and PIRQs (interrupts as event channels of dom0). */
#pragma once

#include "domain/domain.h"

/* From ACPI, by boot/. */
void ioapic_add(u8 id, u64 maddr, u32 gsi_base);
void irq_add_override(u8 isa_irq, u32 gsi, bool level, bool active_low);
void irq_init(void); /* masks PICs and all I/O APIC pins */

void irq_dump(void);
/* An interrupt line for the hypervisor itself (serial port); 0 or -errno. */
int irq_request_gsi(u32 gsi, void (*fn)(void *), void *arg);
/* GSI of an ISA interrupt. */
u32 irq_isa_to_gsi(u8 irq);

long do_physdev_op(unsigned int cmd, guest_ptr_t arg);

/* Config space accesses of dom0 that the emulator saw. size 1, 2, 4. */
u32 pci_conf_read(u32 cf8, unsigned int offset, unsigned int size);
/* May drop or change the write (MSI enable bits, BARs stay dom0's). */
void pci_conf_write(u32 cf8, unsigned int offset, unsigned int size, u32 val);
/* Is it a frame that dom0 may only read (MMCFG, MSI-X tables)? And the emulated write to it. */
bool mmio_read_only(mfn_t m);
void mmio_write(maddr_t ma, unsigned int size, u64 val);

/* SPDX-License-Identifier: MIT */
/*
 * Inside irq/: interrupt lines. A line is a source of interrupts (a pin of an I/O APIC or a
 * message of a PCI device), its vector, and who listens: a function of the hypervisor or a port
 * of dom0. irq_lock guards every line, the I/O APICs and the table of messages.
 * Order: event channel lock -> irq_lock -> pci_lock; irq_lock -> run queues.
 */
#pragma once

#include "arch/hv_map.h"
#include "irq/irq.h"

enum line_kind { LINE_GSI, LINE_MSI, LINE_MSIX };

/* A PCI function: segment << 16 | bus << 8 | device << 3 | function. */
typedef u32 sbdf_t;

/* Where the message of a PCI device is set. */
struct msi_source {
	sbdf_t sbdf;
	u16 entry;
	u8 cap; /* offset of the capability in config space */
	bool wide, maskable;
	volatile u32 *slot; /* MSI-X: entry of the table */
};

struct irq_line {
	enum line_kind kind;
	u8 vector; /* 0 = none yet */
	bool level, active_low;
	bool set_up;   /* trigger and polarity were told by dom0 */
	bool owes_eoi; /* level: masked until the guest's EOI */
	u32 pirq;      /* for a GSI the GSI itself */
	u64 count;
	void (*fn)(void *arg);
	void *arg;
	u32 port; /* of dom0, 0 = not bound */
	struct msi_source msi;
};

#define MSI_PIRQS 192u /* more than there are vectors */

extern spinlock_t irq_lock;
extern u32 gsi_count;
extern struct irq_line msi_lines[MSI_PIRQS]; /* by PIRQ - gsi_count; in use with a vector */
#define msi_line_for_each(line) \
	for (struct irq_line *line = msi_lines; line < msi_lines + MSI_PIRQS; line++)

struct irq_line *line_of_gsi(u32 gsi); /* NULL if there is none */
/* With irq_lock held: a vector for the line if it has none, -ENOSPC; and given back. */
int line_alloc_vector(struct irq_line *line);
void line_free_vector(struct irq_line *line);
/* With irq_lock held: writes the source's registers, masked or not. */
void line_program(struct irq_line *line, bool masked);
/* Is it a message of this function? */
static inline bool line_serves(const struct irq_line *line, sbdf_t sbdf)
{
	return line->vector && line->msi.sbdf == sbdf;
}

/* I/O APICs: pins by GSI, with irq_lock held. */
u64 ioapic_entry(const struct irq_line *line, u32 apic_id, bool masked);
void ioapic_write_pin(u32 gsi, u64 entry);
/* Writes only the half of the entry that holds the mask. */
void ioapic_mask_pin(const struct irq_line *line, bool masked);
/* Registers as dom0 sees them; -EINVAL if no I/O APIC is there. */
int ioapic_read_reg(u64 maddr, u32 reg, u32 *value);
/* Maps the I/O APICs, masks all pins; the number of GSIs. */
u32 ioapic_init(void);
/* Trigger and polarity of a GSI when nobody has told: ISA defaults, overrides, PCI defaults. */
void gsi_default(u32 gsi, bool *level, bool *active_low);

/* MSI and MSI-X. */
/* Finds the capability (and the table) of the line's function. -ENODEV, -EINVAL, -ENXIO. */
int msi_find(struct irq_line *line, u64 table_base);
void msi_program(const struct irq_line *line, u32 apic_id, bool masked);
void msi_stop(const struct irq_line *line);

/* PCI config space: by ports below 0x100 of segment 0, else by MMCFG (all ones where there is
 * none). */
u32 pci_read(sbdf_t sbdf, unsigned int offset, unsigned int size);
void pci_write(sbdf_t sbdf, unsigned int offset, unsigned int size, u32 val);
u8 pci_find_cap(sbdf_t sbdf, u8 id); /* 0 = none */
u64 pci_bar(sbdf_t sbdf, unsigned int bar);
int mmcfg_add(u64 base, u16 segment, u8 start_bus, u8 end_bus); /* -EINVAL, -ENOSPC */
/* Makes the frames of a function's MSI-X table read-only for dom0; and forgets them. */
int msix_protect(sbdf_t sbdf, u64 table_base);
void msix_unprotect(sbdf_t sbdf);
/* Does a table overlap these bytes? */
bool msix_in_table(maddr_t ma, unsigned long bytes);

/* PIRQs, for physdev_op. */
int pirq_map_msi(struct irq_line *line, u64 table_base, s32 *pirq);
int pirq_unmap(u32 pirq);
int pirq_eoi(u32 pirq);
int pirq_setup_gsi(u32 gsi, bool level, bool active_low);
int pirq_status(u32 pirq, bool *needs_eoi);
int pirq_restore_msi(sbdf_t sbdf);
bool pirq_device_in_use(sbdf_t sbdf);

/* SPDX-License-Identifier: MIT */
/*
 * MSI and MSI-X: the hypervisor writes address and data, so that a device can raise only the
 * vector that it was given. The pages of MSI-X tables are read-only for dom0. Their list and all
 * registers are guarded by irq_lock.
 */
#include "lib/lib.h"
#include "line.h"
#include "mm/alloc.h"
#include "mm/frame.h"

#define CAP_MSI  0x05
#define CAP_MSIX 0x11

#define PCI_COMMAND    0x04
#define COMMAND_MEMORY 0x02

/* MSI: offsets from the capability, bits of the control word. */
#define MSI_CONTROL  2
#define MSI_ADDRESS  4
#define MSI_ENABLE   0x0001
#define MSI_QSIZE    0x0070
#define MSI_WIDE     0x0080
#define MSI_MASKABLE 0x0100

/* MSI-X */
#define MSIX_CONTROL 2
#define MSIX_TABLE   4
#define MSIX_COUNT   0x07ff
#define MSIX_ENTRY   16u
#define SLOT_ADDRESS 0 /* in words of 32 bits */
#define SLOT_HIGH    1
#define SLOT_DATA    2
#define SLOT_CONTROL 3
#define SLOT_MASKED  1u

struct msix_table {
	struct list link;
	sbdf_t sbdf;
	u64 start, end; /* machine addresses */
};
static struct list tables = LIST_INIT(tables);

static u32 msi_address(u32 apic_id)
{
	return 0xfee00000u | (apic_id & 0xff) << 12;
}

/* Where the table of a function lies. A virtual function has no BARs: then dom0's word is taken. */
static int table_find(sbdf_t sbdf, u64 table_base, struct msix_table *t)
{
	u8 cap = pci_find_cap(sbdf, CAP_MSIX);
	u32 where, count;
	u64 base;

	if (!cap) {
		return -ENODEV;
	}
	count = (pci_read(sbdf, cap + MSIX_CONTROL, 2) & MSIX_COUNT) + 1;
	where = pci_read(sbdf, cap + MSIX_TABLE, 4);
	base = pci_bar(sbdf, where & 7);
	base = base ? base : table_base & PAGE_MASK;
	if (!base || base >= BIT(52)) {
		return -ENXIO;
	}
	t->sbdf = sbdf;
	t->start = base + (where & ~7u);
	t->end = t->start + count * MSIX_ENTRY;
	for (u64 ma = t->start & PAGE_MASK; ma < t->end; ma += PAGE_SIZE) {
		if (frame_valid(_mfn(ma >> PAGE_SHIFT))) {
			return -EINVAL;
		}
	}
	return 0;
}

static int msix_find(struct msi_source *src, u64 table_base)
{
	struct msix_table t = {.end = 0};
	int rc = table_find(src->sbdf, table_base, &t);
	u64 ma = t.start + src->entry * MSIX_ENTRY;

	if (rc || ma >= t.end) {
		return rc ? rc : -EINVAL;
	}
	if (!(pci_read(src->sbdf, PCI_COMMAND, 2) & COMMAND_MEMORY)) {
		return -ENXIO;
	}
	src->slot = map_mmio(ma, MSIX_ENTRY);
	return src->slot ? 0 : -ENOMEM;
}

int msi_find(struct irq_line *line, u64 table_base)
{
	struct msi_source *src = &line->msi;
	u32 control;

	if (line->kind == LINE_MSIX) {
		return msix_find(src, table_base);
	}
	src->cap = pci_find_cap(src->sbdf, CAP_MSI);
	if (!src->cap) {
		return -ENODEV;
	}
	control = pci_read(src->sbdf, src->cap + MSI_CONTROL, 2);
	src->wide = control & MSI_WIDE;
	src->maskable = control & MSI_MASKABLE;
	return src->entry ? -EINVAL : 0;
}

static void msi_mask(const struct irq_line *line, bool masked)
{
	const struct msi_source *src = &line->msi;

	if (line->kind == LINE_MSIX) {
		src->slot[SLOT_CONTROL] = masked ? SLOT_MASKED : 0;
		(void)src->slot[SLOT_CONTROL]; /* posted: the read waits for the write */
	} else if (src->maskable) {
		pci_write(src->sbdf, src->cap + (src->wide ? 16u : 12u), 4, masked);
	}
}

/* For good: the vector may go to another line. */
void msi_stop(const struct irq_line *line)
{
	const struct msi_source *src = &line->msi;

	msi_mask(line, true);
	if (line->kind == LINE_MSI) {
		u32 control = pci_read(src->sbdf, src->cap + MSI_CONTROL, 2);

		pci_write(src->sbdf, src->cap + MSI_CONTROL, 2, control & ~(u32)MSI_ENABLE);
	}
}

/* Plain MSI: one message, enabled from here on. */
static void msi_program_plain(const struct irq_line *line, u32 apic_id)
{
	const struct msi_source *src = &line->msi;
	unsigned int cap = src->cap;
	u32 control = pci_read(src->sbdf, cap + MSI_CONTROL, 2);

	pci_write(src->sbdf, cap + MSI_ADDRESS, 4, msi_address(apic_id));
	if (src->wide) {
		pci_write(src->sbdf, cap + MSI_ADDRESS + 4, 4, 0);
	}
	pci_write(src->sbdf, cap + (src->wide ? 12u : 8u), 2, line->vector);
	control = (control & ~(u32)MSI_QSIZE) | MSI_ENABLE;
	pci_write(src->sbdf, cap + MSI_CONTROL, 2, control);
}

void msi_program(const struct irq_line *line, u32 apic_id, bool masked)
{
	const struct msi_source *src = &line->msi;

	msi_mask(line, true);
	if (line->kind == LINE_MSI) {
		msi_program_plain(line, apic_id);
	} else {
		src->slot[SLOT_ADDRESS] = msi_address(apic_id);
		src->slot[SLOT_HIGH] = 0;
		src->slot[SLOT_DATA] = line->vector;
	}
	if (!masked) {
		msi_mask(line, false);
	}
}

static struct msix_table *table_of(sbdf_t sbdf)
{
	list_for_each_entry (t, &tables, struct msix_table, link) {
		if (t->sbdf == sbdf) {
			return t;
		}
	}
	return NULL;
}

/* 0 also for functions that have no table, or none placed yet. -ENOMEM, -EINVAL. */
int msix_protect(sbdf_t sbdf, u64 table_base)
{
	struct msix_table *fresh = heap_alloc(sizeof(*fresh)), *old;
	unsigned long flags;
	int rc = fresh ? table_find(sbdf, table_base, fresh) : -ENOMEM;

	if (rc) {
		heap_free(fresh, sizeof(*fresh));
		return rc == -ENODEV || rc == -ENXIO ? 0 : rc;
	}
	flags = spin_lock_irqsave(&irq_lock);
	old = table_of(sbdf);
	if (old) {
		list_del(&old->link);
	}
	list_add_tail(&tables, &fresh->link);
	spin_unlock_irqrestore(&irq_lock, flags);
	heap_free(old, sizeof(*old));
	return 0;
}

void msix_unprotect(sbdf_t sbdf)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	struct msix_table *t = table_of(sbdf);

	if (t) {
		list_del(&t->link);
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	heap_free(t, sizeof(*t));
}

bool msix_in_table(maddr_t ma, unsigned long bytes)
{
	HOLD_LOCK_IRQSAVE(&irq_lock);

	list_for_each_entry (t, &tables, struct msix_table, link) {
		if (t->start < ma + bytes && ma < t->end) {
			return true;
		}
	}
	return false;
}

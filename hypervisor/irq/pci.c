/* SPDX-License-Identifier: MIT */
/*
 * PCI config space, for the hypervisor's own use and on behalf of dom0. The ports are a pair,
 * guarded by pci_lock, which is taken with interrupts off. dom0's writes pass but for the parts
 * of MSI capabilities that the hypervisor has programmed.
 */
#include "arch/cpu.h"
#include "lib/lib.h"
#include "line.h"
#include "mm/frame.h"

#define MMCFG_MAX    16u
#define CONF_ADDRESS 0xcf8
#define CONF_DATA    0xcfc
#define CONF_ENABLE  0x80000000u
#define CAP_HOPS     48u

#define PCI_STATUS      0x06
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR0        0x10
#define PCI_CAP_POINTER 0x34
#define STATUS_CAPS     0x10
#define MSI_QSIZE       0x70 /* control word: number of messages in use */

struct mmcfg {
	u64 base; /* of bus 0 */
	u16 segment;
	u8 start_bus, end_bus;
};

static struct mmcfg regions[MMCFG_MAX];
static unsigned int region_count; /* grows only; entries are complete before it does */
static spinlock_t pci_lock = SPINLOCK_INIT;

static u32 size_mask(unsigned int size)
{
	return size == 4 ? ~0u : (1u << size * 8) - 1;
}

static u32 ports_read(u32 address, unsigned int size)
{
	unsigned long flags = spin_lock_irqsave(&pci_lock);
	u16 port = (u16)(CONF_DATA + (address & 3));
	u32 v;

	outl(CONF_ADDRESS, address & ~3u);
	v = size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
	spin_unlock_irqrestore(&pci_lock, flags);
	return v;
}

static void ports_write(u32 address, unsigned int size, u32 val)
{
	unsigned long flags = spin_lock_irqsave(&pci_lock);
	u16 port = (u16)(CONF_DATA + (address & 3));

	outl(CONF_ADDRESS, address & ~3u);
	if (size == 1) {
		outb(port, (u8)val);
	} else if (size == 2) {
		outw(port, (u16)val);
	} else {
		outl(port, val);
	}
	spin_unlock_irqrestore(&pci_lock, flags);
}

/* Address of a register in the MMCFG, 0 if there is none or it is none. */
static u64 mmcfg_address(u16 segment, u16 bdf, unsigned int offset)
{
	for (unsigned int i = 0; i < READ_ONCE(region_count); i++) {
		const struct mmcfg *r = &regions[i];
		u64 ma = r->base + ((u64)bdf << 12) + offset;

		if (r->segment == segment && bdf >> 8 >= r->start_bus && bdf >> 8 <= r->end_bus) {
			return frame_valid(_mfn(ma >> PAGE_SHIFT)) ? 0 : ma;
		}
	}
	return 0;
}

static void mmio_store(u64 ma, unsigned int size, u64 val)
{
	volatile void *p = map_mmio(ma, size);

	if (!p) {
		return;
	}
	if (size == 1) {
		*(volatile u8 *)p = (u8)val;
	} else if (size == 2) {
		*(volatile u16 *)p = (u16)val;
	} else if (size == 4) {
		*(volatile u32 *)p = (u32)val;
	} else {
		*(volatile u64 *)p = val;
	}
}

static u32 mmio_load(u64 ma, unsigned int size)
{
	volatile void *p = map_mmio(ma, size);

	if (!p) {
		return size_mask(size);
	}
	return size == 1 ? *(volatile u8 *)p : size == 2 ? *(volatile u16 *)p : *(volatile u32 *)p;
}

static bool by_ports(u16 segment, unsigned int offset)
{
	return !segment && offset < 0x100;
}

u32 pci_read(u16 segment, u16 bdf, unsigned int offset, unsigned int size)
{
	u64 ma;

	if (by_ports(segment, offset)) {
		return ports_read(CONF_ENABLE | (u32)bdf << 8 | offset, size);
	}
	ma = mmcfg_address(segment, bdf, offset);
	return ma ? mmio_load(ma, size) : size_mask(size);
}

void pci_write(u16 segment, u16 bdf, unsigned int offset, unsigned int size, u32 val)
{
	u64 ma;

	if (by_ports(segment, offset)) {
		ports_write(CONF_ENABLE | (u32)bdf << 8 | offset, size, val);
		return;
	}
	ma = mmcfg_address(segment, bdf, offset);
	if (ma) {
		mmio_store(ma, size, val);
	}
}

u8 pci_find_cap(u16 segment, u16 bdf, u8 id)
{
	u8 pos;

	if (!(pci_read(segment, bdf, PCI_STATUS, 2) & STATUS_CAPS)) {
		return 0;
	}
	pos = pci_read(segment, bdf, PCI_CAP_POINTER, 1) & 0xfc;
	for (unsigned int hop = 0; hop < CAP_HOPS && pos >= 0x40; hop++) {
		u32 head = pci_read(segment, bdf, pos, 2);

		if ((head & 0xff) == id) {
			return pos;
		}
		pos = head >> 8 & 0xfc;
	}
	return 0;
}

/* Machine address that a memory BAR holds, 0 if it is none or not set. */
u64 pci_bar(u16 segment, u16 bdf, unsigned int bar)
{
	unsigned int bars = pci_read(segment, bdf, PCI_HEADER_TYPE, 1) & 0x7f ? 2 : 6;
	u64 v;

	if (bar >= bars) {
		return 0;
	}
	v = pci_read(segment, bdf, PCI_BAR0 + 4 * bar, 4);
	if (v & 1) {
		return 0;
	}
	if ((v & 6) == 4 && bar + 1 < bars) {
		v |= (u64)pci_read(segment, bdf, PCI_BAR0 + 4 * bar + 4, 4) << 32;
	}
	return v & ~0xfull;
}

/* Is offset in what the hypervisor has programmed? May change *val. With irq_lock held. */
static bool msi_write_refused(const struct irq_line *line, unsigned int offset, u32 *val)
{
	const struct msi_source *src = &line->msi;
	unsigned int end = src->cap + (src->maskable ? 16u : 10u) + (src->wide ? 4u : 0u);

	if (offset >= src->cap + 4u && offset < end) {
		return true;
	}
	if (offset <= src->cap + 2u && offset + 4 > src->cap + 2u) {
		*val &= ~((u32)MSI_QSIZE << (src->cap + 2 - offset) * 8);
	}
	return false;
}

/* A write by dom0: aligned, below the function's end. */
static void guest_write(u16 segment, u16 bdf, unsigned int offset, unsigned int size, u32 val)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	bool refused = false;

	list_for_each (pos, &msi_lines) {
		struct irq_line *line = list_entry(pos, struct irq_line, link);

		if (line->kind == LINE_MSI && line->msi.segment == segment &&
		    line->msi.bdf == bdf) {
			refused |= msi_write_refused(line, offset, &val);
		}
	}
	if (!refused) {
		pci_write(segment, bdf, offset, size, val);
	}
	spin_unlock_irqrestore(&irq_lock, flags);
}

/* `offset` is that of the data port, 0 to 3; extended registers may be in bits 24-27 (AMD). */
u32 pci_conf_read(u32 cf8, unsigned int offset, unsigned int size)
{
	if (!(cf8 & CONF_ENABLE) || offset + size > 4) {
		return size_mask(size);
	}
	return ports_read((cf8 & ~3u) | offset, size);
}

void pci_conf_write(u32 cf8, unsigned int offset, unsigned int size, u32 val)
{
	if (!(cf8 & CONF_ENABLE) || offset + size > 4) {
		return;
	}
	if (cf8 & 0x0f000000) {
		ports_write((cf8 & ~3u) | offset, size, val);
		return;
	}
	guest_write(0, (u16)(cf8 >> 8), (cf8 & 0xfc) | offset, size, val);
}

int mmcfg_add(u64 base, u16 segment, u8 start_bus, u8 end_bus)
{
	unsigned long flags;
	int rc = -ENOSPC;

	if (base & 0xfffff || start_bus > end_bus || base >= BIT(52)) {
		return -EINVAL;
	}
	flags = spin_lock_irqsave(&irq_lock);
	for (unsigned int i = 0; i < region_count; i++) {
		if (regions[i].segment == segment && regions[i].start_bus == start_bus) {
			rc = regions[i].base == base && regions[i].end_bus == end_bus ? 0 : -EEXIST;
			goto out;
		}
	}
	if (region_count < MMCFG_MAX) {
		regions[region_count] = (struct mmcfg){base, segment, start_bus, end_bus};
		barrier();
		WRITE_ONCE(region_count, region_count + 1);
		rc = 0;
	}
out:
	spin_unlock_irqrestore(&irq_lock, flags);
	return rc;
}

static const struct mmcfg *mmcfg_of(maddr_t ma)
{
	for (unsigned int i = 0; i < READ_ONCE(region_count); i++) {
		const struct mmcfg *r = &regions[i];

		if (ma >= r->base + ((u64)r->start_bus << 20) &&
		    ma < r->base + (((u64)r->end_bus + 1) << 20)) {
			return r;
		}
	}
	return NULL;
}

bool mmio_read_only(mfn_t m)
{
	return mmcfg_of(mfn_x(m) << PAGE_SHIFT) || msix_frame(m);
}

/* size 1, 2, 4 or 8. Writes that cross a page or are not aligned are dropped: no driver does that.
 */
void mmio_write(maddr_t ma, unsigned int size, u64 val)
{
	const struct mmcfg *r = mmcfg_of(ma);
	u16 bdf;

	if (ma & (size - 1) || frame_valid(_mfn(ma >> PAGE_SHIFT))) {
		return;
	}
	if (!r) {
		if (msix_frame(_mfn(ma >> PAGE_SHIFT)) && !msix_in_table(ma, size)) {
			mmio_store(ma, size, val);
		}
		return;
	}
	bdf = (u16)((ma - r->base) >> 12);
	guest_write(r->segment, bdf, ma & 0xfff, MIN(size, 4u), (u32)val);
	if (size == 8) {
		guest_write(r->segment, bdf, (ma & 0xfff) + 4, 4, (u32)(val >> 32));
	}
}

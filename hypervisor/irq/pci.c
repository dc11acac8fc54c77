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

static u32 ports_read(u32 address, unsigned int size)
{
	HOLD_LOCK_IRQSAVE(&pci_lock);

	outl(CONF_ADDRESS, address & ~3u);
	return port_in((u16)(CONF_DATA + (address & 3)), size);
}

static void ports_write(u32 address, unsigned int size, u32 val)
{
	HOLD_LOCK_IRQSAVE(&pci_lock);

	outl(CONF_ADDRESS, address & ~3u);
	port_out((u16)(CONF_DATA + (address & 3)), size, val);
}

/* Address of a register in the MMCFG, 0 if there is none or it is none. */
static u64 mmcfg_address(sbdf_t sbdf, unsigned int offset)
{
	u8 bus = (u8)(sbdf >> 8);

	for (unsigned int i = 0; i < READ_ONCE(region_count); i++) {
		const struct mmcfg *r = &regions[i];
		u64 ma = r->base + ((sbdf & 0xffff) << 12) + offset;

		if (r->segment == sbdf >> 16 && bus >= r->start_bus && bus <= r->end_bus) {
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
	switch (size) {
	case 1:
		*(volatile u8 *)p = (u8)val;
		break;
	case 2:
		*(volatile u16 *)p = (u16)val;
		break;
	case 4:
		*(volatile u32 *)p = (u32)val;
		break;
	default:
		*(volatile u64 *)p = val;
	}
}

static u32 mmio_load(u64 ma, unsigned int size)
{
	volatile void *p = map_mmio(ma, size);

	if (!p) {
		return (u32)LOW_BYTES(size);
	}
	return size == 1 ? *(volatile u8 *)p : size == 2 ? *(volatile u16 *)p : *(volatile u32 *)p;
}

static bool by_ports(sbdf_t sbdf, unsigned int offset)
{
	return !(sbdf >> 16) && offset < 0x100;
}

u32 pci_read(sbdf_t sbdf, unsigned int offset, unsigned int size)
{
	u64 ma;

	if (by_ports(sbdf, offset)) {
		return ports_read(CONF_ENABLE | sbdf << 8 | offset, size);
	}
	ma = mmcfg_address(sbdf, offset);
	return ma ? mmio_load(ma, size) : (u32)LOW_BYTES(size);
}

void pci_write(sbdf_t sbdf, unsigned int offset, unsigned int size, u32 val)
{
	u64 ma;

	if (by_ports(sbdf, offset)) {
		ports_write(CONF_ENABLE | sbdf << 8 | offset, size, val);
		return;
	}
	ma = mmcfg_address(sbdf, offset);
	if (ma) {
		mmio_store(ma, size, val);
	}
}

u8 pci_find_cap(sbdf_t sbdf, u8 id)
{
	u8 pos;

	if (!(pci_read(sbdf, PCI_STATUS, 2) & STATUS_CAPS)) {
		return 0;
	}
	pos = pci_read(sbdf, PCI_CAP_POINTER, 1) & 0xfc;
	for (unsigned int hop = 0; hop < CAP_HOPS && pos >= 0x40; hop++) {
		u32 head = pci_read(sbdf, pos, 2);

		if ((head & 0xff) == id) {
			return pos;
		}
		pos = head >> 8 & 0xfc;
	}
	return 0;
}

/* Machine address that a memory BAR holds, 0 if it is none or not set. */
u64 pci_bar(sbdf_t sbdf, unsigned int bar)
{
	unsigned int bars = pci_read(sbdf, PCI_HEADER_TYPE, 1) & 0x7f ? 2 : 6;
	u64 v;

	if (bar >= bars) {
		return 0;
	}
	v = pci_read(sbdf, PCI_BAR0 + 4 * bar, 4);
	if (v & 1) {
		return 0;
	}
	if ((v & 6) == 4 && bar + 1 < bars) {
		v |= (u64)pci_read(sbdf, PCI_BAR0 + 4 * bar + 4, 4) << 32;
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
static void guest_write(sbdf_t sbdf, unsigned int offset, unsigned int size, u32 val)
{
	const u64 ma = by_ports(sbdf, offset) ? 0 : mmcfg_address(sbdf, offset);

	if (ma) {
		(void)map_mmio(ma, size); /* not with the lock, see there */
	}

	HOLD_LOCK_IRQSAVE(&irq_lock);

	msi_line_for_each (line) {
		if (line_serves(line, sbdf) && line->kind == LINE_MSI &&
		    msi_write_refused(line, offset, &val)) {
			return;
		}
	}
	pci_write(sbdf, offset, size, val);
}

/* `offset` is that of the data port, 0 to 3; extended registers may be in bits 24-27 (AMD). */
u32 pci_conf_read(u32 cf8, unsigned int offset, unsigned int size)
{
	if (!(cf8 & CONF_ENABLE) || offset + size > 4) {
		return (u32)LOW_BYTES(size);
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
	guest_write(cf8 >> 8 & 0xffff, (cf8 & 0xfc) | offset, size, val);
}

int mmcfg_add(u64 base, u16 segment, u8 start_bus, u8 end_bus)
{
	HOLD_LOCK_IRQSAVE(&irq_lock);

	if (base & 0xfffff || start_bus > end_bus || base >= BIT(52)) {
		return -EINVAL;
	}
	for (unsigned int i = 0; i < region_count; i++) {
		if (regions[i].segment == segment && regions[i].start_bus == start_bus) {
			return regions[i].base == base && regions[i].end_bus == end_bus ? 0
											: -EEXIST;
		}
	}
	if (region_count == MMCFG_MAX) {
		return -ENOSPC;
	}
	regions[region_count] = (struct mmcfg){base, segment, start_bus, end_bus};
	barrier();
	WRITE_ONCE(region_count, region_count + 1);
	return 0;
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
	maddr_t ma = mfn_x(m) << PAGE_SHIFT;

	return mmcfg_of(ma) || msix_in_table(ma, PAGE_SIZE);
}

/* size 1, 2, 4 or 8. Writes that cross a page or are not aligned are dropped: no driver does that.
 */
void mmio_write(maddr_t ma, unsigned int size, u64 val)
{
	const struct mmcfg *r = mmcfg_of(ma);
	sbdf_t sbdf;

	if (ma & (size - 1) || frame_valid(_mfn(ma >> PAGE_SHIFT))) {
		return;
	}
	if (!r) {
		if (msix_in_table(ma & PAGE_MASK, PAGE_SIZE) && !msix_in_table(ma, size)) {
			mmio_store(ma, size, val);
		}
		return;
	}
	sbdf = (sbdf_t)r->segment << 16 | (sbdf_t)((ma - r->base) >> 12);
	guest_write(sbdf, ma & 0xfff, MIN(size, 4u), (u32)val);
	if (size == 8) {
		guest_write(sbdf, (ma & 0xfff) + 4, 4, (u32)(val >> 32));
	}
}

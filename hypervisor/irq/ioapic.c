/* SPDX-License-Identifier: MIT */
/*
 * I/O APICs and the legacy PICs. Every pin is masked until a line asks for it. The index and data
 * registers are a pair: all accesses under irq_lock.
 */
#include "arch/cpu.h"
#include "lib/lib.h"
#include "line.h"

#define IOAPIC_MAX    16u
#define OVERRIDES_MAX 16u
#define GSI_MAX       1024u
#define ISA_IRQS      16u

#define REG_ID    0x00
#define REG_VER   0x01
#define REG_ARB   0x02
#define REG_PIN   0x10
#define INDEX     0 /* in words of 32 bits */
#define DATA      4
#define RTE_LOW   BIT(13) /* active low */
#define RTE_LEVEL BIT(15)
#define RTE_MASK  BIT(16)

struct ioapic {
	u8 id;
	u64 maddr;
	volatile u32 *regs;
	u32 gsi_base, pins;
};

struct override {
	u8 isa_irq;
	bool level, active_low;
	u32 gsi;
};

static struct ioapic ioapics[IOAPIC_MAX];
static unsigned int ioapic_count;
static struct override overrides[OVERRIDES_MAX];
static unsigned int override_count;

void ioapic_add(u8 id, u64 maddr, u32 gsi_base)
{
	if (ioapic_count == IOAPIC_MAX) {
		printk(LOG_WARN "more than %u I/O APICs: the one at %llx is not used\n", IOAPIC_MAX,
		       (unsigned long long)maddr);
		return;
	}
	ioapics[ioapic_count++] = (struct ioapic){.id = id, .maddr = maddr, .gsi_base = gsi_base};
}

void irq_add_override(u8 isa_irq, u32 gsi, bool level, bool active_low)
{
	if (isa_irq < ISA_IRQS && override_count < OVERRIDES_MAX) {
		overrides[override_count++] = (struct override){isa_irq, level, active_low, gsi};
	}
}

u32 irq_isa_to_gsi(u8 irq)
{
	for (unsigned int i = 0; i < override_count; i++) {
		if (overrides[i].isa_irq == irq) {
			return overrides[i].gsi;
		}
	}
	return irq;
}

void gsi_default(u32 gsi, bool *level, bool *active_low)
{
	*level = *active_low = gsi >= ISA_IRQS;
	for (unsigned int i = 0; i < override_count; i++) {
		if (overrides[i].gsi == gsi) {
			*level = overrides[i].level;
			*active_low = overrides[i].active_low;
		}
	}
}

static u32 reg_read(const struct ioapic *io, u32 reg)
{
	io->regs[INDEX] = reg;
	return io->regs[DATA];
}

static void reg_write(const struct ioapic *io, u32 reg, u32 v)
{
	io->regs[INDEX] = reg;
	io->regs[DATA] = v;
}

static const struct ioapic *ioapic_of(u32 gsi)
{
	for (unsigned int i = 0; i < ioapic_count; i++) {
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].pins) {
			return &ioapics[i];
		}
	}
	return NULL;
}

u64 ioapic_entry(const struct irq_line *line, u32 apic_id, bool masked)
{
	return line->vector | (line->active_low ? RTE_LOW : 0) | (line->level ? RTE_LEVEL : 0) |
	       (masked ? RTE_MASK : 0) | (u64)apic_id << 56;
}

/* The whole entry; masked while its halves do not fit together. */
void ioapic_write_pin(u32 gsi, u64 entry)
{
	const struct ioapic *io = ioapic_of(gsi);
	u32 reg;

	if (!io) {
		return;
	}
	reg = REG_PIN + 2 * (gsi - io->gsi_base);
	reg_write(io, reg, (u32)(entry | RTE_MASK));
	reg_write(io, reg + 1, (u32)(entry >> 32));
	reg_write(io, reg, (u32)entry);
}

void ioapic_mask_pin(const struct irq_line *line, bool masked)
{
	const struct ioapic *io = ioapic_of(line->pirq);

	if (io) {
		reg_write(io, REG_PIN + 2 * (line->pirq - io->gsi_base),
			  (u32)ioapic_entry(line, 0, masked));
	}
}

int ioapic_read_reg(u64 maddr, u32 reg, u32 *value)
{
	for (unsigned int i = 0; i < ioapic_count; i++) {
		const struct ioapic *io = &ioapics[i];

		if (io->maddr != maddr || !io->regs) {
			continue;
		}
		if (reg > REG_ARB && (reg < REG_PIN || reg >= REG_PIN + 2 * io->pins)) {
			return -EINVAL;
		}
		*value = reg_read(io, reg);
		return 0;
	}
	return -EINVAL;
}

/* Vectors out of the exceptions' way, for spurious interrupts, then all lines masked. */
static void pic_mask(void)
{
	static const u8 init[][2] = {{0x20, 0x11}, {0x21, 0x20}, {0x21, 0x04}, {0x21, 0x01},
				     {0xa0, 0x11}, {0xa1, 0x28}, {0xa1, 0x02}, {0xa1, 0x01},
				     {0x21, 0xff}, {0xa1, 0xff}};

	for (unsigned int i = 0; i < ARRAY_SIZE(init); i++) {
		outb(init[i][0], init[i][1]);
	}
}

u32 ioapic_init(void)
{
	u32 gsis = 0;

	pic_mask();
	for (unsigned int i = 0; i < ioapic_count; i++) {
		struct ioapic *io = &ioapics[i];

		io->regs = map_mmio(io->maddr, PAGE_SIZE);
		if (io->gsi_base >= GSI_MAX || !io->regs) {
			printk(LOG_WARN "I/O APIC %u is not used\n", io->id);
			continue;
		}
		io->pins = MIN((reg_read(io, REG_VER) >> 16 & 0xff) + 1, GSI_MAX - io->gsi_base);
		for (u32 pin = 0; pin < io->pins; pin++) {
			ioapic_write_pin(io->gsi_base + pin, RTE_MASK);
		}
		gsis = MAX(gsis, io->gsi_base + io->pins);
		printk(LOG_INFO "I/O APIC %u at %llx: GSI %u-%u\n", io->id,
		       (unsigned long long)io->maddr, io->gsi_base, io->gsi_base + io->pins - 1);
	}
	return gsis;
}

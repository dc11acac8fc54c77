/* SPDX-License-Identifier: MIT */
/*
 * Port I/O of guests: the policy. A guest with no right to a port reads all ones and writes into
 * the void; nothing faults (who may use IN and OUT at all is the emulator's question). dom0 has
 * the machine's ports but for those of the interrupt controllers, the timers and the hypervisor's
 * serial lines. dom0's latches for the CMOS and PCI index ports are its own to serialise.
 */
#include "arch/cpu.h"
#include "drivers/console.h"
#include "drivers/platform_timer.h"
#include "drivers/rtc.h"
#include "irq/irq.h"
#include "pv/pv.h"

#define PORT_PIT_CHAN2   0x42
#define PORT_PIT_COMMAND 0x43
#define PORT_SPEAKER     0x61 /* bits 0 and 1: gate of PIT channel 2, speaker */
#define PORT_CMOS_INDEX  0x70
#define PORT_CMOS_DATA   0x71
#define PORT_CONF_ADDR   0xcf8
#define PORT_CONF_DATA   0xcfc
#define PIT_SELECT       0xc0
#define PIT_SELECT_CHAN2 0x80
#define SPEAKER_BITS     0x03

static u32 conf_address;
static u8 cmos_index;

static bool port_denied(u16 port)
{
	static const u16 ours[] = {0x20, 0x21, 0xa0, 0xa1, 0x40, 0x41}; /* PICs, PIT */
	bool found = uart_owns_port(port);

	for (unsigned int i = 0; i < ARRAY_SIZE(ours); i++) {
		found |= port == ours[i];
	}
	return found;
}

/* Ports that are neither denied nor handled one by one. */
static bool port_plain(u16 port)
{
	switch (port) {
	case PORT_PIT_CHAN2:
	case PORT_PIT_COMMAND:
	case PORT_SPEAKER:
	case PORT_CMOS_INDEX:
	case PORT_CMOS_DATA:
		return false;
	default:
		return !port_denied(port) && !platform_timer_owns_port(port);
	}
}

static bool ports_plain(u16 port, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++) {
		if (!port_plain((u16)(port + i))) {
			return false;
		}
	}
	return true;
}

static bool is_conf_data(u16 port, unsigned int size)
{
	return port >= PORT_CONF_DATA && port + size <= PORT_CONF_DATA + 4;
}

static u8 byte_in(u16 port)
{
	switch (port) {
	case PORT_CMOS_INDEX:
		return cmos_index;
	case PORT_CMOS_DATA:
		return cmos_read(cmos_index);
	case PORT_PIT_CHAN2:
	case PORT_SPEAKER:
		return inb(port);
	case PORT_PIT_COMMAND:
		return 0xff;
	default:
		return port_denied(port) ? 0xff : inb(port);
	}
}

static void byte_out(u16 port, u8 val)
{
	switch (port) {
	case PORT_CMOS_INDEX:
		cmos_index = val & 0x7f;
		break;
	case PORT_CMOS_DATA:
		cmos_write(cmos_index, val);
		break;
	case PORT_PIT_CHAN2:
		outb(port, val);
		break;
	case PORT_PIT_COMMAND:
		if ((val & PIT_SELECT) == PIT_SELECT_CHAN2) {
			outb(port, val);
		}
		break;
	case PORT_SPEAKER:
		outb(port, (u8)((inb(port) & ~SPEAKER_BITS) | (val & SPEAKER_BITS)));
		break;
	default:
		if (!port_denied(port) && !platform_timer_owns_port(port)) {
			outb(port, val);
		}
	}
}

/* Only whole double words reach the address register; parts of it are other ports (reset). */
static u32 dom0_in(u16 port, unsigned int size)
{
	u32 val = 0;

	if (port == PORT_CONF_ADDR && size == 4) {
		return conf_address;
	}
	if (is_conf_data(port, size)) {
		return pci_conf_read(conf_address, port - PORT_CONF_DATA, size);
	}
	/* The PM timer is read as a whole; nobody minds who reads it. */
	if (ports_plain(port, size) || (platform_timer_owns_port(port) && size == 4)) {
		return port_in(port, size);
	}
	for (unsigned int i = 0; i < size; i++) {
		val |= (u32)byte_in((u16)(port + i)) << i * 8;
	}
	return val;
}

static void dom0_out(u16 port, unsigned int size, u32 val)
{
	if (port == PORT_CONF_ADDR && size == 4) {
		conf_address = val;
	} else if (is_conf_data(port, size)) {
		pci_conf_write(conf_address, port - PORT_CONF_DATA, size, val);
	} else if (ports_plain(port, size)) {
		port_out(port, size, val);
	} else {
		for (unsigned int i = 0; i < size; i++) {
			byte_out((u16)(port + i), (u8)(val >> i * 8));
		}
	}
}

/*
 * size 1, 2 or 4 bytes; the value has nothing above them. Other domains have no ports. Linux waits
 * 50,000 rounds on the PIT for as long as it reads 0xff from it, so there it reads 0.
 */
u32 pv_port_in(struct vcpu *v, u16 port, unsigned int size)
{
	if (!v->domain->privileged) {
		return port == PORT_PIT_CHAN2 && size == 1 ? 0 : (u32)LOW_BYTES(size);
	}
	return port + size > 0x10000 ? (u32)LOW_BYTES(size) : dom0_in(port, size);
}

void pv_port_out(struct vcpu *v, u16 port, unsigned int size, u32 val)
{
	if (v->domain->privileged && port + size <= 0x10000) {
		dom0_out(port, size, val);
	}
}

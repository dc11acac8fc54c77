/* SPDX-License-Identifier: MIT */
/*
 * The physdev_op hypercall. All operations but the few that concern the caller's own CPU are dom0's
 * alone. It takes no lock of its own.
 */
#include <xen/physdev.h>
#include "arch/cpu.h"
#include "domain/subop.h"
#include "lib/lib.h"
#include "line.h"

static sbdf_t sbdf_of(u16 segment, u8 bus, u8 devfn)
{
	return (sbdf_t)segment << 16 | (sbdf_t)bus << 8 | devfn;
}

static long status_query(void *arg)
{
	physdev_irq_status_query_t *op = arg;
	bool needs_eoi;
	int rc = pirq_status(op->irq, &needs_eoi);

	op->flags = needs_eoi ? XENIRQSTAT_needs_eoi : 0;
	return rc;
}

static long set_iopl(void *arg)
{
	const physdev_set_iopl_t *op = arg;

	if (op->iopl > 3) {
		return -EINVAL;
	}
	current->pv.iopl = (u8)op->iopl;
	return 0;
}

static long set_iobitmap(void *arg)
{
	const physdev_set_iobitmap_t *op = arg;

	if (op->nr_ports > 0x10000) {
		return -EINVAL;
	}
	current->pv.iobmp = (guest_ptr_t)op->bitmap.p;
	current->pv.iobmp_ports = op->nr_ports;
	return 0;
}

static long apic_read(void *arg)
{
	physdev_apic_t *op = arg;
	HOLD_LOCK_IRQSAVE(&irq_lock);

	return ioapic_read_reg(op->apic_physbase, op->reg, &op->value);
}

static long eoi(void *arg)
{
	const physdev_eoi_t *op = arg;

	return pirq_eoi(op->irq);
}

static long map_gsi(physdev_map_pirq_t *op)
{
	if (!line_of_gsi((u32)op->index) || (op->pirq >= 0 && op->pirq != op->index)) {
		return -EINVAL;
	}
	op->pirq = op->index;
	return 0;
}

static long map_message(physdev_map_pirq_t *op)
{
	struct irq_line line = {
		.kind = op->table_base ? LINE_MSIX : LINE_MSI,
		.msi.sbdf = sbdf_of((u16)((u32)op->bus >> 16), (u8)op->bus, (u8)op->devfn),
		.msi.entry = (u16)op->entry_nr,
	};

	if (op->devfn & ~0xff || op->bus & 0xff00 || op->entry_nr < 0 || op->entry_nr > 0x7ff) {
		return -EINVAL;
	}
	return pirq_map_msi(&line, op->table_base, &op->pirq);
}

/* Several messages with one vector each are not offered: drivers then take one. */
static long map_pirq(void *arg)
{
	physdev_map_pirq_t *op = arg;

	if (op->domid != DOMID_SELF && op->domid != domain_id(current->domain)) {
		return -EOPNOTSUPP;
	}
	switch (op->type) {
	case MAP_PIRQ_TYPE_GSI:
		return map_gsi(op);
	case MAP_PIRQ_TYPE_MSI_SEG:
		return map_message(op);
	case MAP_PIRQ_TYPE_MULTI_MSI:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

static long unmap_pirq(void *arg)
{
	const physdev_unmap_pirq_t *op = arg;

	if (op->domid != DOMID_SELF && op->domid != domain_id(current->domain)) {
		return -EOPNOTSUPP;
	}
	return pirq_unmap((u32)op->pirq);
}

static long setup_gsi(void *arg)
{
	const physdev_setup_gsi_t *op = arg;

	return pirq_setup_gsi((u32)op->gsi, op->triggering & 1, op->polarity & 1);
}

static long device_add(void *arg)
{
	const physdev_pci_device_add_t *op = arg;

	return msix_protect(sbdf_of(op->seg, op->bus, op->devfn), 0);
}

static long device_remove(void *arg)
{
	const physdev_pci_device_t *op = arg;
	sbdf_t sbdf = sbdf_of(op->seg, op->bus, op->devfn);

	if (pirq_device_in_use(sbdf)) {
		return -EBUSY;
	}
	msix_unprotect(sbdf);
	return 0;
}

static long restore_msi(void *arg)
{
	const physdev_pci_device_t *op = arg;

	return pirq_restore_msi(sbdf_of(op->seg, op->bus, op->devfn));
}

/* A region that the firmware did not reserve is not used. */
static long mmcfg_reserved(void *arg)
{
	const physdev_pci_mmcfg_reserved_t *op = arg;

	return op->flags & XEN_PCI_MMCFG_RESERVED
		       ? mmcfg_add(op->address, op->segment, op->start_bus, op->end_bus)
		       : 0;
}

/*
 * Nothing to do: Linux asks for a vector and then never uses it, and wants to hear that a debug
 * port may be reset (the hypervisor uses none).
 */
static long granted(void *arg)
{
	return 0;
}

static const struct subop ops[] = {
	[PHYSDEVOP_irq_status_query] = {status_query, sizeof(physdev_irq_status_query_t),
					SUBOP_DOM0 | SUBOP_OUT},
	[PHYSDEVOP_set_iopl] = {set_iopl, sizeof(physdev_set_iopl_t), 0},
	[PHYSDEVOP_set_iobitmap] = {set_iobitmap, sizeof(physdev_set_iobitmap_t), 0},
	[PHYSDEVOP_apic_read] = {apic_read, sizeof(physdev_apic_t), SUBOP_DOM0 | SUBOP_OUT},
	[PHYSDEVOP_alloc_irq_vector] = {granted, sizeof(physdev_irq_t), SUBOP_DOM0},
	[PHYSDEVOP_eoi] = {eoi, sizeof(physdev_eoi_t), SUBOP_DOM0},
	[PHYSDEVOP_map_pirq] = {map_pirq, sizeof(physdev_map_pirq_t), SUBOP_DOM0 | SUBOP_OUT},
	[PHYSDEVOP_unmap_pirq] = {unmap_pirq, sizeof(physdev_unmap_pirq_t), SUBOP_DOM0},
	[PHYSDEVOP_setup_gsi] = {setup_gsi, sizeof(physdev_setup_gsi_t), SUBOP_DOM0},
	[PHYSDEVOP_pci_mmcfg_reserved] = {mmcfg_reserved, sizeof(physdev_pci_mmcfg_reserved_t),
					  SUBOP_DOM0},
	[PHYSDEVOP_pci_device_add] = {device_add, sizeof(physdev_pci_device_add_t), SUBOP_DOM0},
	[PHYSDEVOP_pci_device_remove] = {device_remove, sizeof(physdev_pci_device_t), SUBOP_DOM0},
	[PHYSDEVOP_restore_msi_ext] = {restore_msi, sizeof(physdev_pci_device_t), SUBOP_DOM0},
	[PHYSDEVOP_dbgp_op] = {granted, sizeof(physdev_dbgp_op_t), SUBOP_DOM0},
};

long do_physdev_op(unsigned int cmd, guest_ptr_t arg)
{
	return subop_run(ops, ARRAY_SIZE(ops), cmd, arg);
}

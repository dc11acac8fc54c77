/* SPDX-License-Identifier: MIT */
/*
 * The physdev_op hypercall. Each operation copies its argument in once; all but the few that are
 * harmless are dom0's alone. It takes no lock of its own.
 */
#include "arch/uaccess.h"
#include <xen/physdev.h>
#include "arch/cpu.h"
#include "lib/lib.h"
#include "line.h"

#define ARG_GET(op, arg)                                         \
	do {                                                     \
		if (copy_from_guest(&(op), (arg), sizeof(op))) { \
			return -EFAULT;                          \
		}                                                \
	} while (0)

static long arg_put(guest_ptr_t arg, const void *op, size_t n)
{
	return copy_to_guest(arg, op, n) ? -EFAULT : 0;
}

static u16 bdf_of(u8 bus, u8 devfn)
{
	return (u16)(bus << 8 | devfn);
}

static long op_status_query(struct domain *d, guest_ptr_t arg)
{
	physdev_irq_status_query_t op;
	bool needs_eoi;
	int rc;

	ARG_GET(op, arg);
	rc = pirq_status(d, op.irq, &needs_eoi);
	if (rc) {
		return rc;
	}
	op.flags = needs_eoi ? XENIRQSTAT_needs_eoi : 0;
	return arg_put(arg, &op, sizeof(op));
}

static long op_set_iopl(struct domain *d, guest_ptr_t arg)
{
	physdev_set_iopl_t op;

	ARG_GET(op, arg);
	if (op.iopl > 3) {
		return -EINVAL;
	}
	current->pv.iopl = (u8)op.iopl;
	return 0;
}

static long op_set_iobitmap(struct domain *d, guest_ptr_t arg)
{
	physdev_set_iobitmap_t op;

	ARG_GET(op, arg);
	if (op.nr_ports > 0x10000) {
		return -EINVAL;
	}
	current->pv.iobmp = (guest_ptr_t)op.bitmap.p;
	current->pv.iobmp_ports = op.nr_ports;
	return 0;
}

static long op_apic_read(struct domain *d, guest_ptr_t arg)
{
	physdev_apic_t op;
	unsigned long flags;
	int rc;

	ARG_GET(op, arg);
	flags = spin_lock_irqsave(&irq_lock);
	rc = ioapic_read_reg(op.apic_physbase, op.reg, &op.value);
	spin_unlock_irqrestore(&irq_lock, flags);
	return rc ? rc : arg_put(arg, &op, sizeof(op));
}

/* The I/O APICs are the hypervisor's. A changed id would mean nothing: taken and ignored. */
static long op_apic_write(struct domain *d, guest_ptr_t arg)
{
	physdev_apic_t op;

	ARG_GET(op, arg);
	return op.reg == 0 ? 0 : -EPERM;
}

/* Old kernels want a vector here and then never use it. */
static long op_alloc_vector(struct domain *d, guest_ptr_t arg)
{
	physdev_irq_t op;

	ARG_GET(op, arg);
	if (!line_of_gsi(op.irq)) {
		return -EINVAL;
	}
	op.vector = op.irq;
	return arg_put(arg, &op, sizeof(op));
}

static long op_eoi(struct domain *d, guest_ptr_t arg)
{
	physdev_eoi_t op;

	ARG_GET(op, arg);
	return pirq_eoi(d, op.irq);
}

static bool is_self(const struct domain *d, domid_t id)
{
	return id == DOMID_SELF || id == domain_id(d);
}

static int map_message(struct domain *d, physdev_map_pirq_t *op)
{
	struct msi_source src = {
		.bdf = bdf_of((u8)op->bus, (u8)op->devfn),
		.segment = op->type == MAP_PIRQ_TYPE_MSI ? 0 : (u16)((u32)op->bus >> 16),
		.entry = (u16)op->entry_nr,
	};

	if (op->devfn & ~0xff || op->bus & 0xff00 || op->entry_nr < 0 || op->entry_nr > 0x7ff) {
		return -EINVAL;
	}
	return pirq_map_msi(d, &src, op->table_base != 0, op->table_base, &op->pirq);
}

/* Several messages with one vector each are not offered: drivers then take one. */
static long op_map_pirq(struct domain *d, guest_ptr_t arg)
{
	physdev_map_pirq_t op;
	int rc;

	ARG_GET(op, arg);
	if (!is_self(d, op.domid)) {
		return -EOPNOTSUPP;
	}
	switch (op.type) {
	case MAP_PIRQ_TYPE_GSI:
		if (!line_of_gsi((u32)op.index) || (op.pirq >= 0 && op.pirq != op.index)) {
			return -EINVAL;
		}
		op.pirq = op.index;
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
		rc = map_message(d, &op);
		if (rc) {
			return rc;
		}
		break;
	case MAP_PIRQ_TYPE_MULTI_MSI:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
	return arg_put(arg, &op, sizeof(op));
}

static long op_unmap_pirq(struct domain *d, guest_ptr_t arg)
{
	physdev_unmap_pirq_t op;

	ARG_GET(op, arg);
	return is_self(d, op.domid) ? pirq_unmap(d, (u32)op.pirq) : -EOPNOTSUPP;
}

static long op_setup_gsi(struct domain *d, guest_ptr_t arg)
{
	physdev_setup_gsi_t op;

	ARG_GET(op, arg);
	return pirq_setup_gsi(d, (u32)op.gsi, op.triggering & 1, op.polarity & 1);
}

static long op_get_free_pirq(struct domain *d, guest_ptr_t arg)
{
	physdev_get_free_pirq_t op;
	int rc;

	ARG_GET(op, arg);
	if (op.type != MAP_PIRQ_TYPE_MSI) {
		return -EINVAL;
	}
	rc = pirq_reserve(d, &op.pirq);
	return rc ? rc : arg_put(arg, &op, sizeof(op));
}

static long op_eoi_page(struct domain *d, guest_ptr_t arg)
{
	physdev_pirq_eoi_gmfn_t op;

	ARG_GET(op, arg);
	return pirq_set_eoi_page(d, _mfn(op.gmfn));
}

static long device_add(u16 segment, u8 bus, u8 devfn)
{
	return msix_protect(segment, bdf_of(bus, devfn), 0);
}

static long device_remove(u16 segment, u8 bus, u8 devfn)
{
	u16 bdf = bdf_of(bus, devfn);

	if (pirq_device_in_use(segment, bdf)) {
		return -EBUSY;
	}
	msix_unprotect(segment, bdf);
	return 0;
}

static long op_pci_device_add(struct domain *d, guest_ptr_t arg)
{
	physdev_pci_device_add_t op;

	ARG_GET(op, arg);
	return device_add(op.seg, op.bus, op.devfn);
}

static long op_pci_device_remove(struct domain *d, guest_ptr_t arg)
{
	physdev_pci_device_t op;

	ARG_GET(op, arg);
	return device_remove(op.seg, op.bus, op.devfn);
}

static long op_manage_pci_add(struct domain *d, guest_ptr_t arg)
{
	physdev_manage_pci_t op;

	ARG_GET(op, arg);
	return device_add(0, op.bus, op.devfn);
}

static long op_manage_pci_add_ext(struct domain *d, guest_ptr_t arg)
{
	physdev_manage_pci_ext_t op;

	ARG_GET(op, arg);
	return device_add(0, op.bus, op.devfn);
}

static long op_manage_pci_remove(struct domain *d, guest_ptr_t arg)
{
	physdev_manage_pci_t op;

	ARG_GET(op, arg);
	return device_remove(0, op.bus, op.devfn);
}

static long op_restore_msi(struct domain *d, guest_ptr_t arg)
{
	physdev_restore_msi_t op;

	ARG_GET(op, arg);
	return pirq_restore_msi(0, bdf_of(op.bus, op.devfn));
}

static long op_restore_msi_ext(struct domain *d, guest_ptr_t arg)
{
	physdev_pci_device_t op;

	ARG_GET(op, arg);
	return pirq_restore_msi(op.seg, bdf_of(op.bus, op.devfn));
}

static long op_mmcfg_reserved(struct domain *d, guest_ptr_t arg)
{
	physdev_pci_mmcfg_reserved_t op;

	ARG_GET(op, arg);
	if (!(op.flags & XEN_PCI_MMCFG_RESERVED)) {
		return 0; /* the firmware did not reserve it: not used */
	}
	return mmcfg_add(op.address, op.segment, op.start_bus, op.end_bus);
}

static long op_prepare_msix(struct domain *d, guest_ptr_t arg)
{
	physdev_pci_device_t op;

	ARG_GET(op, arg);
	return device_add(op.seg, op.bus, op.devfn);
}

static long op_release_msix(struct domain *d, guest_ptr_t arg)
{
	physdev_pci_device_t op;

	ARG_GET(op, arg);
	return 0; /* the table stays read-only as long as the function is there */
}

/* The hypervisor uses no debug port: nothing to do around its controller's reset. */
static long op_dbgp(struct domain *d, guest_ptr_t arg)
{
	physdev_dbgp_op_t op;

	ARG_GET(op, arg);
	return 0;
}

static const struct {
	long (*fn)(struct domain *d, guest_ptr_t arg);
	bool any_domain;
} ops[] = {
	[PHYSDEVOP_irq_status_query] = {op_status_query, false},
	[PHYSDEVOP_set_iopl] = {op_set_iopl, true},
	[PHYSDEVOP_set_iobitmap] = {op_set_iobitmap, true},
	[PHYSDEVOP_apic_read] = {op_apic_read, false},
	[PHYSDEVOP_apic_write] = {op_apic_write, false},
	[PHYSDEVOP_alloc_irq_vector] = {op_alloc_vector, false},
	[PHYSDEVOP_eoi] = {op_eoi, true},
	[PHYSDEVOP_map_pirq] = {op_map_pirq, false},
	[PHYSDEVOP_unmap_pirq] = {op_unmap_pirq, false},
	[PHYSDEVOP_manage_pci_add] = {op_manage_pci_add, false},
	[PHYSDEVOP_manage_pci_remove] = {op_manage_pci_remove, false},
	[PHYSDEVOP_restore_msi] = {op_restore_msi, false},
	[PHYSDEVOP_manage_pci_add_ext] = {op_manage_pci_add_ext, false},
	[PHYSDEVOP_setup_gsi] = {op_setup_gsi, false},
	[PHYSDEVOP_get_free_pirq] = {op_get_free_pirq, false},
	[PHYSDEVOP_pci_mmcfg_reserved] = {op_mmcfg_reserved, false},
	[PHYSDEVOP_pci_device_add] = {op_pci_device_add, false},
	[PHYSDEVOP_pci_device_remove] = {op_pci_device_remove, false},
	[PHYSDEVOP_restore_msi_ext] = {op_restore_msi_ext, false},
	[PHYSDEVOP_pirq_eoi_gmfn_v2] = {op_eoi_page, true},
	[PHYSDEVOP_dbgp_op] = {op_dbgp, false},
	[PHYSDEVOP_prepare_msix] = {op_prepare_msix, false},
	[PHYSDEVOP_release_msix] = {op_release_msix, false},
};

long do_physdev_op(unsigned int cmd, guest_ptr_t arg)
{
	struct domain *d = current->domain;

	if (cmd >= ARRAY_SIZE(ops) || !ops[cmd].fn) {
		return -ENOSYS;
	}
	if (!d->privileged && !ops[cmd].any_domain) {
		return -EPERM;
	}
	return ops[cmd].fn(d, arg);
}

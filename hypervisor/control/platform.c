/* SPDX-License-Identifier: MIT */
/* platform_op: what dom0's kernel asks of the machine: wall clock, firmware's words, sleep, CPUs.
 */
#include <xen/platform.h>
#include "arch/uaccess.h"
#include "control/control.h"
#include "domain/subop.h"
#include "lib/lib.h"

#define KBD_SHIFT_FLAGS_NONE 0
#define ACPI_S5              5u

static long set_time(u64 sec, u32 nsec, u64 system_time)
{
	if (nsec >= NS_PER_SEC) {
		return -EINVAL;
	}
	time_set_wallclock(sec, nsec, system_time);
	domain_for_each (d) {
		HOLD_LOCK(&d->lock);
		domain_update_wallclock(d);
	}
	return 0;
}

static long efi_vendor(union xenpf_efi_info *e)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(host_facts.efi_vendor) - 1 && host_facts.efi_vendor[n]) {
		n++;
	}
	n = (n + 1) * sizeof(u16); /* with its end */
	e->vendor.revision = host_facts.efi_fw_revision;
	if (copy_to_guest((guest_ptr_t)e->vendor.name.p, host_facts.efi_vendor,
			  MIN(n, (size_t)e->vendor.bufsz))) {
		return -EFAULT;
	}
	return e->vendor.bufsz < n ? -ENOBUFS : 0;
}

static long efi_info(struct xenpf_firmware_info *fw)
{
	union xenpf_efi_info *e = &fw->u.efi_info;

	if (!host_facts.efi) {
		return -ENOSYS;
	}
	switch (fw->index) {
	case XEN_FW_EFI_VERSION:
		e->version = host_facts.efi_version;
		return 0;
	case XEN_FW_EFI_CONFIG_TABLE:
		e->cfg.addr = host_facts.efi_config_table;
		e->cfg.nent = host_facts.efi_config_count;
		return 0;
	case XEN_FW_EFI_VENDOR:
		return efi_vendor(e);
	case XEN_FW_EFI_RT_VERSION:
		e->version = host_facts.efi_rt_version;
		return 0;
	}
	return -ENOSYS;
}

static long firmware_info(struct xenpf_firmware_info *fw)
{
	switch (fw->type) {
	case XEN_FW_EFI_INFO:
		return efi_info(fw);
	case XEN_FW_KBD_SHIFT_FLAGS:
		fw->u.kbd_shift_flags = KBD_SHIFT_FLAGS_NONE;
		return fw->index ? -ESRCH : 0;
	}
	return -ESRCH; /* real-mode services are long gone: nothing of disks and screens is known */
}

static long enter_sleep(const struct xenpf_enter_acpi_sleep *s)
{
	if (s->flags & ~XENPF_ACPI_SLEEP_EXTENDED) {
		return -EINVAL;
	}
	/* Suspend to RAM cannot be had, nor hardware-reduced ACPI's sleep registers. */
	if (s->sleep_state != ACPI_S5 || s->flags || !host_facts.power.pm1a_cnt) {
		return -EOPNOTSUPP;
	}
	power_enter_s5(s->val_a, s->val_b);
}

static long get_cpuinfo(struct xenpf_pcpuinfo *p)
{
	p->max_present = cpu_count - 1;
	p->flags = XEN_PCPU_FLAGS_INVALID;
	p->apic_id = p->acpi_id = ~0u;
	if (p->xen_cpuid < cpu_count) {
		p->flags = XEN_PCPU_FLAGS_ONLINE;
		p->apic_id = cpu_apic_id(p->xen_cpuid);
		p->acpi_id = host_facts.cpu_acpi_id[p->xen_cpuid];
	}
	return 0;
}

long do_platform_op(guest_ptr_t arg)
{
	struct xen_platform_op op;
	long rc = tools_call_read(&op, sizeof(op), arg, XENPF_INTERFACE_VERSION);

	if (rc) {
		return rc;
	}
	switch (op.cmd) {
	case XENPF_settime64:
		return op.u.settime64.mbz ? -EINVAL
					  : set_time(op.u.settime64.secs, op.u.settime64.nsecs,
						     op.u.settime64.system_time);
	case XENPF_enter_acpi_sleep:
		return enter_sleep(&op.u.enter_acpi_sleep);
	case XENPF_efi_runtime_call:
		rc = efi_runtime_call(&op.u.efi_runtime_call);
		break;
	case XENPF_firmware_info:
		rc = firmware_info(&op.u.firmware_info);
		break;
	case XENPF_get_cpuinfo:
		rc = get_cpuinfo(&op.u.pcpu_info);
		break;
	default:
		return -ENOSYS;
	}
	if (!rc && copy_to_guest(arg, &op, sizeof(op))) {
		rc = -EFAULT;
	}
	return rc;
}

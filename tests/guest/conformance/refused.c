/* SPDX-License-Identifier: MIT */
/*
 * Each call of the headers that Domus refuses, with the error that docs/abi.md names beside the
 * reason (lint compares the two). Arguments are zeroes: a refusal looks at none. dom0 makes the
 * calls, which nothing else is denied.
 */
#include "refused.h"
#include "../lib/guest.h"
#include <xen/arch-x86/xen-mca.h>
#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/version.h>

struct refusal {
	const char *name;
	unsigned int call, op;
	long error;
};

#define REFUSED_CALL(name, error)                                           \
	{                                                                   \
		"__HYPERVISOR_" #name, __HYPERVISOR_##name, 0, -XEN_##error \
	}
#define REFUSED(name, op, error)                             \
	{                                                    \
#op, __HYPERVISOR_##name, (op), -XEN_##error \
	}

static const struct refusal refusals[] = {
	REFUSED_CALL(sched_op_compat, ENOSYS),
	REFUSED_CALL(event_channel_op_compat, ENOSYS),
	REFUSED_CALL(physdev_op_compat, ENOSYS),
	REFUSED_CALL(xsm_op, ENOSYS),
	REFUSED_CALL(nmi_op, ENOSYS),
	REFUSED_CALL(xenoprof_op, ENOSYS),
	REFUSED_CALL(hvm_op, ENOSYS),
	REFUSED_CALL(kexec_op, ENOSYS),
	REFUSED_CALL(tmem_op, ENOSYS),
	REFUSED_CALL(argo_op, ENOSYS),
	REFUSED_CALL(xenpmu_op, EOPNOTSUPP),
	REFUSED_CALL(dm_op, ENOSYS),
	REFUSED_CALL(hypfs_op, ENOSYS),
	REFUSED_CALL(arch_1, ENOSYS),
	REFUSED(sched_op, SCHEDOP_pin_override, ENOSYS),
	REFUSED(grant_table_op, GNTTABOP_dump_table, ENOSYS),
	REFUSED(grant_table_op, GNTTABOP_transfer, ENOSYS),
	REFUSED(grant_table_op, GNTTABOP_unmap_and_replace, ENOSYS),
	REFUSED(memory_op, XENMEM_maximum_gpfn, ENOSYS),
	REFUSED(memory_op, XENMEM_machphys_mfn_list, ENOSYS),
	REFUSED(memory_op, XENMEM_machphys_compat_mfn_list, ENOSYS),
	REFUSED(memory_op, XENMEM_add_to_physmap, ENOSYS),
	REFUSED(memory_op, XENMEM_add_to_physmap_batch, ENOSYS),
	REFUSED(memory_op, XENMEM_remove_from_physmap, ENOSYS),
	REFUSED(memory_op, XENMEM_set_pod_target, ENOSYS),
	REFUSED(memory_op, XENMEM_get_pod_target, ENOSYS),
	REFUSED(memory_op, XENMEM_paging_op, ENOSYS),
	REFUSED(memory_op, XENMEM_access_op, ENOSYS),
	REFUSED(memory_op, XENMEM_sharing_op, ENOSYS),
	REFUSED(memory_op, XENMEM_reserved_device_memory_map, ENOSYS),
	REFUSED(memory_op, XENMEM_get_vnumainfo, ENOSYS),
	REFUSED(physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v1, ENOSYS),
	REFUSED(physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v2, ENOSYS),
	REFUSED(physdev_op, PHYSDEVOP_apic_write, ENOSYS),
	REFUSED(physdev_op, PHYSDEVOP_free_irq_vector, ENOSYS),
	REFUSED(physdev_op, PHYSDEVOP_manage_pci_add, ENOSYS),
	REFUSED(physdev_op, PHYSDEVOP_manage_pci_remove, ENOSYS),
	REFUSED(physdev_op, PHYSDEVOP_restore_msi, ENOSYS),
	REFUSED(physdev_op, PHYSDEVOP_manage_pci_add_ext, ENOSYS),
	REFUSED(physdev_op, PHYSDEVOP_get_free_pirq, ENOSYS),
	REFUSED(physdev_op, PHYSDEVOP_prepare_msix, ENOSYS),
	REFUSED(physdev_op, PHYSDEVOP_release_msix, ENOSYS),
	REFUSED(platform_op, XENPF_settime32, ENOSYS),
	REFUSED(platform_op, XENPF_add_memtype, ENOSYS),
	REFUSED(platform_op, XENPF_del_memtype, ENOSYS),
	REFUSED(platform_op, XENPF_read_memtype, ENOSYS),
	REFUSED(platform_op, XENPF_microcode_update, ENOSYS),
	REFUSED(platform_op, XENPF_platform_quirk, ENOSYS),
	REFUSED(platform_op, XENPF_change_freq, ENOSYS),
	REFUSED(platform_op, XENPF_getidletime, ENOSYS),
	REFUSED(platform_op, XENPF_set_processor_pminfo, ENOSYS),
	REFUSED(platform_op, XENPF_get_cpu_version, ENOSYS),
	REFUSED(platform_op, XENPF_cpu_online, ENOSYS),
	REFUSED(platform_op, XENPF_cpu_offline, ENOSYS),
	REFUSED(platform_op, XENPF_cpu_hotadd, ENOSYS),
	REFUSED(platform_op, XENPF_mem_hotadd, ENOSYS),
	REFUSED(platform_op, XENPF_core_parking, ENOSYS),
	REFUSED(platform_op, XENPF_resource_op, ENOSYS),
	REFUSED(platform_op, XENPF_get_symbol, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_tbuf_op, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_perfc_op, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_getcpuinfo, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_availheap, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_get_pmstat, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_cpu_hotplug, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_pm_op, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_page_offline_op, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_lockprof_op, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_coverage_op, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_psr_cmt_op, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_psr_alloc, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_get_cpu_levelling_caps, ENOSYS),
	REFUSED(sysctl, XEN_SYSCTL_livepatch_op, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_shadow_op, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_getvcpucontext, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_setdebugging, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_irq_permission, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_iomem_permission, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_ioport_permission, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_settimeoffset, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_real_mode_area, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_resumedomain, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_subscribe, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_gethvmcontext, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_sethvmcontext, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_assign_device, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_bind_pt_irq, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_memory_mapping, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_ioport_mapping, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_set_ext_vcpucontext, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_get_ext_vcpucontext, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_set_opt_feature, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_test_assign_device, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_set_target, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_deassign_device, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_unbind_pt_irq, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_get_device_group, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_debug_op, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_gethvmcontext_partial, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_vm_event_op, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_mem_sharing_op, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_getpageframeinfo3, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_setvcpuextstate, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_getvcpuextstate, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_set_access_required, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_audit_p2m, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_set_virq_handler, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_set_broken_page_p2m, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_cacheflush, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_get_vcpu_msrs, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_set_vcpu_msrs, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_setvnumainfo, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_psr_cmt_op, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_monitor_op, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_psr_alloc, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_soft_reset, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_vuart_op, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_vmtrace_op, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_get_paging_mempool_size, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_set_paging_mempool_size, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_gdbsx_guestmemio, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_gdbsx_pausevcpu, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_gdbsx_unpausevcpu, ENOSYS),
	REFUSED(domctl, XEN_DOMCTL_gdbsx_domstatus, ENOSYS),
	REFUSED(mmuext_op, MMUEXT_MARK_SUPER, ENOSYS),
	REFUSED(mmuext_op, MMUEXT_UNMARK_SUPER, ENOSYS),
	REFUSED(arch_0, XEN_MC_notifydomain, EOPNOTSUPP),
	REFUSED(arch_0, XEN_MC_msrinject, EOPNOTSUPP),
	REFUSED(arch_0, XEN_MC_mceinject, EOPNOTSUPP),
	REFUSED(arch_0, XEN_MC_inject_v2, EOPNOTSUPP),
	REFUSED(callback_op, CALLBACKTYPE_sysenter_deprecated, EINVAL),
	REFUSED(xen_version, XENVER_build_id, ENODATA),
};

/* Where the operation's number and the interface's version are: in the argument's first words. */
static long call_by_structure(const struct refusal *r, u32 version)
{
	static u32 argument[128];

	memset(argument, 0, sizeof(argument));
	argument[0] = r->op;
	argument[1] = version;
	return HC1(r->call, argument);
}

static long call(const struct refusal *r)
{
	static u64 zeroes[64];

	switch (r->call) {
	case __HYPERVISOR_domctl:
		return call_by_structure(r, XEN_DOMCTL_INTERFACE_VERSION);
	case __HYPERVISOR_sysctl:
		return call_by_structure(r, XEN_SYSCTL_INTERFACE_VERSION);
	case __HYPERVISOR_platform_op:
		return call_by_structure(r, XENPF_INTERFACE_VERSION);
	case __HYPERVISOR_arch_0:
		return call_by_structure(r, XEN_MCA_INTERFACE_VERSION);
	case __HYPERVISOR_callback_op: {
		struct callback_register c = {.type = (u16)r->op, .address = 0x1000};

		return HC2(r->call, CALLBACKOP_register, &c);
	}
	case __HYPERVISOR_mmuext_op:
		return mmuext(r->op, 0, 0);
	case __HYPERVISOR_grant_table_op:
		return HC3(r->call, r->op, zeroes, 1);
	default:
		return HC2(r->call, r->op, zeroes);
	}
}

void refused_calls(void)
{
	claim("what is refused is refused with its error");
	for (unsigned int i = 0; i < ARRAY_SIZE(refusals); i++) {
		long rc = call(&refusals[i]);

		if (rc != refusals[i].error) {
			print("%s: %ld\n", refusals[i].name, rc);
		}
		CHECK_EQ(rc, refusals[i].error);
	}
}

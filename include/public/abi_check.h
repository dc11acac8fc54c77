/* SPDX-License-Identifier: MIT */
/*
 * Compile-time checks of the sizes and offsets of the ABI's structures that Domus and its tools
 * rely on: a wrong interface-version macro or a different header fails the build here, not a guest.
 * Include after nothing in particular; needs __XEN_TOOLS__ for the tools' structures.
 */
#pragma once

#include <stddef.h>
#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#ifdef __XEN_TOOLS__
#include <xen/domctl.h>
#include <xen/sysctl.h>
#endif
#include "domus.h"

#define ABI_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#define ABI_AT(type, field, bytes) \
	_Static_assert(offsetof(type, field) == (bytes), #type "." #field)

/* CPU state */
ABI_SIZE(cpu_user_regs_t, 200);
ABI_AT(cpu_user_regs_t, rax, 80);
ABI_AT(cpu_user_regs_t, error_code, 120);
ABI_AT(cpu_user_regs_t, rip, 128);
ABI_AT(cpu_user_regs_t, cs, 136);
ABI_AT(cpu_user_regs_t, saved_upcall_mask, 140);
ABI_AT(cpu_user_regs_t, rflags, 144);
ABI_AT(cpu_user_regs_t, rsp, 152);
ABI_AT(cpu_user_regs_t, ss, 160);
ABI_AT(cpu_user_regs_t, es, 168);
ABI_AT(cpu_user_regs_t, gs, 192);
ABI_SIZE(vcpu_guest_context_t, 5168);
ABI_AT(vcpu_guest_context_t, flags, 512);
ABI_AT(vcpu_guest_context_t, user_regs, 520);
ABI_AT(vcpu_guest_context_t, trap_ctxt, 720);
ABI_AT(vcpu_guest_context_t, ldt_base, 4816);
ABI_AT(vcpu_guest_context_t, gdt_frames, 4832);
ABI_AT(vcpu_guest_context_t, gdt_ents, 4960);
ABI_AT(vcpu_guest_context_t, kernel_ss, 4968);
ABI_AT(vcpu_guest_context_t, ctrlreg, 4984);
ABI_AT(vcpu_guest_context_t, debugreg, 5048);
ABI_AT(vcpu_guest_context_t, event_callback_eip, 5112);
ABI_AT(vcpu_guest_context_t, vm_assist, 5136);
ABI_AT(vcpu_guest_context_t, fs_base, 5144);
ABI_AT(vcpu_guest_context_t, gs_base_user, 5160);
ABI_SIZE(struct trap_info, 16);
ABI_SIZE(struct callback_register, 16);

/* Shared pages */
ABI_SIZE(vcpu_info_t, 64);
ABI_AT(vcpu_info_t, evtchn_upcall_mask, 1);
ABI_AT(vcpu_info_t, evtchn_pending_sel, 8);
ABI_AT(vcpu_info_t, arch, 16);
ABI_AT(vcpu_info_t, time, 32);
ABI_SIZE(shared_info_t, 3136);
ABI_AT(shared_info_t, evtchn_pending, 2048);
ABI_AT(shared_info_t, evtchn_mask, 2560);
ABI_AT(shared_info_t, wc_version, 3072);
ABI_AT(shared_info_t, wc_sec_hi, 3084);
ABI_AT(shared_info_t, arch, 3088);
ABI_SIZE(start_info_t, 1168);
ABI_AT(start_info_t, nr_pages, 32);
ABI_AT(start_info_t, shared_info, 40);
ABI_AT(start_info_t, flags, 48);
ABI_AT(start_info_t, store_mfn, 56);
ABI_AT(start_info_t, console, 72);
ABI_AT(start_info_t, pt_base, 88);
ABI_AT(start_info_t, mod_start, 112);
ABI_AT(start_info_t, cmd_line, 128);
ABI_AT(start_info_t, first_p2m_pfn, 1152);
ABI_SIZE(dom0_vga_console_info_t, 40);

/* Hypercall arguments */
ABI_SIZE(mmu_update_t, 16);
ABI_SIZE(struct mmuext_op, 24);
ABI_SIZE(multicall_entry_t, 64);
ABI_SIZE(vcpu_runstate_info_t, 48);
ABI_SIZE(vcpu_register_vcpu_info_t, 16);
ABI_SIZE(vcpu_set_singleshot_timer_t, 16);
ABI_SIZE(struct xen_memory_reservation, 32);
ABI_SIZE(struct xen_memory_exchange, 72);
ABI_SIZE(struct xen_machphys_mapping, 24);
ABI_SIZE(struct xen_memory_map, 16);
ABI_SIZE(struct gnttab_map_grant_ref, 32);
ABI_SIZE(struct gnttab_unmap_grant_ref, 24);
ABI_SIZE(struct gnttab_copy, 40);
ABI_SIZE(struct gnttab_setup_table, 24);
ABI_SIZE(struct gnttab_query_size, 16);
ABI_SIZE(grant_entry_v1_t, 8);
ABI_SIZE(struct physdev_map_pirq, 40);
ABI_SIZE(struct physdev_apic, 16);
ABI_SIZE(struct physdev_setup_gsi, 8);
ABI_SIZE(struct physdev_set_iobitmap, 16);
ABI_SIZE(struct xen_platform_op, 136);

#ifdef __XEN_TOOLS__
ABI_SIZE(struct xen_foreign_memory_map, 24);
ABI_SIZE(struct xen_mem_acquire_resource, 32);
ABI_SIZE(struct xen_domctl, 144);
ABI_AT(struct xen_domctl, domain, 8);
ABI_AT(struct xen_domctl, u, 16);
ABI_SIZE(struct xen_domctl_createdomain, 64);
ABI_SIZE(struct xen_domctl_getdomaininfo, 112);
ABI_SIZE(struct xen_domctl_ext_vcpucontext, 64);
ABI_SIZE(struct xen_domctl_shadow_op, 40);
ABI_SIZE(struct xen_sysctl, 136);
ABI_AT(struct xen_sysctl, u, 8);
ABI_SIZE(struct xen_sysctl_physinfo, 112);
ABI_SIZE(xen_cpuid_leaf_t, 24);
ABI_SIZE(xen_msr_entry_t, 16);
_Static_assert(XEN_DOMCTL_INTERFACE_VERSION == 0x15, "domctl interface");
_Static_assert(XEN_SYSCTL_INTERFACE_VERSION == 0x15, "sysctl interface");
#endif
_Static_assert(XENPF_INTERFACE_VERSION == 0x03000001, "platform_op interface");

/* Domus's own */
ABI_SIZE(struct domus_counters, 88);
ABI_AT(struct domus_counters, total_pages, 16);

#undef ABI_SIZE
#undef ABI_AT

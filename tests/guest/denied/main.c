/* SPDX-License-Identifier: MIT */
/*
 * What an unprivileged guest may not do, it is told so: -EPERM, and nothing happens.
 *
 * The calls of dom0 (domctl, sysctl, platform_op, most of physdev_op, the machine's memory map,
 * other domains' memory, channels and grants, cache flushes, I/O) are refused before their
 * arguments matter. Device memory and frames of others cannot be mapped. Runs as a domU.
 * Failure: a FAIL line, or worse.
 */
#include "../lib/guest.h"
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

static u64 arg[64];

static void calls_of_dom0(void)
{
	struct sched_remote_shutdown r = {.domain_id = 0, .reason = SHUTDOWN_poweroff};

	claim("domctl, sysctl, platform_op, remote shutdown are dom0's");
	for (u32 cmd = 0; cmd < 100; cmd++) {
		arg[0] = cmd | (u64)XEN_DOMCTL_INTERFACE_VERSION << 32;
		CHECK_EQ(HC1(__HYPERVISOR_domctl, arg), -XEN_EPERM);
		arg[0] = cmd | (u64)XEN_SYSCTL_INTERFACE_VERSION << 32;
		CHECK_EQ(HC1(__HYPERVISOR_sysctl, arg), -XEN_EPERM);
		arg[0] = cmd | (u64)XENPF_INTERFACE_VERSION << 32;
		CHECK_EQ(HC1(__HYPERVISOR_platform_op, arg), -XEN_EPERM);
	}
	CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &r), -XEN_EPERM);
	CHECK_EQ(HC3(__HYPERVISOR_console_io, 1, 8, arg), -XEN_EPERM);
	claim("interrupts and PCI devices are dom0's");
	memset(arg, 0, sizeof(arg));
	for (u32 cmd = 4; cmd < 31; cmd++) {
		long rc = HC2(__HYPERVISOR_physdev_op, cmd, arg);

		CHECK(rc < 0 || cmd == PHYSDEVOP_set_iopl || cmd == PHYSDEVOP_set_iobitmap);
		CHECK(rc == -XEN_EPERM || rc == -XEN_ENOSYS || cmd == PHYSDEVOP_set_iopl ||
		      cmd == PHYSDEVOP_set_iobitmap || cmd == PHYSDEVOP_eoi ||
		      cmd == PHYSDEVOP_pirq_eoi_gmfn_v2);
	}
}

static void memory_of_others(void)
{
	struct xen_memory_reservation r = {.nr_extents = 1, .domid = 0};
	struct xen_memory_map m = {.nr_entries = 4};
	struct xen_mem_acquire_resource a = {.domid = 0};
	domid_t dom0 = 0;
	char *page = page_alloc();
	mmu_update_t u = {pte_maddr(page), pte_read(page)};

	claim("other domains' memory is not ours, nor is the machine's");
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_current_reservation, &dom0), -XEN_EPERM);
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_machine_memory_map, &m), -XEN_EPERM);
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_acquire_resource, &a), -XEN_EPERM);
	set_xen_guest_handle(r.extent_start, (xen_pfn_t *)arg);
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r), 0);
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r), 0);
	CHECK_EQ(HC4(__HYPERVISOR_mmu_update, &u, 1, 0, 0), -XEN_EPERM);
	CHECK_EQ(HC4(__HYPERVISOR_mmu_update, &u, 1, 0, 1 << 16 | DOMID_SELF), -XEN_EPERM);
	CHECK_EQ(HC4(__HYPERVISOR_mmu_update, &u, 1, 0, DOMID_IO), -XEN_EPERM);
	CHECK_EQ(HC4(__HYPERVISOR_mmu_update, &u, 1, 0, DOMID_XEN), -XEN_EPERM);
	CHECK_EQ(mmuext(MMUEXT_FLUSH_CACHE, 0, 0), -XEN_EACCES);
	claim("device memory and frames of others cannot be mapped");
	for (u64 mfn = 0; mfn < 0x100; mfn++) {
		CHECK(va_map(page, mfn * PAGE_SIZE | PTE_P) < 0);
	}
	CHECK_EQ(va_map(page, 0xfee00000ul | PTE_P | PTE_RW), -XEN_EINVAL);
	CHECK_EQ(va_map(page, 0xfec00000ul | PTE_P), -XEN_EINVAL);
	CHECK_EQ(va_map(page, pte_for(page, PTE_P | PTE_RW | 0x18)), -XEN_EINVAL); /* uncached */
}

/* Of all frames of the machine, ours and no others can be mapped. */
static void every_frame(void)
{
	u64 last = (u64)HC2(__HYPERVISOR_memory_op, XENMEM_maximum_ram_page, 0);
	char *page = page_alloc();
	u64 mapped = 0;

	claim("of all the machine's frames only our own can be mapped");
	for (u64 mfn = 0; mfn <= last + 16; mfn++) {
		mapped += !va_map(page, mfn * PAGE_SIZE | PTE_P);
	}
	/* The frames of our memory, and the pages that the hypervisor shares with us. */
	CHECK(mapped >= start_info_ptr->nr_pages - 8 && mapped <= start_info_ptr->nr_pages + 64);
}

static void channels_and_grants(void)
{
	evtchn_alloc_unbound_t u = {.dom = 0, .remote_dom = DOMID_SELF};
	evtchn_status_t s = {.dom = 0, .port = 1};
	evtchn_reset_t r = {.dom = 0};
	evtchn_bind_pirq_t p = {.pirq = 4};
	struct gnttab_setup_table t = {.dom = 0, .nr_frames = 1};

	claim("other domains' channels and grant tables are theirs");
	CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &u), -XEN_EPERM);
	CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_status, &s), -XEN_EPERM);
	CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_reset, &r), -XEN_EPERM);
	CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_pirq, &p), -XEN_EINVAL);
	CHECK_EQ(HC3(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &t, 1), 0);
	CHECK_EQ(t.status, GNTST_permission_denied);
}

static void ports_and_msrs(void)
{
	u32 value = 0;

	claim("ports are nobody's, MSRs of the machine are not written");
	HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &(physdev_set_iopl_t){.iopl = 3});
	__asm__ volatile("inl %%dx, %%eax" : "=a"(value) : "d"(0xcf8));
	CHECK_EQ(value, 0xffffffff);
	TRY("outb %%al, %%dx", "a"(6), "d"(0xcf9)); /* a reset, if it came through */
	CHECK_EQ(caught_vector, -1);
	TRY("wrmsr", "c"(0x1b), "a"(0), "d"(0));
	CHECK_EQ(caught_vector, 13);
	TRY("rdmsr", "c"(0xc001001a)); /* where memory ends */
	CHECK_EQ(caught_vector, 13);
}

void test_main(void)
{
	calls_of_dom0();
	memory_of_others();
	every_frame();
	channels_and_grants();
	ports_and_msrs();
}

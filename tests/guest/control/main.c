/* SPDX-License-Identifier: MIT */
/*
 * What dom0 asks of the machine and of domains: sysctl, platform_op, physdev_op, domctl.
 *
 * Structures carry the version of their interface, another one is -EACCES. A domain can be made,
 * told about, given vcpus and memory, and destroyed; its number is then unknown. dom0 cannot
 * pause or destroy itself so. Failure: a FAIL line.
 */
#include "../lib/guest.h"
#include <xen/domctl.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sysctl.h>

#define HV ((void *)0xffff820000000000ul)

static struct xen_domctl d;
static struct xen_sysctl s;

static long sysctl(u32 cmd)
{
	s.cmd = cmd;
	s.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return HC1(__HYPERVISOR_sysctl, &s);
}

static long domctl(u32 cmd, domid_t dom)
{
	d.cmd = cmd;
	d.domain = dom;
	d.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	return HC1(__HYPERVISOR_domctl, &d);
}

static u64 free_pages(void)
{
	return sysctl(XEN_SYSCTL_physinfo) ? 0 : s.u.physinfo.free_pages;
}

static void machine(void)
{
	struct xen_platform_op p = {.cmd = XENPF_get_cpuinfo,
				    .interface_version = XENPF_INTERFACE_VERSION};

	claim("sysctl tells about the machine");
	CHECK_EQ(sysctl(XEN_SYSCTL_physinfo), 0);
	CHECK(s.u.physinfo.nr_cpus >= 1 && s.u.physinfo.total_pages > 10000);
	CHECK(s.u.physinfo.free_pages < s.u.physinfo.total_pages);
	CHECK_EQ(sysctl(9999), -XEN_ENOSYS);
	s.interface_version = 1;
	CHECK_EQ(HC1(__HYPERVISOR_sysctl, &s), -XEN_EACCES);
	CHECK_EQ(HC1(__HYPERVISOR_sysctl, HV), -XEN_EFAULT);
	claim("platform_op tells about CPUs, and checks its arguments");
	CHECK_EQ(HC1(__HYPERVISOR_platform_op, &p), 0);
	CHECK(p.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE);
	p.u.pcpu_info.xen_cpuid = 99;
	CHECK_EQ(HC1(__HYPERVISOR_platform_op, &p), 0);
	CHECK(p.u.pcpu_info.flags & XEN_PCPU_FLAGS_INVALID);
	p.cmd = XENPF_settime64;
	p.u.settime64 = (struct xenpf_settime64){.nsecs = 2000000000};
	CHECK_EQ(HC1(__HYPERVISOR_platform_op, &p), -XEN_EINVAL);
	p.cmd = 9999;
	CHECK_EQ(HC1(__HYPERVISOR_platform_op, &p), -XEN_ENOSYS);
	p.interface_version = 1;
	CHECK_EQ(HC1(__HYPERVISOR_platform_op, &p), -XEN_EACCES);
	CHECK_EQ(HC1(__HYPERVISOR_platform_op, HV), -XEN_EFAULT);
}

static void interrupts(void)
{
	physdev_map_pirq_t map = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 11, .pirq = -1};
	physdev_irq_status_query_t q = {.irq = 11};
	physdev_eoi_t eoi = {.irq = 5000};

	claim("physdev_op maps interrupts that there are");
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &map), 0);
	CHECK_EQ(map.pirq, 11);
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_irq_status_query, &q), 0);
	map.index = map.pirq = 5000;
	CHECK(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &map) < 0);
	map = (physdev_map_pirq_t){.domid = DOMID_SELF,
				   .type = MAP_PIRQ_TYPE_MSI_SEG,
				   .pirq = -1,
				   .bus = 0x55,
				   .devfn = 8};
	CHECK(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &map) < 0); /* no such device */
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_eoi, &eoi), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, 99, &eoi), -XEN_ENOSYS);
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, HV), -XEN_EFAULT);
}

static long create(void)
{
	memset(&d, 0, sizeof(d));
	d.u.createdomain.max_vcpus = 2;
	d.u.createdomain.max_evtchn_port = 100;
	d.u.createdomain.max_grant_frames = 4;
	d.u.createdomain.max_maptrack_frames = 4;
	d.u.createdomain.grant_opts = 1;
	return domctl(XEN_DOMCTL_createdomain, 0);
}

static xen_pfn_t list[64]; /* afterwards the frames */

static long populate(domid_t dom, unsigned long n)
{
	struct xen_memory_reservation r = {.nr_extents = n, .domid = dom};

	for (unsigned int i = 0; i < n; i++) {
		list[i] = i;
	}
	set_xen_guest_handle(r.extent_start, list);
	return HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r);
}

static void dead_but_mapped(void)
{
	struct xen_platform_op p = {.cmd = XENPF_settime64,
				    .interface_version = XENPF_INTERFACE_VERSION};
	void *page = page_alloc();
	u64 before = free_pages(), own = pte_read(page);
	domid_t dom;

	claim("the clock is set while a dead domain's page is still mapped");
	CHECK_EQ(create(), 0);
	dom = d.domain;
	d.u.max_mem.max_memkb = 4;
	CHECK_EQ(domctl(XEN_DOMCTL_max_mem, dom), 0);
	CHECK_EQ(populate(dom, 1), 1);
	CHECK_EQ(HC4(__HYPERVISOR_update_va_mapping_otherdomain, page,
		     list[0] * PAGE_SIZE | PTE_P | PTE_RW | PTE_AD, UVMF_INVLPG | UVMF_LOCAL, dom),
		 0);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, dom), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, dom), 0);
	CHECK(d.u.getdomaininfo.flags & XEN_DOMINF_dying);
	p.u.settime64.secs = 1800000000;
	CHECK_EQ(HC1(__HYPERVISOR_platform_op, &p), 0);
	CHECK_EQ(va_map(page, own), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, dom), -XEN_ESRCH);
	CHECK_EQ(free_pages(), before);
}

static void domains(void)
{
	u64 before = free_pages();
	domid_t dom;

	claim("a domain is made, gets memory up to its limit, and vanishes without a trace");
	CHECK_EQ(create(), 0);
	dom = d.domain;
	CHECK(dom > 0);
	d.u.max_mem.max_memkb = 40 * 4;
	CHECK_EQ(domctl(XEN_DOMCTL_max_mem, dom), 0);
	CHECK_EQ(populate(dom, 64), 40);
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, dom), 0);
	CHECK_EQ(d.u.getdomaininfo.tot_pages, 40);
	CHECK(d.u.getdomaininfo.flags & XEN_DOMINF_paused);
	d.u.vcpucontext.vcpu = 7;
	CHECK(domctl(XEN_DOMCTL_getvcpucontext, dom) < 0);
	event_make_pending();
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, dom), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, dom), -XEN_ESRCH);
	CHECK_EQ(free_pages(), before);
	claim("dom0 does not pause or destroy itself; unknown domains and calls are told so");
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 0), -XEN_EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, 0), -XEN_EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, 999), -XEN_ESRCH);
	CHECK_EQ(domctl(9999, 0), -XEN_ENOSYS);
	d.interface_version = 1;
	CHECK_EQ(HC1(__HYPERVISOR_domctl, &d), -XEN_EACCES);
	CHECK_EQ(HC1(__HYPERVISOR_domctl, HV), -XEN_EFAULT);
}

/* A context that would run on no tables, by the tools' way. */
static void bad_context(void)
{
	domid_t dom;

	claim("a domain's vcpu cannot be given a context without tables");
	CHECK_EQ(create(), 0);
	dom = d.domain;
	d.u.max_vcpus.max = 2;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, dom), 0);
	d.u.vcpucontext.vcpu = 0;
	vcpu_context(NULL)->ctrlreg[3] = 0;
	set_xen_guest_handle(d.u.vcpucontext.ctxt, vcpu_context(NULL));
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, dom), -XEN_EINVAL); /* dom0's table */
	vcpu_context(NULL)->ctrlreg[3] = 0;
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, dom), -XEN_EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, dom), 0);
}

void test_main(void)
{
	machine();
	interrupts();
	domains();
	dead_but_mapped();
	bad_context();
}

/* SPDX-License-Identifier: MIT */
/*
 * The calls of docs/abi.md that no other test kernel is about: each does what its header says, as
 * far as a kernel alone can see, and what is refused is refused with the error of the table.
 * Runs as dom0. Failure: a FAIL line.
 */
#include "../lib/guest.h"
#include "refused.h"
#include <xen/arch-x86/xen-mca.h>
#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>

/* Leaves for the line below by the iret hypercall, which brings back all registers. */
static bool iret_resumes(void)
{
	u64 rax, rcx, r11;

	__asm__ volatile("movq %%rsp, %%rax\n"
			 "pushq $0xe028; pushq %%rax; pushfq; pushq $0xe030; pushq $1f\n"
			 "pushq $0; pushq $0x11; pushq $0x22; pushq $0x33\n"
			 "movl %[nr], %%eax; syscall\n"
			 "1:"
			 : "=&a"(rax), "=&c"(rcx), "=&r"(r11)
			 : [nr] "i"(__HYPERVISOR_iret)
			 : "memory", "r11");
	return rax == 0x33 && rcx == 0x11;
}

static void entries(void)
{
	static const u16 types[] = {CALLBACKTYPE_failsafe, CALLBACKTYPE_syscall,
				    CALLBACKTYPE_sysenter, CALLBACKTYPE_syscall32};
	extern char event_stub[];
	char here;

	claim("iret resumes with all registers, the stack and the entries are set");
	CHECK(iret_resumes());
	CHECK_EQ(HC2(__HYPERVISOR_stack_switch, 0xe02b, &here), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		struct callback_register r = {.type = types[i],
					      .address = (unsigned long)event_stub};

		CHECK_EQ(HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &r), 0);
	}
}

static void assists(void)
{
	static const unsigned int types[] = {
		VMASST_TYPE_4gb_segments,        VMASST_TYPE_4gb_segments_notify,
		VMASST_TYPE_writable_pagetables, VMASST_TYPE_pae_extended_cr3,
		VMASST_TYPE_architectural_iopl,  VMASST_TYPE_m2p_strict,
		VMASST_TYPE_runstate_update_flag};

	claim("every assist goes on and off");
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		CHECK_EQ(HC2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, types[i]), 0);
		CHECK_EQ(HC2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, types[i]), 0);
	}
	CHECK_EQ(HC2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, 6), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_vm_assist, 9, VMASST_TYPE_m2p_strict), -XEN_ENOSYS);
}

/* Areas by address: written at once for the caller, and again when it has been away. */
static void areas(void)
{
	static struct vcpu_runstate_info runstate;
	static struct vcpu_time_info time;
	struct vcpu_register_runstate_memory_area r = {.addr.v = &runstate};
	struct vcpu_register_time_memory_area t = {.addr.v = &time};
	struct vcpu_get_physid id = {.phys_id = ~0ul};
	struct sched_poll sleep = {.nr_ports = 0};
	u64 entered;

	claim("runstate and time are told in memory of the guest's choice");
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r), 0);
	CHECK_EQ(runstate.state, RUNSTATE_running);
	CHECK(runstate.state_entry_time & XEN_RUNSTATE_UPDATE ? false : true);
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &t), 0);
	CHECK(!(time.version & 1));
	CHECK(time.tsc_to_system_mul);
	CHECK_EQ(time.tsc_to_system_mul, shared_info->vcpu_info[0].time.tsc_to_system_mul);
	entered = runstate.state_entry_time;
	sleep.timeout = system_time() + 200000000;
	CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_poll, &sleep), 0);
	CHECK(runstate.state_entry_time > entered);
	CHECK(runstate.time[RUNSTATE_blocked] > 0);
	claim("dom0 is told which CPU it is on");
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_get_physid, 0, &id), 0);
	CHECK(id.phys_id >> 32 == 0);
}

static void tables(void)
{
	char *page = page_alloc();
	mmu_update_t u = {pte_maddr(page) | MMU_PT_UPDATE_NO_TRANSLATE, pte_read(page)};
	u64 vcpus = 1;
	struct mmuext_op op = {.cmd = MMUEXT_INVLPG_MULTI, .arg1.linear_addr = (unsigned long)page};
	unsigned int done;

	claim("entries are written by each form of update, translations are flushed by mask");
	CHECK_EQ(HC4(__HYPERVISOR_mmu_update, &u, 1, &done, DOMID_SELF), 0);
	CHECK_EQ(HC4(__HYPERVISOR_update_va_mapping_otherdomain, page, pte_read(page), UVMF_ALL,
		     DOMID_SELF),
		 0);
	CHECK_EQ(HC4(__HYPERVISOR_update_va_mapping_otherdomain, page, pte_read(page), 0, 77),
		 -XEN_ESRCH);
	set_xen_guest_handle(op.arg2.vcpumask, (void *)&vcpus);
	CHECK_EQ(HC4(__HYPERVISOR_mmuext_op, &op, 1, &done, DOMID_SELF), 0);
	CHECK_EQ(mmuext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), 0);
}

static void memory(void)
{
	static struct e820entry {
		u64 addr, size;
		u32 type;
	} __attribute__((packed)) map[8] = {{0, 0x100000, 1}, {0x100000, 0x700000, 2}}, back[8];
	domid_t self = DOMID_SELF;
	struct xen_memory_domain d = {.domid = DOMID_SELF};
	struct xen_foreign_memory_map set = {.domid = DOMID_SELF, .map.nr_entries = 2};
	struct xen_memory_map get = {.nr_entries = 8};
	struct xen_memory_reservation claimed = {.domid = DOMID_SELF, .nr_extents = 1};

	claim("limits, memory maps and claims");
	CHECK(HC2(__HYPERVISOR_memory_op, XENMEM_maximum_reservation, &d) >=
	      HC2(__HYPERVISOR_memory_op, XENMEM_current_reservation, &self));
	set_xen_guest_handle(set.map.buffer, (void *)map);
	set_xen_guest_handle(get.buffer, (void *)back);
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_set_memory_map, &set), 0);
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_memory_map, &get), 0);
	CHECK_EQ(get.nr_entries, 2);
	CHECK_EQ(memcmp(map, back, 2 * sizeof(map[0])), 0);
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_get_sharing_freed_pages, 0), 0);
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_get_sharing_shared_pages, 0), 0);
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_claim_pages, &claimed), 0);
	claimed.nr_extents = 1ul << 40;
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_claim_pages, &claimed), -XEN_ENOMEM);
}

static long platform(struct xen_platform_op *p, u32 cmd)
{
	p->cmd = cmd;
	p->interface_version = XENPF_INTERFACE_VERSION;
	return HC1(__HYPERVISOR_platform_op, p);
}

/* Booted by a BIOS: what UEFI adds is in tests/system. */
static void firmware(void)
{
	static struct xen_platform_op p;
	struct xen_mc mc = {.cmd = XEN_MC_fetch, .interface_version = XEN_MCA_INTERFACE_VERSION};

	claim("what the firmware left, and what a machine cannot do");
	p.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
	CHECK_EQ(platform(&p, XENPF_firmware_info), 0);
	p.u.firmware_info.type = XEN_FW_DISK_INFO;
	CHECK_EQ(platform(&p, XENPF_firmware_info), -XEN_ESRCH);
	p.u.efi_runtime_call.function = XEN_EFI_get_time;
	CHECK_EQ(platform(&p, XENPF_efi_runtime_call), -XEN_ENOSYS);
	memset(&p, 0, sizeof(p));
	p.u.enter_acpi_sleep.sleep_state = 3;
	CHECK_EQ(platform(&p, XENPF_enter_acpi_sleep), -XEN_EOPNOTSUPP);
	CHECK_EQ(HC1(__HYPERVISOR_arch_0, &mc), 0);
	CHECK(mc.u.mc_fetch.flags & XEN_MC_NODATA);
}

static void devices(void)
{
	static struct {
		u32 words[16];
	} argument;
	physdev_pci_mmcfg_reserved_t mmcfg = {.address = 0xb0000000};
	physdev_pci_device_t bridge = {.devfn = 0};

	claim("PCI devices are made known and taken away");
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_pci_mmcfg_reserved, &mmcfg), 0);
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_add, &argument), 0);
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_restore_msi_ext, &bridge), -XEN_ENODEV);
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_remove, &bridge), 0);
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_dbgp_op, &argument), 0);
}

static struct xen_sysctl s;

static long sysctl(u32 cmd)
{
	s.cmd = cmd;
	s.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return HC1(__HYPERVISOR_sysctl, &s);
}

static void scheduler(void)
{
	static char log[256];
	static u32 nodes[] = {9, 9, 9};

	claim("the scheduler says that it is credit2 and keeps a rate limit");
	CHECK_EQ(sysctl(XEN_SYSCTL_sched_id), 0);
	CHECK_EQ(s.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2);
	memset(&s, 0, sizeof(s));
	s.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	s.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_putinfo;
	s.u.scheduler_op.u.sched_credit2.ratelimit_us = 2000;
	CHECK_EQ(sysctl(XEN_SYSCTL_scheduler_op), 0);
	s.u.scheduler_op.u.sched_credit2.ratelimit_us = 0;
	s.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_getinfo;
	CHECK_EQ(sysctl(XEN_SYSCTL_scheduler_op), 0);
	CHECK_EQ(s.u.scheduler_op.u.sched_credit2.ratelimit_us, 2000);
	s.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_putinfo;
	s.u.scheduler_op.u.sched_credit2.ratelimit_us = 1;
	CHECK_EQ(sysctl(XEN_SYSCTL_scheduler_op), -XEN_EINVAL);
	claim("one node, and the hypervisor's log");
	memset(&s, 0, sizeof(s));
	CHECK_EQ(sysctl(XEN_SYSCTL_numainfo), 0);
	CHECK_EQ(s.u.numainfo.num_nodes, 1);
	memset(&s, 0, sizeof(s));
	set_xen_guest_handle(s.u.pcitopoinfo.nodes, nodes);
	s.u.pcitopoinfo.num_devs = 2;
	CHECK_EQ(sysctl(XEN_SYSCTL_pcitopoinfo), 0);
	CHECK(s.u.pcitopoinfo.num_devs == 2 && !nodes[0] && !nodes[1] && nodes[2] == 9);
	memset(&s, 0, sizeof(s));
	set_xen_guest_handle(s.u.readconsole.buffer, log);
	s.u.readconsole.count = sizeof(log);
	CHECK_EQ(sysctl(XEN_SYSCTL_readconsole), 0);
	CHECK(s.u.readconsole.count == sizeof(log) && log[0]);
}

static void domain(void)
{
	static struct xen_domctl d = {.cmd = XEN_DOMCTL_getvcpuinfo,
				      .interface_version = XEN_DOMCTL_INTERFACE_VERSION};

	claim("a vcpu's state and a domain's handle");
	CHECK_EQ(HC1(__HYPERVISOR_domctl, &d), 0);
	CHECK(d.u.getvcpuinfo.online && d.u.getvcpuinfo.running && d.u.getvcpuinfo.cpu_time);
	d.u.getvcpuinfo.vcpu = 77;
	CHECK_EQ(HC1(__HYPERVISOR_domctl, &d), -XEN_ESRCH);
	d.cmd = XEN_DOMCTL_sendtrigger;
	d.u.sendtrigger = (struct xen_domctl_sendtrigger){XEN_DOMCTL_SENDTRIGGER_POWER, 0};
	CHECK_EQ(HC1(__HYPERVISOR_domctl, &d), -XEN_ENOSYS);
	d.u.sendtrigger = (struct xen_domctl_sendtrigger){XEN_DOMCTL_SENDTRIGGER_NMI, 77};
	CHECK_EQ(HC1(__HYPERVISOR_domctl, &d), -XEN_ESRCH);
	d.cmd = XEN_DOMCTL_setdomainhandle;
	memset(&d.u, 7, sizeof(d.u.setdomainhandle));
	CHECK_EQ(HC1(__HYPERVISOR_domctl, &d), 0);
	d.cmd = XEN_DOMCTL_getdomaininfo;
	CHECK_EQ(HC1(__HYPERVISOR_domctl, &d), 0);
	CHECK_EQ(d.u.getdomaininfo.handle[15], 7);
}

void test_main(void)
{
	entries();
	assists();
	areas();
	tables();
	memory();
	firmware();
	devices();
	scheduler();
	domain();
	refused_calls();
}

/* SPDX-License-Identifier: MIT */
/*
 * xen_version, console_io, callback_op: facts, output, and where the kernel is entered.
 *
 * Facts are strings and structures of fixed size, written whole or -EFAULT. Entries must be
 * canonical addresses; those that a kernel cannot be without are not unregistered. An NMI enters
 * where it was registered, once. Failure: a FAIL line.
 */
#include "../lib/guest.h"
#include <xen/callback.h>
#include <xen/features.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define HV 0xffff820000000000ul

static unsigned int nmis;

static void facts(void)
{
	static char text[1024];
	static const unsigned int to_buffer[] = {XENVER_extraversion,        XENVER_compile_info,
						 XENVER_capabilities,        XENVER_changeset,
						 XENVER_platform_parameters, XENVER_guest_handle,
						 XENVER_commandline};
	struct xen_feature_info f = {.submap_idx = 0};

	claim("facts are told");
	CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_version, 0), 4 << 16 | 17);
	CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_pagesize, 0), PAGE_SIZE);
	CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_capabilities, text), 0);
	CHECK_EQ(memcmp(text, "xen-3.0-x86_64", 14), 0);
	CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_get_features, &f), 0);
	CHECK(f.submap & 1u << XENFEAT_mmu_pt_update_preserve_ad);
	CHECK(!(f.submap & 1u << XENFEAT_auto_translated_physmap));
	claim("they are written to memory of the guest's own only");
	for (unsigned int i = 0; i < ARRAY_SIZE(to_buffer); i++) {
		CHECK_EQ(HC2(__HYPERVISOR_xen_version, to_buffer[i], text), 0);
		CHECK_EQ(HC2(__HYPERVISOR_xen_version, to_buffer[i], HV), -XEN_EFAULT);
		CHECK_EQ(HC2(__HYPERVISOR_xen_version, to_buffer[i], 0x8000000000000000ul),
			 -XEN_EFAULT);
	}
	f.submap_idx = 100;
	HC2(__HYPERVISOR_xen_version, XENVER_get_features, &f);
	CHECK_EQ(HC2(__HYPERVISOR_xen_version, 99, text), -XEN_ENOSYS);
	CHECK_EQ(HC0(63), -XEN_ENOSYS);
	CHECK_EQ(HC0(1ul << 32 | __HYPERVISOR_xen_version), -XEN_ENOSYS);
}

static void console(void)
{
	claim("console_io writes what can be read, and nothing else");
	CHECK_EQ(HC3(__HYPERVISOR_console_io, CONSOLEIO_write, 6, "hello\n"), 0);
	CHECK_EQ(HC3(__HYPERVISOR_console_io, CONSOLEIO_write, 16, HV), -XEN_EFAULT);
	CHECK_EQ(HC3(__HYPERVISOR_console_io, CONSOLEIO_read, 0, 0), 0);
	CHECK_EQ(HC3(__HYPERVISOR_console_io, 99, 0, 0), -XEN_ENOSYS);
}

static bool count_nmi(struct trap_frame *f)
{
	nmis += f->vector == 2;
	return f->vector == 2;
}

static void callbacks(void)
{
	extern char event_stub[], trap_stubs[];
	struct callback_register r = {.type = CALLBACKTYPE_event, .address = 1ul << 63};
	struct callback_unregister u = {.type = CALLBACKTYPE_event};
	struct callback_register n = {.type = CALLBACKTYPE_nmi,
				      .address = (unsigned long)trap_stubs + 2 * 16};

	claim("entries are canonical, known, and some are for ever");
	CHECK_EQ(HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &r), -XEN_EINVAL);
	r.address = (unsigned long)event_stub;
	CHECK_EQ(HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &r), 0);
	r.type = 6;
	CHECK(HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &r) < 0);
	r.type = 99;
	CHECK(HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &r) < 0);
	CHECK_EQ(HC2(__HYPERVISOR_callback_op, CALLBACKOP_unregister, &u), -XEN_EINVAL);
	u.type = CALLBACKTYPE_sysenter;
	CHECK_EQ(HC2(__HYPERVISOR_callback_op, CALLBACKOP_unregister, &u), 0);
	CHECK_EQ(HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, HV), -XEN_EFAULT);
	CHECK_EQ(HC2(__HYPERVISOR_callback_op, 9, &r), -XEN_ENOSYS);
	CHECK_EQ(HC3(__HYPERVISOR_set_callbacks, 1ul << 63, 0, 0), -XEN_EINVAL);
	claim("an NMI enters where it was registered");
	trap_handler = count_nmi;
	CHECK_EQ(HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &n), 0);
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_send_nmi, 0, 0), 0);
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_send_nmi, 0, 0), 0);
	CHECK_EQ(nmis, 2);
	n.address = 1ul << 63;
	CHECK(HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &n) < 0);
	u.type = CALLBACKTYPE_nmi;
	CHECK_EQ(HC2(__HYPERVISOR_callback_op, CALLBACKOP_unregister, &u), 0);
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_send_nmi, 0, 0), 0);
	CHECK_EQ(nmis, 2);
}

void test_main(void)
{
	facts();
	console();
	callbacks();
}

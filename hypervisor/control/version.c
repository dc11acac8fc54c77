/* SPDX-License-Identifier: MIT */
/* xen_version: who this hypervisor is. Constant facts; any domain may ask, most of it. */
#include <xen/features.h>
#include <xen/version.h>
#include "arch/uaccess.h"
#include "control/control.h"
#include "domus.h"
#include "lib/lib.h"

#define ABI_MAJOR 4
#define ABI_MINOR 17

u32 version_features(bool privileged, u64 vm_assist)
{
	u32 f = BIT(XENFEAT_mmu_pt_update_preserve_ad) | BIT(XENFEAT_highmem_assist) |
		BIT(XENFEAT_gnttab_map_avail_bits) | BIT(XENFEAT_memory_op_vnode_supported) |
		BIT(XENFEAT_direct_mapped);

	if (privileged) {
		f |= BIT(XENFEAT_dom0);
	}
	if (vm_assist & BIT(VMASST_TYPE_pae_extended_cr3)) {
		f |= BIT(XENFEAT_pae_pgdir_above_4gb);
	}
	return f;
}

/* A string in a field of fixed size, padded with zeros. */
static long give_string(guest_ptr_t to, const char *s, size_t size)
{
	char buf[1024] = {0};

	str_copy(buf, s, MIN(size, sizeof(buf)));
	return copy_to_guest(to, buf, size) ? -EFAULT : 0;
}

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* No names and no dates: two builds of one source are one image. */
static const struct xen_compile_info compile_info = {
	.compiler = COMPILER,
	.compile_by = "domus",
	.compile_domain = "localdomain",
	.compile_date = "domus " DOMUS_VERSION_STRING,
};

static long get_features(guest_ptr_t arg)
{
	struct xen_feature_info fi;

	if (copy_from_guest(&fi, arg, sizeof(fi))) {
		return -EFAULT;
	}
	if (fi.submap_idx) {
		return -EINVAL;
	}
	fi.submap = version_features(current->domain->privileged, current->domain->vm_assist);
	return copy_to_guest(arg, &fi, sizeof(fi)) ? -EFAULT : 0;
}

long do_xen_version(unsigned int cmd, guest_ptr_t arg)
{
	const xen_platform_parameters_t params = {.virt_start = HV_START};

	switch (cmd) {
	case XENVER_version:
		return ABI_MAJOR << 16 | ABI_MINOR;
	case XENVER_extraversion:
		return give_string(arg, ".0-domus", sizeof(xen_extraversion_t));
	case XENVER_compile_info:
		return copy_to_guest(arg, &compile_info, sizeof(compile_info)) ? -EFAULT : 0;
	case XENVER_capabilities: /* a list: each entry is followed by a blank */
		return give_string(arg, "xen-3.0-x86_64 ", sizeof(xen_capabilities_info_t));
	case XENVER_changeset:
		return give_string(arg, "domus " DOMUS_VERSION_STRING,
				   sizeof(xen_changeset_info_t));
	case XENVER_platform_parameters:
		return copy_to_guest(arg, &params, sizeof(params)) ? -EFAULT : 0;
	case XENVER_get_features:
		return get_features(arg);
	case XENVER_pagesize:
		return arg ? -EINVAL : (long)PAGE_SIZE;
	case XENVER_guest_handle:
		return copy_to_guest(arg, current->domain->handle, sizeof(xen_domain_handle_t))
			       ? -EFAULT
			       : 0;
	case XENVER_commandline:
		return give_string(arg,
				   current->domain->privileged ? host_facts.cmdline : "<denied>",
				   sizeof(xen_commandline_t));
	case XENVER_build_id: /* the version says enough: builds of one source are one image */
		return current->domain->privileged ? -ENODATA : -EPERM;
	}
	return -ENOSYS;
}

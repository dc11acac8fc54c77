/* SPDX-License-Identifier: MIT */
/*
 * platform_op's EFI calls: dom0 reads and writes UEFI's variables through the firmware's run-time
 * services. efi_lock: the firmware takes one call at a time.
 */
#include <xen/platform.h>
#include "arch/firmware.h"
#include "arch/uaccess.h"
#include "control/control.h"
#include "lib/lib.h"
#include "lib/spinlock.h"
#include "mm/alloc.h"

#define NAME_BYTES     PAGE_SIZE
#define DATA_MAX_BYTES 0x10000u
#define EFI_2_0        0x20000u /* the first that has QueryVariableInfo */

/* Their places in the table of services. */
enum service { GET_VARIABLE = 6, GET_NEXT_NAME = 7, SET_VARIABLE = 8, QUERY_INFO = 13 };

static spinlock_t efi_lock = SPINLOCK_INIT;

static u64 call(enum service which, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	const u64 arg[5] = {a, b, c, d, e};

	HOLD_LOCK(&efi_lock);
	return firmware_call(&current->pv, host_facts.efi_services[which], arg);
}

/* A UTF-16 string with its end. -EFAULT, -EINVAL: too long. */
static long copy_name(u16 *name, guest_ptr_t from)
{
	for (size_t i = 0; i < NAME_BYTES / sizeof(*name); i++) {
		if (copy_from_guest(&name[i], from + i * sizeof(*name), sizeof(*name))) {
			return -EFAULT;
		}
		if (!name[i]) {
			return 0;
		}
	}
	return -EINVAL;
}

static long get_variable(struct xenpf_efi_runtime_call *c, const u16 *name, void *data)
{
	u64 size = c->u.get_variable.size;

	c->status = call(GET_VARIABLE, (u64)name, (u64)&c->u.get_variable.vendor_guid,
			 (u64)&c->misc, (u64)&size, (u64)data);
	c->u.get_variable.size = size;
	if (c->status) {
		return 0;
	}
	return copy_to_guest((guest_ptr_t)c->u.get_variable.data.p, data, size) ? -EFAULT : 0;
}

static long set_variable(struct xenpf_efi_runtime_call *c, const u16 *name, void *data)
{
	u64 size = c->u.set_variable.size;

	if (copy_from_guest(data, (guest_ptr_t)c->u.set_variable.data.p, size)) {
		return -EFAULT;
	}
	c->status = call(SET_VARIABLE, (u64)name, (u64)&c->u.set_variable.vendor_guid, c->misc,
			 size, (u64)data);
	return 0;
}

static long next_name(struct xenpf_efi_runtime_call *c, u16 *name)
{
	guest_ptr_t p = (guest_ptr_t)c->u.get_next_variable_name.name.p;
	u64 size = MIN(c->u.get_next_variable_name.size, NAME_BYTES);

	c->status = call(GET_NEXT_NAME, (u64)&size, (u64)name,
			 (u64)&c->u.get_next_variable_name.vendor_guid, 0, 0);
	c->u.get_next_variable_name.size = size;
	return !c->status && copy_to_guest(p, name, size) ? -EFAULT : 0;
}

static long query_info(struct xenpf_efi_runtime_call *c)
{
	u64 size[3] = {0};

	if (c->misc || host_facts.efi_rt_version < EFI_2_0) {
		return -EOPNOTSUPP;
	}
	c->status = call(QUERY_INFO, c->u.query_variable_info.attr, (u64)&size[0], (u64)&size[1],
			 (u64)&size[2], 0);
	c->u.query_variable_info.max_store_size = size[0];
	c->u.query_variable_info.remain_store_size = size[1];
	c->u.query_variable_info.max_size = size[2];
	return 0;
}

/* The calls about a variable; name and data are of NAME_BYTES and of the size asked for. */
static long about_variable(struct xenpf_efi_runtime_call *c, u16 *name, void *data)
{
	bool next = c->function == XEN_EFI_get_next_variable_name;
	long rc = copy_name(name, next ? (guest_ptr_t)c->u.get_next_variable_name.name.p
				       : (guest_ptr_t)c->u.get_variable.name.p);

	if (rc) {
		return rc;
	}
	switch (c->function) {
	case XEN_EFI_get_variable:
		return get_variable(c, name, data);
	case XEN_EFI_set_variable:
		return set_variable(c, name, data);
	default:
		return next_name(c, name);
	}
}

long efi_runtime_call(struct xenpf_efi_runtime_call *c)
{
	size_t bytes = PAGE_SIZE;
	u16 *name;
	void *data;
	long rc = -ENOMEM;

	if (!host_facts.efi_services) {
		return -ENOSYS;
	}
	switch (c->function) {
	case XEN_EFI_query_variable_info:
		return query_info(c);
	case XEN_EFI_get_variable:
	case XEN_EFI_set_variable:
		bytes = MAX(c->u.get_variable.size, 1ul);
		break;
	case XEN_EFI_get_next_variable_name:
		break;
	default:
		return -ENOSYS;
	}
	if (bytes > DATA_MAX_BYTES) {
		return -E2BIG;
	}
	name = heap_alloc_page();
	data = heap_alloc(bytes);
	if (name && data) {
		rc = about_variable(c, name, data);
	}
	heap_free(name, PAGE_SIZE);
	heap_free(data, bytes);
	return rc;
}

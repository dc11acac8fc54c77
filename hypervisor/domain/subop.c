/* SPDX-License-Identifier: MIT */
/* Argument in, operation, results out: what all families of operations have in common. */
#include "arch/uaccess.h"
#include "domain/domain.h"
#include "domain/subop.h"
#include "lib/lib.h"

long subop_run(const struct subop *table, unsigned int count, unsigned int cmd, guest_ptr_t arg)
{
	const struct subop *op;
	u64 copy[SUBOP_BYTES_MAX / sizeof(u64)];
	long rc;

	if (cmd >= count || !table[cmd].fn) {
		return -ENOSYS;
	}
	op = &table[index_clamp(cmd, count)];
	if ((op->flags & SUBOP_DOM0) && !current->domain->privileged) {
		return -EPERM;
	}
	ASSERT(op->bytes <= sizeof(copy));
	if (op->bytes && copy_from_guest(copy, arg, op->bytes)) {
		return -EFAULT;
	}
	rc = op->fn(copy);
	if (!rc && (op->flags & SUBOP_OUT) && copy_to_guest(arg, copy, op->bytes)) {
		return -EFAULT; /* what was done stays: the guest lost the result, not we */
	}
	return rc;
}

long tools_call_read(void *op, size_t bytes, guest_ptr_t arg, u32 version)
{
	if (!current->domain->privileged) {
		return -EPERM;
	}
	if (copy_from_guest(op, arg, bytes)) {
		return -EFAULT;
	}
	return ((u32 *)op)[1] == version ? 0 : -EACCES;
}

struct domain *domain_target(domid_t id, int *err)
{
	struct domain *d = domain_get(id);

	*err = !d ? -ESRCH : d == current->domain || current->domain->privileged ? 0 : -EPERM;
	if (d && *err) {
		domain_put(d);
	}
	return *err ? NULL : d;
}

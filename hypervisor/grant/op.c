/* SPDX-License-Identifier: MIT */
/*
 * The hypercall grant_table_op: dispatch, and the short operations. Only version 1 tables are
 * offered: set_version(2), status frames, swapping and transfer answer -ENOSYS, which guests take
 * as "not there". Growth of a table takes its lock; see table.h.
 */
#include "domain/continuation.h"
#include "table.h"

/* Fills op->status; the frame list is written as far as memory could be had. */
static long setup_table_fill(struct gnttab_setup_table *op, struct domain *d)
{
	if (op->nr_frames > grant_table_max(d)) {
		op->status = GNTST_general_error;
		return 0;
	}
	op->status = GNTST_okay;
	for (u32 i = 0; i < op->nr_frames; i++) {
		xen_pfn_t frame;
		mfn_t m;

		if (grant_table_frame(d, i, &m)) {
			op->status = GNTST_general_error;
			return 0;
		}
		frame = mfn_x(m);
		if (copy_to_guest((guest_ptr_t)op->frame_list.p + i * sizeof(frame), &frame,
				  sizeof(frame))) {
			return -EFAULT;
		}
	}
	return 0;
}

static long op_setup_table(guest_ptr_t arg)
{
	struct gnttab_setup_table op;
	struct domain *d;
	long rc = 0;

	if (copy_from_guest(&op, arg, sizeof(op))) {
		return -EFAULT;
	}
	d = grant_target(op.dom, &op.status);
	if (d) {
		rc = setup_table_fill(&op, d);
		domain_put(d);
	}
	if (!rc && copy_to_guest(arg, &op, sizeof(op))) {
		rc = -EFAULT;
	}
	return rc;
}

static long op_query_size(guest_ptr_t arg)
{
	struct gnttab_query_size op;
	struct domain *d;

	if (copy_from_guest(&op, arg, sizeof(op))) {
		return -EFAULT;
	}
	d = grant_target(op.dom, &op.status);
	if (d) {
		op.nr_frames = READ_ONCE(d->grant->frames);
		op.max_nr_frames = d->grant->max_frames;
		domain_put(d);
	}
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static long op_set_version(guest_ptr_t arg)
{
	struct gnttab_set_version op;

	if (copy_from_guest(&op, arg, sizeof(op))) {
		return -EFAULT;
	}
	return op.version == 1 ? 0 : op.version == 2 ? -ENOSYS : -EINVAL;
}

static long op_get_version(guest_ptr_t arg)
{
	struct gnttab_get_version op;
	struct domain *d;
	s16 status;

	if (copy_from_guest(&op, arg, sizeof(op))) {
		return -EFAULT;
	}
	d = grant_target(op.dom, &status);
	if (!d) {
		return status == GNTST_permission_denied ? -EPERM : -ESRCH;
	}
	domain_put(d);
	op.version = 1;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

long do_grant_table_op(unsigned int cmd, guest_ptr_t arg, unsigned int count)
{
	switch (cmd) {
	case GNTTABOP_map_grant_ref:
		return grant_op_map(arg, count);
	case GNTTABOP_unmap_grant_ref:
		return grant_op_unmap(arg, count);
	case GNTTABOP_copy:
		return grant_op_copy(arg, count);
	case GNTTABOP_setup_table:
		return count == 1 ? op_setup_table(arg) : -EINVAL;
	case GNTTABOP_query_size:
		return count == 1 ? op_query_size(arg) : -EINVAL;
	case GNTTABOP_set_version:
		return op_set_version(arg);
	case GNTTABOP_get_version:
		return op_get_version(arg);
	case GNTTABOP_cache_flush: /* caches are coherent here */
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
}

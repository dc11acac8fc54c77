/* SPDX-License-Identifier: MIT */
/*
 * The hypercall grant_table_op: dispatch, and the short operations. Only version 1 tables are
 * offered: set_version(2), status frames, swapping and transfer answer -ENOSYS, which guests take
 * as "not there". Growth of a table takes its lock; see table.h.
 */
#include "domain/subop.h"
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

/* A domain that the caller may ask about, with a reference; NULL and *status: GNTST_*. */
static struct domain *grant_target(domid_t id, s16 *status)
{
	int err;
	struct domain *d = domain_target(id, &err);

	*status = err == -EPERM ? GNTST_permission_denied : GNTST_okay;
	if (err != -EPERM && (!d || !grant_state(d))) {
		*status = GNTST_bad_domain;
	}
	if (d && *status) {
		domain_put(d);
	}
	return *status ? NULL : d;
}

static long setup_table(void *arg)
{
	struct gnttab_setup_table *op = arg;
	DOMAIN_REF(d) = grant_target(op->dom, &op->status);

	return d ? setup_table_fill(op, d) : 0;
}

static long query_size(void *arg)
{
	struct gnttab_query_size *op = arg;
	DOMAIN_REF(d) = grant_target(op->dom, &op->status);

	if (d) {
		op->nr_frames = READ_ONCE(d->grant->frames);
		op->max_nr_frames = d->grant->max_frames;
	}
	return 0;
}

static long set_version(void *arg)
{
	const struct gnttab_set_version *op = arg;

	return op->version == 1 ? 0 : op->version == 2 ? -ENOSYS : -EINVAL;
}

static long get_version(void *arg)
{
	struct gnttab_get_version *op = arg;
	int err;
	DOMAIN_REF(d) = domain_target(op->dom, &err);

	op->version = 1;
	return d ? 0 : err;
}

/* Those with one element. */
static const struct subop ops[] = {
	[GNTTABOP_setup_table] = {setup_table, sizeof(struct gnttab_setup_table), SUBOP_OUT},
	[GNTTABOP_query_size] = {query_size, sizeof(struct gnttab_query_size), SUBOP_OUT},
	[GNTTABOP_set_version] = {set_version, sizeof(struct gnttab_set_version), 0},
	[GNTTABOP_get_version] = {get_version, sizeof(struct gnttab_get_version), SUBOP_OUT},
};

long do_grant_table_op(unsigned int cmd, guest_ptr_t arg, unsigned int count)
{
	switch (cmd) {
	case GNTTABOP_map_grant_ref:
		return grant_op_map(arg, count);
	case GNTTABOP_unmap_grant_ref:
		return grant_op_unmap(arg, count);
	case GNTTABOP_copy:
		return grant_op_copy(arg, count);
	case GNTTABOP_cache_flush: /* caches are coherent here */
		return -EOPNOTSUPP;
	default:
		return count == 1 ? subop_run(ops, ARRAY_SIZE(ops), cmd, arg) : -EINVAL;
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * The hypercall grant_table_op: dispatch, and the short operations. Transfer and the like answer
 * -ENOSYS, which guests take as "not there". Growth of a table takes its lock; see table.h.
 */
#include "domain/subop.h"
#include "table.h"

/* Writes the list of a table's frames (it grows to have them) or of its status frames, as far as
 * they can be had. */
static long frames_list(struct domain *d, bool status, u32 count, guest_ptr_t list, s16 *result)
{
	const u32 most =
		status ? status_frames_for(READ_ONCE(d->grant->frames)) : grant_table_max(d, false);

	*result = count > most ? GNTST_general_error : GNTST_okay;
	for (u32 i = 0; !*result && i < count; i++, list += sizeof(u64)) {
		mfn_t m;

		if (grant_table_frame(d, status, i, &m)) {
			*result = GNTST_general_error;
		} else if (copy_to_guest(list, &m.n, sizeof(m.n))) {
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
	guest_ptr_t list = (guest_ptr_t)op->frame_list.p;
	DOMAIN_REF(d) = grant_target(op->dom, &op->status);

	return d ? frames_list(d, false, op->nr_frames, list, &op->status) : 0;
}

static long get_status_frames(void *arg)
{
	struct gnttab_get_status_frames *op = arg;
	guest_ptr_t list = (guest_ptr_t)op->frame_list.p;
	DOMAIN_REF(d) = grant_target(op->dom, &op->status);

	return d ? frames_list(d, true, op->nr_frames, list, &op->status) : 0;
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

static long swap_grant_ref(void *arg)
{
	struct gnttab_swap_grant_ref *op = arg;

	op->status = (s16)grant_swap(current->domain, op->ref_a, op->ref_b);
	return 0;
}

static long get_version(void *arg)
{
	struct gnttab_get_version *op = arg;
	int err;
	DOMAIN_REF(d) = domain_target(op->dom, &err);

	op->version = d ? grant_version(d) : 0;
	return err;
}

/* Those with one element. */
static const struct subop ops[] = {
	[GNTTABOP_setup_table] = {setup_table, sizeof(struct gnttab_setup_table), SUBOP_OUT},
	[GNTTABOP_query_size] = {query_size, sizeof(struct gnttab_query_size), SUBOP_OUT},
	[GNTTABOP_get_status_frames] = {get_status_frames, sizeof(struct gnttab_get_status_frames),
					SUBOP_OUT},
	[GNTTABOP_get_version] = {get_version, sizeof(struct gnttab_get_version), SUBOP_OUT},
	[GNTTABOP_swap_grant_ref] = {swap_grant_ref, sizeof(struct gnttab_swap_grant_ref),
				     SUBOP_OUT},
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
	case GNTTABOP_set_version:
		return count == 1 ? grant_op_set_version(arg) : -EINVAL;
	case GNTTABOP_cache_flush: /* caches are coherent here */
		return -EOPNOTSUPP;
	default:
		return count == 1 ? subop_run(ops, ARRAY_SIZE(ops), cmd, arg) : -EINVAL;
	}
}

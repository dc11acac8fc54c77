/* SPDX-License-Identifier: MIT */
/*
 * Copying between frames by the hypervisor. Each side is a grant of some domain or a frame of the
 * caller's own. Invariant: a held side has its domain, its frame's references and (a grant) its
 * pin; consecutive elements that name the same side keep it. All is let go before the call returns
 * or is preempted.
 */
#include "domain/continuation.h"
#include "table.h"

#define COPY_BATCH 8u /* read from the guest at once; a few microseconds of work */

struct side {
	struct domain_cache cache; /* of granters */
	domid_t domid;             /* as the guest names it; with the next two: what is held */
	bool grant;
	u64 name;       /* reference or frame number */
	struct pin pin; /* held: */
	bool held, write;
};

static void side_put(struct side *s)
{
	if (s->held) {
		grant_frame_put(s->pin.mfn, s->write);
		if (s->grant) {
			grant_unpin(s->cache.d, s->pin.active, (u32)s->name, s->write);
		}
		s->held = false;
	}
}

static int side_get_grant(struct side *s)
{
	struct domain *d = domain_cached(&s->cache, s->domid);
	int rc = d ? grant_pin(d, current->domain, (u32)s->name, s->write, false, &s->pin)
		   : GNTST_bad_domain;

	if (rc) {
		return rc;
	}
	rc = grant_frame_get(d, s->pin.mfn, s->write);
	if (rc) {
		grant_unpin(d, s->pin.active, (u32)s->name, s->write);
	}
	return rc;
}

static int side_get_own(struct side *s)
{
	struct domain *d = current->domain;

	if (s->domid != DOMID_SELF && s->domid != domain_id(d)) {
		return GNTST_permission_denied;
	}
	s->pin.mfn = _mfn(s->name);
	s->pin.part = GRANT_WHOLE;
	return grant_frame_get(d, s->pin.mfn, s->write);
}

static int side_change(struct side *s, domid_t domid, u64 name, bool grant)
{
	int rc;

	side_put(s);
	s->domid = domid;
	s->grant = grant;
	s->name = name;
	rc = grant ? side_get_grant(s) : side_get_own(s);
	s->held = !rc;
	return rc;
}

static inline int side_get(struct side *s, const struct gnttab_copy_ptr *p, bool grant)
{
	u64 name = grant ? p->u.ref : p->u.gmfn;

	if (s->held && s->grant == grant && s->name == name && s->domid == p->domid) {
		return GNTST_okay;
	}
	return side_change(s, p->domid, name, grant);
}

static bool side_allows(const struct side *s, u32 offset, u32 len)
{
	return offset >= s->pin.part.start && offset + len <= s->pin.part.end;
}

static int copy_one(const struct gnttab_copy *op, struct side *src, struct side *dst)
{
	int rc;

	if (op->source.offset + op->len > PAGE_SIZE || op->dest.offset + op->len > PAGE_SIZE) {
		return GNTST_bad_copy_arg;
	}
	rc = side_get(src, &op->source, op->flags & GNTCOPY_source_gref);
	if (!rc) {
		rc = side_get(dst, &op->dest, op->flags & GNTCOPY_dest_gref);
	}
	if (!rc && (!side_allows(src, op->source.offset, op->len) ||
		    !side_allows(dst, op->dest.offset, op->len))) {
		rc = GNTST_general_error;
	}
	if (!rc) {
		memmove((u8 *)mfn_to_virt(dst->pin.mfn) + op->dest.offset,
			(u8 *)mfn_to_virt(src->pin.mfn) + op->source.offset, op->len);
	}
	return rc;
}

static long copy_batch(guest_ptr_t arg, unsigned int count, struct side *src, struct side *dst)
{
	struct gnttab_copy ops[COPY_BATCH];

	if (copy_from_guest(ops, arg, count * sizeof(*ops))) {
		return -EFAULT;
	}
	for (unsigned int i = 0; i < count; i++) {
		s16 status = (s16)copy_one(&ops[i], src, dst);

		if (copy_to_guest(arg + i * sizeof(*ops) + offsetof(struct gnttab_copy, status),
				  &status, sizeof(status))) {
			return -EFAULT;
		}
	}
	return 0;
}

long grant_op_copy(guest_ptr_t arg, unsigned int count)
{
	struct side src, dst;
	long rc = 0;

	/* Nothing else is looked at of a side that is not held. */
	src.cache.d = dst.cache.d = NULL;
	src.held = dst.held = src.write = false;
	dst.write = true;
	while (count && !rc) {
		unsigned int n = MIN(count, COPY_BATCH);

		rc = copy_batch(arg, n, &src, &dst);
		arg += n * sizeof(struct gnttab_copy);
		count -= n;
		if (!rc && count && preempt_needed()) {
			rc = HYPERCALL_CONTINUE(__HYPERVISOR_grant_table_op, GNTTABOP_copy, arg,
						count);
		}
	}
	side_put(&src);
	side_put(&dst);
	domain_cache_drop(&src.cache);
	domain_cache_drop(&dst.cache);
	return rc;
}

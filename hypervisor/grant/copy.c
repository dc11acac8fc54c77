/* SPDX-License-Identifier: MIT */
/*
 * Copying between frames by the hypervisor. Each side is a grant of some domain or a frame of the
 * caller's own. Invariant: a held side has its domain, its frame's references and (a grant) its
 * pin; consecutive elements that name the same side keep it. All is let go before the call returns
 * or is preempted.
 */
#include "domain/continuation.h"
#include "table.h"

struct side {
	struct domain_cache cache;
	u64 name;  /* reference or frame number */
	mfn_t mfn; /* held: */
	struct grant_part part;
	bool held, grant, write;
};

static void side_put(struct side *s)
{
	if (s->held) {
		grant_frame_put(s->mfn, s->write);
		if (s->grant) {
			grant_unpin(s->cache.d, (u32)s->name, s->write);
		}
		s->held = false;
	}
}

static int side_get_grant(struct side *s)
{
	int rc = grant_pin(s->cache.d, current->domain, (u32)s->name, s->write, &s->mfn, &s->part);

	if (rc) {
		return rc;
	}
	rc = grant_frame_get(s->cache.d, s->mfn, s->write);
	if (rc) {
		grant_unpin(s->cache.d, (u32)s->name, s->write);
	}
	return rc;
}

static int side_get(struct side *s, const struct gnttab_copy_ptr *p, bool grant)
{
	u64 name = grant ? p->u.ref : p->u.gmfn;
	int rc;

	if (s->held && s->grant == grant && s->name == name && s->cache.id == p->domid) {
		return GNTST_okay;
	}
	side_put(s);
	if (!grant && p->domid != DOMID_SELF && p->domid != domain_id(current->domain)) {
		return GNTST_permission_denied;
	}
	if (!domain_cached(&s->cache, p->domid)) {
		return GNTST_bad_domain;
	}
	s->grant = grant;
	s->name = name;
	s->mfn = _mfn(name);
	s->part = GRANT_WHOLE;
	rc = grant ? side_get_grant(s) : grant_frame_get(s->cache.d, s->mfn, s->write);
	s->held = !rc;
	return rc;
}

static bool side_allows(const struct side *s, u32 offset, u32 len)
{
	return offset >= s->part.start && offset + len <= s->part.end;
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
		memmove((u8 *)mfn_to_virt(dst->mfn) + op->dest.offset,
			(u8 *)mfn_to_virt(src->mfn) + op->source.offset, op->len);
	}
	return rc;
}

long grant_op_copy(guest_ptr_t arg, unsigned int count)
{
	struct side src = {.write = false}, dst = {.write = true};
	struct gnttab_copy op;
	long rc = 0;

	for (unsigned int i = 0; i < count && !rc; i++, arg += sizeof(op)) {
		if (i && preempt_needed()) {
			rc = HYPERCALL_CONTINUE(__HYPERVISOR_grant_table_op, GNTTABOP_copy, arg,
						count - i);
			break;
		}
		if (copy_from_guest(&op, arg, sizeof(op))) {
			rc = -EFAULT;
			break;
		}
		op.status = (s16)copy_one(&op, &src, &dst);
		if (copy_to_guest(arg + offsetof(struct gnttab_copy, status), &op.status,
				  sizeof(op.status))) {
			rc = -EFAULT;
		}
	}
	side_put(&src);
	side_put(&dst);
	domain_cache_drop(&src.cache);
	domain_cache_drop(&dst.cache);
	return rc;
}

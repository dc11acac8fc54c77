/* SPDX-License-Identifier: MIT */
/* domctl: a domain's memory. Its limit, its hypercall page, and the types of its frames for saving
 * it. */
#include "arch/uaccess.h"
#include "domctl.h"
#include "lib/lib.h"
#include "mm/pagetype.h"
#include "pv/pv.h"

#define PAGEFRAMEINFO_MAX 1024u

/* Below what it already has is fine: it gets nothing more until it gave enough back. */
long domctl_max_mem(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	spin_lock(&d->mm.lock);
	d->mm.limit = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);
	spin_unlock(&d->mm.lock);
	return 0;
}

long domctl_hypercall_init(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	mfn_t m = _mfn(op->u.hypercall_init.gmfn);

	if (frame_get_and_type(m, &d->mm, FT_WRITABLE)) {
		return -EACCES;
	}
	hypercall_page_fill(mfn_to_virt(m));
	frame_put_and_type(m);
	return 0;
}

static u32 frame_info(struct domain *d, u64 mfn)
{
	u32 info = XEN_DOMCTL_PFINFO_NOTAB, type;

	if (frame_get(_mfn(mfn), &d->mm)) {
		return XEN_DOMCTL_PFINFO_XTAB;
	}
	if (frame_is_xenheap(frame_of(_mfn(mfn)))) {
		frame_put(_mfn(mfn));
		return XEN_DOMCTL_PFINFO_XTAB;
	}
	type = READ_ONCE(frame_of(_mfn(mfn))->type);
	if ((type & FT_COUNT) && FT_KIND(type) >= FT_L1 && FT_KIND(type) <= FT_L4) {
		info = (u32)FT_KIND(type) << XEN_DOMCTL_PFINFO_LTAB_SHIFT;
		if (type & FT_PINNED) {
			info |= XEN_DOMCTL_PFINFO_LPINTAB;
		}
	}
	frame_put(_mfn(mfn));
	return info;
}

/* Frame numbers are replaced by types, in place. */
long domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	guest_ptr_t array = (guest_ptr_t)op->u.getpageframeinfo3.array.p;
	u64 batch[64];

	if (op->u.getpageframeinfo3.num > PAGEFRAMEINFO_MAX) {
		return -E2BIG;
	}
	for (u64 left = op->u.getpageframeinfo3.num; left;) {
		unsigned int n = (unsigned int)MIN(left, (u64)ARRAY_SIZE(batch));

		if (copy_from_guest(batch, array, n * sizeof(u64))) {
			return -EFAULT;
		}
		for (unsigned int i = 0; i < n; i++) {
			batch[i] = frame_info(d, batch[i]);
		}
		if (copy_to_guest(array, batch, n * sizeof(u64))) {
			return -EFAULT;
		}
		array += n * sizeof(u64);
		left -= n;
	}
	return 0;
}

/* Log-dirty comes with migration. Until then tools may turn off what is not on. */
long domctl_shadow_op(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	if (d == current->domain) {
		return -EINVAL;
	}
	return op->u.shadow_op.op == XEN_DOMCTL_SHADOW_OP_OFF ? 0 : -EOPNOTSUPP;
}

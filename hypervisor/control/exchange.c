/* SPDX-License-Identifier: MIT */
/*
 * XENMEM_exchange: a guest swaps frames that it has for others, contiguous or below an address.
 *
 * Work goes by chunks, the larger of an input and an output extent. Invariant: a chunk's new frames
 * are in hand, its old ones checked and all guest memory read before the first old frame is given
 * up; until then a failure leaves everything as it was. nr_exchanged in the guest's structure is
 * the progress.
 */
#include "domain/continuation.h"
#include "memory.h"
#include "mm/alloc.h"

struct chunk {
	u64 *old;   /* frames given up: pages. Behind them in the same memory: */
	u64 *block; /* first frames of the new blocks: blocks */
	u64 *pfn;   /* guest frames the blocks are for: blocks */
	u32 pages, blocks;
	unsigned int in_order, out_order; /* of the whole call */
	unsigned int bits;
};

static int exchange_check(const struct xen_memory_exchange *x)
{
	unsigned int in = x->in.extent_order, out = x->out.extent_order;

	if (MAX(in, out) > memory_max_order()) {
		return -EPERM;
	}
	if (x->nr_exchanged > x->in.nr_extents || x->in.domid != x->out.domid ||
	    x->in.nr_extents > ~0ul >> in || x->out.nr_extents > ~0ul >> out ||
	    x->in.nr_extents << in != x->out.nr_extents << out ||
	    memory_bits(x->out.mem_flags) < 0) {
		return -EINVAL;
	}
	return 0;
}

static void blocks_put(struct chunk *c, u32 count)
{
	while (count-- > 0) {
		free_frames(_mfn(c->block[count]), c->out_order);
	}
}

static int blocks_get(struct chunk *c)
{
	for (u32 i = 0; i < c->blocks; i++) {
		c->block[i] = mfn_x(alloc_frames(c->out_order, c->bits, ALLOC_ZERO));
		if (mfn_eq(_mfn(c->block[i]), INVALID_MFN)) {
			blocks_put(c, i);
			return -ENOMEM;
		}
	}
	return 0;
}

static void old_put(struct chunk *c, u32 count)
{
	while (count-- > 0) {
		frame_put(_mfn(c->old[count]));
	}
}

/* Reads the input list from `list` and takes all its frames. */
static int old_get(struct chunk *c, struct owner *o, guest_ptr_t list)
{
	const u32 per = 1u << c->in_order;
	xen_pfn_t first = 0;

	for (u32 i = 0; i < c->pages; i++) {
		int rc = 0;

		if (i % per == 0 &&
		    copy_from_guest(&first, list + i / per * sizeof(first), sizeof(first))) {
			rc = -EFAULT;
		}
		rc = rc ? rc : frame_get_exclusive(_mfn(first + i % per), o);
		if (rc) {
			old_put(c, i);
			return rc;
		}
		c->old[i] = first + i % per;
	}
	return 0;
}

/* Nothing can fail any more, unless the domain filled its limit or died behind our back. */
static int chunk_commit(struct chunk *c, struct domain *d, guest_ptr_t out)
{
	int rc = 0;

	for (u32 i = 0; i < c->pages; i++) {
		frame_give_up(_mfn(c->old[i]));
	}
	for (u32 i = 0; i < c->blocks; i++) {
		mfn_t m = _mfn(c->block[i]);
		int err = frame_adopt(&d->mm, m, 1ull << c->out_order);

		if (err) {
			free_frames(m, c->out_order);
			rc = err;
			continue;
		}
		block_set_m2p(m, c->out_order, c->pfn[i]);
		if (copy_to_guest(out + i * sizeof(u64), &c->block[i], sizeof(u64))) {
			rc = -EFAULT;
		}
	}
	return rc;
}

static int chunk_exchange(struct chunk *c, struct domain *d, guest_ptr_t in, guest_ptr_t out)
{
	int rc;

	if (copy_from_guest(c->pfn, out, c->blocks * sizeof(u64))) {
		return -EFAULT;
	}
	rc = blocks_get(c);
	if (rc) {
		return rc;
	}
	rc = old_get(c, &d->mm, in);
	if (rc) {
		blocks_put(c, c->blocks);
		return rc;
	}
	return chunk_commit(c, d, out);
}

/* All chunks, or up to a failure or preemption; x->nr_exchanged tells how far. */
static int exchange_run(struct xen_memory_exchange *x, struct chunk *c, struct domain *d)
{
	const unsigned long in_per = c->pages >> c->in_order;
	unsigned long i = x->nr_exchanged / in_per;
	const unsigned long first = i;

	for (; i < x->in.nr_extents / in_per; i++) {
		int rc;

		if (i != first && preempt_needed()) {
			return -ERESTART;
		}
		rc = chunk_exchange(c, d, (guest_ptr_t)(x->in.extent_start.p + i * in_per),
				    (guest_ptr_t)(x->out.extent_start.p + i * c->blocks));
		if (rc) {
			return rc;
		}
		x->nr_exchanged = (i + 1) * in_per;
	}
	return 0;
}

static size_t chunk_bytes(const struct chunk *c)
{
	return (c->pages + 2 * (size_t)c->blocks) * sizeof(u64);
}

static int chunk_alloc(struct chunk *c, const struct xen_memory_exchange *x)
{
	c->in_order = x->in.extent_order;
	c->out_order = x->out.extent_order;
	c->pages = 1u << MAX(c->in_order, c->out_order);
	c->blocks = c->pages >> c->out_order;
	c->bits = (unsigned int)memory_bits(x->out.mem_flags);
	c->old = heap_alloc(chunk_bytes(c));
	c->block = c->old + c->pages;
	c->pfn = c->block + c->blocks;
	return c->old ? 0 : -ENOMEM;
}

long memory_exchange(guest_ptr_t arg)
{
	struct xen_memory_exchange x;
	struct chunk c;
	int rc;

	if (copy_from_guest(&x, arg, sizeof(x))) {
		return -EFAULT;
	}
	rc = exchange_check(&x);
	if (rc) {
		return rc;
	}
	DOMAIN_REF(d) = domain_target(x.in.domid, &rc);
	if (!d) {
		return rc;
	}
	rc = chunk_alloc(&c, &x);
	if (!rc) {
		rc = exchange_run(&x, &c, d);
	}
	heap_free(c.old, chunk_bytes(&c));
	if (copy_to_guest(arg + offsetof(struct xen_memory_exchange, nr_exchanged), &x.nr_exchanged,
			  sizeof(x.nr_exchanged))) {
		return -EFAULT;
	}
	return rc == -ERESTART ? HYPERCALL_CONTINUE(__HYPERVISOR_memory_op, XENMEM_exchange, arg)
			       : rc;
}

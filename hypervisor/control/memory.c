/* SPDX-License-Identifier: MIT */
/*
 * The hypercall memory_op: dispatch, and a domain's reservation growing and shrinking.
 *
 * Invariant: an extent is handled whole or not at all, and the number of extents done is what the
 * guest is told. A frame is given up only while its owner holds no other use of it. The frame's
 * owner's lock is taken inside mm/; none here.
 */
#include "grant/grant.h"
#include "domain/continuation.h"
#include "domain/subop.h"
#include "memory.h"
#include "mm/alloc.h"
#include "mmu/mmu.h"

#define DOM0_MAX_ORDER 12u
#define DOMU_MAX_ORDER 9u

unsigned int memory_max_order(void)
{
	return current->domain->privileged ? DOM0_MAX_ORDER : DOMU_MAX_ORDER;
}

int memory_bits(unsigned int mem_flags)
{
	unsigned int bits = XENMEMF_get_address_bits(mem_flags);

	if (bits && bits <= PAGE_SHIFT) {
		return -EINVAL;
	}
	return bits >= 64 ? 0 : (int)bits;
}

int frame_get_exclusive(mfn_t m, const struct owner *o)
{
	const u32 in_use = FT_COUNT | FT_PARTIAL | FT_LOCKED | FT_PINNED;
	struct frame *f;

	if (frame_get(m, o)) {
		return -EINVAL;
	}
	f = frame_of(m);
	/* A use that begins behind this look keeps the frame alive by its own reference. */
	if (READ_ONCE(f->count) != (FRAME_ALLOCATED | 1) || READ_ONCE(f->type) & in_use) {
		frame_put(m);
		return -EINVAL;
	}
	return 0;
}

void frame_give_up(mfn_t m)
{
	WRITE_ONCE(m2p_rw[mfn_x(m)], M2P_INVALID);
	frame_release(m);
	frame_put(m);
}

static guest_ptr_t list_slot(const struct xen_memory_reservation *r, unsigned long i)
{
	return (guest_ptr_t)r->extent_start.p + i * sizeof(xen_pfn_t);
}

void block_set_m2p(mfn_t m, unsigned int order, u64 pfn)
{
	for (u64 j = 0; j < 1ull << order; j++) {
		WRITE_ONCE(m2p_rw[mfn_x(m) + j], pfn + j);
	}
}

/* A new extent; with `populate` the list names the guest frames it is for. False: stop here. */
static bool extent_add(struct domain *d, const struct xen_memory_reservation *r, unsigned long i,
		       bool populate)
{
	int bits = memory_bits(r->mem_flags);
	xen_pfn_t pfn = 0, frame;
	mfn_t m;

	if (populate && copy_from_guest(&pfn, list_slot(r, i), sizeof(pfn))) {
		return false;
	}
	if (bits < 0 || frame_alloc_owned(&d->mm, r->extent_order, (unsigned int)bits, &m)) {
		return false;
	}
	if (populate) {
		block_set_m2p(m, r->extent_order, pfn);
	}
	frame = mfn_x(m);
	if ((populate || r->extent_start.p) &&
	    copy_to_guest(list_slot(r, i), &frame, sizeof(frame))) {
		for (u64 j = 0; j < 1ull << r->extent_order; j++) {
			frame_release(mfn_add(m, j));
		}
		return false;
	}
	return true;
}

static bool extent_remove(struct domain *d, const struct xen_memory_reservation *r, unsigned long i)
{
	const u64 count = 1ull << r->extent_order;
	xen_pfn_t first;
	u64 j;

	if (copy_from_guest(&first, list_slot(r, i), sizeof(first))) {
		return false;
	}
	for (j = 0; j < count && !frame_get_exclusive(_mfn(first + j), &d->mm); j++) {
	}
	if (j < count) {
		while (j-- > 0) {
			frame_put(_mfn(first + j));
		}
		return false;
	}
	for (j = 0; j < count; j++) {
		frame_give_up(_mfn(first + j));
	}
	return true;
}

/* Returns the number of extents done so far; that it is short is no error of the call. */
static long memory_reservation(unsigned int cmd, unsigned long start, guest_ptr_t arg)
{
	struct xen_memory_reservation r;
	unsigned long i = start;
	bool go = true;
	int err;

	if (copy_from_guest(&r, arg, sizeof(r))) {
		return start ? (long)start : -EFAULT;
	}
	if (r.nr_extents > ~0ul >> (MEMOP_CMD_BITS + 1) || start >= r.nr_extents ||
	    r.extent_order > memory_max_order() || r.mem_flags & XENMEMF_populate_on_demand) {
		return (long)start;
	}
	DOMAIN_REF(d) = domain_target(r.domid, &err);
	if (!d) {
		return (long)start;
	}
	while (go && i < r.nr_extents) {
		if (i != start && preempt_needed()) {
			return HYPERCALL_CONTINUE(__HYPERVISOR_memory_op, cmd | i << MEMOP_CMD_BITS,
						  arg);
		}
		go = cmd == XENMEM_decrease_reservation
			     ? extent_remove(d, &r, i)
			     : extent_add(d, &r, i, cmd == XENMEM_populate_physmap);
		i += go;
	}
	return (long)i;
}

/* current_reservation, maximum_reservation. */
static long memory_query(unsigned int cmd, guest_ptr_t arg)
{
	struct xen_memory_domain op;
	int err;

	if (copy_from_guest(&op, arg, sizeof(op))) {
		return -EFAULT;
	}
	DOMAIN_REF(d) = domain_target(op.domid, &err);
	if (!d) {
		return err;
	}
	return cmd == XENMEM_current_reservation ? (long)READ_ONCE(d->mm.pages)
						 : (long)MIN(READ_ONCE(d->mm.limit), 0xffffffffull);
}

/* Nothing is set aside: whether the memory is there now is all that is told. */
static long memory_claim(void *arg)
{
	const struct xen_memory_reservation *r = arg;
	int err;

	if (r->extent_start.p || r->extent_order || r->mem_flags) {
		return -EINVAL;
	}
	DOMAIN_REF(d) = domain_target(r->domid, &err);
	if (!d) {
		return err;
	}
	return r->nr_extents > READ_ONCE(d->mm.pages) + alloc_free_pages() ? -ENOMEM : 0;
}

/* Those that only take a structure and give an answer. */
static const struct subop ops[] = {
	[XENMEM_machphys_mapping] = {memory_m2p_mapping, sizeof(struct xen_machphys_mapping),
				     SUBOP_OUT},
	[XENMEM_memory_map] = {memory_map_get, sizeof(struct xen_memory_map), SUBOP_OUT},
	[XENMEM_machine_memory_map] = {memory_map_machine, sizeof(struct xen_memory_map),
				       SUBOP_DOM0 | SUBOP_OUT},
	[XENMEM_set_memory_map] = {memory_map_set, sizeof(struct xen_foreign_memory_map), 0},
	[XENMEM_claim_pages] = {memory_claim, sizeof(struct xen_memory_reservation), SUBOP_DOM0},
	[XENMEM_acquire_resource] = {memory_acquire_resource,
				     sizeof(struct xen_mem_acquire_resource),
				     SUBOP_DOM0 | SUBOP_OUT},
};

long do_memory_op(unsigned long full_cmd, guest_ptr_t arg)
{
	const unsigned int cmd = full_cmd & MEMOP_CMD_MASK;
	const unsigned long start = full_cmd >> MEMOP_CMD_BITS;

	switch (cmd) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return memory_reservation(cmd, start, arg);
	case XENMEM_exchange:
		return memory_exchange(arg);
	case XENMEM_maximum_ram_page:
		return (long)frame_end - 1;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
		return memory_query(cmd, arg);
	case XENMEM_get_sharing_freed_pages:
	case XENMEM_get_sharing_shared_pages:
		return 0;
	default: /* translated guests', NUMA's, sharing, paging, saving: -ENOSYS */
		return subop_run(ops, ARRAY_SIZE(ops), cmd, arg);
	}
}

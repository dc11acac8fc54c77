/* SPDX-License-Identifier: MIT */
/*
 * Mapping granted frames, and ending the maps.
 *
 * Invariant: a LIVE handle holds a pin, the frame's references and the granter; they are given back
 * after the host mapping is gone from the tables and from every TLB that may hold it. Unmapping
 * works in short batches with one flush each. No lock is held here; see table.h.
 */
#include "arch/tlb.h"
#include "domain/continuation.h"
#include "mmu/mmu.h"
#include "table.h"

#define MAP_BATCH   8u
#define UNMAP_BATCH 32u

static pte_t map_entry(u32 flags, mfn_t m)
{
	pte_t e = pte_make(m, PTE_P | PTE_A | PTE_D | PTE_US | PTE_NX | PTE_GRANT);

	if (!(flags & GNTMAP_readonly)) {
		e |= PTE_RW;
	}
	if (!(flags & GNTMAP_application_map)) {
		e |= PTE_GUEST_KERNEL;
	}
	return e | ((u64)(flags >> _GNTMAP_guest_avail0) << 9 & PTE_AVAIL);
}

static u16 handle_state(u32 flags)
{
	return HANDLE_LIVE | (flags & GNTMAP_host_map ? HANDLE_HOST : 0) |
	       (flags & GNTMAP_device_map ? HANDLE_DEVICE : 0) |
	       (flags & GNTMAP_readonly ? 0 : HANDLE_WRITE) |
	       (flags & GNTMAP_contains_pte ? HANDLE_PTE : 0);
}

/* Pin, references, page-table entry: each step is undone here if a later one fails. */
static int map_acquire(struct gnttab_map_grant_ref *op, struct domain *rd, mfn_t *m)
{
	bool write = !(op->flags & GNTMAP_readonly);
	struct pin p;
	int rc = grant_pin(rd, current->domain, op->ref, write, true, &p);

	if (rc) {
		return rc;
	}
	*m = p.mfn;
	rc = grant_frame_get(rd, *m, write);
	if (rc) {
		goto unpin;
	}
	if (op->flags & GNTMAP_host_map &&
	    mmu_grant_map(op->host_addr, op->flags & GNTMAP_contains_pte,
			  map_entry(op->flags, *m))) {
		rc = GNTST_bad_virt_addr;
		goto put;
	}
	return GNTST_okay;
put:
	grant_frame_put(*m, write);
unpin:
	grant_unpin(rd, p.active, op->ref, write);
	return rc;
}

static int map_one(struct gnttab_map_grant_ref *op, struct domain_cache *cache)
{
	struct domain *ld = current->domain, *rd = domain_cached(cache, op->dom);
	struct handle *h;
	u32 n;
	mfn_t m;
	int rc;

	if (!rd || rd->dying) {
		return GNTST_bad_domain;
	}
	if (!(op->flags & (GNTMAP_host_map | GNTMAP_device_map))) {
		return GNTST_bad_gntref;
	}
	n = handle_alloc(ld);
	if (n == HANDLE_NONE) {
		return GNTST_no_space;
	}
	rc = map_acquire(op, rd, &m);
	if (rc) {
		handle_free(ld, n);
		return rc;
	}
	domain_ref(rd);
	h = handle_of(ld->grant, n);
	h->granter = rd;
	h->ref = op->ref;
	h->mfn = (u32)mfn_x(m);
	h->host_addr = op->host_addr;
	__atomic_store_n(&h->state, handle_state(op->flags), __ATOMIC_RELEASE);
	op->handle = n;
	op->dev_bus_addr = mfn_x(m) << PAGE_SHIFT;
	return GNTST_okay;
}

static long map_batch(guest_ptr_t arg, unsigned int count, struct domain_cache *cache)
{
	struct gnttab_map_grant_ref ops[MAP_BATCH];

	if (copy_from_guest(ops, arg, count * sizeof(*ops))) {
		return -EFAULT;
	}
	for (unsigned int i = 0; i < count; i++) {
		ops[i].status = (s16)map_one(&ops[i], cache);
	}
	return copy_to_guest(arg, ops, count * sizeof(*ops)) ? -EFAULT : 0;
}

long grant_op_map(guest_ptr_t arg, unsigned int count)
{
	struct domain_cache cache = {NULL, 0};
	long rc = 0;

	while (count && !rc) {
		unsigned int n = MIN(count, MAP_BATCH);

		rc = map_batch(arg, n, &cache);
		arg += n * sizeof(struct gnttab_map_grant_ref);
		count -= n;
		if (!rc && count && preempt_needed()) {
			rc = HYPERCALL_CONTINUE(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref,
						arg, count);
		}
	}
	domain_cache_drop(&cache);
	return rc;
}

void handle_release(struct domain *d, u32 n)
{
	struct handle *h = handle_of(d->grant, n);
	bool write = READ_ONCE(h->state) & HANDLE_WRITE; /* others may try to claim it */
	struct domain *rd = h->granter;

	grant_frame_put(_mfn(h->mfn), write);
	grant_unpin(rd, active_get(rd->grant, h->ref, false), h->ref, write);
	h->granter = NULL;
	handle_free(d, n);
	domain_put(rd);
}

/* An unmap whose table entry is gone, before the flush. */
struct unmap {
	u32 handle;
	u16 left; /* the handle's state afterwards; nothing mapped: it ends */
};

/* Wins the handle or fails: two that end the same one at once are one too many. */
static bool handle_claim(struct handle *h, u16 *state)
{
	*state = READ_ONCE(h->state);
	return (*state & (HANDLE_LIVE | HANDLE_BUSY)) == HANDLE_LIVE &&
	       __atomic_compare_exchange_n(&h->state, state, *state | HANDLE_BUSY, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Takes the named parts of the map away. u->left tells what stays. */
static int unmap_parts(const struct gnttab_unmap_grant_ref *op, struct handle *h, u16 state,
		       struct unmap *u)
{
	u->left = state;
	if (op->dev_bus_addr && state & HANDLE_DEVICE) {
		if (op->dev_bus_addr != (u64)h->mfn << PAGE_SHIFT) {
			return GNTST_bad_dev_addr;
		}
		u->left &= ~HANDLE_DEVICE;
	}
	if (op->host_addr && state & HANDLE_HOST) {
		if (mmu_grant_unmap(op->host_addr, state & HANDLE_PTE, _mfn(h->mfn),
				    state & HANDLE_WRITE)) {
			u->left = state;
			return GNTST_general_error;
		}
		u->left &= ~HANDLE_HOST;
	}
	return GNTST_okay;
}

static int unmap_begin(const struct gnttab_unmap_grant_ref *op, struct unmap *u)
{
	struct handle *h = handle_of(current->domain->grant, op->handle);
	u16 state;
	int rc;

	u->handle = HANDLE_NONE;
	if (!h || !handle_claim(h, &state)) {
		return GNTST_bad_handle;
	}
	rc = unmap_parts(op, h, state, u);
	if (rc) {
		__atomic_store_n(&h->state, state, __ATOMIC_RELEASE);
	} else {
		u->handle = op->handle;
	}
	return rc;
}

static void unmap_finish(const struct unmap *u)
{
	struct domain *d = current->domain;

	if (u->handle == HANDLE_NONE) {
		return;
	}
	if (u->left & (HANDLE_HOST | HANDLE_DEVICE)) {
		__atomic_store_n(&handle_of(d->grant, u->handle)->state, u->left, __ATOMIC_RELEASE);
	} else {
		handle_release(d, u->handle);
	}
}

/* Up to UNMAP_BATCH elements with one flush. *done counts those whose status was written. */
static long unmap_batch(guest_ptr_t arg, unsigned int count, unsigned int *done)
{
	struct unmap u[UNMAP_BATCH];
	struct gnttab_unmap_grant_ref ops[UNMAP_BATCH];
	unsigned int n, begun = 0;
	long rc = 0;

	if (copy_from_guest(ops, arg, count * sizeof(*ops))) {
		return -EFAULT;
	}
	for (n = 0; n < count && !rc; n++, arg += sizeof(*ops)) {
		s16 status = (s16)unmap_begin(&ops[n], &u[n]);

		begun++;
		if (copy_to_guest(arg + offsetof(struct gnttab_unmap_grant_ref, status), &status,
				  sizeof(status))) {
			rc = -EFAULT;
		}
	}
	if (begun) {
		tlb_flush_mask(&current->domain->mm.dirty);
	}
	for (n = 0; n < begun; n++) {
		unmap_finish(&u[n]);
	}
	*done = begun;
	return rc;
}

long grant_op_unmap(guest_ptr_t arg, unsigned int count)
{
	while (count) {
		unsigned int done;
		long rc = unmap_batch(arg, MIN(count, UNMAP_BATCH), &done);

		if (rc) {
			return rc;
		}
		arg += done * sizeof(struct gnttab_unmap_grant_ref);
		count -= done;
		if (count && preempt_needed()) {
			return HYPERCALL_CONTINUE(__HYPERVISOR_grant_table_op,
						  GNTTABOP_unmap_grant_ref, arg, count);
		}
	}
	return 0;
}

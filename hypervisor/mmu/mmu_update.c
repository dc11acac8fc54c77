/* SPDX-License-Identifier: MIT */
/*
 * mmu_update, update_va_mapping and the entries of grants: changing page-table entries one by one.
 * Invariant: entries change only through mm/pagetype.h. `done` counts what was really done,
 * whatever error ends the call: guests go on behind it.
 */
#include "arch/tlb.h"
#include "arch/uaccess.h"
#include "domain/continuation.h"
#include "lib/lib.h"
#include "mmu/mmu.h"
#include "tables.h"

#define BATCH 16u /* requests copied in one go */

struct update_run {
	struct vcpu *v;
	struct subject tables, pages;
	unsigned int todo, done;
	guest_ptr_t next;
};

static inline int entry_changed(struct vcpu *v, int rc, mfn_t rest)
{
	if (!mfn_eq(rest, INVALID_MFN)) {
		table_release_later(v, rest);
	}
	return rc;
}

static inline int update_entry(struct vcpu *v, const struct subject *tables, struct owner *pages,
			       u64 ptr, u64 val, bool preserve_ad)
{
	mfn_t m = _mfn(ptr >> PAGE_SHIFT), rest;
	unsigned int slot = (ptr & ~PAGE_MASK) / sizeof(pte_t);
	int rc = -EINVAL;

	if (unlikely(ptr % sizeof(pte_t))) {
		return -EINVAL;
	}
	rc = pte_update(m, slot, val, tables->o, pages, preserve_ad, &rest);
	/* No table, but a page that is to become one: the guest may write it, and is helped. */
	if (unlikely(rc == -EINVAL) && !frame_get_and_type(m, tables->o, FT_WRITABLE)) {
		WRITE_ONCE(((u64 *)mfn_to_virt(m))[slot], val);
		frame_put_and_type(m);
		return 0;
	}
	return entry_changed(v, rc, rest);
}

static __noinline int update_m2p(const struct subject *pages, u64 ptr, u64 pfn)
{
	mfn_t m = _mfn(ptr >> PAGE_SHIFT);

	if (!pages->d || frame_get(m, pages->o)) {
		return -EINVAL;
	}
	WRITE_ONCE(m2p_rw[m.n], pfn);
	frame_put(m);
	return 0;
}

/* MMU_PT_UPDATE_NO_TRANSLATE is the same as MMU_NORMAL_PT_UPDATE for PV guests. */
static inline int update_one(struct vcpu *v, const struct subject *tables,
			     const struct subject *pages, const mmu_update_t *req)
{
	const unsigned int kind = req->ptr & 3;
	const u64 ptr = req->ptr & ~3ull;

	if (unlikely(kind == MMU_MACHPHYS_UPDATE)) {
		return update_m2p(pages, ptr, req->val);
	}
	return update_entry(v, tables, pages->o, ptr, req->val, kind == MMU_PT_UPDATE_PRESERVE_AD);
}

/* Runs until all is done, an error, or something more urgent; a batch that ends in unreadable
 * memory is done up to there. */
static inline int update_run(struct update_run *r)
{
	mmu_update_t reqs[BATCH];

	while (r->todo) {
		unsigned int n = MIN(r->todo, BATCH);
		size_t left = copy_from_guest(reqs, r->next, n * sizeof(reqs[0]));

		n -= ROUND_UP(left, sizeof(reqs[0])) / sizeof(reqs[0]);
		if (!n) {
			return -EFAULT;
		}
		for (unsigned int i = 0; i < n; i++) {
			int rc = update_one(r->v, &r->tables, &r->pages, &reqs[i]);

			if (rc) {
				return rc;
			}
			r->next += sizeof(reqs[0]);
			r->todo--;
			r->done++;
			if (unlikely(table_release_pending(r->v))) {
				return -ERESTART;
			}
		}
		if (r->todo && preempt_needed()) {
			return -ERESTART;
		}
	}
	return 0;
}

static inline int update_subjects(struct update_run *r, unsigned int foreign)
{
	unsigned int pt = foreign >> 16;
	int rc = subject_get(pt ? (domid_t)(pt - 1) : DOMID_SELF, &r->tables);

	if (!rc && !r->tables.d) {
		rc = -EPERM;
	}
	if (rc) {
		return rc;
	}
	rc = subject_get((domid_t)foreign, &r->pages);
	if (rc) {
		subject_put(&r->tables);
	}
	return rc;
}

static __noinline long update_many(guest_ptr_t reqs, unsigned int count, guest_ptr_t done,
				   unsigned int foreign)
{
	struct update_run r = {.v = current, .next = reqs};
	u32 total = 0;
	int rc = table_release_finish(r.v);

	if (rc) {
		return HYPERCALL_CONTINUE(__HYPERVISOR_mmu_update, reqs, count, done, foreign);
	}
	r.todo = count & ~MMU_UPDATE_PREEMPTED;
	if (count & MMU_UPDATE_PREEMPTED && done && copy_from_guest(&total, done, sizeof(total))) {
		return -EFAULT;
	}
	rc = update_subjects(&r, foreign);
	if (rc) {
		return rc;
	}
	rc = update_run(&r);
	subject_put(&r.pages);
	subject_put(&r.tables);
	total += r.done;
	if (done && copy_to_guest(done, &total, sizeof(total))) {
		rc = rc && rc != -ERESTART ? rc : -EFAULT;
	}
	if (rc == -ERESTART) {
		return HYPERCALL_CONTINUE(__HYPERVISOR_mmu_update, r.next,
					  r.todo | MMU_UPDATE_PREEMPTED, done, foreign);
	}
	return rc;
}

/* One entry of one's own, as for a page fault, is the general case without what is not needed. */
long do_mmu_update(guest_ptr_t reqs, unsigned int count, guest_ptr_t done, unsigned int foreign)
{
	struct vcpu *v = current;
	const struct subject self = {v->domain, &v->domain->mm};
	mmu_update_t req;
	bool ok;
	int rc;

	if (count != 1 || done || foreign != DOMID_SELF || table_release_pending(v)) {
		return update_many(reqs, count, done, foreign);
	}
	if (!va_guest(reqs)) {
		return -EFAULT;
	}
	smap_open_to_load();
	ok = guest_word_load(reqs, &req.ptr) && guest_word_load(reqs + 8, &req.val);
	smap_close();
	if (!ok) {
		return -EFAULT;
	}
	rc = update_one(v, &self, &self, &req);
	if (unlikely(rc == -ERESTART || (!rc && table_release_pending(v)))) {
		return HYPERCALL_CONTINUE(__HYPERVISOR_mmu_update, reqs,
					  (rc ? 1u : 0u) | MMU_UPDATE_PREEMPTED, done, foreign);
	}
	return rc;
}

static int va_flush(struct vcpu *v, unsigned long va, unsigned long flags)
{
	unsigned long how = flags & UVMF_FLUSHTYPE_MASK;

	return how == UVMF_NONE ? 0 : guest_flush(v, flags - how, how == UVMF_INVLPG, va);
}

long do_update_va_mapping_otherdomain(unsigned long va, u64 val, unsigned long flags, domid_t domid)
{
	struct vcpu *v = current;
	struct subject pages;
	mfn_t table, rest;
	pte_t e;
	int rc = table_release_finish(
		v); /* what is at va may be no L1 table by now, and be released */

	if (rc) {
		return HYPERCALL_CONTINUE(__HYPERVISOR_update_va_mapping_otherdomain, va, val,
					  flags, domid);
	}
	rc = subject_get(domid, &pages);
	if (rc) {
		return rc;
	}
	rc = -EINVAL;
	if (l1_find(v, va, &table, &e)) {
		rc = pte_update(table, l1_slot(va), val, &v->domain->mm, pages.o, false, &rest);
		rc = entry_changed(v, rc, rest);
	}
	subject_put(&pages);
	return rc ? rc : va_flush(v, va, flags);
}

long do_update_va_mapping(unsigned long va, u64 val, unsigned long flags)
{
	return do_update_va_mapping_otherdomain(va, val, flags, DOMID_SELF);
}

/* The L1 entry a grant operation names: by its machine address or by what it maps. */
static int grant_entry(u64 host_addr, bool is_pte, mfn_t *table, unsigned int *slot)
{
	pte_t e;

	if (is_pte) {
		*table = _mfn(host_addr >> PAGE_SHIFT);
		*slot = (host_addr & ~PAGE_MASK) / sizeof(pte_t);
		return host_addr % sizeof(pte_t) ? -EINVAL : 0;
	}
	*slot = l1_slot(host_addr);
	return l1_find(current, host_addr, table, &e) ? 0 : -EINVAL;
}

int mmu_grant_map(u64 host_addr, bool is_pte, pte_t entry)
{
	unsigned int slot;
	mfn_t table;
	int rc = grant_entry(host_addr, is_pte, &table, &slot);

	return rc ? rc : pte_grant_set(table, slot, entry, &current->domain->mm);
}

int mmu_grant_unmap(u64 host_addr, bool is_pte, mfn_t frame, bool writable)
{
	unsigned int slot;
	mfn_t table;
	int rc = grant_entry(host_addr, is_pte, &table, &slot);

	return rc ? rc : pte_grant_clear(table, slot, frame, writable, &current->domain->mm);
}

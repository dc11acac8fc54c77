/* SPDX-License-Identifier: MIT */
/*
 * The granter's side: pages of entries, pins, birth and death.
 *
 * Invariant: an active entry with pins has its mfn and domid fixed, whatever the guest writes to
 * the shared entry; pins >= writers. The shared page's pointer is read under an active entry's lock
 * only: so once it was cleared and every active lock was taken once, nobody uses the page.
 */
#include "arch/tlb.h"
#include "mm/alloc.h"
#include "table.h"

#define CLAIM_TRIES 16 /* a guest that changes its entry faster than this gets an error */

static struct active *active_get(struct grant_domain *g, u32 ref, bool make)
{
	struct active **slot = &g->active[ref / ACTIVE_PER_PAGE];
	struct active *page = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

	if (!page && make) {
		spin_lock(&g->lock);
		page = *slot;
		if (!page) {
			page = heap_alloc_page();
			/* Before the look at `shared` in grant_pin(): see frame_detach(). */
			__atomic_store_n(slot, page, __ATOMIC_SEQ_CST);
		}
		spin_unlock(&g->lock);
	}
	return page ? &page[ref % ACTIVE_PER_PAGE] : NULL;
}

/* The shared entry's word; an active lock is held. NULL: the domain is dying. */
static u64 *entry_of(struct grant_domain *g, u32 ref)
{
	u64 *page = __atomic_load_n(&g->shared[ref / GRANTS_PER_FRAME], __ATOMIC_SEQ_CST);

	return page ? &page[ref % GRANTS_PER_FRAME] : NULL;
}

/* Checks the guest's entry and marks it as in use, in one step: flags, domid and frame are one
 * word. */
static int entry_claim(u64 *entry, u16 domid, bool write, u32 *frame)
{
	const u16 marks = write ? GTF_reading | GTF_writing : GTF_reading;
	u64 old = READ_ONCE(*entry);

	for (unsigned int i = 0; i < CLAIM_TRIES; i++) {
		u16 flags = (u16)old;

		if ((flags & GTF_type_mask) != GTF_permit_access || (u16)(old >> 16) != domid ||
		    (write && (flags & GTF_readonly))) {
			return GNTST_general_error;
		}
		if (cmpxchg_u64(entry, &old, old | marks)) {
			*frame = (u32)(old >> 32);
			return GNTST_okay;
		}
	}
	return GNTST_general_error;
}

static int active_pin(struct grant_domain *g, struct active *a, u32 ref, u16 domid, bool write)
{
	u64 *entry = entry_of(g, ref);
	u32 frame = 0;

	if (!entry) {
		return GNTST_bad_gntref;
	}
	if (a->pins == 0xffff || (a->pins && a->domid != domid)) {
		return GNTST_general_error;
	}
	if (!a->pins || (write && !a->writers)) {
		int rc = entry_claim(entry, domid, write, &frame);

		if (rc) {
			return rc;
		}
	}
	if (!a->pins) {
		a->mfn = frame;
		a->domid = domid;
	}
	a->pins++;
	a->writers += write;
	return GNTST_okay;
}

int grant_pin(struct domain *rd, struct domain *ld, u32 ref, bool write, mfn_t *mfn)
{
	struct grant_domain *g = grant_state(rd);
	struct active *a;
	int rc;

	if (!g || ref / GRANTS_PER_FRAME >= __atomic_load_n(&g->frames, __ATOMIC_ACQUIRE)) {
		return GNTST_bad_gntref;
	}
	a = active_get(g, ref, true);
	if (!a) {
		return GNTST_no_space;
	}
	spin_lock(&a->lock);
	rc = active_pin(g, a, ref, domain_id(ld), write);
	*mfn = _mfn(a->mfn);
	spin_unlock(&a->lock);
	return rc;
}

void grant_unpin(struct domain *rd, u32 ref, bool write)
{
	struct grant_domain *g = rd->grant;
	struct active *a = active_get(g, ref, false);
	u64 *entry, clear = 0;

	HOLD_LOCK(&a->lock);
	ASSERT(a->pins && a->writers >= write);
	a->pins--;
	a->writers -= write;
	if (!a->pins) {
		clear = GTF_reading;
	}
	if (write && !a->writers) {
		clear |= GTF_writing;
	}
	entry = entry_of(g, ref);
	if (entry && clear) {
		__atomic_fetch_and(entry, ~clear, __ATOMIC_SEQ_CST);
	}
}

int grant_frame_get(struct domain *rd, mfn_t m, bool write)
{
	int rc = write ? frame_get_and_type(m, &rd->mm, FT_WRITABLE) : frame_get(m, &rd->mm);

	return rc ? GNTST_bad_page : GNTST_okay;
}

void grant_frame_put(mfn_t m, bool write)
{
	if (write) {
		frame_put_and_type(m);
	} else {
		frame_put(m);
	}
}

struct domain *domain_cached(struct domain_cache *c, domid_t id)
{
	if (!c->d || c->id != id) {
		domain_cache_drop(c);
		c->d = domain_get(id);
		c->id = id;
	}
	return c->d;
}

/* Lock held. */
static int table_grow(struct domain *d, struct grant_domain *g, u32 frames)
{
	while (g->frames < frames) {
		void *page = heap_alloc_page();

		if (!page) {
			return -ENOMEM;
		}
		m2p_rw[mfn_x(virt_to_mfn(page))] = M2P_INVALID;
		frame_share(page, &d->mm);
		__atomic_store_n(&g->shared[g->frames], page, __ATOMIC_RELEASE);
		__atomic_store_n(&g->frames, g->frames + 1, __ATOMIC_RELEASE);
	}
	return 0;
}

int grant_table_frame(struct domain *d, unsigned int idx, mfn_t *m)
{
	struct grant_domain *g = grant_state(d);
	int rc;

	if (!g || idx >= g->max_frames) {
		return -EINVAL;
	}

	HOLD_LOCK(&g->lock);
	rc = g->closed ? -EINVAL : table_grow(d, g, idx + 1);
	if (!rc) {
		*m = virt_to_mfn(g->shared[idx]);
	}
	return rc;
}

unsigned int grant_table_max(struct domain *d)
{
	struct grant_domain *g = grant_state(d);

	return g ? g->max_frames : 0;
}

static void arrays_free(struct grant_domain *g)
{
	heap_free(g->shared, (g->max_frames + 1) * sizeof(*g->shared));
	heap_free(g->active, (2 * g->max_frames + 1) * sizeof(*g->active));
	heap_free(g, sizeof(*g));
}

int grant_domain_create(struct domain *d)
{
	struct grant_domain *g = heap_alloc(sizeof(*g));

	if (!g) {
		return -ENOMEM;
	}
	g->max_frames = MIN(d->config_max_grant_frames, MAX_GRANT_FRAMES);
	g->max_handle_pages = MIN(d->config_max_maptrack_frames, HANDLE_PAGES_MAX);
	/* One more than needed: a limit of 0 is legal, an allocation of 0 bytes is not. */
	g->shared = heap_alloc((g->max_frames + 1) * sizeof(*g->shared));
	g->active = heap_alloc((2 * g->max_frames + 1) * sizeof(*g->active));
	if (!g->shared || !g->active) {
		arrays_free(g);
		return -ENOMEM;
	}
	__atomic_store_n(&d->grant, g, __ATOMIC_RELEASE);
	return 0;
}

/* Takes a shared page away from everybody: clears its pointer, then takes each lock under which
 * the old one may still be in use. Active pages made later find the pointer cleared. */
static void frame_detach(struct grant_domain *g, u32 n)
{
	u64 *page = g->shared[n];

	__atomic_store_n(&g->shared[n], NULL, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < GRANTS_PER_FRAME; i++) {
		struct active *a = active_get(g, n * GRANTS_PER_FRAME + i, false);

		if (a) {
			spin_lock(&a->lock);
			spin_unlock(&a->lock);
		}
	}
	if (page && frame_unshare(page)) {
		heap_free_page(page);
	}
}

/* Ends the maps that d still has. Its vcpus stand still for good. */
static int handles_destroy(struct domain *d, struct grant_domain *g)
{
	struct handle *h;

	if (handle_of(g, g->destroy_handle)) {
		tlb_flush_mask(&d->mm.dirty); /* before their frames may go */
	}
	for (; (h = handle_of(g, g->destroy_handle)) != NULL; g->destroy_handle++) {
		if (h->state & HANDLE_LIVE) {
			handle_release(d, g->destroy_handle);
		}
		if (g->destroy_handle % 64 == 63 && preempt_needed()) {
			g->destroy_handle++;
			return -ERESTART;
		}
	}
	return 0;
}

int grant_domain_destroy(struct domain *d)
{
	struct grant_domain *g = d->grant;
	int rc;

	if (!g) {
		return 0;
	}
	spin_lock(&g->lock);
	g->closed = true;
	spin_unlock(&g->lock);
	rc = handles_destroy(d, g);
	if (rc) {
		return rc;
	}
	while (g->destroy_frame < g->frames) {
		frame_detach(g, g->destroy_frame++);
		if (g->destroy_frame < g->frames && preempt_needed()) {
			return -ERESTART;
		}
	}
	return 0;
}

void grant_domain_free(struct domain *d)
{
	struct grant_domain *g = d->grant;

	if (!g) {
		return;
	}
	d->grant = NULL;
	for (u32 i = 0; i < 2 * g->max_frames; i++) {
		heap_free_page(g->active[i]);
	}
	handles_free_all(d, g);
	arrays_free(g);
}

void grant_dump(struct domain *d)
{
	struct grant_domain *g = grant_state(d);
	struct handle *h;

	if (!g) {
		return;
	}
	printk("domain %u: %u of %u grant frames, %u maps of others' grants\n", domain_id(d),
	       g->frames, g->max_frames, grant_map_count(d));
	for (u32 ref = 0; ref < g->frames * GRANTS_PER_FRAME; ref++) {
		struct active *a = active_get(g, ref, false);

		if (a && READ_ONCE(a->pins)) {
			printk("  grant %u: frame %x used by domain %u, %u pins, %u writing\n", ref,
			       a->mfn, a->domid, a->pins, a->writers);
		}
	}
	for (u32 i = 0; (h = handle_of(g, i)) != NULL; i++) {
		if (READ_ONCE(h->state) & HANDLE_LIVE) {
			printk("  handle %u: grant %u of domain %u, frame %x at %lx, state %x\n", i,
			       h->ref, domain_id(h->granter), h->mfn, (unsigned long)h->host_addr,
			       h->state);
		}
	}
}

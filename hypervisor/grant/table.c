/* SPDX-License-Identifier: MIT */
/*
 * The granter's side: pages of entries and of status words, birth and death.
 *
 * Invariant: a table of version 2 has a status word for each of its entries. Status frames are made
 * when that version is asked for, and stay when it is left: the guest may have them mapped, and
 * memory that it could detach at each switch would be bounded by nothing.
 */
#include "arch/tlb.h"
#include "mm/alloc.h"
#include "table.h"

struct domain *domain_look_up(struct domain_cache *c, domid_t id)
{
	domain_cache_drop(c);
	c->d = domain_get(id);
	c->id = id;
	return c->d;
}

int status_grow(struct domain *d, struct grant_domain *g, u32 frames)
{
	if (!g->status) {
		g->status = heap_alloc((status_frames_for(g->max_frames) + 1) * sizeof(*g->status));
	}
	while (g->status && g->status_frames < status_frames_for(frames)) {
		void *page = page_share(&d->mm);

		if (!page) {
			return -ENOMEM;
		}
		g->status[g->status_frames++] = page;
	}
	return g->status ? 0 : -ENOMEM;
}

/* Lock held. */
static int table_grow(struct domain *d, struct grant_domain *g, u32 frames)
{
	while (g->frames < frames) {
		int rc = g->mode & GRANT_V2 ? status_grow(d, g, g->frames + 1) : 0;
		void *page = rc ? NULL : page_share(&d->mm);

		if (!page) {
			return -ENOMEM;
		}
		__atomic_store_n(&g->shared[g->frames], page, __ATOMIC_RELEASE);
		__atomic_store_n(&g->frames, g->frames + 1, __ATOMIC_RELEASE);
	}
	return 0;
}

int grant_table_frame(struct domain *d, bool status, unsigned int idx, mfn_t *m)
{
	struct grant_domain *g = grant_state(d);
	int rc;

	if (!g || idx >= grant_table_max(d, status)) {
		return -EINVAL;
	}

	HOLD_LOCK(&g->lock);
	if (g->closed || (status && !(g->mode & GRANT_V2))) {
		return -EINVAL;
	}
	rc = table_grow(d, g, status ? idx * STATUS_PER_FRAME / GRANTS_V2_PER_FRAME + 1 : idx + 1);
	if (!rc) {
		*m = virt_to_mfn(status ? (void *)g->status[idx] : g->shared[idx]);
	}
	return rc;
}

unsigned int grant_table_max(struct domain *d, bool status)
{
	struct grant_domain *g = grant_state(d);

	if (!g || (status && grant_version(d) == 1)) {
		return 0;
	}
	return status ? status_frames_for(g->max_frames) : g->max_frames;
}

unsigned int grant_version(struct domain *d)
{
	struct grant_domain *g = grant_state(d);

	return g && __atomic_load_n(&g->mode, __ATOMIC_ACQUIRE) & GRANT_V2 ? 2 : 1;
}

static void arrays_free(struct grant_domain *g)
{
	heap_free(g->shared, (g->max_frames + 1) * sizeof(*g->shared));
	heap_free(g->active, (2 * g->max_frames + 1) * sizeof(*g->active));
	heap_free(g->status, (status_frames_for(g->max_frames) + 1) * sizeof(*g->status));
	heap_free(g, sizeof(*g));
}

int grant_domain_create(struct domain *d)
{
	struct grant_domain *g;

	if (!d->config_max_grant_version || d->config_max_grant_version > grant_version_max) {
		return -EINVAL;
	}
	g = heap_alloc(sizeof(*g));
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
	const u32 count = g->mode & GRANT_V2 ? GRANTS_V2_PER_FRAME : GRANTS_PER_FRAME;
	u64 *page = g->shared[n];

	__atomic_store_n(&g->shared[n], NULL, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < count; i++) {
		struct active *a = active_get(g, n * count + i, false);

		if (a) {
			spin_lock(&a->lock);
			spin_unlock(&a->lock);
		}
	}
	page_unshare(page);
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
	while (g->status_frames) { /* without an entry nobody looks at its status word */
		page_unshare(g->status[--g->status_frames]);
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
	printk("domain %u: version %u, %u of %u grant frames, %u maps of others' grants\n",
	       domain_id(d), grant_version(d), g->frames, g->max_frames, grant_map_count(d));
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

/* SPDX-License-Identifier: MIT */
/*
 * The user's side: handles, and each vcpu's lists of free ones.
 *
 * Invariant: a handle is LIVE, or in exactly one free list, or in the hands of the vcpu that took
 * it. A vcpu takes from its own list without atomics. Handles that another vcpu ends go to the
 * `returned` list of the vcpu that made them, which is only ever taken as a whole (so there is
 * no ABA problem). The table lock guards growth.
 */
#include "mm/alloc.h"
#include "table.h"

struct handle *handle_of(struct grant_domain *g, u32 h)
{
	const u32 page = h / HANDLES_PER_PAGE;
	const u32 count = __atomic_load_n(&g->handle_pages, __ATOMIC_ACQUIRE);

	if (page >= count) {
		return NULL;
	}
	return &g->handles[index_clamp(page, count)][h % HANDLES_PER_PAGE];
}

/* Makes a page of handles, linked up; its first is returned. Lock held. */
static u32 handles_grow(struct grant_domain *g)
{
	u32 n = g->handle_pages, first = n * HANDLES_PER_PAGE;
	struct handle *page;

	if (g->closed || n >= g->max_handle_pages) {
		return HANDLE_NONE;
	}
	page = heap_alloc_page();
	if (!page) {
		return HANDLE_NONE;
	}
	for (u32 i = 0; i < HANDLES_PER_PAGE; i++) {
		page[i].link = i + 1 < HANDLES_PER_PAGE ? first + i + 1 : HANDLE_NONE;
	}
	g->handles[n] = page;
	__atomic_store_n(&g->handle_pages, n + 1, __ATOMIC_RELEASE);
	return first;
}

/* The two arrays; NULL if there is no memory for them. */
static struct handle_list *lists_make(struct domain *d, struct grant_domain *g)
{
	HOLD_LOCK(&g->lock);
	struct handle_list *l = g->lists;

	if (!l) {
		if (!g->handles) {
			/* One more than needed: a limit of 0 is legal. */
			g->handles = heap_alloc((g->max_handle_pages + 1) * sizeof(*g->handles));
		}
		l = g->handles ? heap_alloc(d->max_vcpus * sizeof(*l)) : NULL;
		for (unsigned int i = 0; l && i < d->max_vcpus; i++) {
			l[i].own = l[i].returned = HANDLE_NONE;
		}
		__atomic_store_n(&g->lists, l, __ATOMIC_RELEASE);
	}
	return l;
}

static u32 list_take(struct handle_list *l)
{
	return __atomic_exchange_n(&l->returned, HANDLE_NONE, __ATOMIC_ACQUIRE);
}

/* Refills the list of current's vcpu: what came back, a new page, or what came back to others. */
static u32 list_refill(struct domain *d, struct grant_domain *g, struct handle_list *l)
{
	u32 h = list_take(l);

	if (h == HANDLE_NONE) {
		spin_lock(&g->lock);
		h = handles_grow(g);
		spin_unlock(&g->lock);
	}
	for (unsigned int i = 0; h == HANDLE_NONE && i < d->max_vcpus; i++) {
		h = list_take(&g->lists[i]);
	}
	return h;
}

u32 handle_alloc(struct domain *d)
{
	struct grant_domain *g = d->grant;
	struct handle_list *l = __atomic_load_n(&g->lists, __ATOMIC_ACQUIRE);
	struct handle *h;
	u32 n;

	if (unlikely(!l)) {
		l = lists_make(d, g);
		if (!l) {
			return HANDLE_NONE;
		}
	}
	l += current->id;
	if (l->own == HANDLE_NONE) {
		l->own = list_refill(d, g, l);
	}
	n = l->own;
	if (n != HANDLE_NONE) {
		h = handle_of(g, n);
		l->own = h->link;
		h->vcpu = (u16)current->id;
		l->live++;
	}
	return n;
}

void handle_free(struct domain *d, u32 n)
{
	struct grant_domain *g = d->grant;
	struct handle *h = handle_of(g, n);
	struct handle_list *l = &g->lists[h->vcpu];
	bool own = d == current->domain && h->vcpu == current->id;

	__atomic_store_n(&h->state, 0, __ATOMIC_RELEASE);
	/* A dying domain's handles end on whatever CPU destroys it, one at a time. */
	g->lists[d == current->domain ? current->id : h->vcpu].live--;
	if (own) {
		h->link = l->own;
		l->own = n;
		return;
	}
	h->link = READ_ONCE(l->returned);
	while (!__atomic_compare_exchange_n(&l->returned, &h->link, n, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED)) {
	}
}

void handles_free_all(struct domain *d, struct grant_domain *g)
{
	for (u32 i = 0; i < g->handle_pages; i++) {
		heap_free_page(g->handles[i]);
	}
	heap_free(g->handles, (g->max_handle_pages + 1) * sizeof(*g->handles));
	heap_free(g->lists, d->max_vcpus * sizeof(*g->lists));
}

unsigned int grant_map_count(struct domain *d)
{
	struct grant_domain *g = grant_state(d);
	struct handle_list *l = g ? __atomic_load_n(&g->lists, __ATOMIC_ACQUIRE) : NULL;
	s32 live = 0;

	for (unsigned int i = 0; l && i < d->max_vcpus; i++) {
		live += READ_ONCE(l[i].live);
	}
	return live < 0 ? 0 : (unsigned int)live;
}

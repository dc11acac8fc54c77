/* SPDX-License-Identifier: MIT */
/*
 * Owners by id: a two-level table, its second level allocated on demand and never freed. Readers
 * take no lock; owner_lock serialises writers. Invariant: an entry is NULL or a registered owner.
 */
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/owner.h"
#include <xen/xen.h>

#define LEAVES (0x8000u / OWNERS_PER_PAGE)

struct owner owner_io = {.id = DOMID_IO}, owner_xen = {.id = DOMID_XEN};

static struct owner **leaves[LEAVES];
static spinlock_t owner_lock = SPINLOCK_INIT;

struct owner *owner_find(u16 id)
{
	struct owner **leaf;

	if (id >= DOMID_COUNT) {
		return id == DOMID_IO ? &owner_io : id == DOMID_XEN ? &owner_xen : NULL;
	}
	leaf = __atomic_load_n(&leaves[index_clamp(id, DOMID_COUNT) / OWNERS_PER_PAGE],
			       __ATOMIC_ACQUIRE);
	return leaf ? __atomic_load_n(&leaf[id % OWNERS_PER_PAGE], __ATOMIC_ACQUIRE) : NULL;
}

int owner_set(u16 id, struct owner *o)
{
	struct owner **leaf;

	ASSERT(id < DOMID_COUNT);
	HOLD_LOCK(&owner_lock);
	leaf = leaves[id / OWNERS_PER_PAGE];
	if (!leaf && o) {
		leaf = heap_alloc_page();
		__atomic_store_n(&leaves[id / OWNERS_PER_PAGE], leaf, __ATOMIC_RELEASE);
	}
	if (leaf) {
		__atomic_store_n(&leaf[id % OWNERS_PER_PAGE], o, __ATOMIC_RELEASE);
	}
	return leaf || !o ? 0 : -ENOMEM;
}

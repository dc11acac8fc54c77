/* SPDX-License-Identifier: MIT */
/*
 * Switching a table between its versions, and swapping entries: what changes entries as a whole.
 *
 * A switch forbids new pins, then looks at each active entry under its lock; so what it found idle
 * stays idle. Only the reserved entries (console, store) may be in use: the tools keep them mapped.
 * They are carried over with all their locks held. Invariant: no pin or unpin goes by one version
 * on an entry of the other. The table lock guards the switch; see table.h.
 */
#include "domain/continuation.h"
#include "lib/option.h"
#include "table.h"

#define RESERVED GNTTAB_NR_RESERVED_ENTRIES

u32 grant_version_max = 2;

int grant_option_parse(const char *value, void *arg)
{
	if (strcmp(value, "max-ver:1") && strcmp(value, "max-ver:2")) {
		return -EINVAL;
	}
	*(u32 *)arg = (u32)(value[sizeof("max-ver:") - 1] - '0');
	return 0;
}
OPTION(gnttab, grant_option_parse, &grant_version_max);

static bool page_idle(struct active *page, u32 first)
{
	u32 busy = 0;

	for (u32 i = 0; i < ACTIVE_PER_PAGE; i++) {
		/* Also when it looks idle: who had begun to pin it before has then ended. */
		spin_lock(&page[i].lock);
		busy += first + i >= RESERVED && page[i].pins;
		spin_unlock(&page[i].lock);
	}
	return !busy;
}

/* Lock held. -EBUSY; -ERESTART: to be called again, by whoever. Pages that are made behind its
 * back are made under the lock, so their first user finds the switch going on. */
static int entries_idle(struct grant_domain *g)
{
	while (g->switch_page < 2 * g->max_frames) {
		u32 n = g->switch_page++;

		if (!g->active[n]) {
			continue;
		}
		if (!page_idle(g->active[n], n * ACTIVE_PER_PAGE)) {
			return -EBUSY;
		}
		if (preempt_needed()) {
			return -ERESTART;
		}
	}
	return 0;
}

struct reserved {
	u16 flags, domid; /* no flags: nothing that both versions can say */
	u64 frame;
};

static struct reserved reserved_read(struct grant_domain *g, u32 ref)
{
	u64 *entry = entry_of(g, ref, g->mode), head = READ_ONCE(*entry);
	bool v2 = g->mode & GRANT_V2;
	struct reserved r = {
		/* GTF_sub_page means nothing in version 1. */
		.flags = (u16)head & ~(GRANT_MARKS | (v2 ? 0 : GTF_sub_page)),
		.domid = (u16)(head >> 16),
		.frame = v2 ? READ_ONCE(entry[1]) : head >> 32,
	};

	if ((r.flags & GTF_type_mask) != GTF_permit_access || r.frame > ~0u ||
	    r.flags & GTF_sub_page) {
		return (struct reserved){0};
	}
	return r;
}

/* What is in use shows it in its new place, too. */
static void reserved_write(struct grant_domain *g, u32 ref, const struct reserved *r, u32 mode,
			   u16 marks)
{
	u64 *entry = entry_of(g, ref, mode), head = r->flags | (u64)r->domid << 16;

	if (mode & GRANT_V2) {
		__atomic_store_n(status_of(g, ref), marks, __ATOMIC_RELAXED);
		__atomic_store_n(&entry[1], r->frame, __ATOMIC_RELAXED);
	} else {
		head |= r->frame << 32 | marks;
	}
	__atomic_store_n(entry, head, __ATOMIC_RELEASE);
}

/* Lock held, and those of the reserved active entries. */
static void entries_convert(struct grant_domain *g, const struct active *a, u32 mode)
{
	struct reserved r[RESERVED];

	for (u32 i = 0; i < RESERVED; i++) {
		r[i] = reserved_read(g, i);
	}
	for (u32 i = 0; i < g->frames; i++) {
		memset(g->shared[i], 0, PAGE_SIZE);
	}
	for (u32 i = 0; i < g->status_frames; i++) {
		memset(g->status[i], 0, PAGE_SIZE);
	}
	for (u32 i = 0; i < RESERVED; i++) {
		reserved_write(g, i, &r[i], mode, a ? active_marks(&a[i]) : 0);
	}
}

static void switch_commit(struct grant_domain *g, u32 mode)
{
	struct active *a = g->active[0]; /* none: nothing was ever pinned */

	for (u32 i = 0; a && i < RESERVED; i++) {
		spin_lock(&a[i].lock);
	}
	if (g->frames) {
		entries_convert(g, a, mode);
	}
	__atomic_store_n(&g->mode, mode, __ATOMIC_RELEASE);
	for (u32 i = RESERVED; a && i-- > 0;) {
		spin_unlock(&a[i].lock);
	}
}

/* -ERESTART: some of the way was gone. Other vcpus may call, too, and then go on with it, or (the
 * version is to stay) end it. */
static int version_switch(struct domain *d, struct grant_domain *g, u32 mode)
{
	HOLD_LOCK(&g->lock);
	u32 old = g->mode & GRANT_V2;
	int rc;

	if (old == mode) {
		__atomic_store_n(&g->mode, old, __ATOMIC_RELEASE);
		return 0;
	}
	if (!(g->mode & GRANT_SWITCHING)) {
		g->switch_page = 0;
		__atomic_store_n(&g->mode, old | GRANT_SWITCHING, __ATOMIC_SEQ_CST);
	}
	rc = entries_idle(g);
	if (rc == -ERESTART) {
		return rc;
	}
	if (!rc && mode & GRANT_V2) {
		rc = status_grow(d, g, g->frames);
	}
	if (rc) {
		__atomic_store_n(&g->mode, old, __ATOMIC_RELEASE);
	} else {
		switch_commit(g, mode);
	}
	return rc;
}

long grant_op_set_version(guest_ptr_t arg)
{
	struct domain *d = current->domain;
	struct gnttab_set_version op;
	long rc;

	if (copy_from_guest(&op, arg, sizeof(op))) {
		return -EFAULT;
	}
	if (op.version != 1 && op.version != 2) {
		rc = -EINVAL;
	} else if (op.version > d->config_max_grant_version) {
		rc = -ENOSYS; /* as if there was no such operation */
	} else {
		rc = version_switch(d, d->grant, op.version == 2 ? GRANT_V2 : 0);
	}
	if (rc == -ERESTART) {
		return HYPERCALL_CONTINUE(__HYPERVISOR_grant_table_op, GNTTABOP_set_version, arg,
					  1);
	}
	op.version = grant_version(d);
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : rc;
}

static void words_swap(u64 *a, u64 *b, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		u64 old = READ_ONCE(a[i]);

		__atomic_store_n(&a[i], READ_ONCE(b[i]), __ATOMIC_RELAXED);
		__atomic_store_n(&b[i], old, __ATOMIC_RELAXED);
	}
}

int grant_swap(struct domain *d, u32 ref_a, u32 ref_b)
{
	const u32 low = MIN(ref_a, ref_b), high = MAX(ref_a, ref_b);
	struct grant_domain *g = d->grant;
	struct active *a, *b;
	u64 *to;
	int rc = GNTST_okay;

	if (high / GRANTS_PER_FRAME >= __atomic_load_n(&g->frames, __ATOMIC_ACQUIRE)) {
		return GNTST_bad_gntref;
	}
	a = active_get(g, low, true);
	b = active_get(g, high, true);
	if (!a || !b || a == b) {
		return a && a == b ? GNTST_okay : GNTST_no_space;
	}

	HOLD_LOCK(&g->lock);
	spin_lock(&a->lock);
	spin_lock(&b->lock);
	to = entry_of(g, high, g->mode);
	if (!to) {
		rc = GNTST_bad_gntref;
	} else if (a->pins || b->pins) {
		rc = GNTST_eagain;
	} else { /* there are no marks */
		words_swap(entry_of(g, low, g->mode), to, g->mode & GRANT_V2 ? 2 : 1);
	}
	spin_unlock(&b->lock);
	spin_unlock(&a->lock);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Debug builds: the references that grants hold, for mm/audit.h. All vcpus stand still, so nothing
 * is in between: each pin is a live handle's.
 */
#include "mm/audit.h"
#include "table.h"

static void handle_audit(const struct handle *h)
{
	const bool write = h->state & HANDLE_WRITE;

	if (!(h->state & HANDLE_LIVE)) {
		return;
	}
	audit_hold(_mfn(h->mfn), write ? FT_WRITABLE : FT_NONE);
	audit.pins -= 1 + write;
	if (h->state & HANDLE_HOST) {
		audit_granted(_mfn(h->mfn), write);
	}
}

void grant_audit(struct domain *d)
{
	struct grant_domain *g = grant_state(d);
	const struct handle *h;

	for (u32 i = 0; g && i < g->frames; i++) {
		audit_shared(g->shared[i]);
	}
	for (u32 i = 0; g && i < g->status_frames; i++) {
		audit_shared(g->status[i]);
	}
	for (u32 i = 0; g && (h = handle_of(g, i)) != NULL; i++) {
		handle_audit(h);
	}
	for (u32 i = 0; g && i < 2 * g->max_frames; i++) {
		for (u32 j = 0; g->active[i] && j < ACTIVE_PER_PAGE; j++) {
			audit.pins += g->active[i][j].pins + g->active[i][j].writers;
		}
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Grants of data pages that stay mapped: a front end that offers them (feature-persistent in
 * <xen/io/blkif.h>) uses the same pages again and again, and copies into and out of them itself.
 *
 * Invariant: a page that was found stays mapped until persistent_end(); how many there are is
 * bounded, whatever the guest names.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Of one device: 8 MiB of a guest's memory. */
#define PERSISTENT_MAX 2048u

struct persistent_chunk; /* what was mapped in one go */

struct persistent {
	struct persistent_chunk *chunks;
	uint32_t count;
	/* Hashed by reference: the first free place behind its own ends a search. */
	struct {
		uint32_t gref;
		unsigned char *page; /* NULL: free */
	} places[2 * PERSISTENT_MAX];
};

/** persistent_find - the page of a grant; NULL: it is not mapped. */
unsigned char *persistent_find(const struct persistent *p, uint32_t gref);
/**
 * persistent_add - maps grants that are not mapped yet, each named once; all or, false, none:
 * there are too many, or the guest does not grant one of them.
 */
bool persistent_add(struct persistent *p, const uint32_t *grefs, uint32_t count);
/** persistent_end - unmaps all; nothing may be under way on them. */
void persistent_end(struct persistent *p);

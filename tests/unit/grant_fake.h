/* SPDX-License-Identifier: MIT */
/*
 * What the tests of grant tables share: fake page tables, three domains, and the operations. 0
 * grants to 1; 2 is a stranger. Each test is a cmocka test between grants_start() and
 * grants_stop(), which checks that nothing is held and frees everything.
 */
#pragma once

#include "unit.h"
#include <time.h>
#include <xen/grant_table.h>
#include "domain/continuation.h"
#include "grant/grant.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/pagetype.h"

/* The fake page tables: one slot for each page of "virtual address". */
#define SLOTS 8192u
extern pte_t slot[SLOTS];
extern unsigned int slots_used;

extern struct domain *granter, *user, *other;
extern grant_entry_v1_t *table;  /* the granter's first frame */
extern grant_entry_v2_t *table2; /* the same, once it has version 2 */
extern mfn_t page;               /* a page of the granter's */

int grants_start(void **state);
int grants_stop(void **state);
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, grants_start, grants_stop)

long op(unsigned int cmd, void *arg, unsigned int count);
void grant(u32 ref, mfn_t m, u16 flags);  /* to 1, version 1 */
void grant2(u32 ref, mfn_t m, u16 flags); /* to 1, version 2 */
void end_domain(struct domain *d);

/* One element; the status. */
s16 map(u32 flags, domid_t dom, u32 ref, u64 va, u32 *handle);
s16 unmap(u32 handle, u64 va, u64 dev);
s16 copy(struct gnttab_copy *c);
void copy_init(struct gnttab_copy *c, mfn_t to); /* 100 bytes at 50 of grant 0 to 3000 */
long set_version(u32 version);                   /* by current's domain; checks what comes back */

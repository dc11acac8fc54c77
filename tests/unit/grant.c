/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: maps and their ends, every way to fail, handles that run out, domains that die in
 * between, and the calls about the tables themselves.
 */
#include "grant_fake.h"

static void map_and_unmap(void **state)
{
	u32 h;

	grant(0, page, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x5000, &h), GNTST_okay);
	assert_int_equal(table[0].flags, GTF_permit_access | GTF_reading | GTF_writing);
	assert_int_equal(fake_refs(page), 1);
	assert_int_equal(fake_writers(page), 1);
	assert_int_equal(slot[5], pte_make(page, PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_NX |
							 PTE_GRANT | PTE_GUEST_KERNEL));
	assert_int_equal(grant_map_count(user), 1);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	assert_int_equal(fake_flushes, 1);
	assert_int_equal(slot[5], 0);
	assert_int_equal(table[0].flags, GTF_permit_access);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_bad_handle);
}

static void map_flags(void **state)
{
	u32 h, w;

	grant(0, page, GTF_permit_access | GTF_readonly);
	assert_int_equal(map(GNTMAP_host_map | GNTMAP_readonly | GNTMAP_application_map |
				     GNTMAP_contains_pte | 1u << 16,
			     0, 0, 0x6000, &h),
			 GNTST_okay);
	assert_int_equal(slot[6], pte_make(page, PTE_P | PTE_US | PTE_A | PTE_D | PTE_NX |
							 PTE_GRANT | BIT(9)));
	assert_int_equal(table[0].flags, GTF_permit_access | GTF_readonly | GTF_reading);
	assert_int_equal(fake_writers(page), 0);
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x7000, &w), GNTST_general_error);
	assert_int_equal(slot[7], 0);
	assert_int_equal(table[0].flags, GTF_permit_access | GTF_readonly | GTF_reading);
	/* High "available" bits of the flags must not reach the entry's own. */
	table[0].flags &= ~GTF_readonly;
	assert_int_equal(map(GNTMAP_host_map | 0xffff0000u, 0, 0, 0x7000, &w), GNTST_okay);
	assert_int_equal(slot[7] & PTE_AVAIL_HIGH, PTE_GUEST_KERNEL | PTE_GRANT);
	assert_int_equal(table[0].flags, GTF_permit_access | GTF_reading | GTF_writing);
	assert_int_equal(unmap(w, 0x7000, 0), GNTST_okay);
	assert_int_equal(table[0].flags, GTF_permit_access | GTF_reading); /* h still reads */
	assert_int_equal(unmap(h, 0x7000, 0), GNTST_general_error);
	assert_int_equal(unmap(h, 0x6000, 0), GNTST_okay);
}

static void device_maps(void **state)
{
	u64 ma = mfn_x(page) << PAGE_SHIFT;
	u32 h;

	grant(0, page, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map | GNTMAP_device_map, 0, 0, 0x5000, &h), GNTST_okay);
	assert_int_equal(unmap(h, 0, ma + PAGE_SIZE), GNTST_bad_dev_addr);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	assert_int_equal(fake_refs(page), 1); /* devices may still write */
	assert_int_equal(fake_writers(page), 1);
	assert_true(table[0].flags & GTF_writing);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay); /* nothing named that is left */
	assert_int_equal(fake_refs(page), 1);
	assert_int_equal(unmap(h, 0, ma), GNTST_okay);
	assert_int_equal(map(GNTMAP_device_map | GNTMAP_readonly, 0, 0, 0, &h), GNTST_okay);
	assert_int_equal(unmap(h, 0, ma), GNTST_okay);
	assert_int_equal(unmap(h, 0, ma), GNTST_bad_handle);
}

static void map_refused(void **state)
{
	mfn_t foreign = fake_frame(other);
	u32 h;

	grant(0, page, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map, 9, 0, 0x5000, &h), GNTST_bad_domain);
	assert_int_equal(map(GNTMAP_host_map, DOMID_IO, 0, 0x5000, &h), GNTST_bad_domain);
	assert_int_equal(map(GNTMAP_readonly, 0, 0, 0x5000, &h), GNTST_bad_gntref);
	assert_int_equal(map(GNTMAP_host_map, 0, 512, 0x5000, &h), GNTST_bad_gntref);
	assert_int_equal(map(GNTMAP_host_map, 0, ~0u, 0x5000, &h), GNTST_bad_gntref);
	assert_int_equal(map(GNTMAP_host_map, 2, 0, 0x5000, &h), GNTST_bad_gntref);
	assert_int_equal(map(GNTMAP_host_map, 0, 1, 0x5000, &h), GNTST_general_error);
	assert_int_equal(map(GNTMAP_host_map, 0, 0, SLOTS * PAGE_SIZE, &h), GNTST_bad_virt_addr);
	grant(1, foreign, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map, 0, 1, 0x5000, &h), GNTST_bad_page);
	assert_int_equal(table[1].flags, GTF_permit_access);
	grant(1, _mfn(0xffffffff), GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map, 0, 1, 0x5000, &h), GNTST_bad_page);
	grant(1, page, GTF_accept_transfer);
	assert_int_equal(map(GNTMAP_host_map, 0, 1, 0x5000, &h), GNTST_general_error);
	grant(1, page, GTF_permit_access);
	table[1].domid = 2;
	assert_int_equal(map(GNTMAP_host_map, 0, 1, 0x5000, &h), GNTST_general_error);
	/* A page table may be mapped to be read only. */
	fake_set_kind(page, FT_L1);
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x5000, &h), GNTST_bad_page);
	assert_int_equal(table[0].flags, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map | GNTMAP_readonly, 0, 0, 0x5000, &h), GNTST_okay);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	fake_set_kind(page, 0);
	granter->dying = DOMAIN_DYING;
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x5000, &h), GNTST_bad_domain);
	granter->dying = DOMAIN_ALIVE;
	frame_release(foreign);
}

static void pins_saturate(void **state)
{
	u32 n = 0, h, first;
	s16 rc;

	/* Four pages of handles: 512. So the pins come from copies of the count, by device maps. */
	grant(0, page, GTF_permit_access);
	assert_int_equal(map(GNTMAP_device_map, 0, 0, 0, &first), GNTST_okay);
	while ((rc = map(GNTMAP_device_map, 0, 0, 0, &h)) == GNTST_okay) {
		n++;
	}
	assert_int_equal(rc, GNTST_no_space);
	assert_int_equal(n, 511);
	assert_int_equal(fake_refs(page), 512);
	for (h = 0; h < 512; h++) {
		assert_int_equal(unmap(h, 0, mfn_x(page) << PAGE_SHIFT), GNTST_okay);
	}
	assert_int_equal(table[0].flags, GTF_permit_access);
}

static void pins_overflow(void **state)
{
	u32 n = 0, h;

	end_domain(user);
	user = fake_domain(1, 3);
	user->config_max_maptrack_frames = 1024;
	assert_int_equal(grant_domain_create(user), 0);
	fake_run(user, 0);
	grant(0, page, GTF_permit_access);
	while (map(GNTMAP_device_map, 0, 0, 0, &h) == GNTST_okay) {
		n++;
	}
	assert_int_equal(n, 0xffff);
	assert_int_equal(grant_map_count(user), 0xffff);
	while (n--) {
		assert_int_equal(unmap(n, 0, mfn_x(page) << PAGE_SHIFT), GNTST_okay);
	}
}

/* Handles that one vcpu made and another ended come back to the first, and can be had by a third.
 */
static void handles_travel(void **state)
{
	u64 ma = mfn_x(page) << PAGE_SHIFT;
	u32 h[512], extra;

	grant(0, page, GTF_permit_access);
	for (u32 i = 0; i < 512; i++) {
		assert_int_equal(map(GNTMAP_device_map, 0, 0, 0, &h[i]), GNTST_okay);
		for (u32 j = 0; j < i; j++) {
			assert_true(h[i] != h[j]);
		}
	}
	fake_run(user, 1);
	assert_int_equal(map(GNTMAP_device_map, 0, 0, 0, &extra), GNTST_no_space);
	for (u32 i = 0; i < 512; i++) {
		assert_int_equal(unmap(h[i], 0, ma), GNTST_okay);
	}
	assert_int_equal(grant_map_count(user), 0);
	fake_run(user, 2);
	for (u32 i = 0; i < 512; i++) {
		assert_int_equal(map(GNTMAP_device_map, 0, 0, 0, &h[i]), GNTST_okay);
	}
	for (u32 i = 0; i < 512; i++) {
		assert_int_equal(unmap(h[i], 0, ma), GNTST_okay);
	}
}

/* What the granter writes into its entry while that is mapped changes nothing for the maps. */
static void hostile_entry(void **state)
{
	mfn_t second = fake_frame(granter);
	u32 h, w;

	grant(0, page, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map | GNTMAP_readonly, 0, 0, 0x5000, &h), GNTST_okay);
	grant(0, second, GTF_permit_access);
	table[0].frame = (u32)mfn_x(page); /* map() compares with it */
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x6000, &w), GNTST_okay);
	table[0] = (grant_entry_v1_t){0};
	assert_int_equal(fake_refs(page), 2);
	assert_int_equal(fake_refs(second), 0);
	frame_release(second);
	/* While pinned, nobody else gets in by a changed domid. */
	grant(0, page, GTF_permit_access);
	table[0].domid = 2;
	fake_run(other, 0);
	u32 o;
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x7000, &o), GNTST_general_error);
	fake_run(user, 0);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	assert_int_equal(unmap(w, 0x6000, 0), GNTST_okay);
}

static void user_dies(void **state)
{
	struct domain *d = fake_domain(3, 1);
	unsigned int rounds = 0;
	u32 h;

	assert_int_equal(grant_domain_create(d), 0);
	fake_run(d, 0);
	grant(0, page, GTF_permit_access);
	table[0].domid = 3;
	for (unsigned int i = 0; i < 300; i++) {
		assert_int_equal(map(GNTMAP_host_map, 0, 0, (64 + i) << PAGE_SHIFT, &h),
				 GNTST_okay);
	}
	assert_int_equal(granter->refs, 301);
	grant_dump(granter);
	fake_run(granter, 0);
	fake_preempt_every = 1;
	d->dying = DOMAIN_DYING;
	while (grant_domain_destroy(d) == -ERESTART) {
		rounds++;
	}
	assert_true(rounds >= 4);
	assert_int_equal(fake_refs(page), 0);
	assert_int_equal(granter->refs, 1);
	assert_int_equal(table[0].flags, GTF_permit_access);
	fake_preempt_every = 0;
	end_domain(d);
	fake_run(user, 0);
}

/* The granter dies first: its table goes, its frame stays until the map ends. */
static void granter_dies(void **state)
{
	struct domain *d = fake_domain(3, 1);
	struct gnttab_map_grant_ref a = {.host_addr = 0x5000, .flags = GNTMAP_host_map, .dom = 3};
	grant_entry_v1_t *t;
	mfn_t m, f = fake_frame(d);

	assert_int_equal(grant_domain_create(d), 0);
	assert_int_equal(grant_table_frame(d, false, 2, &m), 0);
	assert_int_equal(grant_table_frame(d, false, 0, &m), 0);
	assert_int_equal(d->mm.xenheap_pages, 3);
	assert_int_equal(fake_m2p[mfn_x(m)], M2P_INVALID);
	t = host_frame(m);
	t[0] = (grant_entry_v1_t){.flags = GTF_permit_access, .domid = 1, .frame = (u32)mfn_x(f)};
	assert_int_equal(op(GNTTABOP_map_grant_ref, &a, 1), 0);
	assert_int_equal(a.status, GNTST_okay);
	d->dying = DOMAIN_DYING;
	while (grant_domain_destroy(d) == -ERESTART) {
	}
	assert_int_equal(d->mm.xenheap_pages, 0);
	assert_int_equal(grant_table_frame(d, false, 0, &m), -EINVAL);
	frame_release(f);
	fake_domain_gone(d);
	assert_true(fake_refs(f) == 1 && fake_writers(f) == 1);
	assert_int_equal(unmap(a.handle, 0x5000, 0),
			 GNTST_okay); /* the last reference: d is freed */
	assert_null(domain_get(3));
}

static void map_batches(void **state)
{
	struct gnttab_map_grant_ref m[100] = {{0}};
	struct gnttab_unmap_grant_ref u[100] = {{0}};
	unsigned long at = (unsigned long)m, left = 100;

	grant(0, page, GTF_permit_access);
	fake_preempt_every = 1;
	for (unsigned int i = 0; i < 100; i++) {
		m[i].host_addr = (u64)(i + 1) << PAGE_SHIFT;
		m[i].flags = GNTMAP_host_map;
		m[i].status = u[i].status = 99;
	}
	do {
		fake_continued = 0;
		do_grant_table_op(GNTTABOP_map_grant_ref, at, (unsigned int)left);
		at = fake_cont_args[1];
		left = fake_cont_args[2];
	} while (fake_continued);
	assert_int_equal(slots_used, 100);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(m[i].status, 0);
		u[i].host_addr = m[i].host_addr;
		u[i].handle = m[i].handle;
	}
	at = (unsigned long)u;
	left = 100;
	fake_flushes = 0;
	do {
		fake_continued = 0;
		do_grant_table_op(GNTTABOP_unmap_grant_ref, at, (unsigned int)left);
		at = fake_cont_args[1];
		left = fake_cont_args[2];
	} while (fake_continued);
	assert_int_equal(slots_used, 0);
	assert_int_equal(fake_flushes, 4);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(u[i].status, 0);
	}
}

static void tables(void **state)
{
	xen_pfn_t list[5] = {0};
	struct gnttab_setup_table a = {.dom = DOMID_SELF, .nr_frames = 3};
	struct gnttab_query_size q = {.dom = DOMID_SELF};
	struct gnttab_get_version g = {.dom = DOMID_SELF};

	a.frame_list.p = list;
	assert_int_equal(op(GNTTABOP_query_size, &q, 1), 0);
	assert_true(!q.status && q.nr_frames == 0 && q.max_nr_frames == 4);
	assert_int_equal(op(GNTTABOP_setup_table, &a, 1), 0);
	assert_int_equal(a.status, GNTST_okay);
	assert_true(list[0] && list[2] && !list[3] && list[0] != list[1]);
	assert_int_equal(fake_writers(_mfn(list[0])), 1);
	a.nr_frames = 5;
	assert_int_equal(op(GNTTABOP_setup_table, &a, 1), 0);
	assert_int_equal(a.status, GNTST_general_error);
	a.nr_frames = 4;
	fake_heap_left = 0;
	assert_int_equal(op(GNTTABOP_setup_table, &a, 1), 0);
	assert_int_equal(a.status, GNTST_general_error);
	fake_heap_left = -1;
	a.dom = 0;
	assert_int_equal(op(GNTTABOP_setup_table, &a, 1), 0);
	assert_int_equal(a.status, GNTST_permission_denied);
	a.dom = 9;
	assert_int_equal(op(GNTTABOP_setup_table, &a, 1), 0);
	assert_int_equal(a.status, GNTST_bad_domain);
	assert_int_equal(op(GNTTABOP_setup_table, &a, 2), -EINVAL);
	q.dom = 0;
	assert_int_equal(op(GNTTABOP_query_size, &q, 1), 0);
	assert_int_equal(q.status, GNTST_permission_denied);
	assert_int_equal(op(GNTTABOP_query_size, &q, 0), -EINVAL);
	for (unsigned int i = 0; i < 2; i++) { /* a list is needed for frames */
		a = (struct gnttab_setup_table){.dom = DOMID_SELF, .nr_frames = i};
		assert_int_equal(op(GNTTABOP_setup_table, &a, 1), i ? -EFAULT : 0);
	}
	fake_run(granter, 0);
	q.dom = 1;
	assert_int_equal(op(GNTTABOP_query_size, &q, 1), 0);
	assert_true(!q.status && q.nr_frames == 3);
	fake_run(user, 0);
	assert_int_equal(op(GNTTABOP_get_version, &g, 1), 0);
	assert_int_equal(g.version, 1);
	g.dom = 0;
	assert_int_equal(op(GNTTABOP_get_version, &g, 1), -EPERM);
	g.dom = 9;
	assert_int_equal(op(GNTTABOP_get_version, &g, 1), -ESRCH);
}

static void wrong_arguments(void **state)
{
	static const unsigned int calls[] = {
		GNTTABOP_map_grant_ref, GNTTABOP_unmap_grant_ref,   GNTTABOP_copy,
		GNTTABOP_setup_table,   GNTTABOP_query_size,        GNTTABOP_set_version,
		GNTTABOP_get_version,   GNTTABOP_get_status_frames, GNTTABOP_swap_grant_ref,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		assert_int_equal(op(calls[i], NULL, 1), -EFAULT);
	}
	assert_int_equal(op(GNTTABOP_map_grant_ref, NULL, 0), 0);
	assert_int_equal(op(GNTTABOP_transfer, NULL, 1), -ENOSYS);
	assert_int_equal(op(GNTTABOP_cache_flush, NULL, 1), -EOPNOTSUPP);
	assert_int_equal(op(99, NULL, 1), -ENOSYS);
	assert_int_equal(unmap(0, 0x5000, 0), GNTST_bad_handle); /* none was ever made */
	assert_int_equal(unmap(~0u, 0x5000, 0), GNTST_bad_handle);
}

/* No memory at any point of a domain's first map: an error, and nothing is left. */
static void no_memory(void **state)
{
	s16 rc = -1;
	u32 h;

	grant(0, page, GTF_permit_access);
	for (long left = 0; rc; left++) {
		fake_heap_left = left;
		rc = map(GNTMAP_host_map, 0, 0, 0x5000, &h);
		fake_heap_left = -1;
		assert_true(!rc || rc == GNTST_no_space);
		assert_true(left < 8);
	}
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	for (long left = 0; left < 3; left++) {
		struct domain *d = fake_domain(4, 1);

		fake_heap_left = left;
		assert_int_equal(grant_domain_create(d), -ENOMEM);
		fake_heap_left = -1;
		grant_domain_destroy(d);
		fake_domain_gone(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(map_and_unmap),   TEST(map_flags),     TEST(device_maps),
		TEST(map_refused),     TEST(pins_saturate), TEST(pins_overflow),
		TEST(handles_travel),  TEST(hostile_entry), TEST(user_dies),
		TEST(granter_dies),    TEST(map_batches),   TEST(tables),
		TEST(wrong_arguments), TEST(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Grant tables of version 2: entries with their marks apart, parts of frames, status frames,
 * switching both ways with entries in use, swapping, and what a guest may write in between.
 */
#include "grant_fake.h"
#include "../../hypervisor/grant/table.h"

#define SUB(off, len)        \
	((grant_entry_v2_t){ \
		.sub_page = {{GTF_permit_access | GTF_sub_page, 1}, off, len, mfn_x(page)}})

static u16 *status;

/* The granter's table has version 2 from here on. */
static void to_v2(void)
{
	mfn_t m;

	fake_run(granter, 0);
	assert_int_equal(set_version(2), 0);
	fake_run(user, 0);
	assert_int_equal(grant_table_frame(granter, true, 0, &m), 0);
	status = host_frame(m);
}

static long switch_granter(u32 version)
{
	struct vcpu *v = fake_current;
	long rc;

	fake_run(granter, 0);
	rc = set_version(version);
	fake_current = v;
	return rc;
}

static void maps(void **state)
{
	mfn_t second = fake_frame(granter);
	u32 h, w, none;

	to_v2();
	grant2(9, page, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map | GNTMAP_readonly, 0, 9, 0x5000, &h), GNTST_okay);
	assert_int_equal(status[9], GTF_reading);
	assert_int_equal(table2[9].hdr.flags, GTF_permit_access); /* the guest's alone */
	assert_int_equal(map(GNTMAP_host_map, 0, 9, 0x6000, &w), GNTST_okay);
	assert_int_equal(status[9], GTF_reading | GTF_writing);
	/* What the guest makes of the status word does not matter, nor of a frame in use. */
	status[9] = 0xffff;
	assert_int_equal(unmap(w, 0x6000, 0), GNTST_okay);
	assert_int_equal(status[9], 0xffff & ~GTF_writing);
	status[9] = 0;
	table2[9].full_page.frame = mfn_x(second);
	fake_run(other, 0);
	assert_int_equal(map(GNTMAP_host_map, 0, 9, 0x6000, &w), GNTST_general_error);
	fake_run(user, 0);
	table2[9].full_page.frame = mfn_x(page);
	assert_int_equal(map(GNTMAP_host_map, 0, 9, 0x6000, &w), GNTST_okay);
	assert_int_equal(fake_refs(second), 0);
	/* A grant taken back while in use: no more maps, the marks stay true. */
	table2[9].hdr.flags = 0;
	assert_int_equal(map(GNTMAP_host_map | GNTMAP_readonly, 0, 9, 0x7000, &none),
			 GNTST_general_error);
	assert_int_equal(status[9], GTF_reading | GTF_writing);
	assert_int_equal(unmap(w, 0x6000, 0), GNTST_okay);
	assert_int_equal(status[9], GTF_reading);
	grant_dump(granter);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	assert_int_equal(status[9], 0);
	frame_release(second);
}

static void refusals(void **state)
{
	u32 h;

	to_v2();
	for (unsigned int flags = 0; flags < 4; flags++) {
		if (flags != GTF_permit_access) {
			grant2(8, page, (u16)flags);
			assert_int_equal(map(GNTMAP_host_map, 0, 8, 0x5000, &h),
					 GNTST_general_error);
		}
	}
	grant2(8, page, GTF_permit_access | GTF_readonly);
	assert_int_equal(map(GNTMAP_host_map, 0, 8, 0x5000, &h), GNTST_general_error);
	table2[8] = SUB(0, 4096);
	assert_int_equal(map(GNTMAP_host_map, 0, 8, 0x5000, &h), GNTST_general_error);
	grant2(8, page, GTF_permit_access);
	table2[8].hdr.domid = 2;
	assert_int_equal(map(GNTMAP_host_map, 0, 8, 0x5000, &h), GNTST_general_error);
	/* Frame numbers that are not, also those whose low half is. */
	grant2(8, _mfn(mfn_x(page) | 1ull << 32), GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map, 0, 8, 0x5000, &h), GNTST_bad_page);
	grant2(8, _mfn(~0ull), GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map, 0, 8, 0x5000, &h), GNTST_bad_page);
	grant2(8, page, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map, 0, 8, SLOTS * PAGE_SIZE, &h), GNTST_bad_virt_addr);
	assert_int_equal(map(GNTMAP_host_map, 0, 256, 0x5000, &h), GNTST_bad_gntref);
	assert_int_equal(map(GNTMAP_host_map, 0, 511, 0x5000, &h), GNTST_bad_gntref);
	assert_int_equal(map(GNTMAP_host_map, 0, 512, 0x5000, &h), GNTST_bad_gntref);
	for (unsigned int ref = 0; ref < 512; ref++) {
		assert_int_equal(status[ref], 0);
	}
}

static void parts(void **state)
{
	mfn_t mine = fake_frame(user);
	u8 *from = host_frame(page), *to = host_frame(mine);
	struct gnttab_copy c[2];
	u32 h;

	to_v2();
	for (unsigned int i = 0; i < PAGE_SIZE; i++) {
		from[i] = (u8)(i * 7);
	}
	table2[0] = SUB(50, 100);
	copy_init(&c[0], mine);
	assert_int_equal(copy(c), GNTST_okay);
	assert_memory_equal(to + 3000, from + 50, 100);
	assert_true(!to[2999] && !to[3100]);
	for (unsigned int i = 0; i < 2; i++) { /* a byte before, a byte behind */
		copy_init(&c[0], mine);
		c[0].source.offset += i ? 1 : -1;
		assert_int_equal(copy(c), GNTST_general_error);
	}
	/* The part is that of the held grant for the whole batch. */
	copy_init(&c[0], mine);
	copy_init(&c[1], mine);
	c[1].len = 101;
	assert_int_equal(op(GNTTABOP_copy, c, 2), 0);
	assert_true(c[0].status == GNTST_okay && c[1].status == GNTST_general_error);
	/* Into a part; beside an own frame the other side's part does not count. */
	c[0] = (struct gnttab_copy){.len = 100, .flags = GNTCOPY_dest_gref};
	c[0].source.u.gmfn = mfn_x(mine);
	c[0].source.domid = DOMID_SELF;
	c[0].dest.offset = 50;
	assert_int_equal(copy(c), GNTST_okay);
	assert_true(from[49] && !from[50] && !from[149] && from[150]);
	c[0].dest.offset = 49;
	assert_int_equal(copy(c), GNTST_general_error);
	table2[0].hdr.flags |= GTF_readonly;
	c[0].dest.offset = 50;
	assert_int_equal(copy(c), GNTST_general_error);
	/* A part that leaves its page is no way out of it. */
	table2[0] = SUB(0xffff, 0xffff);
	copy_init(&c[0], mine);
	assert_int_equal(copy(c), GNTST_general_error);
	table2[0] = SUB(0, 0xffff);
	c[0].source.offset = 4090;
	assert_int_equal(copy(c), GNTST_bad_copy_arg);
	table2[0] = SUB(0, 0);
	copy_init(&c[0], mine);
	assert_int_equal(copy(c), GNTST_general_error);
	/* Whole frames, also beside a map; transitive grants are refused. */
	grant2(0, page, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x5000, &h), GNTST_okay);
	assert_int_equal(copy(c), GNTST_okay);
	assert_int_equal(status[0], GTF_reading | GTF_writing);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	table2[0] = (grant_entry_v2_t){.transitive = {{GTF_transitive, 1}, 0, 0, 0}};
	assert_int_equal(copy(c), GNTST_general_error);
	assert_int_equal(status[0], 0);
	frame_release(mine);
}

static void carried_over(void **state)
{
	u32 h, w;

	grant(0, page, GTF_permit_access);
	grant(1, page, GTF_permit_access | GTF_readonly);
	grant(2, page, GTF_accept_transfer);
	grant(3, page, GTF_permit_access | GTF_sub_page | GTF_reading | GTF_writing);
	grant(8, page, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x5000, &h), GNTST_okay);
	to_v2();
	assert_int_equal(table2[0].hdr.flags, GTF_permit_access);
	assert_int_equal(table2[0].hdr.domid, 1);
	assert_int_equal(table2[0].full_page.frame, mfn_x(page));
	assert_int_equal(status[0], GTF_reading | GTF_writing);
	assert_int_equal(table2[1].hdr.flags, GTF_permit_access | GTF_readonly);
	assert_int_equal(table2[1].full_page.frame, mfn_x(page));
	assert_int_equal(table2[2].hdr.flags, 0);
	assert_int_equal(table2[3].hdr.flags, GTF_permit_access);
	assert_int_equal(status[1] + status[3] + table2[8].hdr.flags, 0);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	assert_int_equal(status[0], 0);

	/* And back, with what version 1 cannot say left out. */
	assert_int_equal(map(GNTMAP_host_map | GNTMAP_readonly, 0, 0, 0x5000, &h), GNTST_okay);
	table2[2] = SUB(0, 10);
	grant2(3, _mfn(1ull << 32), GTF_permit_access);
	table2[4] = (grant_entry_v2_t){.transitive = {{GTF_transitive, 1}, 0, 0, 0}};
	grant2(8, page, GTF_permit_access);
	status[7] = 0xffff;
	assert_int_equal(switch_granter(1), 0);
	assert_int_equal(table[0].flags, GTF_permit_access | GTF_reading);
	assert_int_equal(table[0].frame, mfn_x(page));
	assert_int_equal(table[1].flags, GTF_permit_access | GTF_readonly);
	for (unsigned int ref = 2; ref < 512; ref++) {
		assert_true(!table[ref].flags && !table[ref].domid && !table[ref].frame);
	}
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x6000, &w), GNTST_okay);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	assert_int_equal(table[0].flags, GTF_permit_access | GTF_reading | GTF_writing);
	assert_int_equal(unmap(w, 0x6000, 0), GNTST_okay);
	assert_int_equal(table[0].flags, GTF_permit_access);
}

/* The reserved ones may be in use, the others not, wherever they are in either version. */
static void switch_busy(void **state)
{
	static const u32 refs[] = {8, 255, 256, 511, 512, 2047};
	mfn_t m;
	u32 h;

	assert_int_equal(grant_table_frame(granter, false, 3, &m), 0);
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(refs); i++) {
		u32 ref = refs[i / 2], version = i % 2 + 1;
		mfn_t f;

		assert_int_equal(switch_granter(version), 0);
		if (ref * (version * 8) / PAGE_SIZE >= 4) {
			continue;
		}
		assert_int_equal(
			grant_table_frame(granter, false, ref * version * 8 / PAGE_SIZE, &f), 0);
		table = (grant_entry_v1_t *)host_frame(f) - ref / 512 * 512;
		table2 = (grant_entry_v2_t *)host_frame(f) - ref / 256 * 256;
		(version == 1 ? grant : grant2)(ref, page, GTF_permit_access);
		assert_int_equal(map(GNTMAP_host_map, 0, ref, 0x5000, &h), GNTST_okay);
		assert_int_equal(switch_granter(3 - version), -EBUSY);
		assert_int_equal(grant_version(granter), version);
		assert_int_equal(switch_granter(version), 0);
		assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
		assert_int_equal(map(GNTMAP_host_map, 0, ref, 0x5000, &h), GNTST_okay);
		assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	}
	assert_int_equal(grant_table_frame(granter, false, 0, &m), 0);
	table = host_frame(m);
}

/* Preempted at each page of active entries: no new pins meanwhile, others may go on or end it. */
static void switch_preempted(void **state)
{
	struct gnttab_set_version v;
	unsigned int rounds = 0;
	u32 h, w;

	grant(0, page, GTF_permit_access);
	grant(300, page, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x5000, &h), GNTST_okay);
	assert_int_equal(map(GNTMAP_host_map, 0, 300, 0x6000, &w), GNTST_okay);
	assert_int_equal(unmap(w, 0x6000, 0), GNTST_okay);
	fake_preempt_every = 1;
	fake_run(granter, 0);
	v.version = 2;
	assert_int_equal(op(GNTTABOP_set_version, &v, 1), __HYPERVISOR_grant_table_op);
	assert_int_equal(fake_cont_args[0], GNTTABOP_set_version);
	assert_int_equal(fake_cont_args[1], (unsigned long)&v);
	assert_int_equal(v.version, 2);
	fake_run(user, 0);
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x7000, &w), GNTST_general_error);
	assert_int_equal(map(GNTMAP_host_map, 0, 300, 0x7000, &w), GNTST_general_error);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	assert_int_equal(table[0].flags, GTF_permit_access);
	/* Another vcpu keeps the version: the entries can be used again. */
	assert_int_equal(switch_granter(1), 0);
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x5000, &h), GNTST_okay);
	fake_run(granter, 0);
	do {
		fake_continued = 0;
		v.version = 2;
		op(GNTTABOP_set_version, &v, 1);
		rounds++;
	} while (fake_continued);
	fake_run(user, 0);
	fake_preempt_every = 0;
	assert_int_equal(rounds, 3);
	to_v2();
	assert_int_equal(status[0], GTF_reading | GTF_writing);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
}

static void versions(void **state)
{
	struct gnttab_set_version v = {3};
	u32 parsed = 0;

	assert_int_equal(set_version(0), -EINVAL);
	assert_int_equal(set_version(3), -EINVAL);
	assert_int_equal(op(GNTTABOP_set_version, &v, 2), -EINVAL);
	assert_int_equal(set_version(1), 0);
	assert_int_equal(set_version(2), 0); /* before there is a table */
	assert_int_equal(set_version(2), 0);
	assert_int_equal(set_version(1), 0);
	user->config_max_grant_version = 1;
	assert_int_equal(set_version(2), -ENOSYS);
	assert_int_equal(grant_option_parse("max-ver:2", &parsed), 0);
	assert_int_equal(parsed, 2);
	assert_int_equal(grant_option_parse("max-ver:1", &grant_version_max), 0);
	assert_int_equal(grant_option_parse("max-ver:3", &parsed), -EINVAL);
	assert_int_equal(grant_option_parse("max-ver:12", &parsed), -EINVAL);
	assert_int_equal(grant_option_parse("", &parsed), -EINVAL);
	for (u8 i = 0; i < 4; i++) { /* one that may not have what it asks for is not made */
		struct domain *d = fake_domain(4, 1);

		d->config_max_grant_version = i;
		assert_int_equal(grant_domain_create(d), i == 1 ? 0 : -EINVAL);
		end_domain(d);
	}
	grant_version_max = 2;
}

/* 20 frames: 5,120 entries of version 2, three pages of status words. */
static struct domain *large(void)
{
	struct domain *d = fake_domain(3, 1);

	d->config_max_grant_frames = 20;
	assert_int_equal(grant_domain_create(d), 0);
	return d;
}

static s16 list(domid_t dom, u32 count, u64 *frames)
{
	struct gnttab_get_status_frames a = {.nr_frames = count, .dom = dom, .status = 99};

	a.frame_list.p = frames;
	assert_int_equal(op(GNTTABOP_get_status_frames, &a, 1), 0);
	return a.status;
}

static void status_frames(void **state)
{
	struct domain *d = large();
	struct gnttab_setup_table a = {.dom = DOMID_SELF, .nr_frames = 8};
	struct gnttab_get_status_frames f = {.nr_frames = 1, .dom = DOMID_SELF};
	u64 frames[20], got[4] = {0};
	mfn_t m, first;

	fake_run(d, 0);
	a.frame_list.p = frames;
	assert_int_equal(op(GNTTABOP_setup_table, &a, 1), 0);
	assert_int_equal(d->mm.xenheap_pages, 8); /* version 1 has none */
	assert_int_equal(list(DOMID_SELF, 0, got), GNTST_okay);
	assert_int_equal(list(DOMID_SELF, 1, got), GNTST_general_error);
	assert_int_equal(grant_table_frame(d, true, 0, &m), -EINVAL);
	assert_int_equal(grant_table_max(d, true), 0);
	assert_int_equal(set_version(2), 0);
	assert_int_equal(d->mm.xenheap_pages, 9);
	assert_int_equal(grant_table_max(d, true), 3);
	assert_int_equal(list(DOMID_SELF, 2, got), GNTST_general_error);
	assert_int_equal(list(DOMID_SELF, 1, got), GNTST_okay);
	assert_int_equal(grant_table_frame(d, true, 0, &first), 0);
	assert_int_equal(got[0], mfn_x(first));
	assert_int_equal(fake_m2p[got[0]], M2P_INVALID);
	assert_int_equal(fake_writers(first), 1);
	assert_int_equal(op(GNTTABOP_get_status_frames, &f, 1), -EFAULT);
	/* The table's growth makes them grow, and the other way round. */
	a.nr_frames = 9;
	assert_int_equal(op(GNTTABOP_setup_table, &a, 1), 0);
	assert_int_equal(list(DOMID_SELF, 2, got), GNTST_okay);
	assert_int_equal(d->mm.xenheap_pages, 11);
	assert_int_equal(grant_table_frame(d, true, 3, &m), -EINVAL);
	assert_int_equal(grant_table_frame(d, true, 2, &m), 0);
	assert_int_equal(d->mm.xenheap_pages, 20);
	assert_int_equal(list(DOMID_SELF, 3, got), GNTST_okay);
	/* Whose they are. */
	fake_run(user, 0);
	assert_int_equal(list(3, 1, got), GNTST_permission_denied);
	assert_int_equal(list(9, 1, got), GNTST_bad_domain);
	fake_run(granter, 0); /* the privileged one */
	assert_int_equal(list(3, 3, got), GNTST_okay);
	fake_run(user, 0);
	end_domain(d);
}

/* A guest may keep status frames mapped over a switch: they stay, and are clean in the next. */
static void status_kept(void **state)
{
	size_t bytes;
	mfn_t m, again;

	to_v2();
	bytes = fake_heap_bytes;
	assert_int_equal(grant_table_frame(granter, true, 0, &m), 0);
	assert_int_equal(frame_get(m, &granter->mm), 0);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(switch_granter(1), 0);
		assert_int_equal(grant_table_frame(granter, true, 0, &again), -EINVAL);
		status[i] = 0xffff;
		to_v2();
		assert_int_equal(status[i], 0);
	}
	assert_int_equal(grant_table_frame(granter, true, 0, &again), 0);
	assert_int_equal(mfn_x(m), mfn_x(again));
	assert_int_equal(fake_heap_bytes, bytes);
	frame_put(m);
}

/* References whose entries and status words are not in the first frames. */
static void far_entries(void **state)
{
	struct domain *d = large();
	struct gnttab_map_grant_ref a = {.host_addr = 0x5000, .flags = GNTMAP_host_map, .dom = 3};
	mfn_t m, s, f = fake_frame(d);
	grant_entry_v2_t *e;

	a.ref = 20 * 256 - 1;
	fake_run(d, 0);
	assert_int_equal(set_version(2), 0);
	assert_int_equal(grant_table_frame(d, false, 18, &m), 0);
	fake_run(user, 0);
	assert_int_equal(op(GNTTABOP_map_grant_ref, &a, 1), 0);
	assert_int_equal(a.status, GNTST_bad_gntref);
	assert_int_equal(grant_table_frame(d, false, 19, &m), 0);
	assert_int_equal(grant_table_frame(d, true, 2, &s), 0);
	e = host_frame(m);
	e[255] = (grant_entry_v2_t){.full_page = {{GTF_permit_access, 1}, 0, mfn_x(f)}};
	assert_int_equal(op(GNTTABOP_map_grant_ref, &a, 1), 0);
	assert_int_equal(a.status, GNTST_okay);
	assert_int_equal(((u16 *)host_frame(s))[1023], GTF_reading | GTF_writing);
	/* The granter dies, and its tables of both kinds go, while the frame is mapped. */
	fake_preempt_every = 1;
	d->dying = DOMAIN_DYING;
	while (grant_domain_destroy(d) == -ERESTART) {
	}
	fake_preempt_every = 0;
	assert_int_equal(d->mm.xenheap_pages, 0);
	assert_int_equal(grant_table_frame(d, true, 0, &s), -EINVAL);
	frame_release(f);
	fake_domain_gone(d);
	assert_int_equal(unmap(a.handle, 0x5000, 0), GNTST_okay);
	assert_null(domain_get(3));
}

static void no_memory(void **state)
{
	struct domain *d = large();
	mfn_t m;
	int rc = -1;

	assert_int_equal(grant_table_frame(d, false, 7, &m), 0);
	fake_run(d, 0);
	for (long left = 0; rc; left++) {
		fake_heap_left = left;
		rc = (int)set_version(2);
		fake_heap_left = -1;
		assert_int_equal(rc, left < 2 ? -ENOMEM : 0); /* the array, a page */
		assert_int_equal(grant_version(d), rc ? 1 : 2);
		assert_int_equal(d->grant->mode & GRANT_SWITCHING, 0);
	}
	for (long left = 0; left < 2; left++) { /* a page of words, a page of entries */
		fake_heap_left = left;
		assert_int_equal(grant_table_frame(d, false, 8, &m), -ENOMEM);
		fake_heap_left = -1;
		assert_int_equal(d->grant->frames, 8);
	}
	assert_int_equal(grant_table_frame(d, false, 8, &m), 0);
	fake_run(user, 0);
	end_domain(d);
}

static s16 swap(u32 a, u32 b)
{
	struct gnttab_swap_grant_ref s = {.ref_a = a, .ref_b = b, .status = 99};
	struct vcpu *v = fake_current;

	fake_run(granter, 0);
	assert_int_equal(op(GNTTABOP_swap_grant_ref, &s, 1), 0);
	fake_current = v;
	return s.status;
}

static void swaps(void **state)
{
	u32 h;

	for (long left = 0; left < 2; left++) {
		fake_heap_left = left;
		assert_int_equal(swap(8, 300), GNTST_no_space);
	}
	fake_heap_left = -1;
	grant(8, page, GTF_permit_access);
	assert_int_equal(swap(8, 300), GNTST_okay);
	assert_true(!table[8].flags && !table[8].frame);
	assert_int_equal(table[300].flags, GTF_permit_access);
	assert_int_equal(table[300].frame, mfn_x(page));
	assert_int_equal(swap(300, 300), GNTST_okay);
	assert_int_equal(swap(300, 512), GNTST_bad_gntref);
	assert_int_equal(swap(~0u, 300), GNTST_bad_gntref);
	assert_int_equal(map(GNTMAP_host_map, 0, 300, 0x5000, &h), GNTST_okay);
	assert_int_equal(swap(8, 300), GNTST_eagain);
	assert_int_equal(swap(300, 8), GNTST_eagain);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	assert_int_equal(swap(300, 8), GNTST_okay);
	assert_int_equal(table[8].flags, GTF_permit_access);
	to_v2();
	table2[8] = SUB(1, 2);
	assert_int_equal(swap(10, 8), GNTST_okay);
	assert_true(!table2[8].hdr.flags && !table2[8].sub_page.frame);
	assert_int_equal(table2[10].sub_page.page_off, 1);
	assert_int_equal(table2[10].sub_page.length, 2);
	assert_int_equal(table2[10].sub_page.frame, mfn_x(page));
	assert_int_equal(swap(10, 256), GNTST_bad_gntref);
	assert_int_equal(swap(10, 511), GNTST_bad_gntref);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(maps),        TEST(refusals),         TEST(parts),     TEST(carried_over),
		TEST(switch_busy), TEST(switch_preempted), TEST(versions),  TEST(status_frames),
		TEST(status_kept), TEST(far_entries),      TEST(no_memory), TEST(swaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

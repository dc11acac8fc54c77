/* SPDX-License-Identifier: MIT */
/* Grant tables: copies, what they refuse, and batches of them. */
#include "grant_fake.h"

static void copies(void **state)
{
	mfn_t mine = fake_frame(user);
	u8 *from = host_frame(page), *to = host_frame(mine);
	struct gnttab_copy c;

	for (unsigned int i = 0; i < PAGE_SIZE; i++) {
		from[i] = (u8)(i * 7);
	}
	grant(0, page, GTF_permit_access | GTF_readonly);
	copy_init(&c, mine);
	assert_int_equal(copy(&c), GNTST_okay);
	assert_memory_equal(to + 3000, from + 50, 100);
	assert_true(!to[2999] && !to[3100]);
	assert_int_equal(table[0].flags, GTF_permit_access | GTF_readonly);

	/* The other way needs the right to write. */
	c = (struct gnttab_copy){.len = 4096, .flags = GNTCOPY_dest_gref};
	c.source.u.gmfn = mfn_x(mine);
	c.source.domid = 1; /* oneself by number */
	assert_int_equal(copy(&c), GNTST_general_error);
	table[0].flags = GTF_permit_access;
	assert_int_equal(copy(&c), GNTST_okay);
	assert_memory_equal(to, from, PAGE_SIZE);
	assert_int_equal(table[0].flags, GTF_permit_access);
	frame_release(mine);
}

static void copy_refused(void **state)
{
	mfn_t mine = fake_frame(user);
	struct gnttab_copy c;

	grant(0, page, GTF_permit_access);
	copy_init(&c, mine);
	c.source.offset = 3997;
	assert_int_equal(copy(&c), GNTST_bad_copy_arg);
	copy_init(&c, mine);
	c.dest.offset = 4095;
	c.len = 2;
	assert_int_equal(copy(&c), GNTST_bad_copy_arg);
	copy_init(&c, mine);
	c.len = 0xffff;
	c.source.offset = 0xffff;
	assert_int_equal(copy(&c), GNTST_bad_copy_arg);
	copy_init(&c, mine);
	c.flags = 0; /* a foreign frame by its number */
	c.source.u.gmfn = mfn_x(page);
	assert_int_equal(copy(&c), GNTST_permission_denied);
	c.source.domid = DOMID_SELF;
	assert_int_equal(copy(&c), GNTST_bad_page);
	copy_init(&c, _mfn(1ull << 40));
	assert_int_equal(copy(&c), GNTST_bad_page);
	copy_init(&c, mine);
	c.source.domid = 9;
	assert_int_equal(copy(&c), GNTST_bad_domain);
	copy_init(&c, mine);
	c.source.u.ref = 512;
	assert_int_equal(copy(&c), GNTST_bad_gntref);
	copy_init(&c, mine);
	fake_set_kind(mine, FT_L1);
	assert_int_equal(copy(&c), GNTST_bad_page);
	fake_set_kind(mine, 0);
	assert_int_equal(copy(&c), GNTST_okay);
	assert_int_equal(fake_refs(mine), 0);
	frame_release(mine);
}

/* A batch on the same sides holds each once, goes on where it was preempted, and leaves nothing. */
static void copy_batches(void **state)
{
	mfn_t mine = fake_frame(user);
	struct gnttab_copy c[10];
	unsigned long at;
	unsigned int left;

	grant(0, page, GTF_permit_access);
	for (unsigned int i = 0; i < 10; i++) {
		copy_init(&c[i], mine);
		c[i].source.u.ref = i == 5 ? 600 : 0;
	}
	fake_preempt_every = 3;
	at = (unsigned long)c;
	left = 10;
	do {
		fake_continued = 0;
		do_grant_table_op(GNTTABOP_copy, at, left);
		assert_int_equal(fake_refs(page) + fake_refs(mine), 0);
		if (fake_continued) {
			assert_int_equal(fake_cont_nr, __HYPERVISOR_grant_table_op);
			assert_int_equal(fake_cont_args[0], GNTTABOP_copy);
			assert_true(fake_cont_args[2] < left);
			at = fake_cont_args[1];
			left = (unsigned int)fake_cont_args[2];
		}
	} while (fake_continued);
	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(c[i].status, i == 5 ? GNTST_bad_gntref : GNTST_okay);
	}
	frame_release(mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(copies),
		TEST(copy_refused),
		TEST(copy_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

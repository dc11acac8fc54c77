/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: threads that map, copy and unmap while the granter scribbles over its entries,
 * switches versions or dies. On a busy machine each hand-over of a lock costs a time slice: the
 * clock bounds each race, too.
 */
#include "grant_fake.h"

static bool race_over;
static time_t race_ends;
static unsigned long race_maps; /* that were made in it */

static void *scribbler(void *arg)
{
	const u64 good = mfn_x(page) << 32 | 1u << 16 | GTF_permit_access;
	u64 *e = (u64 *)table;
	u64 seed = 1;

	while (!__atomic_load_n(&race_over, __ATOMIC_RELAXED)) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		__atomic_store_n(e,
				 seed >> 60 == 0   ? seed
				 : seed >> 60 == 1 ? good | GTF_readonly
						   : good,
				 __ATOMIC_RELAXED);
		fake_pause(); /* the mappers need a CPU, and there may be one only */
	}
	return NULL;
}

static void *mapper(void *arg)
{
	unsigned long me = (unsigned long)arg;
	u64 va = (me + 1) << PAGE_SHIFT;
	unsigned int done = 0;

	fake_cpu = (unsigned int)me;
	fake_current = user->vcpu[me];
	/* On a busy machine each hand-over of a lock costs a time slice: the clock bounds it too.
	 */
	for (unsigned int i = 0; i < 20000 && time(NULL) < race_ends; i++) {
		struct gnttab_map_grant_ref m = {
			.host_addr = va,
			.flags = GNTMAP_host_map | (i & 1 ? GNTMAP_readonly : 0),
		};
		struct gnttab_copy c = {.len = 8, .flags = GNTCOPY_source_gref};

		assert(!do_grant_table_op(GNTTABOP_map_grant_ref, (guest_ptr_t)&m, 1));
		c.dest.domid = DOMID_SELF;
		c.dest.u.gmfn = 1;
		assert(!do_grant_table_op(GNTTABOP_copy, (guest_ptr_t)&c, 1));
		if (!m.status) {
			struct gnttab_unmap_grant_ref u = {.host_addr = va, .handle = m.handle};

			assert(!do_grant_table_op(GNTTABOP_unmap_grant_ref, (guest_ptr_t)&u, 1));
			assert(!u.status);
			done++;
		}
	}
	return (void *)(unsigned long)done;
}

/* The mappers, and beside them fn(arg) until they are through; what it returned. */
static unsigned long race(void *(*fn)(void *), void *arg, unsigned int seconds)
{
	pthread_t t[3], s;
	void *n;

	race_over = false;
	race_maps = 0;
	race_ends = time(NULL) + seconds;
	pthread_create(&s, NULL, fn, arg);
	for (unsigned long i = 0; i < 3; i++) {
		pthread_create(&t[i], NULL, mapper, (void *)i);
	}
	for (unsigned int i = 0; i < 3; i++) {
		pthread_join(t[i], &n);
		race_maps += (unsigned long)n;
	}
	__atomic_store_n(&race_over, true, __ATOMIC_RELAXED);
	pthread_join(s, &n);
	assert_int_equal(slots_used, 0);
	assert_int_equal(fake_refs(page), 0);
	return (unsigned long)n;
}

static void races(void **state)
{
	u32 h;

	grant(0, page, GTF_permit_access);
	race(scribbler, NULL, 5);
	assert_true(race_maps > 0);
	/* The active entry is free of pins: the entry can be used as if new. */
	grant(0, page, GTF_permit_access);
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x5000, &h), GNTST_okay);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	assert_int_equal(table[0].flags, GTF_permit_access);
}

/* One handle, two enders: exactly one wins. */
static void *ender(void *arg)
{
	struct gnttab_unmap_grant_ref u = {.host_addr = 0x5000, .handle = *(u32 *)arg};

	fake_cpu = 1;
	fake_current = user->vcpu[1];
	assert(!do_grant_table_op(GNTTABOP_unmap_grant_ref, (guest_ptr_t)&u, 1));
	return (void *)(long)u.status;
}

static void double_unmap(void **state)
{
	grant(0, page, GTF_permit_access);
	for (unsigned int i = 0; i < 300; i++) {
		pthread_t t;
		void *theirs;
		s16 mine;
		u32 h;

		assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x5000, &h), GNTST_okay);
		pthread_create(&t, NULL, ender, &h);
		mine = unmap(h, 0x5000, 0);
		pthread_join(t, &theirs);
		assert_true((mine == 0) != ((long)theirs == 0));
	}
}

/* --- Version 2 --- */

/* Ends the grant as Linux does: clears the entry, then looks at the marks. Without marks nobody
 * has the frame. */
static void *revoker(void *arg)
{
	u16 *status = arg;
	unsigned long ended = 0;

	while (!__atomic_load_n(&race_over, __ATOMIC_RELAXED)) {
		__atomic_store_n((u64 *)&table2[0], GTF_permit_access | 1u << 16, __ATOMIC_SEQ_CST);
		fake_pause();
		__atomic_store_n((u64 *)&table2[0], 0, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(status, __ATOMIC_SEQ_CST)) {
			assert(!fake_refs(page) && !fake_writers(page));
			ended++;
		}
	}
	return (void *)ended;
}

static void revokes(void **state)
{
	mfn_t m;
	u16 *status;

	fake_run(granter, 0);
	assert_int_equal(set_version(2), 0);
	assert_int_equal(grant_table_frame(granter, true, 0, &m), 0);
	status = host_frame(m);
	grant2(0, page, GTF_permit_access);
	assert_true(race(revoker, status, 4) > 0 && race_maps > 0);
	assert_int_equal(status[0], 0);
}

/* Entry and status word change wildly. */
static void *scribbler_v2(void *arg)
{
	u16 *status = arg;
	u64 seed = 1, *e = (u64 *)table2;

	while (!__atomic_load_n(&race_over, __ATOMIC_RELAXED)) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		__atomic_store_n(&e[0],
				 seed >> 62 ? GTF_permit_access | 1u << 16 | seed << 32 : seed,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&e[1], seed >> 61 ? mfn_x(page) : seed, __ATOMIC_RELAXED);
		__atomic_store_n(status, (u16)(seed >> 33), __ATOMIC_RELAXED);
		fake_pause();
	}
	return NULL;
}

static void scribbles(void **state)
{
	mfn_t m;
	u16 *status;
	u32 h;

	fake_run(granter, 0);
	assert_int_equal(set_version(2), 0);
	assert_int_equal(grant_table_frame(granter, true, 0, &m), 0);
	status = host_frame(m);
	grant2(0, page, GTF_permit_access);
	race(scribbler_v2, status, 4);
	assert_true(race_maps > 0);
	fake_run(user, 0);
	grant2(0, page, GTF_permit_access);
	status[0] = 0;
	assert_int_equal(map(GNTMAP_host_map, 0, 0, 0x5000, &h), GNTST_okay);
	assert_int_equal(unmap(h, 0x5000, 0), GNTST_okay);
	assert_int_equal(status[0], 0);
	table2[0].hdr.flags = 0;
}

/* Two of these are vcpus of the granter that switch its version both ways, preempted now and then,
 * and grow its table. What is in use is carried over each time. */
static void *switcher(void *arg)
{
	struct gnttab_set_version v;
	unsigned long switched = 0;

	fake_cpu = 3;
	fake_current = granter->vcpu[0];
	for (u32 i = 0; !__atomic_load_n(&race_over, __ATOMIC_RELAXED); i++) {
		mfn_t m;
		long rc;

		v.version = i % 2 + 1;
		rc = do_grant_table_op(GNTTABOP_set_version, (guest_ptr_t)&v, 1);
		assert(!rc || rc == -EBUSY || rc == __HYPERVISOR_grant_table_op);
		switched += !rc;
		assert(!grant_table_frame(granter, false, i / 64 % 4, &m));
		fake_pause();
	}
	return (void *)switched;
}

static void *two_switchers(void *arg)
{
	pthread_t t;
	void *n, *more;

	pthread_create(&t, NULL, switcher, NULL);
	n = switcher(NULL);
	pthread_join(t, &more);
	return (void *)((unsigned long)n + (unsigned long)more);
}

static void switches(void **state)
{
	mfn_t m;

	grant(0, page, GTF_permit_access);
	fake_preempt_every = 5;
	assert_true(race(two_switchers, NULL, 4) > 0 && race_maps > 0);
	fake_preempt_every = 0;
	fake_run(granter, 0);
	assert_int_equal(set_version(2), 0);
	assert_int_equal(grant_table_frame(granter, true, 0, &m), 0);
	assert_int_equal(*(u16 *)host_frame(m), 0);
	assert_int_equal(table2[0].full_page.frame, mfn_x(page));
	assert_int_equal(set_version(1), 0);
	assert_int_equal(table[0].flags, GTF_permit_access);
	assert_int_equal(table[0].frame, mfn_x(page));
	fake_run(user, 0);
}

/* The granter dies while its grants of version 2 are mapped and unmapped. */
static void *undertaker(void *arg)
{
	while (grant_domain_destroy(arg) == -ERESTART) {
	}
	return (void *)1;
}

static void death(void **state)
{
	for (unsigned int i = 0; i < 20; i++) {
		struct domain *d = granter;
		mfn_t m;

		fake_run(d, 0);
		assert_int_equal(set_version(2), 0);
		grant2(0, page, GTF_permit_access);
		race(undertaker, d, 1);
		assert_int_equal(d->mm.xenheap_pages, 0);
		frame_release(page);
		fake_domain_gone(d);
		granter = fake_domain(0, 1);
		assert_int_equal(grant_domain_create(granter), 0);
		assert_int_equal(grant_table_frame(granter, false, 0, &m), 0);
		table = host_frame(m);
		table2 = host_frame(m);
		page = fake_frame(granter);
	}
	fake_run(user, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(races),     TEST(double_unmap), TEST(revokes),
		TEST(scribbles), TEST(switches),     TEST(death),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

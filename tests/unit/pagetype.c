/* SPDX-License-Identifier: MIT */
/*
 * Frame types, one thread: the truth table of docs/page-types.md over every state and request;
 * what entries are accepted and corrected; preemption at every step; overflow of counts; flushes;
 * the end of an owner. After each step all references are recounted.
 */
#include "pagetype_fake.h"
#include "hypervisor/mm/refs.h"

#define KINDS 7u /* FT_L1 .. FT_WRITABLE; index 0 is FT_NONE */

static pte_t get_entry(unsigned int m, unsigned int slot)
{
	return fake_table(m)[slot];
}

/* L4 1 -> L3 2 -> L2 3 -> L1 4 and 5 -> pages 6 (written) and 7 (read). */
static void tree(void)
{
	fake_reset(10);
	fake_table(1)[0] = entry(2, PTE_RW);
	fake_table(1)[511] = entry(2, PTE_RW);
	fake_table(2)[3] = entry(3, PTE_RW);
	fake_table(3)[9] = entry(4, PTE_RW);
	fake_table(3)[500] = entry(5, PTE_RW);
	fake_table(4)[0] = entry(6, PTE_RW);
	fake_table(4)[511] = entry(7, 0);
	fake_table(5)[1] = entry(6, PTE_RW);
}

static int get(unsigned int m, enum frame_kind kind)
{
	int rc = frame_get_and_type(_mfn(m), &owner_a, kind);

	if (!rc) {
		held[m].general++;
		held[m].typed++;
	}
	return rc;
}

static void put(unsigned int m)
{
	held[m].general--;
	held[m].typed--;
	frame_put_and_type(_mfn(m));
}

static int update(unsigned int m, unsigned int slot, pte_t val)
{
	mfn_t rest;
	int rc = pte_update(_mfn(m), slot, val, &owner_a, &owner_a, false, &rest);

	while (!mfn_eq(rest, INVALID_MFN) && frame_put_and_type_preemptible(rest) == -ERESTART) {
	}
	return rc;
}

/* Each kind held or idle, against each kind asked for. */
static void test_truth_table(void **state)
{
	for (unsigned int have = 0; have < KINDS; have++) {
		for (unsigned int refs = 0; refs < 3; refs++) {
			for (unsigned int want = 1; want < KINDS; want++) {
				int expect = have && refs && have != want ? -EINVAL : 0;

				fake_reset(10);
				for (unsigned int i = 0; have && i < refs; i++) {
					assert_int_equal(get(1, (enum frame_kind)have), 0);
				}
				if (have && !refs) {
					assert_int_equal(get(1, (enum frame_kind)have), 0);
					put(1);
				}
				assert_int_equal(get(1, (enum frame_kind)want), expect);
				fake_recount();
				if (!expect) {
					put(1);
				}
				fake_recount();
			}
		}
	}
}

/* Who meets a frame that another CPU has locked: the same kind waits (seen in the threads' tests),
 * others do not. */
static void test_locked(void **state)
{
	for (unsigned int have = 1; have < KINDS; have++) {
		for (unsigned int want = 1; want < KINDS; want++) {
			if (have == want) {
				continue;
			}
			fake_reset(10);
			frame_table[1].type = have << 29 | FT_LOCKED;
			assert_int_equal(frame_get_type(_mfn(1), (enum frame_kind)want), -EINVAL);
			frame_table[1].type = 0;
		}
	}
}

static void test_pins(void **state)
{
	for (unsigned int kind = FT_L1; kind <= FT_L4; kind++) {
		fake_reset(10);
		assert_int_equal(frame_unpin(_mfn(1), &owner_a), -EINVAL);
		assert_int_equal(frame_pin(_mfn(1), &owner_b, (enum frame_kind)kind), -EINVAL);
		assert_int_equal(frame_pin(_mfn(1), &owner_a, (enum frame_kind)kind), 0);
		fake_recount();
		assert_int_equal(frame_pin(_mfn(1), &owner_a, (enum frame_kind)kind), -EINVAL);
		assert_int_equal(get(1, FT_WRITABLE), -EINVAL);
		assert_int_equal(get(1, (enum frame_kind)kind), 0);
		assert_int_equal(frame_unpin(_mfn(1), &owner_b), -EINVAL);
		assert_int_equal(frame_unpin(_mfn(1), &owner_a), 0);
		fake_recount();
		put(1);
		fake_recount();
		assert_int_equal(get(1, FT_WRITABLE), 0);
		put(1);
	}
}

static void test_tree(void **state)
{
	tree();
	assert_int_equal(frame_pin(_mfn(1), &owner_a, FT_L4), 0);
	fake_recount();
	assert_int_equal(frame_table[2].type & FT_COUNT, 2);
	assert_int_equal(frame_table[6].type & FT_COUNT, 2);
	assert_int_equal(get(4, FT_WRITABLE), -EINVAL);
	assert_int_equal(get(7, FT_L1), 0); /* mapped read-only: may be a table */
	put(7);
	assert_int_equal(get(6, FT_L1), -EINVAL);
	assert_memory_equal(&fake_table(1)[HV_SLOT], hv_l4_slots, sizeof(hv_l4_slots));
	l4_show_m2p(_mfn(1), false);
	assert_int_equal(get_entry(1, HV_SLOT), 0);
	assert_int_equal(frame_unpin(_mfn(1), &owner_a), 0);
	fake_recount();
	assert_int_equal(get_entry(1, HV_SLOT + 1), 0);
	for (unsigned int m = 1; m < 8; m++) {
		assert_int_equal(frame_table[m].count, FRAME_ALLOCATED);
	}
}

/* A bad entry anywhere leaves nothing behind, preempted or not. */
static void test_tree_bad(void **state)
{
	for (int preempt = -1; preempt < 3; preempt++) {
		for (unsigned int bad = 1; bad <= 5; bad++) {
			int rc, rounds = 0;

			tree();
			fake_preempt(preempt);
			fake_table(bad)[505] = pte_make(_mfn(12), PTE_USER | PTE_RW); /* B's */
			while ((rc = frame_pin(_mfn(1), &owner_a, FT_L4)) == -ERESTART) {
				fake_recount();
				assert_in_range(++rounds, 1, 50);
			}
			assert_int_equal(rc, -EINVAL);
			fake_recount();
			fake_preempt(-1);
			for (unsigned int m = 1; m < 8; m++) {
				assert_int_equal(frame_get(_mfn(m), &owner_a), 0);
				frame_settle(_mfn(m));
				frame_put(_mfn(m));
				assert_int_equal(frame_table[m].count, FRAME_ALLOCATED);
			}
		}
	}
}

/* Preempted at each step in turn, up and down, with a recount in every state between. */
static void test_preempt_each_step(void **state)
{
	for (int after = 0; after < 8; after++) {
		int rc, ups = 0, downs = 0;

		tree();
		fake_preempt(after);
		while ((rc = frame_pin(_mfn(1), &owner_a, FT_L4)) == -ERESTART) {
			fake_recount();
			assert_int_equal(get(1, FT_WRITABLE), -EINVAL);
			assert_in_range(++ups, 1, 20);
		}
		assert_int_equal(rc, 0);
		assert_true(ups || after > 1);
		while ((rc = frame_unpin(_mfn(1), &owner_a)) == -ERESTART) {
			fake_recount();
			assert_int_equal(frame_pin(_mfn(1), &owner_a, FT_L4), -EINVAL);
			assert_int_equal(get(1, FT_WRITABLE), -EINVAL);
			assert_in_range(++downs, 1, 20);
		}
		assert_int_equal(rc, 0);
		assert_true(downs || after > 1);
		fake_recount();
		assert_int_equal(frame_table[6].count, FRAME_ALLOCATED);
	}
}

/* While one holder is preempted taking a table down, another may take it up again. */
static void test_preempt_revive(void **state)
{
	tree();
	assert_int_equal(get(1, FT_L4), 0);
	fake_preempt(0);
	assert_int_equal(frame_put_and_type_preemptible(_mfn(1)), -ERESTART);
	fake_recount();
	fake_preempt(-1);
	assert_int_equal(frame_pin(_mfn(1), &owner_a, FT_L4), 0);
	fake_recount();
	assert_int_equal(frame_put_and_type_preemptible(_mfn(1)), 0);
	held[1].general--;
	held[1].typed--;
	fake_recount();
	assert_int_equal(frame_unpin(_mfn(1), &owner_a), 0);
	fake_recount();
}

/* A validation that was given up: the frame stays what it is until it is settled. */
static void test_abandoned(void **state)
{
	tree();
	fake_preempt(0);
	assert_int_equal(frame_pin(_mfn(2), &owner_a, FT_L3), -ERESTART);
	fake_recount();
	assert_int_equal(get(2, FT_WRITABLE), -EINVAL);
	assert_false(frame_table[2].type & FT_COUNT);
	assert_true(frame_release(_mfn(2)));
	assert_true(frame_table[2].owner == 1); /* the partial state keeps it */
	assert_int_equal(frame_get(_mfn(2), &owner_a), 0);
	while (frame_settle(_mfn(2))) {
	}
	frame_put(_mfn(2));
	assert_int_equal(frame_table[2].owner, FRAME_OWNER_NONE);
}

static void test_entries_l1(void **state)
{
	tree();
	assert_int_equal(frame_pin(_mfn(4), &owner_a, FT_L1), 0);
	/* A kernel page: marked, and a user page to the CPU; never global. */
	assert_int_equal(update(4, 1, pte_make(_mfn(8), PTE_P | PTE_RW | PTE_G)), 0);
	assert_int_equal(get_entry(4, 1), entry(8, PTE_RW | PTE_GUEST_KERNEL));
	/* The guest writes back what it read. */
	assert_int_equal(update(4, 2, entry(8, PTE_GUEST_KERNEL)), 0);
	assert_int_equal(get_entry(4, 2), entry(8, PTE_GUEST_KERNEL));
	assert_int_equal(update(4, 3, entry(8, PTE_GRANT)), -EINVAL);
	assert_int_equal(update(4, 3, entry(8, PTE_PCD)), -EINVAL);
	assert_int_equal(update(4, 3, entry(12, 0)), -EINVAL);         /* another's */
	assert_int_equal(update(4, 3, entry(0, 0)), -EINVAL);          /* nobody's */
	assert_int_equal(update(4, 3, entry(4, PTE_RW)), -EINVAL);     /* itself, written */
	assert_int_equal(update(4, 3, entry(4, 0)), 0);                /* itself, read */
	assert_int_equal(update(4, 5, entry(FAKE_IO, 0)), -EINVAL);    /* no right to I/O */
	assert_int_equal(update(4, 6, pte_make(_mfn(12), PTE_RW)), 0); /* not present: anything */
	assert_int_equal(update(12, 0, 0), -EINVAL);
	assert_int_equal(update(6, 0, 0), -EINVAL);
	assert_int_equal(update(FAKE_IO, 0, 0), -EINVAL);
	fake_recount();
	/* Only RW changes, both ways, with other references around. */
	assert_int_equal(update(4, 0, entry(6, 0)), 0);
	fake_recount();
	assert_int_equal(get(6, FT_L1), 0);
	assert_int_equal(update(4, 0, entry(6, PTE_RW)), -EINVAL);
	put(6);
	assert_int_equal(update(4, 0, entry(6, PTE_RW | PTE_A | PTE_NX)), 0);
	fake_recount();
	/* A and D survive if asked. */
	fake_table(4)[0] |= PTE_D;
	mfn_t rest;

	assert_int_equal(pte_update(_mfn(4), 0, entry(6, PTE_RW), &owner_a, &owner_a, true, &rest),
			 0);
	assert_int_equal(get_entry(4, 0), entry(6, PTE_RW | PTE_A | PTE_D | 0));
	assert_int_equal(update(4, 0, entry(6, PTE_RW)), 0);
	assert_int_equal(get_entry(4, 0), entry(6, PTE_RW));
	assert_int_equal(update(4, 0, 0), 0);
	fake_recount();
	assert_int_equal(frame_unpin(_mfn(4), &owner_a), 0);
	fake_recount();
}

static void test_entries_foreign(void **state)
{
	mfn_t rest;

	tree();
	assert_int_equal(frame_pin(_mfn(4), &owner_a, FT_L1), 0);
	assert_int_equal(
		pte_update(_mfn(4), 8, entry(12, PTE_RW), &owner_a, &owner_b, false, &rest), 0);
	fake_recount();
	/* The same entry again, but as if it were an own page: no. */
	assert_int_equal(update(4, 8, entry(12, 0)), -EINVAL);
	fake_recount();
	/* Frames of the hypervisor: never written. */
	frame_table[13].owner = owner_xen.id;
	assert_int_equal(
		pte_update(_mfn(4), 9, entry(13, PTE_RW), &owner_a, &owner_xen, false, &rest),
		-EINVAL);
	assert_int_equal(pte_update(_mfn(4), 9, entry(13, 0), &owner_a, &owner_xen, false, &rest),
			 0);
	assert_int_equal(update(4, 9, entry(13, PTE_RW)), -EINVAL);
	/* RAM asked for as I/O. */
	assert_int_equal(pte_update(_mfn(4), 10, entry(6, 0), &owner_a, &owner_io, false, &rest),
			 -EINVAL);
	fake_recount();
	assert_int_equal(frame_unpin(_mfn(4), &owner_a), 0);
	fake_recount();
}

static bool read_only_io(mfn_t m)
{
	return m.n == FAKE_IO + 1;
}

static void test_entries_io(void **state)
{
	mfn_t rest;

	tree();
	owner_a.io_cap = true;
	pte_mmio_read_only = read_only_io;
	fake_table(4)[20] = entry(FAKE_IO + 1, PTE_RW);
	assert_int_equal(frame_pin(_mfn(4), &owner_a, FT_L1), 0);
	assert_int_equal(get_entry(4, 20), entry(FAKE_IO + 1, PTE_PWT | PTE_PCD));
	assert_int_equal(update(4, 1, entry(FAKE_IO, PTE_RW)), 0);
	assert_int_equal(get_entry(4, 1), entry(FAKE_IO, PTE_RW | PTE_PWT | PTE_PCD));
	assert_int_equal(update(4, 2, entry(FAKE_IO, PTE_PAT)), 0); /* write-combining stays */
	assert_int_equal(get_entry(4, 2), entry(FAKE_IO, PTE_PAT));
	assert_int_equal(update(4, 3, entry(1ull << 36, 0)), -EINVAL); /* beyond the bus */
	assert_int_equal(update(4, 4, entry(8, PTE_PCD)), 0);
	assert_int_equal(
		pte_update(_mfn(4), 5, entry(FAKE_IO, 0), &owner_a, &owner_io, false, &rest), 0);
	/* Unchanged: needs no right. */
	assert_int_equal(pte_update(_mfn(4), 5, get_entry(4, 5), &owner_a, &owner_b, false, &rest),
			 0);
	assert_int_equal(
		pte_update(_mfn(4), 6, entry(FAKE_IO, 0), &owner_a, &owner_b, false, &rest),
		-EINVAL);
	/* A shared page of the hypervisor: write-back only. */
	frame_table[9].count |= FRAME_XENHEAP;
	frame_table[9].type = (u32)FT_WRITABLE << 29 | FT_VALIDATED | 1;
	held[9].typed = 1;
	assert_int_equal(update(4, 7, entry(9, PTE_RW | PTE_PCD)), -EINVAL);
	assert_int_equal(update(4, 7, entry(9, PTE_RW)), 0);
	fake_recount();
	assert_int_equal(frame_unpin(_mfn(4), &owner_a), 0);
	fake_recount();
	pte_mmio_read_only = NULL;
}

static void test_entries_upper(void **state)
{
	tree();
	assert_int_equal(frame_pin(_mfn(1), &owner_a, FT_L4), 0);
	assert_int_equal(update(3, 9, entry(4, PTE_PSE)), -EINVAL);
	assert_int_equal(update(3, 9, entry(4, PTE_PCD)), -EINVAL);
	assert_int_equal(update(3, 9, entry(4, PTE_G)), -EINVAL);
	assert_int_equal(update(3, 10, entry(3, 0)), -EINVAL); /* linear */
	assert_int_equal(update(3, 10, entry(2, 0)), -EINVAL);
	assert_int_equal(update(3, 10, entry(6, 0)), -EINVAL); /* written somewhere */
	assert_int_equal(update(3, 10, entry(12, 0)), -EINVAL);
	assert_int_equal(update(3, 10, entry(FAKE_IO, 0)), -EINVAL);
	assert_int_equal(update(3, 10, pte_make(_mfn(8), PTE_P)), 0); /* an empty L1 */
	assert_int_equal(get_entry(3, 10), entry(8, 0));
	for (unsigned int i = 0; i < HV_SLOTS; i++) {
		assert_int_equal(update(1, HV_SLOT + i, 0), -EINVAL);
	}
	assert_int_equal(update(1, HV_SLOT + HV_SLOTS, entry(2, 0)), 0);
	assert_int_equal(get_entry(1, HV_SLOT + HV_SLOTS), entry(2, PTE_A));
	fake_recount();
	assert_int_equal(update(3, 9, entry(5, 0)), 0); /* replaces an L1: all of it goes */
	fake_recount();
	assert_int_equal(frame_table[4].type & FT_COUNT, 0);
	assert_int_equal(frame_unpin(_mfn(1), &owner_a), 0);
	fake_recount();
}

/* Replacing an upper entry is done at once; what hung below it may take longer. */
static void test_update_rest(void **state)
{
	mfn_t rest;

	tree();
	assert_int_equal(frame_pin(_mfn(1), &owner_a, FT_L4), 0);
	assert_int_equal(update(1, 511, 0), 0);
	fake_preempt(0);
	assert_int_equal(pte_update(_mfn(1), 0, 0, &owner_a, &owner_a, false, &rest), 0);
	assert_int_equal(rest.n, 2);
	held[2].general++;
	held[2].typed++;
	fake_recount();
	while (frame_put_and_type_preemptible(rest) == -ERESTART) {
		fake_recount();
	}
	held[2].general--;
	held[2].typed--;
	fake_recount();
	assert_int_equal(frame_table[3].count, FRAME_ALLOCATED);
	assert_int_equal(frame_unpin(_mfn(1), &owner_a), 0);
}

static void test_cmpxchg(void **state)
{
	tree();
	assert_int_equal(frame_pin(_mfn(4), &owner_a, FT_L1), 0);
	assert_int_equal(pte_cmpxchg(_mfn(4), 0, 0, entry(8, 0), &owner_a), -EBUSY);
	fake_recount();
	assert_int_equal(pte_cmpxchg(_mfn(4), 0, entry(6, PTE_RW), entry(8, 0), &owner_a), 0);
	fake_recount();
	assert_int_equal(pte_cmpxchg(_mfn(4), 1, 0, entry(12, 0), &owner_a), -EINVAL);
	assert_int_equal(pte_cmpxchg(_mfn(4), 0, entry(8, 0), 0, &owner_a), 0);
	assert_int_equal(pte_cmpxchg(_mfn(8), 0, 0, 0, &owner_a), -EINVAL);
	fake_recount();
	assert_int_equal(frame_unpin(_mfn(4), &owner_a), 0);
}

static void test_grants(void **state)
{
	tree();
	assert_int_equal(frame_pin(_mfn(4), &owner_a, FT_L1), 0);
	assert_int_equal(frame_get_and_type(_mfn(12), &owner_b, FT_WRITABLE), 0);
	held[12] = (struct held){1, 1};
	assert_int_equal(pte_grant_set(_mfn(4), 0, entry(12, PTE_RW), &owner_a), 0);
	assert_int_equal(pte_grant_set(_mfn(6), 0, entry(12, PTE_RW), &owner_a), -EINVAL);
	assert_int_equal(pte_grant_set(_mfn(4), 0, entry(12, PTE_RW), &owner_a), -EPERM);
	fake_recount();
	assert_int_equal(update(4, 0, 0), -EPERM);
	assert_int_equal(update(4, 0, entry(8, 0)), -EPERM);
	assert_int_equal(update(4, 0, entry(12, PTE_GRANT)), -EPERM); /* loses RW */
	assert_int_equal(update(4, 0, entry(12, PTE_RW | PTE_GRANT | PTE_A)), 0);
	assert_int_equal(pte_cmpxchg(_mfn(4), 0, get_entry(4, 0), 0, &owner_a), -EPERM);
	assert_int_equal(pte_grant_clear(_mfn(4), 0, _mfn(11), true, &owner_a), -EINVAL);
	assert_int_equal(pte_grant_clear(_mfn(4), 0, _mfn(12), false, &owner_a), -EINVAL);
	assert_int_equal(pte_grant_clear(_mfn(4), 511, _mfn(7), false, &owner_a), -EINVAL);
	fake_recount();
	assert_int_equal(pte_grant_clear(_mfn(4), 0, _mfn(12), true, &owner_a), 0);
	assert_int_equal(get_entry(4, 0), 0);
	/* A table that goes away with such an entry leaves the references to the grant module. */
	assert_int_equal(pte_grant_set(_mfn(4), 0, entry(12, PTE_RW), &owner_a), 0);
	assert_int_equal(frame_unpin(_mfn(4), &owner_a), 0);
	fake_recount();
	assert_int_equal(frame_pin(_mfn(4), &owner_a, FT_L1), -EINVAL); /* and does not come back */
	fake_recount();
}

static void test_overflow(void **state)
{
	tree();
	assert_int_equal(frame_pin(_mfn(4), &owner_a, FT_L1), 0);
	frame_table[8].count = FRAME_ALLOCATED | (FRAME_COUNT - FRAME_RESERVE - 1);
	assert_int_equal(update(4, 1, entry(8, 0)), 0);
	assert_int_equal(update(4, 2, entry(8, 0)), -EINVAL);
	assert_int_equal(frame_get(_mfn(8), &owner_a), -EINVAL);
	assert_int_equal(frame_table[8].count, FRAME_ALLOCATED | (FRAME_COUNT - FRAME_RESERVE));
	owner_a.dying = true; /* what takes its memory back may, nevertheless */
	assert_int_equal(frame_get(_mfn(8), &owner_a), 0);
	frame_put(_mfn(8));
	owner_a.dying = false;
	frame_table[8].count = FRAME_ALLOCATED | 1;
	frame_table[8].type = (u32)FT_WRITABLE << 29 | (FT_COUNT - 1);
	assert_int_equal(update(4, 2, entry(8, PTE_RW)), 0);
	assert_int_equal(update(4, 3, entry(8, PTE_RW)), -EINVAL);
	assert_int_equal(frame_get_type(_mfn(8), FT_WRITABLE), -EINVAL);
	assert_int_equal(frame_table[8].type, (u32)FT_WRITABLE << 29 | FT_COUNT);
}

/* What was writable is flushed before it is a table, once; and the other way round. */
static void test_flush(void **state)
{
	fake_reset(10);
	assert_int_equal(get(1, FT_WRITABLE), 0);
	put(1);
	assert_int_equal(flush_count, 0);
	assert_int_equal(get(1, FT_L1), 0);
	assert_int_equal(flush_count, 1);
	put(1);
	assert_int_equal(get(1, FT_L1), 0); /* the same again: nothing to flush */
	put(1);
	assert_int_equal(flush_count, 1);
	assert_int_equal(get(1, FT_WRITABLE), 0);
	assert_int_equal(flush_count, 2);
	put(1);
	tlb_flushed = ++tlb_clock; /* something else flushed */
	assert_int_equal(get(1, FT_DESC), 0);
	assert_int_equal(flush_count, 2);
	put(1);
}

static void test_descriptors(void **state)
{
	static const struct {
		u64 in, out;
		bool ok;
	} row[] = {
		{0, 0, true},
		{0x00af9b000000ffff, 0x00affb000000ffff, true}, /* ring 0 code */
		{0x00cff3000000ffff, 0x00cff3000000ffff, true}, /* ring 3 data */
		{0x00cf93000000ffff, 0x00cff3000000ffff, true},
		{0x00af1b000000ffff, 0x00af1b000000ffff, true}, /* not present */
		{0x0000890000000067, 0, false},                 /* TSS */
		{0x0000ec0000080000, 0, false},                 /* call gate */
		{0x0000820000000000, 0, false},                 /* LDT */
		{0x0000e00000000000, 0x0000e00000000000, true}, /* type 0 */
		{0x00efbb000000ffff, 0, false},                 /* L and D */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(row); i++) {
		u64 d = row[i].in;

		fake_reset(10);
		fake_table(1)[300] = d;
		assert_int_equal(get(1, FT_DESC), row[i].ok ? 0 : -EINVAL);
		assert_int_equal(descriptor_fix(&d), row[i].ok);
		if (row[i].ok) {
			assert_int_equal(d, row[i].out);
			assert_int_equal(fake_table(1)[300], d);
			assert_int_equal(get(1, FT_WRITABLE), -EINVAL);
			put(1);
		}
		fake_recount();
	}
}

static void test_release(void **state)
{
	fake_reset(10);
	m2p[3] = 5;
	assert_int_equal(frame_get(_mfn(3), &owner_a), 0);
	assert_true(frame_release(_mfn(3)));
	assert_false(frame_release(_mfn(3)));
	assert_int_equal(frame_get(_mfn(3), &owner_a), 0); /* still there */
	frame_put(_mfn(3));
	assert_int_equal(owner_a.pages, 10);
	frame_put(_mfn(3));
	assert_int_equal(owner_a.pages, 9);
	assert_int_equal(m2p[3], M2P_INVALID);
	assert_int_equal(frame_get(_mfn(3), &owner_a), -EINVAL);
	assert_int_equal(frame_get(_mfn(3), &owner_a), -EINVAL);
	assert_int_equal(frame_get(_mfn(FAKE_IO), &owner_a), -EINVAL);
	assert_int_equal(frame_get(_mfn(0), &owner_a), -EINVAL);
}

/* The end of an owner: pinned and partial tables, pages that another still maps. */
static void test_relinquish(void **state)
{
	for (int after = -1; after < 4; after++) {
		int rc;
		mfn_t rest;

		tree();
		assert_int_equal(frame_pin(_mfn(11), &owner_b, FT_L1), 0);
		assert_int_equal(
			pte_update(_mfn(11), 0, entry(6, PTE_RW), &owner_b, &owner_a, false, &rest),
			0);
		assert_int_equal(frame_pin(_mfn(1), &owner_a, FT_L4), 0);
		fake_table(8)[0] = fake_table(8)[1] = entry(9, 0);
		fake_preempt(0);
		assert_int_equal(frame_pin(_mfn(8), &owner_a, FT_L2), -ERESTART);
		fake_preempt(after);
		owner_a.dying = true;
		while ((rc = owner_relinquish(&owner_a)) == -ERESTART) {
			fake_recount();
		}
		assert_int_equal(rc, 0);
		fake_recount();
		assert_int_equal(frame_pin(_mfn(6), &owner_a, FT_L1), -EINVAL);
		assert_int_equal(owner_a.pages, 1);
		assert_int_equal(last_count, 0);
		assert_int_equal(pte_update(_mfn(11), 0, 0, &owner_b, &owner_a, false, &rest), 0);
		assert_int_equal(owner_a.pages, 0);
		assert_int_equal(last_count, 1);
		assert_int_equal(owner_a.head | owner_a.kept, 0);
		fake_recount();
	}
}

/* A page that the hypervisor shared, given back while it is mapped. */
static void test_shared_page(void **state)
{
	tree();
	frame_table[9] = (struct frame){.owner = 1,
					.count = FRAME_ALLOCATED | FRAME_XENHEAP,
					.type = (u32)FT_WRITABLE << 29 | FT_VALIDATED | 1};
	owner_a.xenheap_pages = 1;
	held[9].typed = 1;
	assert_int_equal(frame_pin(_mfn(4), &owner_a, FT_L1), 0);
	assert_int_equal(update(4, 1, entry(9, PTE_RW)), 0);
	fake_recount();
	__atomic_fetch_sub(&frame_table[9].type, 1, __ATOMIC_SEQ_CST); /* as frame_unshare() */
	held[9].typed = 0;
	assert_true(frame_release(_mfn(9)));
	fake_recount();
	assert_int_equal(update(4, 1, 0), 0);
	assert_int_equal(owner_a.xenheap_pages, 0);
	assert_int_equal(frame_table[9].count, 0);
	fake_recount();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truth_table),    cmocka_unit_test(test_locked),
		cmocka_unit_test(test_pins),           cmocka_unit_test(test_tree),
		cmocka_unit_test(test_tree_bad),       cmocka_unit_test(test_preempt_each_step),
		cmocka_unit_test(test_preempt_revive), cmocka_unit_test(test_abandoned),
		cmocka_unit_test(test_entries_l1),     cmocka_unit_test(test_entries_foreign),
		cmocka_unit_test(test_entries_io),     cmocka_unit_test(test_entries_upper),
		cmocka_unit_test(test_update_rest),    cmocka_unit_test(test_cmpxchg),
		cmocka_unit_test(test_grants),         cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_flush),          cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_release),        cmocka_unit_test(test_relinquish),
		cmocka_unit_test(test_shared_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

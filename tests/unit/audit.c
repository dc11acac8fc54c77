/* SPDX-License-Identifier: MIT */
/*
 * The audit of frames: it finds nothing to complain of in a machine whose references were all taken
 * by the module, and something when any one number, flag, entry or link is changed.
 */
#define FAKE_FRAMES 16u
#include "pagetype_fake.h"
#undef printk
#define printk(...) ((void)0) /* of faults that are meant to be */
#include "hypervisor/mm/audit.c"

mfn_t host_mfn(const void *p)
{
	return _mfn((u64)((const u8 *)p - memory[0]) / PAGE_SIZE);
}

/* A tree of four levels on frames 1 to 4, pinned and loaded; 5 is mapped, 6 by a grant, 7 a GDT;
 * 8 is half an L2; 9 was given up and is still held. 12 to 15 are B's. */
static void machine_make(void)
{
	mfn_t rest;

	fake_reset(11);
	fake_table(4)[0] = entry(3, PTE_RW);
	fake_table(3)[0] = entry(2, PTE_RW);
	fake_table(2)[0] = entry(1, PTE_RW);
	fake_table(1)[0] = entry(5, PTE_RW);
	fake_table(1)[511] = entry(9, 0);
	assert_int_equal(frame_pin(_mfn(4), &owner_a, FT_L4), 0);
	assert_int_equal(frame_get_and_type(_mfn(4), &owner_a, FT_L4), 0);
	assert_int_equal(frame_get_and_type(_mfn(6), &owner_a, FT_WRITABLE), 0);
	assert_int_equal(pte_grant_set(_mfn(1), 7, entry(6, PTE_RW), &owner_a), 0);
	assert_int_equal(frame_get_and_type(_mfn(7), &owner_a, FT_DESC), 0);
	fake_table(8)[0] = entry(1, PTE_RW);
	fake_table(8)[1] = entry(1, PTE_RW);
	fake_preempt(0);
	assert_int_equal(frame_pin(_mfn(8), &owner_a, FT_L2), -ERESTART);
	fake_preempt(-1);
	assert_int_equal(
		pte_update(_mfn(1), 9, entry(10, PTE_RW), &owner_a, &owner_a, false, &rest), 0);
	assert_true(frame_release(_mfn(9)));
}

void *heap_alloc(size_t bytes)
{
	static u8 tally_memory[1 << 20];

	assert_true(bytes <= sizeof(tally_memory));
	return memset(tally_memory, 0, bytes);
}

/* All that the test holds, or all but one. */
enum { GIVEN_BASE, GIVEN_WRITABLE, GIVEN_MAP, GIVEN_DESC, GIVEN_OWNER, GIVEN };
static u64 faults_but(unsigned int missing)
{
	assert_true(audit_begin());
	if (missing != GIVEN_BASE) {
		audit_hold(_mfn(4), FT_L4);
	}
	if (missing != GIVEN_WRITABLE) {
		audit_hold(_mfn(6), FT_WRITABLE);
	}
	if (missing != GIVEN_MAP) {
		audit_granted(_mfn(6), true);
	}
	audit_hold(_mfn(7), missing == GIVEN_DESC ? FT_NONE : FT_DESC);
	audit_owner(&owner_a);
	if (missing != GIVEN_OWNER) {
		audit_owner(&owner_b);
	}
	audit_window();
	audit_end();
	return audit.faults + (audit.unlisted != 0);
}

static u64 faults(void)
{
	return faults_but(GIVEN);
}

static void nothing_wrong(void **state)
{
	machine_make();
	assert_int_equal(faults(), 0);
	assert_int_equal(audit.frames, FAKE_FRAMES - 1);
	assert_true(audit.references > 20);
}

/* Is the other value of this bit as good? A kind that nobody uses is what the frame was used as
 * last; a frame that is held may have been given up. */
static bool either_way(const struct frame *f, unsigned int bit)
{
	return (bit >= 29 && bit < 32 && !((u32)f->refs & ~(7u << 29))) ||
	       (bit == 63 && f->count & FRAME_COUNT);
}

/* Each bit of each number, each link. */
static void each_change(void **state)
{
	machine_make();
	for (unsigned int m = 1; m < FAKE_FRAMES; m++) {
		for (unsigned int bit = 0; bit < 64; bit++) {
			const u64 was = frame_table[m].refs;

			if (either_way(&frame_table[m], bit)) {
				continue;
			}
			frame_table[m].refs ^= BIT(bit);
			if (!faults()) {
				fail_msg("frame %u, bit %u", m, bit);
			}
			frame_table[m].refs = was;
		}
		frame_table[m].owner ^= 3;
		assert_true(faults());
		frame_table[m].owner ^= 3;
		frame_table[m].done ^= 1;
		assert_true(faults());
		frame_table[m].done ^= 1;
	}
	owner_a.pages++;
	assert_true(faults());
	owner_a.pages--;
	assert_int_equal(faults(), 0);
}

static void each_entry(void **state)
{
	static const u64 wrong[] = {PTE_P, PTE_RW, PTE_US, PTE_G, 1ull << PAGE_SHIFT};

	machine_make();
	for (unsigned int level = 1; level <= 4; level++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
			if (level > 1 && wrong[i] == PTE_RW) {
				continue; /* means nothing there */
			}
			fake_table(level)[0] ^= wrong[i];
			assert_true(faults());
			fake_table(level)[0] ^= wrong[i];
		}
		fake_table(level)[100] = entry(5, 0);
		assert_true(faults());
		fake_table(level)[100] = 0;
	}
	fake_table(1)[7] ^= 1ull << PAGE_SHIFT; /* another frame than the grant's */
	assert_true(faults());
	fake_table(1)[7] ^= 1ull << PAGE_SHIFT;
	fake_table(1)[8] = fake_table(1)[7]; /* a second map by one handle */
	assert_true(faults());
	fake_table(1)[8] = 0;
	fake_table(1)[8] = entry(14, 0); /* a frame of B's, with its reference */
	frame_table[14].count++;
	assert_true(faults());
	frame_table[14].count--;
	fake_table(1)[8] = 0;
	fake_table(4)[HV_SLOT + 3] ^= PTE_RW;
	assert_true(faults());
	fake_table(4)[HV_SLOT + 3] ^= PTE_RW;
	fake_table(4)[HV_SLOT] = 0; /* the M2P may be hidden */
	assert_int_equal(faults(), 0);
	fake_table(4)[HV_SLOT] = hv_l4_slots[0];
	assert_int_equal(faults(), 0);
}

static void each_holder(void **state)
{
	machine_make();
	for (unsigned int missing = 0; missing < GIVEN; missing++) {
		assert_true(faults_but(missing));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_wrong),
		cmocka_unit_test(each_change),
		cmocka_unit_test(each_entry),
		cmocka_unit_test(each_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Two CPUs on three frames, every interleaving of their atomic steps. The module is compiled into
 * this file with its atomic operations turned into points where the other CPU may go on (steps.h).
 * All pairs of the operations below, and some triples (argument 1: all), from several states,
 * preempted at each step or never. At each
 * step what validated tables map must hold its references; at each end all are recounted. Then the
 * same with bugs planted in the atomic operations and locks: each must be found.
 *
 *   frame 1: L3 -> frame 2: L2 -> frame 3: L1 or a page; frames 4, 5: spare
 */
#define FAKE_FRAMES 6u
#define FAKE_OWN_PREEMPT
#include "pagetype_fake.h"
#include "steps.h"

#define ENTRIES_USED 2u

static bool always_preempt;

bool preempt_needed(void)
{
	return always_preempt;
}

/* --- Bugs to be found --- */

static enum plant {
	NOTHING,
	CHECK_THEN_SET, /* compare-and-swap in two steps */
	READ_THEN_SUB,  /* so is fetch_sub */
	NO_TABLE_LOCK,  /* entries change, whoever else is at it */
	PLANTS,
} planted;

#define LOOSE_SUB(p, n, ...)                           \
	({                                             \
		__typeof__(*(p)) old_ = *(p);          \
		step();                                \
		*(p) = (__typeof__(*(p)))(old_ - (n)); \
		old_;                                  \
	})

#undef READ_ONCE
#define READ_ONCE(x)             (*(step(), (volatile __typeof__(x) *)&(x)))
#define __atomic_load_n(...)     (step(), __atomic_load_n(__VA_ARGS__))
#define __atomic_store_n(...)    (step(), __atomic_store_n(__VA_ARGS__))
#define __atomic_fetch_add(...)  (step(), __atomic_fetch_add(__VA_ARGS__))
#define __atomic_fetch_and(...)  (step(), __atomic_fetch_and(__VA_ARGS__))
#define __atomic_fetch_or(...)   (step(), __atomic_fetch_or(__VA_ARGS__))
#define __atomic_exchange_n(...) (step(), __atomic_exchange_n(__VA_ARGS__))
#define __atomic_fetch_sub(...) \
	(step(),                \
	 planted == READ_THEN_SUB ? LOOSE_SUB(__VA_ARGS__) : __atomic_fetch_sub(__VA_ARGS__))
#define __atomic_compare_exchange_n(...)                            \
	(step(), planted == CHECK_THEN_SET ? LOOSE_CAS(__VA_ARGS__) \
					   : __atomic_compare_exchange_n(__VA_ARGS__))
#define __builtin_ia32_pause() spin()
#include "hypervisor/mm/refs.h"
#include "hypervisor/mm/pagetype.c"
#include "hypervisor/mm/refs.c"
#define table_lock(m, o) (planted == NO_TABLE_LOCK ? FT_KIND(frame_of(m)->type) : table_lock(m, o))
#include "hypervisor/mm/table.c"
#undef READ_ONCE
#define READ_ONCE(x) (*(volatile __typeof__(x) *)&(x))
#undef __atomic_load_n
#undef __atomic_store_n

/* What an operation ended with; "again" is retried as a guest's continuation is. */
static void pin(unsigned int m, enum frame_kind kind)
{
	while (frame_pin(_mfn(m), &owner_a, kind) == -ERESTART) {
	}
}

static void unpin(unsigned int m)
{
	while (frame_unpin(_mfn(m), &owner_a) == -ERESTART) {
	}
}

static void set(unsigned int table, unsigned int slot, pte_t val)
{
	mfn_t rest;

	while (pte_update(_mfn(table), slot, val, &owner_a, &owner_a, false, &rest) == -ERESTART) {
	}
	while (!mfn_eq(rest, INVALID_MFN) && frame_put_and_type_preemptible(rest) == -ERESTART) {
	}
}

/* A guest's store through a writable mapping: only while the type says so. */
static void store(unsigned int m, pte_t val)
{
	if (!frame_get_and_type(_mfn(m), &owner_a, FT_WRITABLE)) {
		BUG_ON(FT_KIND(frame_table[m].type) != FT_WRITABLE);
		fake_table(m)[0] = val;
		BUG_ON(FT_KIND(frame_table[m].type) != FT_WRITABLE);
		frame_put_and_type(_mfn(m));
	}
}

static void base(unsigned int m, enum frame_kind kind)
{
	int rc;

	while ((rc = frame_get_and_type(_mfn(m), &owner_a, kind)) == -ERESTART) {
	}
	if (!rc) {
		while (frame_put_and_type_preemptible(_mfn(m)) == -ERESTART) {
		}
	}
}

static void op_pin_l1(void)
{
	pin(3, FT_L1);
}
static void op_pin_l2(void)
{
	pin(2, FT_L2);
}
static void op_pin_l3(void)
{
	pin(1, FT_L3);
}
static void op_pin_other(void)
{
	pin(2, FT_L1);
}
static void op_unpin_l1(void)
{
	unpin(3);
}
static void op_unpin_l2(void)
{
	unpin(2);
}
static void op_unpin_l3(void)
{
	unpin(1);
}
static void op_base_l2(void)
{
	base(2, FT_L2);
}
static void op_base_l3(void)
{
	base(1, FT_L3);
}
static void op_link(void)
{
	set(2, 0, entry(3, PTE_RW));
}
static void op_unlink(void)
{
	set(2, 0, 0);
}
static void op_relink(void)
{
	set(2, 0, entry(4, PTE_RW));
}
static void op_map(void)
{
	set(3, 0, entry(5, PTE_RW));
}
static void op_map_ro(void)
{
	set(3, 0, entry(5, 0));
}
static void op_map_table(void)
{
	set(3, 1, entry(2, PTE_RW));
}
static void op_unmap(void)
{
	set(3, 0, 0);
}
static void op_store_l1(void)
{
	store(3, entry(2, PTE_RW));
}
static void op_store_l2(void)
{
	store(2, entry(3, PTE_RW));
}
static void op_release(void)
{
	frame_release(_mfn(5));
}
static void op_abandon(void)
{
	frame_pin(_mfn(1), &owner_a, FT_L3);
}
static void op_settle(void)
{
	if (!frame_get(_mfn(1), &owner_a)) {
		while (frame_settle(_mfn(1))) {
		}
		frame_put(_mfn(1));
	}
}
static void op_relinquish(void)
{
	owner_a.dying = true;
	while (owner_relinquish(&owner_a)) {
	}
}

static void (*const ops[])(void) = {
	op_pin_l1,   op_pin_l2,  op_pin_l3,    op_pin_other,  op_unpin_l1, op_unpin_l2,
	op_unpin_l3, op_base_l2, op_base_l3,   op_link,       op_unlink,   op_relink,
	op_map,      op_map_ro,  op_map_table, op_unmap,      op_store_l1, op_store_l2,
	op_release,  op_abandon, op_settle,    op_relinquish,
};

/* Where the two begin: linked, and some tables validated already. */
#define STATES 4u
static void start_state(unsigned int state)
{
	fake_reset(FAKE_FRAMES - 1);
	fake_table(1)[0] = entry(2, PTE_RW);
	fake_table(1)[1] = entry(2, PTE_RW);
	fake_table(2)[0] = entry(3, PTE_RW);
	fake_table(3)[0] = entry(5, PTE_RW);
	switch (state) {
	case 1:
		pin(3, FT_L1);
		break;
	case 2:
		pin(2, FT_L2);
		break;
	case 3:
		pin(1, FT_L3);
		pin(3, FT_L1);
		break;
	}
}

/* At every step: what a validated table maps cannot go, and has the type it must have. */
static void entry_check(pte_t e, enum frame_kind kind)
{
	const struct frame *f = &frame_table[pte_mfn(e).n];

	if (!(e & PTE_P)) {
		return;
	}
	BUG_ON(f->owner != owner_a.id || !(f->count & FRAME_COUNT));
	if (kind > FT_L1) {
		BUG_ON(FT_KIND(f->type) != kind - 1 || !(f->type & FT_VALIDATED));
	}
	if (kind > FT_L1 || e & PTE_RW) {
		BUG_ON(FT_KIND(f->type) != (kind > FT_L1 ? kind - 1 : FT_WRITABLE) ||
		       !(f->type & FT_COUNT));
	}
}

static void step_check(void)
{
	for (unsigned int m = 1; m < FAKE_FRAMES; m++) {
		const u32 type = frame_table[m].type, count = frame_table[m].count;

		BUG_ON((type & FT_COUNT) > 20 || (count & FRAME_COUNT) > 20);
		BUG_ON(type & FT_VALIDATED && (type & FT_PARTIAL || !(type & FT_COUNT)));
		for (unsigned int i = 0; i < ENTRIES_USED && type & FT_VALIDATED; i++) {
			entry_check(fake_table(m)[i], FT_KIND(type));
		}
	}
}

/* Nothing is left of a dead owner's tables, whoever used them when it died. */
static void end_check(void)
{
	fake_recount();
	for (unsigned int m = 1; m < FAKE_FRAMES && owner_a.dying; m++) {
		BUG_ON(frame_table[m].type & (FT_PINNED | FT_PARTIAL));
	}
}

/* Every pair of operations from every state. */
static void explore_all(void)
{
	for (unsigned int state = 0; state < STATES; state++) {
		for (unsigned int a = 0; a < ARRAY_SIZE(ops); a++) {
			for (unsigned int b = a; b < ARRAY_SIZE(ops); b++) {
				start_state(state);
				steps_explore(ops[a], ops[b], step_check, end_check);
			}
		}
	}
}

/* One operation against two in a row: what the first of these leaves behind meets the other CPU
 * half-way. All `of` parts together are all triples. */
static void (*in_a_row[2])(void);

static void two_in_a_row(void)
{
	in_a_row[0]();
	in_a_row[1]();
}

static void explore_triples(unsigned int part, unsigned int of)
{
	const unsigned int n = ARRAY_SIZE(ops);

	for (unsigned int i = part; i < STATES * n * n * n; i += of) {
		start_state(i / (n * n * n));
		in_a_row[0] = ops[i / n % n];
		in_a_row[1] = ops[i % n];
		steps_explore(ops[i / (n * n) % n], two_in_a_row, step_check, end_check);
	}
}

static void test_all_pairs(void **state)
{
	always_preempt = false;
	explore_all();
	print_message("%lu states, %lu ends\n", steps_states, steps_ends);
}

static void test_all_pairs_preempted(void **state)
{
	always_preempt = true;
	explore_all();
	print_message("%lu states, %lu ends\n", steps_states, steps_ends);
}

static unsigned int triple_parts = 67; /* shares no factor with the number of operations */

static void test_triples(void **state)
{
	always_preempt = true;
	explore_triples(0, triple_parts);
	print_message("%lu states, %lu ends\n", steps_states, steps_ends);
}

static void test_planted(void **state)
{
	always_preempt = false;
	for (planted = NOTHING + 1; planted < PLANTS; planted++) {
		steps_must_fail(explore_all);
	}
	planted = NOTHING;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_all_pairs_preempted),
		cmocka_unit_test(test_triples),
		cmocka_unit_test(test_planted),
	};

	if (argc > 1) {
		triple_parts = MAX(1u, (unsigned int)atoi(argv[1])); /* 1: all of them */
	}

	steps_share(table_of_frames, sizeof(table_of_frames));
	for (unsigned int m = 1; m < FAKE_FRAMES; m++) {
		steps_share(fake_table(m), ENTRIES_USED * sizeof(pte_t));
	}
	steps_share(&owner_a, sizeof(owner_a));
	steps_share(&tlb_clock, sizeof(tlb_clock));
	steps_share(&tlb_flushed, sizeof(tlb_flushed));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

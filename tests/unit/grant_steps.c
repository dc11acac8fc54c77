/* SPDX-License-Identifier: MIT */
/*
 * Pins on one grant entry, and the guest that ends its grant: two CPUs, every interleaving of their
 * atomic steps (steps.h), in both versions of the table. A guest that has ended the grant and saw
 * no marks knows that nobody has the frame, and nobody gets it any more; at the end pins and marks
 * are those of who still holds. Then the same with bugs planted, each of which must be found.
 */
#include "steps.h"
#include "lib/lib.h"
#include <xen/grant_table.h>

static enum plant {
	NOTHING,
	MARK_AFTER_CHECK, /* version 1: the entry is looked at, and then marked */
	NO_SECOND_LOOK,   /* version 2: it is not looked at again behind the marks */
	NO_LOCK,
	PLANTS,
} planted;

static u64 guest_entry[512]; /* the first one only */
static u16 status[2048];
static u64 seen[2]; /* of the entry, by a CPU's first look */
static unsigned int holders, kept, kept_writing;
static bool ended;

/* The guest ends the grant as Linux does. */
static void guest_ends_v1(void)
{
	u64 old = guest_entry[0];

	do {
		step();
		if (old & (GTF_reading | GTF_writing)) {
			return;
		}
	} while (!__atomic_compare_exchange_n(&guest_entry[0], &old, old & ~0xffffull, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	BUG_ON(holders);
	ended = true;
}

static void guest_ends_v2(void)
{
	step();
	guest_entry[0] &= ~0xffffull;
	step();
	if (!(status[0] & (GTF_reading | GTF_writing))) {
		BUG_ON(holders);
		ended = true;
	}
}

static void guest_makes_readonly(void)
{
	step();
	__atomic_fetch_or(&guest_entry[0], GTF_readonly, __ATOMIC_SEQ_CST);
}

#define FIRST_LOOK(p, order, v)                                          \
	({                                                               \
		__typeof__(v) v_ = (v);                                  \
		if ((void *)(p) == guest_entry) {                        \
			if ((order) == __ATOMIC_RELAXED) {               \
				seen[steps_running] = (u64)v_;           \
			} else if (planted == NO_SECOND_LOOK) {          \
				v_ = (__typeof__(v))seen[steps_running]; \
			}                                                \
		}                                                        \
		v_;                                                      \
	})
#define __atomic_load_n(p, order) (step(), FIRST_LOOK(p, order, __atomic_load_n(p, order)))
#define __atomic_store_n(...)     (step(), __atomic_store_n(__VA_ARGS__))
#define __atomic_fetch_add(...)   (step(), __atomic_fetch_add(__VA_ARGS__))
#define __atomic_fetch_and(...)   (step(), __atomic_fetch_and(__VA_ARGS__))
#define __atomic_fetch_or(...)    (step(), __atomic_fetch_or(__VA_ARGS__))
#define __atomic_compare_exchange_n(...)                              \
	(step(), planted == MARK_AFTER_CHECK ? LOOSE_CAS(__VA_ARGS__) \
					     : __atomic_compare_exchange_n(__VA_ARGS__))
#define __builtin_ia32_pause() spin()
#include "lib/spinlock.h"
#define spin_lock(l) (planted == NO_LOCK ? (void)0 : spin_lock(l))
#include "hypervisor/grant/pin.c"

#define FRAME 7u

static struct domain granter, user;
static struct active active[ACTIVE_PER_PAGE];
static u64 *entries = guest_entry;
static u16 *words = status;
static struct active *actives[] = {active, NULL};
static struct grant_domain grants = {
	.max_frames = 1, .frames = 1, .shared = &entries, .active = actives, .status = &words};

/* What the frame types would say is not asked here. */
void *heap_alloc(size_t bytes)
{
	abort();
}
int frame_get(mfn_t m, const struct owner *o)
{
	abort();
}
int frame_get_and_type(mfn_t m, const struct owner *o, enum frame_kind kind)
{
	abort();
}
void frame_put(mfn_t m)
{
	abort();
}
void frame_put_and_type(mfn_t m)
{
	abort();
}

static bool pin(bool write)
{
	struct pin p;

	if (grant_pin(&granter, &user, 0, write, true, &p)) {
		return false;
	}
	BUG_ON(ended || p.mfn.n != FRAME);
	holders++;
	return true;
}

static void unpin(bool write)
{
	holders--;
	grant_unpin(&granter, active_get(granter.grant, 0, false), 0, write);
}

static void op_read(void)
{
	if (pin(false)) {
		unpin(false);
	}
}
static void op_write(void)
{
	if (pin(true)) {
		unpin(true);
	}
}
static void op_both(void)
{
	bool write = pin(true);

	op_read();
	if (write) {
		unpin(true);
	}
}
static void op_keep_read(void)
{
	kept += pin(false);
}
static void op_keep_write(void)
{
	unsigned int got = pin(true);

	kept += got;
	kept_writing += got;
}
static void op_end(void)
{
	if (grants.mode & GRANT_V2) {
		guest_ends_v2();
	} else {
		guest_ends_v1();
	}
}

static void (*const ops[])(void) = {
	op_read, op_write, op_both, op_keep_read, op_keep_write, op_end, guest_makes_readonly};

static void start(u32 mode)
{
	memset(active, 0, sizeof(active[0]));
	grants.mode = mode;
	guest_entry[0] = GTF_permit_access | 1u << 16 | (mode ? 0 : (u64)FRAME << 32);
	guest_entry[1] = FRAME;
	status[0] = 0;
	holders = kept = kept_writing = 0;
	ended = false;
}

static void at_step(void)
{
	BUG_ON(active[0].writers > active[0].pins || active[0].pins > 4);
}

static void at_end(void)
{
	const u16 marks = grants.mode ? status[0] : (u16)guest_entry[0];

	BUG_ON(active[0].pins != kept || active[0].writers != kept_writing);
	BUG_ON((marks & GRANT_MARKS) != active_marks(&active[0]));
}

static void explore_all(void)
{
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(ops) * ARRAY_SIZE(ops); i++) {
		start(i & 1 ? GRANT_V2 : 0);
		steps_explore(ops[i / 2 / ARRAY_SIZE(ops)], ops[i / 2 % ARRAY_SIZE(ops)], at_step,
			      at_end);
	}
}

static void test_all_pairs(void **state)
{
	explore_all();
	print_message("%lu states, %lu ends\n", steps_states, steps_ends);
}

static void test_planted(void **state)
{
	for (planted = NOTHING + 1; planted < PLANTS; planted++) {
		steps_must_fail(explore_all);
	}
	planted = NOTHING;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_planted),
	};

	granter.grant = &grants;
	user.mm.id = 1;
	steps_share(active, sizeof(active[0]));
	steps_share(guest_entry, 2 * sizeof(guest_entry[0]));
	steps_share(seen, sizeof(seen));
	steps_share(&status[0], sizeof(status[0]));
	steps_share(&holders, sizeof(holders));
	steps_share(&kept, sizeof(kept));
	steps_share(&kept_writing, sizeof(kept_writing));
	steps_share(&ended, sizeof(ended));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

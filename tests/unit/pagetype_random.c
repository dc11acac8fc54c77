/* SPDX-License-Identifier: MIT */
/*
 * Random operations on frame types: by one thread with a recount after each, then by several
 * threads at once with a recount whenever all of them pause. Seeded; argument: operations in
 * thousands.
 */
#include <pthread.h>

#define FAKE_FRAMES 12u
#define FAKE_OWN_PREEMPT
#include "pagetype_fake.h"

#define THREADS 3
#define ROUND   400 /* operations of each thread between two recounts */

static __thread u64 seed;
#ifdef __SANITIZE_THREAD__
static unsigned int thousands = 10;
#else
static unsigned int thousands = 100;
#endif

static u32 rnd(u32 n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(seed >> 33) % n;
}

bool preempt_needed(void)
{
	return rnd(3) == 0;
}

/* Frames have a favourite level, so that trees come about. */
static pte_t random_entry(void)
{
	static const u64 flags[] = {PTE_RW, PTE_RW,  PTE_RW | PTE_A, 0,         PTE_D,
				    PTE_NX, PTE_PCD, PTE_PSE,        PTE_GRANT, PTE_GUEST_KERNEL};

	if (rnd(5) == 0) {
		return 0;
	}
	return pte_make(_mfn(rnd(20) ? rnd(FAKE_FRAMES) : FAKE_IO),
			(rnd(10) ? PTE_P : 0) | (rnd(2) ? PTE_US : 0) |
				flags[rnd(rnd(3) ? 4 : 10)]);
}

static unsigned int random_slot(void)
{
	static const unsigned int slots[] = {0, 1, 7, 8, 255, 256, 271, 272, 511};

	return slots[rnd(ARRAY_SIZE(slots))];
}

static mfn_t random_frame(void)
{
	return _mfn(rnd(FAKE_FRAMES));
}

static struct owner *random_owner(void)
{
	return rnd(6) ? &owner_a : &owner_b;
}

static enum frame_kind random_kind(mfn_t m, u32 kinds)
{
	return (enum frame_kind)(1 + (rnd(3) ? m.n % 4 : rnd(kinds)));
}

static void finish(mfn_t rest)
{
	while (!mfn_eq(rest, INVALID_MFN) && frame_put_and_type_preemptible(rest) == -ERESTART) {
	}
}

static void hold_and_drop(void)
{
	mfn_t m = random_frame();
	int rc = frame_get_and_type(m, random_owner(), random_kind(m, 6));

	if (!rc) {
		if (FT_KIND(READ_ONCE(frame_of(m)->type)) == FT_WRITABLE) {
			fake_table((unsigned int)m.n)[random_slot()] = random_entry() & ~PTE_GRANT;
		}
		finish(m);
	}
}

static void hold_any(void)
{
	mfn_t m = random_frame();

	if (!frame_get(m, rnd(2) ? &owner_a : &owner_b)) {
		if (rnd(2)) {
			frame_settle(m);
		}
		frame_put(m);
	}
}

static void release_and_alloc(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	unsigned int m = 1 + rnd(FAKE_FRAMES - 1);

	pthread_mutex_lock(&lock);
	frame_release(_mfn(m));
	if (__atomic_load_n(&frame_table[m].owner, __ATOMIC_SEQ_CST) == FRAME_OWNER_NONE) {
		fake_alloc(m, random_owner());
	}
	pthread_mutex_unlock(&lock);
}

static void random_operation(void)
{
	struct owner *o = random_owner();
	mfn_t m = random_frame(), rest;

	switch (rnd(10)) {
	case 0:
		frame_pin(m, o, random_kind(m, 4)); /* at times abandoned half-way */
		break;
	case 1:
		while (frame_pin(m, o, random_kind(m, 4)) == -ERESTART) {
		}
		break;
	case 2:
		frame_unpin(m, o); /* preempted ones stay pinned and partial */
		break;
	case 3:
	case 4:
	case 5:
		pte_update(m, random_slot(), random_entry(), o, random_owner(), rnd(2), &rest);
		finish(rest);
		break;
	case 6:
		pte_cmpxchg(m, random_slot(), rnd(2) ? 0 : random_entry(), random_entry(), o);
		break;
	case 7:
		hold_and_drop();
		break;
	case 8:
		hold_any();
		break;
	case 9:
		if (rnd(8) == 0) {
			release_and_alloc();
		}
		break;
	}
}

static void test_random(void **state)
{
	unsigned int used[8] = {0};

	for (u64 s = 1; s <= thousands; s++) {
		fake_reset(9);
		seed = s;
		for (unsigned int i = 0; i < 1000; i++) {
			random_operation();
			fake_recount();
		}
		for (unsigned int m = 1; m < FAKE_FRAMES; m++) {
			used[FT_KIND(frame_table[m].type)] += !!(frame_table[m].type & FT_COUNT);
		}
	}
	/* The test is worth something only if all kinds of tables come about. */
	for (unsigned int k = FT_L1; k <= FT_L4; k++) {
		assert_true(used[k] > thousands / 20);
	}
	assert_true(used[FT_WRITABLE] > 0);
}

static pthread_barrier_t barrier;

static void *thread_main(void *arg)
{
	unsigned int rounds = MAX(1u, thousands * 1000 / (THREADS * ROUND));

	seed = (u64)(uintptr_t)arg;
	for (unsigned int r = 0; r < rounds; r++) {
		for (unsigned int i = 0; i < ROUND; i++) {
			random_operation();
		}
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
			fake_recount();
		}
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];

	fake_reset(9);
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, thread_main, (void *)(i + 1)),
				 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	/* All of it can be given back. */
	owner_a.dying = owner_b.dying = true;
	while (owner_relinquish(&owner_a) || owner_relinquish(&owner_b)) {
	}
	fake_recount();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_threads),
	};

	if (argc > 1) {
		thousands = (unsigned int)atoi(argv[1]);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

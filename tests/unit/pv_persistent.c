/* SPDX-License-Identifier: MIT */
/* Grants that stay mapped: found again, bounded, mapped all or none, unmapped at the end. */
#include "unit.h"
#include "../../pv-drivers/backend/persistent.c"

enum { PAGES = 4096 };

static unsigned char memory[PAGES * PAGE_BYTES];
static uint32_t mapped, calls;
static uint32_t refused; /* a reference that the guest does not grant; 0: none */

void *grants_map(const uint32_t *grefs, uint32_t count)
{
	void *at = memory + (size_t)mapped * PAGE_BYTES;
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (refused && grefs[i] == refused) {
			return NULL;
		}
		memory[(size_t)(mapped + i) * PAGE_BYTES] = (unsigned char)grefs[i];
	}
	mapped += count;
	calls++;
	return at;
}

void grants_unmap(void *pages, uint32_t count)
{
	assert_in_range((size_t)((unsigned char *)pages - memory), 0, sizeof(memory) - 1);
	assert_true(count <= mapped);
	mapped -= count;
}

static int fresh(void **state)
{
	mapped = calls = refused = 0;
	*state = calloc(1, sizeof(struct persistent));
	return *state ? 0 : -1;
}

static int ended(void **state)
{
	persistent_end(*state);
	assert_int_equal(mapped, 0);
	assert_null(persistent_find(*state, 7));
	free(*state);
	return 0;
}

static void found_again(void **state)
{
	static const uint32_t grefs[] = {8, 7, 100000};
	uint32_t i;

	assert_null(persistent_find(*state, 7));
	assert_true(persistent_add(*state, grefs, 3));
	for (i = 0; i < 3; i++) {
		assert_int_equal(*persistent_find(*state, grefs[i]), (unsigned char)grefs[i]);
	}
	assert_null(persistent_find(*state, 9));
	assert_int_equal(calls, 1);
}

/* All in one place of the hash, the last ones behind its end. */
static void references_that_collide(void **state)
{
	uint32_t i, gref;

	for (i = 0; i < 5; i++) {
		gref = PLACES * (i + 1) - 1;
		assert_true(persistent_add(*state, &gref, 1));
	}
	for (i = 0; i < 5; i++) {
		assert_ptr_equal(persistent_find(*state, PLACES * (i + 1) - 1),
				 memory + (size_t)i * PAGE_BYTES);
	}
	assert_null(persistent_find(*state, PLACES * 6 - 1));
}

static void all_or_none(void **state)
{
	static const uint32_t grefs[] = {1, 2, 3};

	refused = 3;
	assert_false(persistent_add(*state, grefs, 3));
	assert_null(persistent_find(*state, 1));
	refused = 0;
	assert_true(persistent_add(*state, grefs, 3));
}

static void no_more_than_the_bound(void **state)
{
	uint32_t gref;

	for (gref = 0; gref < PERSISTENT_MAX; gref++) {
		assert_true(persistent_add(*state, &gref, 1));
	}
	assert_false(persistent_add(*state, &gref, 1));
	assert_null(persistent_find(*state, gref));
	assert_non_null(persistent_find(*state, gref - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(found_again, fresh, ended),
		cmocka_unit_test_setup_teardown(references_that_collide, fresh, ended),
		cmocka_unit_test_setup_teardown(all_or_none, fresh, ended),
		cmocka_unit_test_setup_teardown(no_more_than_the_bound, fresh, ended),
	};

	return cmocka_run_group_tests_name("pv_persistent", tests, NULL, NULL);
}

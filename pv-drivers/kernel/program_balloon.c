/* SPDX-License-Identifier: MIT */
/*
 * test=balloon: fills pages, gives others away and gets them back, again and again; what was filled
 * stays as it was, and what comes back can be used. Words: rounds=N.
 */
#include "kernel.h"
#include <xen/memory.h>

enum { WORDS = 4096 / 8, MOST = 4096, LIST_PAGES = MOST * 8 / 4096, LEAST_AWAY = 16 };

static u64 **filled; /* MOST of them */
static u32 filled_count;

static u32 pages_of_domain(void)
{
	struct xen_memory_domain op = {.domid = DOMID_SELF};

	return (u32)HC2(__HYPERVISOR_memory_op, XENMEM_current_reservation, &op);
}

static u64 pattern(const u64 *page, u32 word)
{
	u64 x = ((u64)page + word) * 0x9e3779b97f4a7c15ul;

	return x ^ x >> 29;
}

static void fill(u32 count)
{
	for (; count && filled_count < MOST; count--) {
		u64 *page = platform_pages(1);

		if (!page) {
			return;
		}
		for (u32 i = 0; i < WORDS; i++) {
			page[i] = pattern(page, i);
		}
		filled[filled_count++] = page;
	}
}

static u32 wrong_words(void)
{
	u32 wrong = 0;

	for (u32 n = 0; n < filled_count; n++) {
		for (u32 i = 0; i < WORDS; i++) {
			wrong += filled[n][i] != pattern(filled[n], i);
		}
	}
	return wrong;
}

/* Every third page goes back, so that what is free lies between what is not. */
static void thin_out(void)
{
	for (u32 n = 0; n < filled_count; n += 2) {
		platform_pages_free(filled[n], 1);
		filled[n] = filled[--filled_count];
	}
}

static void round_run(u32 all)
{
	u32 less = all - memory_free_pages() / 2, free = memory_free_pages();

	claim("memory is given back");
	CHECK_EQ(balloon_set(less), less);
	CHECK_EQ(pages_of_domain(), less);
	CHECK_EQ(memory_free_pages(), free - (all - less));
	CHECK_EQ(wrong_words(), 0);
	claim("memory is got again, and can be used");
	CHECK_EQ(balloon_set(all), all);
	CHECK_EQ(pages_of_domain(), all);
	CHECK_EQ(memory_free_pages(), free);
	fill(free - LEAST_AWAY);
	CHECK_EQ(wrong_words(), 0);
	thin_out();
}

void program_balloon(void)
{
	u32 all = pages_of_domain(), has;
	u64 rounds = argument("rounds", 4);

	claim("there is memory to give away");
	CHECK_EQ(all, start_info_ptr->nr_pages);
	filled = platform_pages(LIST_PAGES);
	if (!filled) {
		kernel_panic("there is no memory for the list of pages");
	}
	fill(memory_free_pages() / 2);
	CHECK(filled_count);
	for (u64 i = 0; i < rounds && !fail_count; i++) {
		round_run(all);
	}
	claim("what is in use stays");
	has = balloon_set(0);
	CHECK_EQ(pages_of_domain(), has);
	CHECK(has > filled_count && has < all);
	CHECK_EQ(wrong_words(), 0);
	CHECK_EQ(balloon_set(all + 1), all);
	CHECK_EQ(pages_of_domain(), all);
	claims_end();
}

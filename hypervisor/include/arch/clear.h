/* SPDX-License-Identifier: MIT */
/* Zeroing pages. */
#pragma once

#include "arch/page.h"

#ifdef DOMUS_HOST_TEST
#include <string.h>
static inline void page_clear(void *p)
{
	memset(p, 0, PAGE_SIZE);
}
static inline void page_clear_boot(void *p)
{
	memset(p, 0, PAGE_SIZE);
}
#else
static inline void page_clear(void *p)
{
	unsigned long words = PAGE_SIZE / 8;

	__asm__ volatile("rep stosq" : "+D"(p), "+c"(words) : "a"(0ul) : "memory");
}
/* The same past the caches and with the vector registers: for boot, before any guest's state is
 * in them (clear.S). */
void page_clear_boot(void *p);
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Copies between hypervisor and guest memory, see arch/uaccess.h. A fault inside one of the
 * copy instructions ends the copy; what is left is returned.
 */
#include "arch/uaccess.h"
#include "arch/x86_private.h"

/* A whole range that guests may own: neither end nor anything between is the hypervisor's. An empty
 * one may fail: nothing is copied either way. */
static inline bool range_ok(unsigned long va, size_t n)
{
	unsigned long last = va + n - 1;

	return last >= va && (va >= HV_END || last < VA_LOW_END);
}

static inline size_t copy(void *dst, const void *src, size_t n)
{
	size_t words = n / 8, rest = n % 8;

	smap_open_to_load();
	__asm__ volatile("1: rep movsq; mov %3, %2; 2: rep movsb; jmp 5f\n"
			 "3: lea (%3, %2, 8), %2\n" /* words left and the rest: bytes */
			 "4:\n"
			 "5:" EX_TABLE("1b", "3b") EX_TABLE("2b", "4b")
			 : "+D"(dst), "+S"(src), "+c"(words)
			 : "r"(rest)
			 : "memory");
	smap_close();
	return words;
}

size_t copy_from_guest(void *dst, guest_ptr_t src, size_t n)
{
	return range_ok(src, n) ? copy(dst, (const void *)src, n) : n;
}

size_t copy_to_guest(guest_ptr_t dst, const void *src, size_t n)
{
	return range_ok(dst, n) ? copy((void *)dst, src, n) : n;
}

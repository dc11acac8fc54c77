/* SPDX-License-Identifier: MIT */
/*
 * Guest memory through the page tables that are loaded (the kernel table of current). Faults
 * are caught: the calls return the number of bytes NOT copied (0 = all). Addresses in the
 * hypervisor's range are refused. No lock may be held that a fault handler needs; nothing sleeps.
 * Guest memory is read once: copy in, check, then use.
 */
#pragma once

#include "arch/page.h"
#include "lib/types.h"

#ifdef DOMUS_HOST_TEST
/* Tests pass host pointers as guest addresses. */
#include <string.h>
static inline size_t copy_from_guest(void *dst, guest_ptr_t src, size_t n)
{
	if (!src) {
		return n;
	}
	memcpy(dst, (const void *)src, n);
	return 0;
}
static inline size_t copy_to_guest(guest_ptr_t dst, const void *src, size_t n)
{
	if (!dst) {
		return n;
	}
	memcpy((void *)dst, src, n);
	return 0;
}
static inline bool guest_read_u32(guest_ptr_t src, u32 *val)
{
	return !copy_from_guest(val, src, sizeof(*val));
}
#else
#include "arch/x86_private.h"

size_t copy_from_guest(void *dst, guest_ptr_t src, size_t n);
size_t copy_to_guest(guest_ptr_t dst, const void *src, size_t n);
/* One word, in fewer instructions; false if it cannot be read. */
#define GUEST_READ(name, type, load)                        \
	static inline bool name(guest_ptr_t src, type *val) \
	{                                                   \
		bool ok = va_guest(src);                    \
		if (ok) {                                   \
			smap_open_to_load();                \
			ok = load(src, val);                \
			smap_close();                       \
		}                                           \
		return ok;                                  \
	}
GUEST_READ(guest_read_u32, u32, guest_u32_load)
GUEST_READ(guest_read_u64, u64, guest_word_load)
#endif

/*
 * Compare-and-exchange of an aligned 1-, 2-, 4- or 8-byte word in memory that a guest may share.
 * `p` is a hypervisor (direct map) address: no fault possible.
 */
static inline bool cmpxchg_u64(void *p, u64 *old, u64 new)
{
	return __atomic_compare_exchange_n((u64 *)p, old, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

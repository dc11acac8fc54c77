/* SPDX-License-Identifier: MIT */
/*
 * Basic types. Machine frame numbers are a struct type so that they cannot be mixed up with plain
 * numbers or with frames of a guest's pseudo-physical space.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef struct {
	u64 n;
} mfn_t;

static inline mfn_t _mfn(u64 n)
{
	return (mfn_t){n};
}
static inline u64 mfn_x(mfn_t m)
{
	return m.n;
}
static inline mfn_t mfn_add(mfn_t m, u64 i)
{
	return (mfn_t){m.n + i};
}
static inline bool mfn_eq(mfn_t a, mfn_t b)
{
	return a.n == b.n;
}
#define INVALID_MFN _mfn(~0ull)

/* A machine address and a guest's virtual address: plain 64-bit numbers by their names. */
typedef u64 maddr_t;
typedef unsigned long guest_ptr_t; /* an address that a guest passed: only for copy_*_guest() */

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (~(PAGE_SIZE - 1))

/* Pages that so many bytes take. */
static inline u64 pages_of(u64 bytes)
{
	return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

#define BIT(n)         (1ull << (n))
#define ARRAY_SIZE(a)  (sizeof(a) / sizeof((a)[0]))
#define ROUND_UP(x, a) (((x) + (a)-1) / (a) * (a))
#define MIN(a, b)      ((a) < (b) ? (a) : (b))
#define MAX(a, b)      ((a) > (b) ? (a) : (b))
#define LOW_BYTES(n)   (~0ull >> (64 - 8 * (n))) /* mask of the n lowest bytes, 1 to 8 */

#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

#define __section(s)   __attribute__((section(s)))
#define __aligned(n)   __attribute__((aligned(n)))
#define __packed       __attribute__((packed))
#define __noreturn     __attribute__((noreturn))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __cleanup(fn)  __attribute__((cleanup(fn)))
#define __noinline     __attribute__((noinline))
#define __inline_here  inline __attribute__((always_inline))
#define __unused       __attribute__((unused))
#define likely(x)      __builtin_expect(!!(x), 1)
#define unlikely(x)    __builtin_expect(!!(x), 0)

/* One access, exactly as wide as the type: for memory that a guest or another CPU may change. */
#ifdef __SANITIZE_THREAD__ /* which takes the same for a race when it is spelled volatile */
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#else
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#endif
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define barrier()        __asm__ volatile("" ::: "memory")

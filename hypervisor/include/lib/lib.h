/* SPDX-License-Identifier: MIT */
/* Strings, messages, assertions, bit and byte helpers: what every room may use. */
#pragma once

#include "lib/errno.h"
#include "lib/types.h"

#ifdef DOMUS_HOST_TEST
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define printk(...)       printf(__VA_ARGS__)
#define printk_guest(...) printf(__VA_ARGS__)
#define LOG_ERR           ""
#define LOG_WARN          ""
#define LOG_INFO          ""
#define panic(...)        (printf(__VA_ARGS__), abort())
#define ASSERT(c)         assert(c)
#define BUG_ON(c)         assert(!(c))
#define BUG()             abort()
#else
void *memcpy(void *d, const void *s, size_t n);
void *memmove(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strstr(const char *s, const char *what);

/*
 * Messages. A level is a prefix of the format: printk(LOG_WARN "...%u\n", x). Whole lines only.
 * Formats: %d %u %x with l or ll, %s %c; widths, zero fill, '-'.
 * printk() may be called anywhere, NMI excepted. printk_guest() is for what a guest can
 * provoke: it is rate-limited and counts what it drops.
 */
#define LOG_ERR  "\0011" /* the byte 1, then the level's digit */
#define LOG_WARN "\0012"
#define LOG_INFO "\0013"
void printk(const char *fmt, ...) __printf(1, 2);
void printk_guest(const char *fmt, ...) __printf(1, 2);
int vsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list ap);

/* The machine is unusable: prints one sentence saying what and what to do, registers, halts. */
void panic(const char *fmt, ...) __noreturn __printf(1, 2);
void bug_at(const char *file, int line, const char *what) __noreturn;

#define BUG()     bug_at(__FILE__, __LINE__, "BUG")
#define BUG_ON(c) ((void)(unlikely(c) ? bug_at(__FILE__, __LINE__, #c) : (void)0))
#ifdef CONFIG_DEBUG
#define ASSERT(c) BUG_ON(!(c))
#else
#define ASSERT(c) ((void)sizeof(c))
#endif
#endif /* DOMUS_HOST_TEST */

/* Copies at most size - 1 bytes and always terminates. */
static inline void str_copy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size - 1);

	memcpy(dst, src, n);
	dst[n] = 0;
}

/* Parses a number with optional 0x prefix; *end is set behind it. No sign, wraps never: ~0 on
 * overflow. */
u64 str_to_u64(const char *s, const char **end);

/*
 * i if it is below n, else 0. For an index of the guest's that leads to a pointer, behind the check
 * that refuses it: a CPU that runs ahead of the check stays in the array (Spectre variant 1,
 * CVE-2017-5753), where a branch would not hold it.
 */
static inline u64 index_clamp(u64 i, u64 n)
{
	u64 mask;

	__asm__("cmpq %2, %1; sbbq %0, %0" : "=r"(mask) : "r"(i), "er"(n) : "cc");
	return i & mask;
}

static inline unsigned int bit_first(u64 x) /* index of the lowest set bit; x != 0 */
{
	return (unsigned int)__builtin_ctzll(x);
}
static inline unsigned int bit_last(u64 x) /* index of the highest set bit; x != 0 */
{
	return 63u - (unsigned int)__builtin_clzll(x);
}
static inline unsigned int order_of_pages(u64 pages) /* smallest order that holds `pages` >= 1 */
{
	return pages <= 1 ? 0 : bit_last(pages - 1) + 1;
}

/* Atomic bit operations on arrays of u64 (also on memory shared with guests). Written so that the
 * compiler makes one instruction of them. */
static inline bool bit_test(const void *base, unsigned long nr)
{
	return READ_ONCE(((const u64 *)base)[nr / 64]) >> (nr % 64) & 1;
}
static inline bool bit_test_and_set(void *base, unsigned long nr)
{
	u64 bit = BIT(nr % 64);

	return __atomic_fetch_or(&((u64 *)base)[nr / 64], bit, __ATOMIC_SEQ_CST) & bit;
}
static inline bool bit_test_and_clear(void *base, unsigned long nr)
{
	u64 bit = BIT(nr % 64);

	return __atomic_fetch_and(&((u64 *)base)[nr / 64], ~bit, __ATOMIC_SEQ_CST) & bit;
}

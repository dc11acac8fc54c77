/* SPDX-License-Identifier: MIT */
/* Bytes and strings. The string instructions are fast on every CPU that Domus runs on. */
#include "lib/lib.h"

void *memcpy(void *d, const void *s, size_t n)
{
	void *dst = d;
	size_t words = n / 8, rest = n % 8;

	__asm__ volatile("rep movsq; mov %3, %2; rep movsb"
			 : "+D"(dst), "+S"(s), "+c"(words)
			 : "r"(rest)
			 : "memory");
	return d;
}

void *memmove(void *d, const void *s, size_t n)
{
	char *to = d;
	const char *from = s;

	if (to <= from || to >= from + n) {
		return memcpy(d, s, n);
	}
	while (n--) {
		to[n] = from[n];
	}
	return d;
}

void *memset(void *d, int c, size_t n)
{
	void *dst = d;
	size_t words = n / 8, rest = n % 8;

	__asm__ volatile("rep stosq; mov %3, %1; rep stosb"
			 : "+D"(dst), "+c"(words)
			 : "a"(0x0101010101010101ull * (u8)c), "r"(rest)
			 : "memory");
	return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (size_t i = 0; i < n; i++) {
		if (x[i] != y[i]) {
			return x[i] - y[i];
		}
	}
	return 0;
}

size_t strnlen(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i]) {
		i++;
	}
	return i;
}

size_t strlen(const char *s)
{
	return strnlen(s, ~0ul);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i] || !a[i]) {
			return (u8)a[i] - (u8)b[i];
		}
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, ~0ul);
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (!*s) {
			return NULL;
		}
	}
	return (char *)s;
}

char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (; *s; s++) {
		if (!strncmp(s, what, n)) {
			return (char *)s;
		}
	}
	return n ? NULL : (char *)s;
}

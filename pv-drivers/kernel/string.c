/* SPDX-License-Identifier: MIT */
/* Bytes and strings. */
#include <string.h>

void *memcpy(void *d, const void *s, size_t n)
{
	void *dst = d;
	size_t words = n / 8;

	n %= 8;
	__asm__ volatile("rep movsq" : "+D"(dst), "+S"(s), "+c"(words)::"memory");
	__asm__ volatile("rep movsb" : "+D"(dst), "+S"(s), "+c"(n)::"memory");
	return d;
}

void *memset(void *d, int c, size_t n)
{
	void *dst = d;
	size_t words = n / 8;

	n %= 8;
	__asm__ volatile("rep stosq"
			 : "+D"(dst), "+c"(words)
			 : "a"(0x0101010101010101ul * (unsigned char)c)
			 : "memory");
	__asm__ volatile("rep stosb" : "+D"(dst), "+c"(n) : "a"(c) : "memory");
	return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++) {
		if (*x != *y) {
			return *x - *y;
		}
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
	}
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++) {
	}
	return (unsigned char)*a - (unsigned char)*b;
}

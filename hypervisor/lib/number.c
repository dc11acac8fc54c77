/* SPDX-License-Identifier: MIT */
/* Numbers out of text. */
#include "lib/lib.h"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

u64 str_to_u64(const char *s, const char **end)
{
	unsigned int base = 10;
	u64 v = 0;
	bool overflow = false;

	if (s[0] == '0' && (s[1] | 0x20) == 'x' && digit_of(s[2]) < 16) {
		base = 16;
		s += 2;
	}
	for (int d; (d = digit_of(*s)) < (int)base; s++) {
		overflow |= __builtin_mul_overflow(v, base, &v);
		overflow |= __builtin_add_overflow(v, (u64)d, &v);
	}
	*end = s;
	return overflow ? ~0ull : v;
}

/* SPDX-License-Identifier: MIT */
/* Numbers and switches out of text. */
#include "lib/lib.h"
#include "lib/option.h"

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

int option_number(const char *value, void *arg)
{
	u64 n = str_to_u64(value, &value);

	if (*value || !n) {
		return -EINVAL;
	}
	*(u64 *)arg = n;
	return 0;
}

int option_switch(const char *value, void *arg)
{
	static const char *const words[] = {"off", "0", "false", "", "on", "1", "true"};

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(value, words[i])) {
			*(bool *)arg = i > 2;
			return 0;
		}
	}
	return -EINVAL;
}

/* SPDX-License-Identifier: MIT */
/* printf formats, as far as the hypervisor uses them: see lib/lib.h. */
#include "lib/lib.h"

struct out {
	char *buf;
	size_t size, len; /* len counts what would have been written */
};

struct spec {
	unsigned int width;
	bool left, zero, is_long;
};

static void out_char(struct out *o, char c)
{
	if (o->len + 1 < o->size) {
		o->buf[o->len] = c;
	}
	o->len++;
}

static void out_padded(struct out *o, const char *s, size_t n, const struct spec *sp)
{
	size_t fill = sp->width > n ? sp->width - n : 0;

	for (size_t i = 0; !sp->left && i < fill; i++) {
		out_char(o, sp->zero ? '0' : ' ');
	}
	for (size_t i = 0; i < n; i++) {
		out_char(o, s[i]);
	}
	for (size_t i = 0; sp->left && i < fill; i++) {
		out_char(o, ' ');
	}
}

static void out_number(struct out *o, u64 v, unsigned int base, bool negative,
		       const struct spec *sp)
{
	char tmp[24];
	size_t at = sizeof(tmp);

	do {
		tmp[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (negative) {
		tmp[--at] = '-';
	}
	out_padded(o, tmp + at, sizeof(tmp) - at, sp);
}

static const char *parse_spec(const char *f, struct spec *sp)
{
	*sp = (struct spec){0};
	for (; *f == '-' || *f == '0'; f++) {
		*(*f == '-' ? &sp->left : &sp->zero) = true;
	}
	for (; *f >= '0' && *f <= '9'; f++) {
		sp->width = sp->width * 10 + (unsigned int)(*f - '0');
	}
	for (; *f == 'l'; f++) {
		sp->is_long = true;
	}
	return f;
}

static void out_conversion(struct out *o, char conv, struct spec *sp, __builtin_va_list *ap)
{
	const char *s;
	s64 v;

	switch (conv) {
	case 'd':
		v = sp->is_long ? __builtin_va_arg(*ap, s64) : __builtin_va_arg(*ap, int);
		out_number(o, v < 0 ? 0 - (u64)v : (u64)v, 10, v < 0, sp);
		break;
	case 'u':
	case 'x':
		out_number(o, sp->is_long ? __builtin_va_arg(*ap, u64) : __builtin_va_arg(*ap, u32),
			   conv == 'x' ? 16 : 10, false, sp);
		break;
	case 'c':
		out_char(o, (char)__builtin_va_arg(*ap, int));
		break;
	case 's':
		s = __builtin_va_arg(*ap, const char *);
		out_padded(o, s, strlen(s), sp);
		break;
	default:
		out_char(o, conv);
		break;
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list args)
{
	struct out o = {buf, size, 0};
	struct spec sp;
	__builtin_va_list ap;

	__builtin_va_copy(ap, args);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			out_char(&o, *fmt);
			continue;
		}
		fmt = parse_spec(fmt + 1, &sp);
		if (!*fmt) {
			break;
		}
		out_conversion(&o, *fmt, &sp, &ap);
	}
	__builtin_va_end(ap);
	if (size) {
		buf[MIN(o.len, size - 1)] = 0;
	}
	return (int)o.len;
}

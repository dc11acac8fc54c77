/* SPDX-License-Identifier: MIT */
/* printf formats, as far as the hypervisor uses them: see lib/lib.h. */
#include "lib/lib.h"

struct out {
	char *buf;
	size_t size, len; /* len counts what would have been written */
};

struct spec {
	unsigned int width;
	int precision; /* -1: none */
	bool left, zero, is_long;
};

static void out_char(struct out *o, char c)
{
	if (o->len + 1 < o->size) {
		o->buf[o->len] = c;
	}
	o->len++;
}

static void out_padded(struct out *o, const char *s, size_t n, const struct spec *sp, char pad)
{
	size_t fill = sp->width > n ? sp->width - n : 0;

	for (size_t i = 0; !sp->left && i < fill; i++) {
		out_char(o, pad);
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
	char pad = sp->zero && !sp->left && sp->precision < 0 ? '0' : ' ';

	do {
		tmp[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (sp->precision > 0 && sizeof(tmp) - at < (size_t)sp->precision && at > 1) {
		tmp[--at] = '0';
	}
	if (negative) {
		tmp[--at] = '-';
	}
	out_padded(o, tmp + at, sizeof(tmp) - at, sp, pad);
}

static const char *parse_spec(const char *f, struct spec *sp, __builtin_va_list *ap)
{
	*sp = (struct spec){.precision = -1};
	for (;; f++) {
		if (*f == '-') {
			sp->left = true;
		} else if (*f == '0') {
			sp->zero = true;
		} else {
			break;
		}
	}
	if (*f == '*') {
		sp->width = __builtin_va_arg(*ap, unsigned int);
		f++;
	}
	for (; *f >= '0' && *f <= '9'; f++) {
		sp->width = sp->width * 10 + (unsigned int)(*f - '0');
	}
	if (*f == '.') {
		sp->precision = 0;
		f++;
		if (*f == '*') {
			sp->precision = __builtin_va_arg(*ap, int);
			f++;
		}
		for (; *f >= '0' && *f <= '9'; f++) {
			sp->precision = sp->precision * 10 + (*f - '0');
		}
	}
	for (; *f == 'l' || *f == 'z'; f++) {
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
	case 'i':
		v = sp->is_long ? __builtin_va_arg(*ap, s64) : __builtin_va_arg(*ap, int);
		out_number(o, v < 0 ? 0 - (u64)v : (u64)v, 10, v < 0, sp);
		break;
	case 'u':
	case 'x':
		out_number(o, sp->is_long ? __builtin_va_arg(*ap, u64) : __builtin_va_arg(*ap, u32),
			   conv == 'x' ? 16 : 10, false, sp);
		break;
	case 'p':
		sp->zero = true;
		sp->width = 16;
		out_number(o, __builtin_va_arg(*ap, u64), 16, false, sp);
		break;
	case 'c':
		out_char(o, (char)__builtin_va_arg(*ap, int));
		break;
	case 's':
		s = __builtin_va_arg(*ap, const char *);
		s = s ? s : "(null)";
		out_padded(o, s, strnlen(s, sp->precision < 0 ? ~0ul : (size_t)sp->precision), sp,
			   ' ');
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
		fmt = parse_spec(fmt + 1, &sp, &ap);
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

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	__builtin_va_list ap;
	int n;

	__builtin_va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	__builtin_va_end(ap);
	return n;
}

/* SPDX-License-Identifier: MIT */
/*
 * A filter in front of logs: TEXT -ESC-> ESC -[-> CSI -final byte-> TEXT, and the string
 * controls (OSC and its like) -> STRING until BEL or ESC \. See harmless.h. No lock.
 */
#include <stdio.h>
#include <string.h>

#include "lib/harmless.h"

enum state { TEXT, ESC, CSI, STRING, STRING_ESC };

/* A control sequence longer than this is none: a terminal would long have shown it. */
enum { CONTROL_LIMIT = 256 };

static size_t show_byte(char *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	out[0] = '<';
	out[1] = hex[c >> 4];
	out[2] = hex[c & 15];
	out[3] = '>';
	return 4;
}

static size_t show_held(struct harmless *h, char *out)
{
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < h->held_bytes; i++) {
		n += show_byte(out + n, h->held[i]);
	}
	h->held_bytes = 0;
	return n;
}

/* Code points that act on the terminal or turn the reading direction around. */
static int code_harmful(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

/* The code point in held, or -1 if it is over-long, a surrogate or out of range. */
static int64_t held_code(const struct harmless *h)
{
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t c = h->held[0] & (0xff >> (h->want_bytes + 1));
	unsigned int i;

	for (i = 1; i < h->want_bytes; i++) {
		c = c << 6 | (h->held[i] & 0x3f);
	}
	if (c < least[h->want_bytes] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
		return -1;
	}
	return c;
}

static size_t utf8_end(struct harmless *h, char *out)
{
	int64_t c = held_code(h);

	if (c < 0) {
		return show_held(h, out);
	}
	if (code_harmful(c)) {
		h->held_bytes = 0;
		return sprintf(out, "<U+%04X>", (unsigned int)c);
	}
	memcpy(out, h->held, h->want_bytes);
	h->held_bytes = 0;
	return h->want_bytes;
}

static size_t utf8_start(struct harmless *h, unsigned char c, char *out)
{
	if (c < 0xc2 || c > 0xf4) {
		return show_byte(out, c);
	}
	h->want_bytes = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	h->held[0] = c;
	h->held_bytes = 1;
	return 0;
}

static size_t text_byte(struct harmless *h, unsigned char c, char *out)
{
	size_t n = 0;

	if (h->held_bytes) {
		if ((c & 0xc0) == 0x80) {
			h->held[h->held_bytes++] = c;
			return h->held_bytes == h->want_bytes ? utf8_end(h, out) : 0;
		}
		n = show_held(h, out);
	}
	if (c == 0x1b) {
		h->state = ESC;
		h->control_bytes = 0;
	} else if (c >= 0x80) {
		n += utf8_start(h, c, out + n);
	} else if (c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f)) {
		out[n++] = c;
	} else if (c != '\r') {
		n += show_byte(out + n, c);
	}
	return n;
}

static size_t esc_byte(struct harmless *h, unsigned char c, char *out)
{
	size_t n;

	if (c == '[') {
		h->state = CSI;
		return 0;
	}
	if (c == ']' || c == 'P' || c == '^' || c == '_' || c == 'X') {
		h->state = STRING;
		return 0;
	}
	h->state = TEXT;
	n = show_byte(out, 0x1b);
	return n + text_byte(h, c, out + n);
}

static size_t control_byte(struct harmless *h, unsigned char c, char *out)
{
	if (++h->control_bytes > CONTROL_LIMIT || c == '\n' || c == 0x18 || c == 0x1a) {
		h->state = TEXT;
		return text_byte(h, c, out);
	}
	if (h->state == CSI) {
		if (c == 0x1b) {
			h->state = ESC;
		} else if (c < 0x20 || c > 0x3f) {
			h->state = TEXT;
		}
	} else if (h->state == STRING_ESC) {
		h->state = c == '\\' ? TEXT : STRING;
	} else if (c == 0x07) {
		h->state = TEXT;
	} else if (c == 0x1b) {
		h->state = STRING_ESC;
	}
	return 0;
}

size_t harmless_text(struct harmless *h, const char *in, size_t in_bytes, char *out)
{
	size_t n = 0, i;

	for (i = 0; i < in_bytes; i++) {
		unsigned char c = in[i];

		if (h->state == TEXT) {
			n += text_byte(h, c, out + n);
		} else if (h->state == ESC) {
			n += esc_byte(h, c, out + n);
		} else {
			n += control_byte(h, c, out + n);
		}
	}
	return n;
}

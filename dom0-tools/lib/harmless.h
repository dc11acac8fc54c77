/* SPDX-License-Identifier: MIT */
/*
 * Makes a guest's output harmless for a terminal, byte stream in, text out. Invariant: what
 * comes out is valid UTF-8 without control characters other than newline and tab. No lock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** Output bytes that one input byte can cause: four bytes kept back, each shown as "<xx>". */
#define HARMLESS_GROWTH 20

/** What is kept between two pieces of one stream; all zeroes at its start. */
struct harmless {
	unsigned int state;
	unsigned char held[4]; /* a UTF-8 sequence that is not complete yet */
	unsigned int held_bytes, want_bytes;
	unsigned int control_bytes; /* length so far of a control sequence being dropped */
};

/**
 * harmless_text - cleans a piece of output.
 * @out: at least HARMLESS_GROWTH times in_bytes
 *
 * Colours and cursor movements vanish; carriage returns vanish; other control characters,
 * direction overrides and broken UTF-8 come out as "<1b>" or "<U+202E>". Returns bytes in out.
 */
size_t harmless_text(struct harmless *h, const char *in, size_t in_bytes, char *out);

/* SPDX-License-Identifier: MIT */
/* The console ring against a hostile guest, and what becomes of its output in logs. */
#include "unit.h"

#include "daemon/ring.h"
#include "lib/harmless.h"

static struct xencons_interface ring;

static int ring_reset(void **state)
{
	(void)state;
	memset(&ring, 0, sizeof(ring));
	return 0;
}

static void guest_writes(const char *text)
{
	for (; *text; text++) {
		ring.out[ring.out_prod++ % sizeof(ring.out)] = *text;
	}
}

static void output_is_taken_once(void **state)
{
	char buf[64];
	int broken;

	(void)state;
	guest_writes("hello");
	assert_int_equal(ring_take(&ring, buf, sizeof(buf), &broken), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(ring_take(&ring, buf, sizeof(buf), &broken), 0);
	assert_false(broken);
}

static void output_wraps_and_fills_small_buffers(void **state)
{
	char buf[3];
	int broken;

	(void)state;
	ring.out_prod = ring.out_cons = UINT32_MAX - 1;
	guest_writes("abcdef");
	assert_int_equal(ring_take(&ring, buf, 3, &broken), 3);
	assert_memory_equal(buf, "abc", 3);
	assert_int_equal(ring_take(&ring, buf, 3, &broken), 3);
	assert_memory_equal(buf, "def", 3);
	assert_int_equal(ring.out_cons, ring.out_prod);
}

static void full_ring_is_taken_whole(void **state)
{
	char buf[sizeof(ring.out)];
	int broken;

	(void)state;
	ring.out_cons = 77;
	ring.out_prod = 77 + sizeof(ring.out);
	assert_int_equal(ring_take(&ring, buf, sizeof(buf), &broken), sizeof(ring.out));
	assert_false(broken);
}

static void hostile_output_index(void **state)
{
	static const uint32_t jumps[] = {sizeof(ring.out) + 1, 1u << 31, UINT32_MAX};
	char buf[sizeof(ring.out)];
	size_t i;
	int broken;

	(void)state;
	for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		ring.out_cons = 5;
		ring.out_prod = 5 + jumps[i];
		assert_int_equal(ring_take(&ring, buf, sizeof(buf), &broken), 0);
		assert_true(broken);
		/* It recovers: what comes next is taken as usual. */
		guest_writes("ok");
		assert_int_equal(ring_take(&ring, buf, sizeof(buf), &broken), 2);
		assert_memory_equal(buf, "ok", 2);
	}
}

static void input_fills_and_stops(void **state)
{
	char text[2 * sizeof(ring.in)];

	(void)state;
	memset(text, 'x', sizeof(text));
	ring.in_prod = ring.in_cons = UINT32_MAX - 10;
	assert_int_equal(ring_put(&ring, text, 10), 10);
	assert_int_equal(ring_put(&ring, text, sizeof(text)), sizeof(ring.in) - 10);
	assert_int_equal(ring_put(&ring, text, 1), 0);
	ring.in_cons += 4;
	assert_int_equal(ring_put(&ring, text, 100), 4);
}

static void hostile_input_index(void **state)
{
	static const uint32_t leads[] = {1, sizeof(ring.in), 1u << 31};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		/* The guest claims to have read more than was ever written. */
		ring.in_prod = 100;
		ring.in_cons = 100 + leads[i];
		assert_int_equal(ring_put(&ring, "abc", 3), 0);
		assert_int_equal(ring.in_prod, 100);
	}
}

/* The whole input in pieces of every size must come out the same. */
static void check_harmless(const char *in, size_t bytes, const char *expected)
{
	size_t piece, at;

	for (piece = 1; piece <= bytes; piece++) {
		struct harmless h = {0};
		char *out = calloc(1, bytes * HARMLESS_GROWTH + 1);
		size_t n = 0;

		for (at = 0; at < bytes; at += piece) {
			n += harmless_text(&h, in + at, bytes - at < piece ? bytes - at : piece,
					   out + n);
		}
		out[n] = '\0';
		assert_string_equal(out, expected);
		free(out);
	}
}

#define CHECK(in, expected) check_harmless(in, sizeof(in) - 1, expected)

static void text_passes(void **state)
{
	(void)state;
	CHECK("plain\ttext\r\nnext\n", "plain\ttext\nnext\n");
	CHECK("gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x98\x80",
	      "gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac "
	      "\xf0\x9f\x98\x80");
}

static void control_sequences_vanish(void **state)
{
	(void)state;
	CHECK("[\x1b[0;32m  OK  \x1b[0m] done", "[  OK  ] done");
	CHECK("a\x1b[2J\x1b[1;1Hb", "ab");
	CHECK("a\x1b]0;title\x07"
	      "b\x1b]52;c;xx\x1b\\c",
	      "abc");
	CHECK("a\x1bPq#0\x1b\\b", "ab");
	CHECK("\x1b[\x1b[31mx", "x");
}

static void other_controls_are_shown(void **state)
{
	(void)state;
	CHECK("a\x07"
	      "b\x08"
	      "c\x7f",
	      "a<07>b<08>c<7f>");
	CHECK("\x1b(B\x1b"
	      "c",
	      "<1b>(B<1b>c");
	CHECK("x\xc2\x9b[31m", "x<U+009B>[31m");
	CHECK("\x9b[31m", "<9b>[31m");
	CHECK("abc\xe2\x80\xae"
	      "def",
	      "abc<U+202E>def");
}

static void broken_utf8_is_shown(void **state)
{
	(void)state;
	CHECK("\xff\xfe", "<ff><fe>");
	CHECK("\xc3(", "<c3>(");
	CHECK("\xe2\x82z", "<e2><82>z");
	CHECK("\xe0\x80\x80", "<e0><80><80>");
	CHECK("\xed\xa0\x80", "<ed><a0><80>");
	CHECK("\xf4\x90\x80\x80", "<f4><90><80><80>");
	CHECK("\xc0\xaf", "<c0><af>");
	CHECK("\xe2\x1b[0mz", "<e2>z");
}

/* A sequence that never ends must not swallow the log. */
static void endless_sequence_gives_up(void **state)
{
	struct harmless h = {0};
	char in[1024], out[sizeof(in) * HARMLESS_GROWTH];
	size_t n;

	(void)state;
	memset(in, '1', sizeof(in));
	memcpy(in, "\x1b]", 2);
	n = harmless_text(&h, in, sizeof(in), out);
	assert_true(n >= sizeof(in) - 300);
}

static void any_bytes_stay_within_growth(void **state)
{
	struct harmless h = {0};
	unsigned int seed = 12345, round, i;
	unsigned char in[64];
	char out[sizeof(in) * HARMLESS_GROWTH];
	size_t n;

	(void)state;
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < sizeof(in); i++) {
			seed = seed * 1103515245 + 12345;
			in[i] = seed >> 24;
			if (seed & 0x10000) {
				in[i] = "\x1b[]\xc2\xe2P\\\n"[in[i] & 7];
			}
		}
		n = harmless_text(&h, (char *)in, sizeof(in), out);
		assert_true(n <= sizeof(out));
		for (i = 0; i < n; i++) {
			unsigned char c = out[i];

			assert_true(c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(output_is_taken_once, ring_reset),
		cmocka_unit_test_setup(output_wraps_and_fills_small_buffers, ring_reset),
		cmocka_unit_test_setup(full_ring_is_taken_whole, ring_reset),
		cmocka_unit_test_setup(hostile_output_index, ring_reset),
		cmocka_unit_test_setup(input_fills_and_stops, ring_reset),
		cmocka_unit_test_setup(hostile_input_index, ring_reset),
		cmocka_unit_test(text_passes),
		cmocka_unit_test(control_sequences_vanish),
		cmocka_unit_test(other_controls_are_shown),
		cmocka_unit_test(broken_utf8_is_shown),
		cmocka_unit_test(endless_sequence_gives_up),
		cmocka_unit_test(any_bytes_stay_within_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

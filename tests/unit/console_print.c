/* SPDX-License-Identifier: MIT */
/* printk: levels, thresholds, long lines, and the limit on what guests can provoke. */
#include "unit.h"
#include "lib/lib.h"
#undef printk
#undef printk_guest
void printk(const char *fmt, ...) __printf(1, 2);
void printk_guest(const char *fmt, ...) __printf(1, 2);
#include "hypervisor/drivers/printk.c"

struct vcpu *fake_current;
static char out[65536];
static size_t out_count;
static unsigned int ring_bytes;
static u64 now;

void uart_write(const char *s, size_t n)
{
	assert_true(out_count + n < sizeof(out));
	memcpy(out + out_count, s, n);
	out_count += n;
	out[out_count] = 0;
}
void ring_write(const char *s, size_t n)
{
	ring_bytes += (unsigned int)n;
}
u64 time_now(void)
{
	return now;
}
void smp_alive(void)
{
}

static int fresh(void **state)
{
	out_count = ring_bytes = 0;
	out[0] = 0;
	threshold_parse("info", &host_threshold);
	threshold_parse("none/warning", &guest_threshold);
	now += 3600 * NS_PER_SEC;
	return 0;
}

static unsigned int lines(void)
{
	unsigned int n = 0;

	for (const char *p = out; (p = strchr(p, '\n')); p++) {
		n++;
	}
	return n;
}

static void prefix_and_levels(void **state)
{
	printk("plain %d\n", 1);
	printk("\0013info\n");
	printk("\0014debug\n");
	assert_string_equal(out, "(domus) plain 1\n(domus) info\n");
	assert_int_equal(ring_bytes, out_count);
	assert_int_equal(threshold_parse("all", &host_threshold), 0);
	printk("\0014debug\n");
	assert_int_equal(lines(), 3);
	assert_int_equal(threshold_parse("none", &host_threshold), 0);
	printk("\0011error\n");
	printk("always\n");
	assert_int_equal(lines(), 4);
}

static void long_lines_are_cut_and_end(void **state)
{
	char text[1000];

	memset(text, 'x', sizeof(text));
	text[999] = 0;
	printk("%s\n", text);
	assert_true(out_count < 500);
	assert_int_equal(out[out_count - 1], '\n');
	assert_int_equal(lines(), 1);
}

static void guests_are_limited(void **state)
{
	unsigned int first;

	for (unsigned int i = 0; i < 1000; i++) {
		printk_guest("d1: bad entry\n");
	}
	first = lines();
	assert_true(first >= 20 && first < 100);
	now += NS_PER_SEC;
	printk_guest("d1: again\n");
	assert_int_equal(lines(), first + 2);
	assert_non_null(
		strstr(out, "(domus) 940 messages about guests were dropped\n(domus) d1: again\n"));
	/* The hypervisor's own messages are not. */
	for (unsigned int i = 0; i < 200; i++) {
		printk("host\n");
	}
	assert_int_equal(lines(), first + 202);
}

static void guest_levels(void **state)
{
	printk_guest("\0013not at this level\n");
	assert_int_equal(lines(), 0);
	assert_int_equal(threshold_parse("all", &guest_threshold), 0);
	for (unsigned int i = 0; i < 500; i++) {
		printk_guest("\0014all\n");
	}
	assert_int_equal(lines(), 500);
	assert_int_equal(threshold_parse("none", &guest_threshold), 0);
	printk_guest("nothing\n");
	assert_int_equal(lines(), 500);
}

static void bad_thresholds(void **state)
{
	static const char *const bad[] = {"", "loud", "info/", "info/loud", "infoo", "1"};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(threshold_parse(bad[i], &host_threshold), -EINVAL);
	}
	assert_int_equal(host_threshold.always, 3);
}

/* Somebody died inside of printk(): the panic is seen all the same. */
static void a_held_lock_does_not_silence(void **state)
{
	spin_lock(&console_lock);
	console_write("panic\n", 6);
	spin_unlock(&console_lock);
	assert_string_equal(out, "panic\n");
}

/* dom0 writes its lines in pieces: a message in between would hide the end of one from a reader. */
static void a_message_starts_a_line(void **state)
{
	serial_write("half", 4);
	printk("whole\n");
	serial_write("\n", 1);
	printk("next\n");
	serial_write("", 0);
	printk("last\n");
	assert_string_equal(out, "half\n(domus) whole\n\n(domus) next\n(domus) last\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(prefix_and_levels, fresh),
		cmocka_unit_test_setup(long_lines_are_cut_and_end, fresh),
		cmocka_unit_test_setup(guests_are_limited, fresh),
		cmocka_unit_test_setup(guest_levels, fresh),
		cmocka_unit_test_setup(bad_thresholds, fresh),
		cmocka_unit_test_setup(a_held_lock_does_not_silence, fresh),
		cmocka_unit_test_setup(a_message_starts_a_line, fresh),
	};

	return cmocka_run_group_tests_name("console_print", tests, NULL, NULL);
}

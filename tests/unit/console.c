/* SPDX-License-Identifier: MIT */
/* The message ring as `xl dmesg` reads it; console input, its switch and the console_io call. */
#include "unit.h"
#include "hypervisor/drivers/console.c"
#include <xen/sysctl.h>
#include "printk.h"

#define RING 32768u

struct vcpu *fake_current;
static struct vcpu vcpu;
static struct domain domain;
static void (*rx)(u8 c);
static unsigned int virqs, uarts_applied;
static char serial[1024];
static size_t serial_count;
static struct timer *armed;
static bool preempt;
static unsigned long continued[3];
static char key_seen[16];
static size_t key_seen_count;

void uart_apply(unsigned int used)
{
	uarts_applied = used;
}
void uart_start(void (*fn)(u8 c))
{
	rx = fn;
}
void serial_write(const char *s, size_t n)
{
	assert_true(serial_count + n <= sizeof(serial));
	memcpy(serial + serial_count, s, n);
	serial_count += n;
}
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
	t->fn = fn;
}
void timer_set(struct timer *t, u64 expires)
{
	armed = t;
}
void evtchn_send_global_virq(unsigned int virq)
{
	assert_int_equal(virq, VIRQ_CONSOLE);
	virqs++;
}
bool preempt_needed(void)
{
	return preempt;
}
long hypercall_continue(unsigned int nr, unsigned int nargs, const unsigned long *args)
{
	assert_int_equal(nr, __HYPERVISOR_console_io);
	assert_int_equal(nargs, 3);
	memcpy(continued, args, sizeof(continued));
	return 77;
}

static int fresh(void **state)
{
	u8 drain[INPUT_BYTES];

	memset(&domain, 0, sizeof(domain));
	domain.privileged = true;
	vcpu.domain = &domain;
	fake_current = &vcpu;
	input_to_keys = false;
	switch_count = 0;
	while (do_console_io(CONSOLEIO_read, sizeof(drain), (guest_ptr_t)drain) > 0) {
	}
	virqs = 0;
	serial_count = key_seen_count = 0;
	armed = NULL;
	preempt = false;
	console_start();
	return 0;
}

static void type(const char *s)
{
	while (*s) {
		rx((u8)*s++);
	}
}

static long read_input(char *buf, unsigned int n)
{
	return do_console_io(CONSOLEIO_read, n, (guest_ptr_t)buf);
}

static u32 ring_read(char *buf, u32 n, bool incremental, u32 *index, bool clear)
{
	struct xen_sysctl_readconsole op = {
		.clear = clear, .incremental = incremental, .index = *index, .count = n};

	op.buffer.p = buf;
	assert_int_equal(console_read_ring(&op), 0);
	*index = op.index;
	return op.count;
}

static void ring_reads_and_goes_on(void **state)
{
	char buf[RING];
	u32 index = 0, n;

	ring_read(buf, 0, false, &index, true);
	ring_write("first\n", 6);
	assert_int_equal(ring_read(buf, sizeof(buf), false, &index, false), 6);
	assert_memory_equal(buf, "first\n", 6);
	/* The same again: nothing was cleared. */
	assert_int_equal(ring_read(buf, sizeof(buf), false, &index, false), 6);
	ring_write("second\n", 7);
	n = ring_read(buf, sizeof(buf), true, &index, false);
	assert_int_equal(n, 7);
	assert_memory_equal(buf, "second\n", 7);
	assert_int_equal(ring_read(buf, sizeof(buf), true, &index, false), 0);
	/* In pieces. */
	assert_int_equal(ring_read(buf, 4, false, &index, false), 4);
	assert_int_equal(ring_read(buf, 4, true, &index, false), 4);
	assert_memory_equal(buf, "t\nse", 4);
}

static void ring_clears_all_even_if_not_read(void **state)
{
	char buf[8];
	u32 index = 0;

	ring_write("abcdefgh", 8);
	assert_int_equal(ring_read(buf, 2, false, &index, true), 2);
	assert_int_equal(ring_read(buf, sizeof(buf), false, &index, false), 0);
	ring_write("z", 1);
	assert_int_equal(ring_read(buf, sizeof(buf), false, &index, false), 1);
	assert_int_equal(buf[0], 'z');
}

static void ring_forgets_the_oldest(void **state)
{
	static char buf[RING + 16];
	u32 index = 0, stale, n;

	ring_read(buf, 0, false, &index, true);
	stale = index;
	for (u32 i = 0; i < RING + 100; i++) {
		char c = (char)('a' + i % 26);

		ring_write(&c, 1);
	}
	index = stale;
	n = ring_read(buf, sizeof(buf), true, &index, false);
	assert_int_equal(n, RING);
	assert_int_equal(buf[0], 'a' + 100 % 26);
	/* An index from the future starts over, too. */
	index += 5;
	assert_int_equal(ring_read(buf, 1, true, &index, false), 1);
	assert_int_equal(buf[0], 'a' + 100 % 26);
}

static void ring_reports_bad_buffers(void **state)
{
	struct xen_sysctl_readconsole op = {.count = 1};

	ring_write("x", 1);
	assert_int_equal(console_read_ring(&op), -EFAULT);
}

static void input_goes_to_dom0(void **state)
{
	char buf[16];

	type("ls");
	assert_int_equal(virqs, 2);
	assert_int_equal(read_input(buf, 1), 1);
	assert_int_equal(read_input(buf + 1, 15), 1);
	assert_memory_equal(buf, "ls", 2);
	assert_int_equal(read_input(buf, 16), 0);
	type("x");
	assert_int_equal(virqs, 3);
}

static void input_is_bounded(void **state)
{
	char buf[INPUT_BYTES];
	long n, total = 0;

	for (unsigned int i = 0; i < INPUT_BYTES + 50; i++) {
		rx('x');
	}
	while ((n = read_input(buf, sizeof(buf))) > 0) {
		total += n;
	}
	assert_int_equal(total, INPUT_BYTES);
}

static void key_note(void)
{
	key_seen[key_seen_count++] = 'k';
}

static void three_ctrl_a_switch(void **state)
{
	char buf[16];

	console_add_key('k', key_note, "noted by the test");
	type("\1\1\1k");
	assert_int_equal(read_input(buf, sizeof(buf)), 0);
	assert_int_equal(virqs, 0);
	assert_non_null(armed);
	assert_int_equal(key_seen_count, 0); /* not in the interrupt */
	armed->fn(NULL);
	assert_int_equal(key_seen_count, 1);
	type("\1\1\1k");
	assert_int_equal(read_input(buf, sizeof(buf)), 1);
	assert_int_equal(buf[0], 'k');
	assert_int_equal(key_seen_count, 1);
}

/* Fewer are passed on once another character shows that they were meant. */
static void two_ctrl_a_are_input(void **state)
{
	char buf[16];

	type("\1\1b\1\1");
	assert_int_equal(read_input(buf, sizeof(buf)), 3);
	assert_memory_equal(buf, "\1\1b", 3);
	type("c");
	assert_int_equal(read_input(buf, sizeof(buf)), 3);
	assert_memory_equal(buf, "\1\1c", 3);
}

static void dom0_writes_raw(void **state)
{
	char text[300];

	memset(text, 'y', sizeof(text));
	assert_int_equal(do_console_io(CONSOLEIO_write, sizeof(text), (guest_ptr_t)text), 0);
	assert_int_equal(serial_count, 300);
	assert_int_equal(do_console_io(CONSOLEIO_write, 1, 0), -EFAULT);
	assert_int_equal(do_console_io(CONSOLEIO_write, 0x80000000u, (guest_ptr_t)text), -EINVAL);
	assert_int_equal(do_console_io(2, 1, (guest_ptr_t)text), -ENOSYS);
}

static void long_writes_give_way(void **state)
{
	char text[300];

	memset(text, 'y', sizeof(text));
	preempt = true;
	assert_int_equal(do_console_io(CONSOLEIO_write, sizeof(text), (guest_ptr_t)text), 77);
	assert_int_equal(continued[0], CONSOLEIO_write);
	assert_int_equal(continued[1], 300 - serial_count);
	assert_int_equal(continued[2], (guest_ptr_t)text + serial_count);
}

static void guests_have_no_console(void **state)
{
	char c = 'x';

	domain.privileged = false;
	assert_int_equal(do_console_io(CONSOLEIO_write, 1, (guest_ptr_t)&c), -EPERM);
	assert_int_equal(do_console_io(CONSOLEIO_read, 1, (guest_ptr_t)&c), -EPERM);
	assert_int_equal(serial_count, 0);
}

static void console_option_values(void **state)
{
	assert_int_equal(console_option("vga,com2,com1", NULL), 0);
	console_parse_options();
	assert_int_equal(uarts_applied, 3);
	assert_int_equal(console_option("com3", NULL), -EINVAL);
	assert_int_equal(console_option("com", NULL), -EINVAL);
	console_parse_options();
	assert_int_equal(uarts_applied, 3);
	assert_int_equal(console_option("none", NULL), 0);
	console_parse_options();
	assert_int_equal(uarts_applied, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_reads_and_goes_on),
		cmocka_unit_test(ring_clears_all_even_if_not_read),
		cmocka_unit_test(ring_forgets_the_oldest),
		cmocka_unit_test(ring_reports_bad_buffers),
		cmocka_unit_test_setup(input_goes_to_dom0, fresh),
		cmocka_unit_test_setup(input_is_bounded, fresh),
		cmocka_unit_test_setup(three_ctrl_a_switch, fresh),
		cmocka_unit_test_setup(two_ctrl_a_are_input, fresh),
		cmocka_unit_test_setup(dom0_writes_raw, fresh),
		cmocka_unit_test_setup(long_writes_give_way, fresh),
		cmocka_unit_test_setup(guests_have_no_console, fresh),
		cmocka_unit_test(console_option_values),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}

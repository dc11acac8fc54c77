/* SPDX-License-Identifier: MIT */
/* The serial ports: absent and stuck lines end, output is whole, options are read. */
#include "unit.h"
#include "hypervisor/drivers/uart.c"

struct vcpu *fake_current;

static bool present, line_dead;
static u8 scratch, regs[8], divisor[2];
static char sent[4096], received[64];
static size_t sent_count, received_count;
static unsigned int lsr_reads;
static const char *input = "";
static void (*irq_fn)(void *);
static void *irq_arg;
static u32 irq_gsi;
static int irq_result;
static struct timer *armed;

u32 fake_in(u16 port, unsigned int size)
{
	if (!present || (port & ~7) != 0x3f8) {
		return 0xff;
	}
	switch (port & 7) {
	case 0:
		return *input ? (u8)*input++ : 0;
	case 2:
		return 0xc1;
	case 5:
		lsr_reads++;
		return (line_dead ? 0 : 0x60) | (*input ? 1 : 0);
	case 7:
		return scratch;
	default:
		return regs[port & 7];
	}
}

void fake_out(u16 port, unsigned int size, u32 v)
{
	if (!present || (port & ~7) != 0x3f8) {
		return;
	}
	if ((port & 7) < 2 && regs[3] & 0x80) {
		divisor[port & 7] = (u8)v;
	} else if (!(port & 7)) {
		assert_true(sent_count < sizeof(sent));
		sent[sent_count++] = (char)v;
	} else if ((port & 7) == 7) {
		scratch = (u8)v;
	} else {
		regs[port & 7] = (u8)v;
	}
}

u64 fake_rdtsc(void)
{
	return 0;
}
u64 time_now(void)
{
	return 1000;
}
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
	t->fn = fn;
	t->arg = arg;
}
void timer_set(struct timer *t, u64 expires)
{
	armed = t;
}
u32 irq_isa_to_gsi(u8 irq)
{
	return irq + 100u;
}
int irq_request_gsi(u32 gsi, void (*fn)(void *), void *arg)
{
	irq_gsi = gsi;
	irq_fn = fn;
	irq_arg = arg;
	return irq_result;
}

static void receive(u8 c)
{
	received[received_count++] = (char)c;
}

static int fresh(void **state)
{
	present = true;
	line_dead = false;
	sent_count = received_count = 0;
	lsr_reads = 0;
	input = "";
	irq_fn = NULL;
	armed = NULL;
	irq_result = 0;
	memset(regs, 0, sizeof(regs));
	uart_apply(1);
	return 0;
}

static void sends_with_carriage_returns(void **state)
{
	uart_write("ab\nc", 4);
	assert_int_equal(sent_count, 5);
	assert_memory_equal(sent, "ab\r\nc", 5);
	uart_write("d\r", 2);
	uart_write("\n\n", 2);
	assert_int_equal(sent_count, 10);
	assert_memory_equal(sent + 5, "d\r\n\r\n", 5);
	assert_int_equal(divisor[0], 1);
	assert_int_equal(divisor[1], 0);
	assert_int_equal(regs[3], 3);
}

/* 40 bytes need the FIFO's state three times, not forty. */
static void fills_the_fifo(void **state)
{
	char text[40];

	memset(text, 'x', sizeof(text));
	lsr_reads = 0;
	uart_write(text, sizeof(text));
	assert_int_equal(sent_count, 40);
	assert_int_equal(lsr_reads, 3);
}

static void absent_line_is_skipped(void **state)
{
	present = false;
	uart_apply(3);
	uart_write("lost", 4);
	assert_int_equal(sent_count, 0);
	assert_false(uart_owns_port(0x3f8));
	uart_start(receive);
	assert_null(irq_fn);
	assert_null(armed);
}

/* A dead line costs one long wait, then a look for each byte, and recovers. */
static void stuck_line_ends(void **state)
{
	unsigned int first;

	line_dead = true;
	uart_write("a", 1);
	first = lsr_reads;
	assert_true(first > 1000 && first < 1000000);
	uart_write("bcd", 3);
	assert_int_equal(lsr_reads, first + 3);
	assert_int_equal(sent_count, 0);
	line_dead = false;
	uart_write("e", 1);
	assert_int_equal(sent_count, 1);
}

static void receives_by_interrupt(void **state)
{
	uart_start(receive);
	assert_int_equal(irq_gsi, 104);
	assert_int_equal(regs[1], 1);
	input = "hello";
	irq_fn(irq_arg);
	assert_int_equal(received_count, 5);
	assert_memory_equal(received, "hello", 5);
	assert_null(armed);
}

static void polls_without_interrupt(void **state)
{
	irq_result = -EBUSY;
	uart_start(receive);
	assert_non_null(armed);
	assert_int_equal(regs[1], 0);
	input = "x";
	armed->fn(armed->arg);
	assert_int_equal(received_count, 1);
}

static void owns_its_ports(void **state)
{
	assert_true(uart_owns_port(0x3f8));
	assert_true(uart_owns_port(0x3ff));
	assert_false(uart_owns_port(0x400));
	assert_false(uart_owns_port(0x2f8));
}

static void options(void **state)
{
	struct uart u = uarts[1];

	assert_int_equal(uart_parse("9600,8n1,0x3e8,0", &u), 0);
	assert_int_equal(u.baud, 9600);
	assert_int_equal(u.io, 0x3e8);
	assert_int_equal(u.irq, 0);
	assert_int_equal(uart_parse("115200,8n1", &u), 0);
	assert_int_equal(u.baud, 115200);
	assert_int_equal(u.io, 0x3e8);
	assert_int_equal(uart_parse("auto,,,5", &u), 0);
	assert_int_equal(u.baud, 0);
	assert_int_equal(u.irq, 5);
}

/* A refused value changes nothing. */
static void bad_options(void **state)
{
	static const char *const bad[] = {"",
					  "0",
					  "fast",
					  "115200,9n1",
					  "115200,7e1", /* lines are 8n1 */
					  "115200,8x1",
					  "115200,8",
					  "115200,8n3",
					  "115200,8n1,0",
					  "115200,8n1,0xfff9",
					  "115200,8n1,0x3f8,16",
					  "115201"};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct uart before = uarts[1], u = before;

		assert_int_equal(uart_parse(bad[i], &u), -EINVAL);
		assert_memory_equal(&u, &before, sizeof(u));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sends_with_carriage_returns, fresh),
		cmocka_unit_test_setup(fills_the_fifo, fresh),
		cmocka_unit_test_setup(absent_line_is_skipped, fresh),
		cmocka_unit_test_setup(stuck_line_ends, fresh),
		cmocka_unit_test_setup(receives_by_interrupt, fresh),
		cmocka_unit_test_setup(polls_without_interrupt, fresh),
		cmocka_unit_test_setup(owns_its_ports, fresh),
		cmocka_unit_test(options),
		cmocka_unit_test(bad_options),
	};

	return cmocka_run_group_tests_name("uart", tests, NULL, NULL);
}

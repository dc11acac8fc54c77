/* SPDX-License-Identifier: MIT */
/*
 * Console input and the console_io hypercall. Serial input goes to dom0 or, after Ctrl-a three
 * times, to the hypervisor's keys. Input is kept in rings of bytes that drop what does not fit;
 * input_lock, taken with interrupts off, guards them. Keys run from a timer, outside of the
 * interrupt: what they print takes locks.
 */
#include "arch/uaccess.h"
#include "drivers/console.h"
#include "printk.h"
#include "uart.h"
#include "event/event.h"
#include "domain/continuation.h"
#include "lib/lib.h"
#include "lib/option.h"
#include "mm/pagetype.h"

#define SWITCH_KEY   0x01 /* Ctrl-a */
#define SWITCH_COUNT 3u
#define INPUT_BYTES  1024u
#define KEY_BYTES    16u
#define KEYS         128u
#define CHUNK        128u

static struct {
	void (*fn)(void);
	const char *what;
} keys[KEYS];

static u8 input[INPUT_BYTES], key_queue[KEY_BYTES];
static u32 input_start, input_end, key_start, key_end;
static unsigned int switch_count; /* Ctrl-a in a row so far */
static bool input_to_keys;
static spinlock_t input_lock = SPINLOCK_INIT;
static struct timer key_timer;
static unsigned int console_uarts = 1; /* bit i: COM(i + 1) */

static void input_put(u8 c)
{
	if (input_end - input_start < INPUT_BYTES) {
		input[input_end++ % INPUT_BYTES] = c;
	}
}

/* One character for dom0 or the keys, with input_lock held. */
static void input_route(u8 c)
{
	if (!input_to_keys) {
		for (; switch_count; switch_count--) {
			input_put(SWITCH_KEY);
		}
		input_put(c);
		return;
	}
	switch_count = 0;
	if (key_end - key_start < KEY_BYTES) {
		key_queue[key_end++ % KEY_BYTES] = c;
		timer_set(&key_timer, 0);
	}
}

static void console_receive(u8 c)
{
	unsigned long flags = spin_lock_irqsave(&input_lock);
	bool tell, switched = false;

	if (c != SWITCH_KEY) {
		input_route(c);
	} else if (++switch_count == SWITCH_COUNT) {
		switch_count = 0;
		input_to_keys = !input_to_keys;
		switched = true;
	}
	tell = input_start != input_end;
	spin_unlock_irqrestore(&input_lock, flags);
	if (switched) {
		printk("serial input goes to %s; Ctrl-a three times switches\n",
		       input_to_keys ? "the hypervisor, h for help" : "dom0");
	}
	/* For each character: dom0 may have stopped reading before the ring was empty. */
	if (tell) {
		evtchn_send_global_virq(VIRQ_CONSOLE);
	}
}

static void keys_run(void *arg)
{
	while (key_start != READ_ONCE(key_end)) {
		char c = (char)key_queue[key_start % KEY_BYTES];

		key_start++;
		console_handle_key(c);
	}
}

static void key_help(void)
{
	for (unsigned int i = 0; i < KEYS; i++) {
		if (keys[i].fn) {
			printk(" %c  %s\n", (char)i, keys[i].what);
		}
	}
}

void console_add_key(char key, void (*fn)(void), const char *what)
{
	ASSERT(key > 0);
	keys[(u8)key % KEYS].what = what;
	keys[(u8)key % KEYS].fn = fn;
}

void console_handle_key(char key)
{
	if ((u8)key < KEYS && keys[(u8)key].fn) {
		keys[(u8)key].fn();
	}
}

void console_parse_options(void)
{
	uart_apply(console_uarts);
}

void console_start(void)
{
	console_add_key('h', key_help, "this help");
	timer_init(&key_timer, keys_run, NULL, 0);
	uart_start(console_receive);
}

/* A domU's text, in debug builds: one line a call, made harmless. */
static long guest_write(unsigned int count, guest_ptr_t buf)
{
#ifdef CONFIG_DEBUG
	char line[CHUNK];
	size_t n = MIN(count, CHUNK - 1);

	if (copy_from_guest(line, buf, n)) {
		return -EFAULT;
	}
	for (size_t i = 0; i < n; i++) {
		if (line[i] < ' ' || line[i] > '~') {
			line[i] = line[i] == '\n' ? ' ' : '.';
		}
	}
	line[n] = 0;
	printk_guest("d%u: %s\n", domain_id(current->domain), line);
	return 0;
#else
	return -EPERM;
#endif
}

static long console_output(unsigned int count, guest_ptr_t buf)
{
	char chunk[CHUNK];

	while (count) {
		size_t n = MIN(count, CHUNK);

		if (copy_from_guest(chunk, buf, n)) {
			return -EFAULT;
		}
		serial_write(chunk, n);
		count -= (unsigned int)n;
		buf += n;
		if (count && preempt_needed()) {
			return HYPERCALL_CONTINUE(__HYPERVISOR_console_io, CONSOLEIO_write, count,
						  buf);
		}
	}
	return 0;
}

static long console_input(unsigned int count, guest_ptr_t buf)
{
	u8 chunk[CHUNK];
	unsigned int n = 0;
	unsigned long flags = spin_lock_irqsave(&input_lock);

	while (n < MIN(count, CHUNK) && input_start != input_end) {
		chunk[n++] = input[input_start++ % INPUT_BYTES];
	}
	spin_unlock_irqrestore(&input_lock, flags);
	return copy_to_guest(buf, chunk, n) ? -EFAULT : (long)n;
}

long do_console_io(unsigned int cmd, unsigned int count, guest_ptr_t buf)
{
	if ((int)count < 0) {
		return -EINVAL;
	}
	if (!current->domain->privileged) {
		return cmd == CONSOLEIO_write ? guest_write(count, buf) : -EPERM;
	}
	switch (cmd) {
	case CONSOLEIO_write:
		return console_output(count, buf);
	case CONSOLEIO_read:
		return console_input(count, buf);
	default:
		return -ENOSYS;
	}
}

/* A list of com1, com2, none; vga and tty are accepted for what users' command lines hold. */
static int console_option(const char *s, void *arg)
{
	static const struct {
		const char *name;
		unsigned int uarts;
	} words[] = {{"com1", 1}, {"com2", 2}, {"vga", 0}, {"tty", 0}, {"none", 0}};
	unsigned int uarts = 0;

	while (*s) {
		const char *end = strchr(s, ',');
		size_t n = end ? (size_t)(end - s) : strlen(s);
		unsigned int i = 0;

		while (i < ARRAY_SIZE(words) &&
		       (strlen(words[i].name) != n || strncmp(words[i].name, s, n))) {
			i++;
		}
		if (i == ARRAY_SIZE(words)) {
			return -EINVAL;
		}
		uarts |= words[i].uarts;
		s += n + (end != NULL);
	}
	console_uarts = uarts;
	return 0;
}
OPTION(console, console_option, NULL);

/* Output always is synchronous; the option is known so that it is not reported as unknown. */
static bool sync_console = true;
OPTION(sync_console, option_switch, &sync_console);

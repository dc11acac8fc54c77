/* SPDX-License-Identifier: MIT */
/*
 * Messages to the serial line and the ring. A line is written in one piece under console_lock,
 * the lock of the serial ports; it is taken with interrupts off and only waited for so long: a
 * panic inside of printk() must still be seen.
 */
#include "arch/smp.h"
#include "drivers/console.h"
#include "printk.h"
#include "uart.h"
#include "lib/lib.h"
#include "lib/option.h"
#include "lib/spinlock.h"
#include "time/time.h"

#ifndef CONFIG_LOGLVL
#define CONFIG_LOGLVL 3 /* 0 none, 1 errors, 2 warnings, 3 information, 4 all */
#endif

#define LINE_BYTES  400u
#define LOCK_TRIES  20000000u
#define LIMIT_BURST 60u              /* lines that guests may cause at once: some register dumps */
#define LIMIT_NS    (NS_PER_SEC / 8) /* and one more each */

/* Messages up to `always` are printed, those up to `limited` while they are not too many. */
struct threshold {
	u8 always, limited;
};
static struct threshold host_threshold = {CONFIG_LOGLVL, CONFIG_LOGLVL};
static struct threshold guest_threshold = {0, 2};

static spinlock_t console_lock = SPINLOCK_INIT;
static char last_sent = '\n';
static spinlock_t limit_lock = SPINLOCK_INIT;
static u32 limit_tokens = LIMIT_BURST, limit_dropped;
static u64 limit_refilled;

static bool lock_bounded(void)
{
	for (unsigned int i = 0; i < LOCK_TRIES; i++) {
		if (spin_trylock(&console_lock)) {
			return true;
		}
		cpu_relax();
	}
	return false;
}

/* `own` text starts a line of its own, wherever dom0 is in one of its. */
static void serial_send(const char *s, size_t n, bool own)
{
	unsigned long flags = irq_save();
	bool locked = lock_bounded();

	if (own && last_sent != '\n') {
		uart_write("\n", 1);
	}
	uart_write(s, n);
	last_sent = n ? s[n - 1] : last_sent;
	if (locked) {
		spin_unlock(&console_lock);
	}
	irq_restore(flags);
}

void serial_write(const char *s, size_t n)
{
	serial_send(s, n, false);
}

void console_write(const char *s, size_t n)
{
	ring_write(s, n);
	serial_send(s, n, true);
}

/* Strips the level off the format; 0 = a message without one. */
static unsigned int level_of(const char **fmt)
{
	unsigned int level = 0;

	if ((*fmt)[0] == '\001' && (*fmt)[1]) {
		level = (unsigned int)((*fmt)[1] - '0');
		*fmt += 2;
	}
	return level;
}

static void line_print(const char *fmt, __builtin_va_list ap)
{
	char line[LINE_BYTES] = "(domus) ";
	size_t head = strlen(line);
	int n = vsnprintf(line + head, sizeof(line) - head, fmt, ap);
	size_t len = head + (size_t)MAX(n, 0);

	if (len >= sizeof(line)) {
		len = sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	console_write(line, len);
	smp_alive(); /* a long list through a slow line is no reason for the watchdog */
}

/* Takes a token of those that guests share; *dropped is what went unsaid since the last one. */
static bool limit_take(u32 *dropped)
{
	HOLD_LOCK_IRQSAVE(&limit_lock);
	u64 now = time_now();
	u64 fresh = (now - limit_refilled) / LIMIT_NS;
	bool take;

	if (fresh) {
		limit_tokens = (u32)MIN(limit_tokens + fresh, (u64)LIMIT_BURST);
		limit_refilled = now;
	}
	take = limit_tokens > 0;
	limit_tokens -= take;
	*dropped = take ? limit_dropped : 0;
	limit_dropped = take ? 0 : limit_dropped + 1;
	return take;
}

static void message(const struct threshold *t, unsigned int level, const char *fmt,
		    __builtin_va_list ap)
{
	u32 dropped = 0;

	if (level > t->always && (level > t->limited || !limit_take(&dropped))) {
		return;
	}
	if (dropped) {
		printk("%u messages about guests were dropped\n", dropped);
	}
	line_print(fmt, ap);
}

void printk(const char *fmt, ...)
{
	unsigned int level = level_of(&fmt);
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	message(&host_threshold, level, fmt, ap);
	__builtin_va_end(ap);
}

void printk_guest(const char *fmt, ...)
{
	unsigned int level = level_of(&fmt);
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	message(&guest_threshold, level ? level : 2, fmt, ap);
	__builtin_va_end(ap);
}

/* The level whose name s begins with; *end behind it. -EINVAL. */
static int level_parse(const char *s, const char **end)
{
	static const char *const names[] = {"none", "error", "warning", "info", "debug", "all"};

	for (int i = 0; i < (int)ARRAY_SIZE(names); i++) {
		size_t n = strlen(names[i]);

		if (!strncmp(s, names[i], n)) {
			*end = s + n;
			return MIN(i, 4);
		}
	}
	return -EINVAL;
}

/* <always>[/<limited>] */
static int threshold_parse(const char *s, void *arg)
{
	struct threshold *t = arg;
	int always = level_parse(s, &s), limited = always;

	if (always >= 0 && *s == '/') {
		limited = level_parse(s + 1, &s);
	}
	if (always < 0 || limited < 0 || *s) {
		return -EINVAL;
	}
	*t = (struct threshold){(u8)always, (u8)MAX(limited, always)};
	return 0;
}

OPTION(loglvl, threshold_parse, &host_threshold);
OPTION(guest_loglvl, threshold_parse, &guest_threshold);

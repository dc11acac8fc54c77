/* SPDX-License-Identifier: MIT */
/* Messages: to the hypervisor's console as dom0, to the console ring as domU. */
#include "base.h"
#include <stdarg.h>
#include <xen/event_channel.h>
#include <xen/io/console.h>
#include <xen/sched.h>

static void ring_write(const char *s, size_t n)
{
	struct xencons_interface *ring = page_of_machine(start_info_ptr->console.domU.mfn);
	struct evtchn_send send = {.port = start_info_ptr->console.domU.evtchn};

	while (n) {
		XENCONS_RING_IDX cons = *(volatile XENCONS_RING_IDX *)&ring->out_cons;
		XENCONS_RING_IDX prod = ring->out_prod;

		for (; n && prod - cons < sizeof(ring->out); n--) {
			ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = *s++;
		}
		__sync_synchronize();
		ring->out_prod = prod;
		HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
		if (n) {
			HC1(__HYPERVISOR_sched_op, SCHEDOP_yield);
		}
	}
}

/* A line at a time. */
static void put(const char *s, size_t n)
{
	static u32 lock;

	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {
		HC1(__HYPERVISOR_sched_op, SCHEDOP_yield);
	}
	if (start_info_ptr->flags & SIF_INITDOMAIN) {
		HC3(__HYPERVISOR_console_io, CONSOLEIO_write, n, s);
	} else {
		ring_write(s, n);
	}
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static char *number(char *end, u64 v, unsigned int base)
{
	do {
		*--end = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	return end;
}

/* What a % and the letters behind it stand for; digits are written in front of `end`. */
static const char *field(const char **fmt, va_list *ap, char *end)
{
	bool is_long = **fmt == 'l';
	long v;

	*fmt += is_long;
	switch (**fmt) {
	case 's':
		return va_arg(*ap, const char *);
	case 'd':
		v = is_long ? va_arg(*ap, long) : va_arg(*ap, int);
		end = number(end, v < 0 ? 0 - (u64)v : (u64)v, 10);
		if (v < 0) {
			*--end = '-';
		}
		return end;
	case 'u':
		return number(end, is_long ? va_arg(*ap, u64) : va_arg(*ap, u32), 10);
	case 'p':
		return number(end, va_arg(*ap, u64), 16);
	default: /* x */
		return number(end, is_long ? va_arg(*ap, u64) : va_arg(*ap, u32), 16);
	}
}

void print_list(const char *fmt, va_list list)
{
	char line[512], digits[24];
	size_t n = 0;
	va_list ap;

	va_copy(ap, list); /* field() wants its address, which an argument has not */
	digits[sizeof(digits) - 1] = 0;
	for (; *fmt && n < sizeof(line) - 1; fmt++) {
		const char *s;

		if (*fmt != '%') {
			line[n++] = *fmt;
			continue;
		}
		fmt++;
		s = field(&fmt, &ap, digits + sizeof(digits) - 1);
		while (*s && n < sizeof(line) - 1) {
			line[n++] = *s++;
		}
	}
	va_end(ap);
	put(line, n);
}

void print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_list(fmt, ap);
	va_end(ap);
}

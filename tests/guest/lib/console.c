/* SPDX-License-Identifier: MIT */
/* Messages of a test kernel: to the hypervisor's console as dom0, to the console ring as domU. */
#include <stdarg.h>
#include "guest.h"
#include <xen/event_channel.h>
#include <xen/io/console.h>
#include <xen/sched.h>

static void ring_write(const char *s, size_t n)
{
	const u64 *m2p = (const u64 *)0xffff800000000000ul;
	struct xencons_interface *ring =
		(void *)(VIRT_BASE + m2p[start_info_ptr->console.domU.mfn] * PAGE_SIZE);
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

void print(const char *fmt, ...)
{
	char line[512], tmp[24];
	size_t n = 0;
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt && n < sizeof(line) - 32; fmt++) {
		bool is_long = false;
		const char *s;
		long v;

		if (*fmt != '%') {
			line[n++] = *fmt;
			continue;
		}
		if (*++fmt == 'l') {
			is_long = true;
			fmt++;
		}
		tmp[23] = 0;
		switch (*fmt) {
		case 's':
			s = va_arg(ap, const char *);
			break;
		case 'd':
			v = is_long ? va_arg(ap, long) : va_arg(ap, int);
			s = number(tmp + 23, v < 0 ? 0 - (u64)v : (u64)v, 10);
			if (v < 0) {
				line[n++] = '-';
			}
			break;
		case 'u':
			s = number(tmp + 23, is_long ? va_arg(ap, u64) : va_arg(ap, u32), 10);
			break;
		default: /* x, p */
			s = number(tmp + 23,
				   is_long || *fmt == 'p' ? va_arg(ap, u64) : va_arg(ap, u32), 16);
			break;
		}
		while (*s && n < sizeof(line) - 1) {
			line[n++] = *s++;
		}
	}
	va_end(ap);
	put(line, n);
}

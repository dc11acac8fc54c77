/* SPDX-License-Identifier: MIT */
/*
 * 16550 serial ports. Sending is polled and bounded: a port that is absent, or whose line is
 * stuck, costs time once and never hangs the machine. Receiving is by interrupt, or by a timer
 * where a port has none. The console's lock guards sending; receiving runs on one CPU only.
 */
#include "arch/cpu.h"
#include "drivers/console.h"
#include "uart.h"
#include "irq/irq.h"
#include "lib/lib.h"
#include "lib/option.h"
#include "time/time.h"

#ifndef CONFIG_SERIAL_IO
#define CONFIG_SERIAL_IO 0x3f8
#endif

enum uart_reg {
	RBR = 0,
	THR = 0,
	DLL = 0,
	IER = 1,
	DLM = 1,
	FCR = 2,
	IIR = 2,
	LCR = 3,
	MCR = 4,
	LSR = 5,
	SCR = 7,
	UART_PORTS = 8
};

#define LSR_DATA   0x01
#define LSR_EMPTY  0x20
#define LCR_8N1    0x03
#define LCR_DLAB   0x80
#define FCR_RESET  0x07 /* FIFOs on and cleared, interrupt from the first byte on */
#define MCR_ON     0x0b /* DTR, RTS, and OUT2, which lets the interrupt out */
#define IIR_FIFOS  0xc0
#define FIFO_BYTES 16u
#define BASE_BAUD  115200u
#define TX_TRIES   200000u /* port reads of about 1 us: a full FIFO at 1200 baud drains in 133 ms */
#define RX_BURST   1024u
#define POLL_NS    (20 * NS_PER_MS)

struct uart {
	u16 io;
	u8 irq; /* ISA line; 0 = none, polled */
	u8 lcr;
	u32 baud; /* 0 = as the firmware left it */
	bool used, stuck;
	u8 room;   /* bytes the FIFO takes for certain */
	u8 depth;  /* of the FIFO, 1 without */
	char last; /* character sent */
	struct timer poll;
};

static struct uart uarts[UART_COUNT] = {
	{.io = CONFIG_SERIAL_IO, .irq = 4, .lcr = LCR_8N1, .baud = BASE_BAUD},
	{.io = 0x2f8, .irq = 3, .lcr = LCR_8N1, .baud = BASE_BAUD},
};
static void (*rx_fn)(u8 c);

/* The scratch register keeps what is written to it; an empty bus reads all ones. */
static bool uart_present(const struct uart *u)
{
	outb(u->io + SCR, 0x5a);
	if (inb(u->io + SCR) != 0x5a) {
		return false;
	}
	outb(u->io + SCR, 0xa5);
	return inb(u->io + SCR) == 0xa5 && inb(u->io + LSR) != 0xff;
}

static void uart_setup(struct uart *u)
{
	u->used = uart_present(u);
	if (!u->used) {
		return;
	}
	outb(u->io + IER, 0);
	if (u->baud) {
		unsigned int divisor = BASE_BAUD / u->baud;

		outb(u->io + LCR, u->lcr | LCR_DLAB);
		outb(u->io + DLL, (u8)divisor);
		outb(u->io + DLM, (u8)(divisor >> 8));
	}
	outb(u->io + LCR, u->lcr);
	outb(u->io + FCR, FCR_RESET);
	outb(u->io + MCR, MCR_ON);
	u->depth = (inb(u->io + IIR) & IIR_FIFOS) == IIR_FIFOS ? FIFO_BYTES : 1;
	u->room = 0;
	u->stuck = false;
}

void uart_init_early(void)
{
	uart_setup(&uarts[0]);
}

/* Waits until the FIFO is empty. A line that stays stuck is asked once a byte from then on. */
static bool tx_wait(struct uart *u)
{
	unsigned int tries = u->stuck ? 1 : TX_TRIES;

	while (tries--) {
		if (inb(u->io + LSR) & LSR_EMPTY) {
			u->stuck = false;
			return true;
		}
		cpu_relax();
	}
	u->stuck = true;
	return false;
}

/* What is still to be sent is sent before the FIFO is cleared. */
void uart_apply(unsigned int used)
{
	for (unsigned int i = 0; i < UART_COUNT; i++) {
		if (uarts[i].used) {
			tx_wait(&uarts[i]);
		}
		uarts[i].used = false;
		if (used >> i & 1) {
			uart_setup(&uarts[i]);
		}
	}
}

static void uart_put(struct uart *u, char c)
{
	if (!u->room) {
		if (!tx_wait(u)) {
			return;
		}
		u->room = u->depth;
	}
	outb(u->io + THR, (u8)c);
	u->room--;
}

void uart_write(const char *s, size_t n)
{
	for (unsigned int i = 0; i < UART_COUNT; i++) {
		struct uart *u = &uarts[i];

		for (size_t k = 0; u->used && k < n; k++) {
			if (s[k] == '\n' && u->last != '\r') {
				uart_put(u, '\r');
			}
			uart_put(u, s[k]);
			u->last = s[k];
		}
	}
}

/* Drains the FIFO: the line is edge triggered and rises again only after it was empty. */
static void uart_receive(void *arg)
{
	struct uart *u = arg;

	for (unsigned int n = 0; n < RX_BURST; n++) {
		u8 lsr = inb(u->io + LSR);

		if (lsr == 0xff || !(lsr & LSR_DATA)) {
			break;
		}
		rx_fn(inb(u->io + RBR));
	}
}

static void uart_poll(void *arg)
{
	struct uart *u = arg;
	unsigned long flags = irq_save();

	uart_receive(u);
	irq_restore(flags);
	timer_set(&u->poll, time_now() + POLL_NS);
}

void uart_start(void (*rx)(u8 c))
{
	rx_fn = rx;
	for (unsigned int i = 0; i < UART_COUNT; i++) {
		struct uart *u = &uarts[i];

		if (!u->used) {
			continue;
		}
		if (u->irq && !irq_request_gsi(irq_isa_to_gsi(u->irq), uart_receive, u)) {
			outb(u->io + IER, 1);
			continue;
		}
		timer_init(&u->poll, uart_poll, u, 0);
		timer_set(&u->poll, time_now() + POLL_NS);
	}
}

bool uart_owns_port(u16 port)
{
	for (unsigned int i = 0; i < UART_COUNT; i++) {
		if (uarts[i].used && port >= uarts[i].io && port < uarts[i].io + UART_PORTS) {
			return true;
		}
	}
	return false;
}

/* "8n1": 5-8 data bits, parity n, o, e, m or s, one or two stop bits. */
static int lcr_parse(const char *s, u8 *lcr)
{
	static const char parity[] = "noems";
	const char *p = strchr(parity, s[1]);

	if (s[0] < '5' || s[0] > '8' || !s[1] || !p || (s[2] != '1' && s[2] != '2')) {
		return -EINVAL;
	}
	*lcr = (u8)(s[0] - '5');
	*lcr |= s[2] == '2' ? 0x04 : 0;
	*lcr |= *p == 'n' ? 0 : (u8)(((p - parity) * 2 - 1) << 3);
	return 0;
}

/* The next field of a comma list, or NULL behind the last. */
static const char *field_next(const char *s)
{
	const char *comma = strchr(s, ',');

	return comma ? comma + 1 : NULL;
}

/* <baud>|auto[,8n1[,<io>[,<irq>]]]; an empty field keeps its default. */
static int uart_parse(struct uart *u, const char *s)
{
	struct uart new = *u;
	const char *end;
	u64 v;

	if (*s != ',' && strncmp(s, "auto", 4)) {
		v = str_to_u64(s, &end);
		if (end == s || v < 50 || v > BASE_BAUD) {
			return -EINVAL;
		}
		new.baud = (u32)v;
	} else if (*s != ',') {
		new.baud = 0;
	}
	s = field_next(s);
	if (s && *s && *s != ',' && lcr_parse(s, &new.lcr)) {
		return -EINVAL;
	}
	s = s ? field_next(s) : NULL;
	if (s && *s && *s != ',') {
		v = str_to_u64(s, &end);
		if (end == s || !v || v > 0x10000 - UART_PORTS) {
			return -EINVAL;
		}
		new.io = (u16)v;
	}
	s = s ? field_next(s) : NULL;
	if (s && *s) {
		v = str_to_u64(s, &end);
		if (end == s || v > 15) {
			return -EINVAL;
		}
		new.irq = (u8)v;
	}
	*u = new;
	return 0;
}

static int com1_parse(const char *s)
{
	return uart_parse(&uarts[0], s);
}
OPTION("com1", com1_parse);

static int com2_parse(const char *s)
{
	return uart_parse(&uarts[1], s);
}
OPTION("com2", com2_parse);

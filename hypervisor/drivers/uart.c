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
	u8 irq;   /* ISA line; 0 = none, polled */
	u32 baud; /* 0 = as the firmware left it */
	bool used, stuck;
	u8 room;   /* bytes the FIFO takes for certain */
	u8 depth;  /* of the FIFO, 1 without */
	char last; /* character sent */
	struct timer poll;
};

static struct uart uarts[UART_COUNT] = {
	{.io = CONFIG_SERIAL_IO, .irq = 4, .baud = BASE_BAUD},
	{.io = 0x2f8, .irq = 3, .baud = BASE_BAUD},
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

		outb(u->io + LCR, LCR_8N1 | LCR_DLAB);
		outb(u->io + DLL, (u8)divisor);
		outb(u->io + DLM, (u8)(divisor >> 8));
	}
	outb(u->io + LCR, LCR_8N1);
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

/* <baud>|auto[,8n1[,<io>[,<irq>]]]; an empty field keeps its default. */
static int uart_parse(const char *s, void *uart)
{
	enum { BAUD, MODE, IO, IRQ, FIELDS };
	static const u32 least[FIELDS] = {[BAUD] = 50, [IO] = 1};
	static const u32 most[FIELDS] = {
		[BAUD] = BASE_BAUD, [IO] = 0x10000 - UART_PORTS, [IRQ] = 15};
	struct uart *u = uart;
	u64 value[FIELDS] = {u->baud, 0, u->io, u->irq};

	for (unsigned int i = 0; i < FIELDS; i++) {
		const char *end = s;

		if (i == BAUD && !strncmp(s, "auto", 4)) {
			value[BAUD] = 0;
			end += 4;
		} else if (i == MODE && !strncmp(s, "8n1", 3)) {
			end += 3;
		} else if (*s != ',' && (*s || i == BAUD)) {
			value[i] = str_to_u64(s, &end);
			if (end == s || value[i] < least[i] || value[i] > most[i]) {
				return -EINVAL;
			}
		}
		s = end + (*end == ',');
	}
	if (*s) {
		return -EINVAL;
	}
	u->baud = (u32)value[BAUD];
	u->io = (u16)value[IO];
	u->irq = (u8)value[IRQ];
	return 0;
}
OPTION(com1, uart_parse, &uarts[0]);
OPTION(com2, uart_parse, &uarts[1]);

/* SPDX-License-Identifier: MIT */
/* Serial ports, the message ring, console input. */
#pragma once

#include "domain/domain.h"

void uart_init_early(void);       /* COM1 with 115200 8n1, polled: the first thing at boot */
void console_parse_options(void); /* after options_parse(): applies com1=, com2=, console= */
void console_start(void);         /* interrupts for input; after irq_init() */
long do_console_io(unsigned int cmd, unsigned int count, guest_ptr_t buf);
/* sysctl readconsole: copies from the ring to guest memory; semantics of XEN_SYSCTL_readconsole. */
struct xen_sysctl_readconsole;
int console_read_ring(struct xen_sysctl_readconsole *op);
void console_handle_key(char key); /* the hypervisor's keys: h, q, e, g, r, R, ... */
/* Bytes for the serial line and the ring, from panic context too. */
void console_write(const char *s, size_t n);

/* Is it a port of a serial line that the hypervisor uses? dom0 must not see it. */
bool uart_owns_port(u16 port);

/* Registers a key; the description is printed by 'h'. */
void console_add_key(char key, void (*fn)(void), const char *what);

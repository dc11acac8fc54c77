/* SPDX-License-Identifier: MIT */
/* Inside drivers/: the serial ports, for the console. */
#pragma once

#include "lib/types.h"

#define UART_COUNT 2u

/* Sends to every port in use, "\n" as "\r\n" unless that stands there already. The caller holds the
 * console lock. */
void uart_write(const char *s, size_t n);
/* Sets the ports up again as the options say; bit i of `used`: port i carries the console. */
void uart_apply(unsigned int used);
/* From now on each character received goes to rx(), which runs with interrupts off. */
void uart_start(void (*rx)(u8 c));

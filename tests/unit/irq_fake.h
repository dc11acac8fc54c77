/* SPDX-License-Identifier: MIT */
/*
 * Included before every source of the tests of irq/, drivers/ and the port policy: port accesses
 * and the current vcpu become the test's.
 */
#pragma once

#include <stdint.h>
#include "arch/cpu.h"

uint32_t fake_in(uint16_t port, unsigned int size);
void fake_out(uint16_t port, unsigned int size, uint32_t v);
uint64_t fake_rdtsc(void);
extern struct vcpu *fake_current;

#define inb(port)     ((u8)fake_in((port), 1))
#define inw(port)     ((u16)fake_in((port), 2))
#define inl(port)     fake_in((port), 4)
#define outb(port, v) fake_out((port), 1, (v))
#define outw(port, v) fake_out((port), 2, (v))
#define outl(port, v) fake_out((port), 4, (v))
#define port_in       fake_in
#define port_out      fake_out
#define rdtsc()       fake_rdtsc()
#define rdtsc_ordered fake_rdtsc
#undef current
#define current fake_current

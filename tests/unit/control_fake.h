/* SPDX-License-Identifier: MIT */
/*
 * Included before every source of the tests of control/ and of the privileged-instruction
 * emulator: the CPU, its MSRs and the current vcpu become the test's.
 */
#pragma once

#include "arch/page.h"
#include "arch/cpu.h"

extern struct vcpu *fake_current;
uint64_t fake_rdmsr(uint32_t msr);
void fake_wrmsr(uint32_t msr, uint64_t v);
void fake_cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4]);

#define FAKE_CR0 0x80050033ull
#define FAKE_TSC 0x123456789abcdef0ull

#define rdmsr(msr)    fake_rdmsr(msr)
#define wrmsr(msr, v) fake_wrmsr((msr), (v))
#define rdtsc()       FAKE_TSC
#define read_cr0()    FAKE_CR0
#define cpu_wbinvd()  ((void)0)
#define cpuid         fake_cpuid
#undef current
#define current fake_current

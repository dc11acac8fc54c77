/* SPDX-License-Identifier: MIT */
/* For mtrr.c: privileged instructions become calls of the test. */
#pragma once

#include "arch/cpu.h"

u64 fake_rdmsr(u32 msr);
void fake_wrmsr(u32 msr, u64 v);
u64 fake_read_cr0(void);
u64 fake_read_cr4(void);
void fake_write_cr0(u64 v);
void fake_write_cr4(u64 v);
void fake_wbinvd(void);
void fake_cpuid(u32 leaf, u32 subleaf, u32 r[4]);
#define rdmsr      fake_rdmsr
#define wrmsr      fake_wrmsr
#define read_cr0   fake_read_cr0
#define read_cr4   fake_read_cr4
#define write_cr0  fake_write_cr0
#define write_cr4  fake_write_cr4
#define cpu_wbinvd fake_wbinvd
#define cpuid      fake_cpuid

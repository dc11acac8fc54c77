/* SPDX-License-Identifier: MIT */
/* The TSC's rate: measured against HPET, PM timer or PIT at boot. Set once by boot/. */
#ifndef ARCH_TSC_H
#define ARCH_TSC_H

#include "lib/types.h"

extern u64 tsc_khz;

#endif

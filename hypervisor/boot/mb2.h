/* SPDX-License-Identifier: MIT */
/* The boot loader's information block (multiboot2). */
#pragma once

#include "boot/boot.h"

#define MB2_LOADED_MAGIC 0x36d76289u

/*
 * Reads the block at `info`, of which at most `limit` bytes may be looked at, into *out; everything
 * wanted is copied. NULL, or a sentence saying what is wrong. Touches nothing but *out and buffers
 * of its own.
 */
const char *mb2_parse(const void *info, u32 limit, struct boot_info *out);

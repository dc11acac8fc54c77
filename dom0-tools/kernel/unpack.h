/* SPDX-License-Identifier: MIT */
/*
 * What a kernel file is made of: finds the payload of a Linux bzImage, decompresses it, and
 * says where the ELF inside ends. Works on buffers only, so that tests can drive it.
 * Invariant: no read or write outside the buffers given, whatever the file says. No lock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** Largest unpacked kernel that is believed: a size field beyond it is damage. */
#define UNPACK_LIMIT_BYTES (1u << 30)

struct span {
	const uint8_t *data;
	size_t bytes;
};

/**
 * unpack_is_elf - true if the file starts as a 64-bit little-endian x86 ELF does.
 */
int unpack_is_elf(struct span file);

/**
 * unpack_find_payload - the compressed kernel inside a bzImage.
 *
 * Returns 0, or -1 with a sentence in *why (a constant string) if this is no bzImage of boot
 * protocol 2.08 or later, or it is cut short.
 */
int unpack_find_payload(struct span file, struct span *payload, const char **why);

/**
 * unpack_payload - decompresses XZ, LZ4 (legacy frame), gzip or Zstandard.
 *
 * The caller frees *out. Returns 0, or -1 with a sentence in *why (a constant string).
 */
int unpack_payload(struct span payload, uint8_t **out, size_t *out_bytes, const char **why);

/**
 * unpack_elf_bytes - bytes up to the end of the last segment, section or header table of an ELF
 * file; what follows (Linux appends its relocations there) is no part of it. Returns 0 if the
 * file is no ELF or its tables lie outside of it.
 */
size_t unpack_elf_bytes(struct span file);

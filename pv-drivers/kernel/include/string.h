/* SPDX-License-Identifier: MIT */
/* The part of the C library's header that drivers and the compiler ask for: string.c. */
#pragma once

#include <stddef.h>

void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

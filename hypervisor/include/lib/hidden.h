/* SPDX-License-Identifier: MIT */
/* Included before everything else: all symbols are local to the image, so that every reference
 * is RIP-relative. (The compiler's flag alone does not cover extern declarations under clang.) */
#pragma GCC visibility push(hidden)

/* SPDX-License-Identifier: MIT */
/*
 * Memory for the copies of packets, which this domain grants to itself: the hypervisor finds it by
 * reference, where dom0's kernel would have to look up each page of other memory (some 3 us).
 *
 * Invariant: the pages stay what they are until the process ends, whose end also ends the grants.
 * Where the kernel has no /dev/xen/gntalloc, or its limit is reached, the memory is not granted,
 * and all works as before. Event loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define OWN_PAGES 82u
#define OWN_DOMID 0u /* devices are served from dom0; an entry names a domain by its number */

/** own_pages_open - opens the device, while that is allowed. */
void own_pages_open(void);
/** own_pages_get - OWN_PAGES, adjacent; always the same ones. NULL: there is no memory. */
uint8_t *own_pages_get(void);
/** own_page_ref - the reference of the page that @at lies in; false: it is not granted. */
bool own_page_ref(const void *at, uint32_t *ref);

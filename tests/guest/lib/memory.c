/* SPDX-License-Identifier: MIT */
/* Pages of a test kernel: a pool in its image. */
#include "guest.h"

#define POOL_PAGES 256u

static char pool[POOL_PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned int pool_used;

void *page_alloc(void)
{
	if (pool_used == POOL_PAGES) {
		print("FAIL the test's page pool is empty\nRESULT: fail\n");
		guest_shutdown(3);
	}
	return pool[pool_used++];
}

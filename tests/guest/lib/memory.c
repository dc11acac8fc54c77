/* SPDX-License-Identifier: MIT */
/* Pages and page-table entries of a test kernel: it keeps the tables that it was started with. */
#include "guest.h"

#define POOL_PAGES 256u
#define MFN_MASK   0x000ffffffffff000ull

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

/* Bootstrap tables are mapped read-only in the bootstrap region: machine to virtual by the M2P. */
static u64 *table_of(u64 entry)
{
	const u64 *m2p = (const u64 *)0xffff800000000000ul;

	return (u64 *)(VIRT_BASE + m2p[(entry & MFN_MASK) / PAGE_SIZE] * PAGE_SIZE);
}

static u64 *l1_of(const void *p)
{
	unsigned long va = (unsigned long)p;
	u64 *t = (u64 *)start_info_ptr->pt_base;

	t = table_of(t[va >> 39 & 511]);
	t = table_of(t[va >> 30 & 511]);
	return table_of(t[va >> 21 & 511]);
}

u64 *pte_address(const void *p)
{
	return &l1_of(p)[(unsigned long)p >> 12 & 511];
}

u64 pte_maddr(const void *p)
{
	u64 *l1 = l1_of(p);

	return va_to_mfn(l1) * PAGE_SIZE + ((unsigned long)p >> 12 & 511) * 8;
}

u64 pte_read(const void *p)
{
	return l1_of(p)[(unsigned long)p >> 12 & 511];
}

long va_map(const void *p, u64 pte)
{
	return HC3(__HYPERVISOR_update_va_mapping, p, pte, UVMF_INVLPG);
}

void *memcpy(void *d, const void *s, size_t n)
{
	void *dst = d;

	__asm__ volatile("rep movsb" : "+D"(dst), "+S"(s), "+c"(n)::"memory");
	return d;
}

void *memset(void *d, int c, size_t n)
{
	void *dst = d;

	__asm__ volatile("rep stosb" : "+D"(dst), "+c"(n) : "a"(c) : "memory");
	return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++) {
		if (*x != *y) {
			return *x - *y;
		}
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
	}
	return n;
}

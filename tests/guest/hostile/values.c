/* SPDX-License-Identifier: MIT */
/*
 * Values for hostile calls. Frames and tables that the kernel itself stands on are never named:
 * it could be told to write to them, and be right to do so.
 */
#include "hostile.h"

#define HV 0xffff800000000000ul

u64 below(u64 n)
{
	return random_next() % n;
}

static bool is_arena(u64 pfn)
{
	for (unsigned int i = 0; i < ARENA; i++) {
		if (va_to_pfn(arena[i]) == pfn) {
			return true;
		}
	}
	return false;
}

/* A frame of the bootstrap region that hypercalls must not touch. */
static bool vital(u64 mfn)
{
	u64 pfn;

	if (mfn > mfn_max) { /* a fault takes long */
		return false;
	}
	TRY("movq (%0), %%rcx; movq %%rcx, (%1)", "r"(HV + mfn * 8), "r"(&pfn));
	return caught_vector == -1 && pfn < start_info_ptr->nr_pages && pfn_to_mfn(pfn) == mfn &&
	       !is_arena(pfn);
}

u64 nasty(void)
{
	u64 v;

	switch (below(8)) {
	case 0:
		v = below(16);
		break;
	case 1:
		v = 1ul << below(64);
		break;
	case 2:
		v = (1ul << below(64)) - 1;
		break;
	case 3:
		v = ~below(16);
		break;
	case 4:
		v = random_next() >> below(64);
		break;
	case 5:
		v = random_next() & 0xffffffff;
		break;
	case 6:
		return nasty_va();
	default:
		v = random_next();
		break;
	}
	return vital(v) || vital(v / PAGE_SIZE) ? 0 : v;
}

/* RAM of ours, of others, of nobody; never device memory: dom0 may write there, and break it. */
u64 nasty_mfn(void)
{
	u64 v;

	switch (below(8)) {
	case 0 ... 3:
		return va_to_mfn(arena[below(ARENA)]);
	case 4:
		return va_to_mfn(table[below(TABLES)]);
	case 5:
		v = below(131072);
		return vital(v) || (v >= 0xa0 && v < 0x100) ? 0 : v;
	case 6:
		return (1ul << 40) + below(1ul << 20);
	default:
		return below(2);
	}
}

u64 nasty_va(void)
{
	switch (below(10)) {
	case 0 ... 2:
		return (u64)arena[below(ARENA)] + below(PAGE_SIZE / 8) * 8;
	case 3:
		return (u64)arena[below(ARENA)] + below(PAGE_SIZE);
	case 4:
		return (u64)arena[ARENA - 1] + PAGE_SIZE - below(64); /* the next page is a hole */
	case 5:
		return HV + below(1ul << 43); /* the hypervisor's range, M2P first */
	case 6:
		return HV + below(4096);
	case 7:
		return 0x800000000000ul + random_next() % (0xffff000000000000ul);
	case 8:
		return below(1ul << 47);
	default:
		return (u64)table[below(TABLES)] + below(512) * 8;
	}
}

u64 nasty_entry(void)
{
	u64 mfn = nasty_mfn(), flags = FLAGS;

	switch (below(6)) {
	case 0:
		flags = random_next() & 0xfff;
		break;
	case 1:
		/* Of the frame's number only bits that no machine has: see nasty_mfn(). */
		flags = FLAGS | 1ul << (below(3) ? below(12) : 40 + below(24));
		break;
	case 2:
		flags = PTE_P | PTE_US;
		break;
	case 3:
		return below(2) ? 0 : va_to_mfn(table[below(TABLES)]) * PAGE_SIZE | FLAGS;
	}
	return mfn * PAGE_SIZE | flags;
}

u64 nasty_maddr(void)
{
	u64 slot = below(511) * 8; /* 511 of an L4 is where we live */

	switch (below(6)) {
	case 0 ... 2:
		return maddr_of(table[below(TABLES)]) + slot + below(8) * !below(8);
	case 3:
		/* Not MMU_MACHPHYS_UPDATE: the kernel finds its own tables by it. */
		return pte_maddr(arena[below(ARENA)]) + below(2) * 2;
	case 4:
		return nasty_mfn() * PAGE_SIZE + slot;
	default:
		return nasty();
	}
}

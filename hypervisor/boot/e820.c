/* SPDX-License-Identifier: MIT */
/*
 * The memory map, made regular: sorted, free of overlaps, neighbours of one type joined. Where
 * entries overlap, the one that promises least wins: RAM only where nothing else is said.
 */
#include "e820.h"
#include "lib/lib.h"

static u64 entry_end(const struct boot_e820 *e)
{
	return e->size > ~0ull - e->addr ? ~0ull : e->addr + e->size;
}

/* Higher wins; by type: RAM 1, reserved 2, ACPI, NVS, bad. Unknown types have become reserved. */
static const u8 rank[] = {0, 1, 4, 2, 3, 5};

/* Type at address x, and in *next the next address above x where it may change. */
static u32 type_at(const struct boot_e820 *raw, unsigned int count, u64 x, u64 *next)
{
	u32 type = 0;

	*next = ~0ull;
	for (unsigned int i = 0; i < count; i++) {
		u64 start = raw[i].addr, end = entry_end(&raw[i]);

		if (start > x) {
			*next = MIN(*next, start);
		} else if (end > x) {
			*next = MIN(*next, end);
			type = rank[raw[i].type] > rank[type] ? raw[i].type : type;
		}
	}
	return type;
}

unsigned int e820_normalise(struct boot_e820 *raw, unsigned int count, struct boot_e820 *out,
			    unsigned int max)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < count; i++) {
		raw[i].type = raw[i].type >= 1 && raw[i].type <= 5 ? raw[i].type : 2;
	}
	for (u64 x = 0, next; x != ~0ull; x = next) {
		u32 type = type_at(raw, count, x, &next);

		if (!type) {
			continue;
		}
		if (n && out[n - 1].type == type && out[n - 1].addr + out[n - 1].size == x) {
			out[n - 1].size += next - x;
		} else if (n < max) {
			out[n++] = (struct boot_e820){.addr = x, .size = next - x, .type = type};
		} else {
			return max + 1;
		}
	}
	return n;
}

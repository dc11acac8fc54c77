/* SPDX-License-Identifier: MIT */
/*
 * Building the hypervisor's page tables. Invariant: no mapping is both writable and executable, and
 * once a page is mapped here its entry does not change (CPU windows excepted, which their CPU
 * writes). map_lock guards additions.
 */
#include "arch/cpu.h"
#include "arch/firmware.h"
#include "arch/hv_map.h"
#include "arch/tlb.h"
#include "lib/lib.h"
#include "lib/spinlock.h"

#define SIZE_2M     (1ul << 21)
#define SIZE_1G     (1ul << 30)
#define TABLE_FLAGS (PTE_P | PTE_RW | PTE_A)
#define GUARD_PAGE  4u /* of a stack region, see arch/cpu.h */

pte_t hv_l4_slots[HV_SLOTS];
maddr_t hv_root, firmware_root;
mfn_t hv_zero_frame;

extern u64 early_gdt[];
extern const char __isolated_text_start[], __isolated_text_end[];
extern const char __isolated_data_start[], __isolated_data_end[];

static maddr_t (*table_alloc)(void);
static pte_t *window_l1[CONFIG_NR_CPUS];
static spinlock_t map_lock = SPINLOCK_INIT;

static pte_t *table_at(pte_t e)
{
	return mfn_to_virt(pte_mfn(e));
}

void hv_map_start(maddr_t (*alloc)(void))
{
	table_alloc = alloc;
	hv_root = table_alloc();
	/* Every L3 table exists from the start: guests' L4 tables hold copies of these entries. */
	for (unsigned int i = 0; i < HV_SLOTS; i++) {
		u64 us = i == 0 ? PTE_US : 0; /* the M2P that guests read */

		hv_l4_slots[i] = table_alloc() | TABLE_FLAGS | us;
		((pte_t *)maddr_to_virt(hv_root))[HV_SLOT + i] = hv_l4_slots[i];
	}
	hv_zero_frame = _mfn(table_alloc() >> PAGE_SHIFT);
}

/*
 * The entry for va in a table of `level` (3: 1 GiB, 2: 2 MiB, 1: 4 KiB) below an L3 table, tables
 * made as needed. A larger page that is in the way is returned instead. NULL: no memory.
 */
static pte_t *entry_below(pte_t *l3, unsigned long va, unsigned int level)
{
	pte_t *e = &l3[l3_slot(va)];

	for (unsigned int l = 3; l > level; l--) {
		if (!(*e & PTE_P)) {
			maddr_t table = table_alloc();

			if (!table) {
				return NULL;
			}
			*e = table | TABLE_FLAGS | (l4_slot(va) == HV_SLOT ? PTE_US : 0);
		}
		if (*e & PTE_PSE) {
			return e;
		}
		e = &table_at(*e)[va >> (12 + 9 * (l - 2)) & 511];
	}
	return e;
}

static pte_t *entry_for(unsigned long va, unsigned int level)
{
	return entry_below(table_at(hv_l4_slots[l4_slot(va) - HV_SLOT]), va, level);
}

static unsigned int level_for(unsigned long va, maddr_t ma, u64 bytes)
{
	unsigned long both = va | ma;

	if (cpu_features.page1gb && !(both & (SIZE_1G - 1)) && bytes >= SIZE_1G) {
		return 3;
	}
	return !(both & (SIZE_2M - 1)) && bytes >= SIZE_2M ? 2 : 1;
}

void hv_map_range(unsigned long va, maddr_t ma, u64 bytes, u64 flags)
{
	while (bytes) {
		unsigned int level = level_for(va, ma, bytes);
		u64 size = PAGE_SIZE << (9 * (level - 1));
		pte_t *e = entry_for(va, level);

		BUG_ON(!e || (*e & PTE_P));
		*e = ma | flags | (level > 1 ? PTE_PSE : 0);
		va += size;
		ma += size;
		bytes -= size;
	}
}

void hv_map_load(maddr_t (*alloc)(void))
{
	struct {
		u16 limit;
		u64 base;
	} __packed gdtr = {23, (u64)early_gdt};

	/* head.S loaded this table by its machine address, which is about to vanish. */
	__asm__ volatile("lgdt %0" ::"m"(gdtr));
	write_cr3(hv_root);
	table_alloc = alloc;
}

/* Without the lock: what is mapped stays as it is. */
static bool is_mapped(unsigned long va)
{
	pte_t e = hv_l4_slots[l4_slot(va) - HV_SLOT];

	for (unsigned int shift = 30; shift >= PAGE_SHIFT; shift -= 9) {
		e = READ_ONCE(table_at(e)[va >> shift & 511]);
		if (!(e & PTE_P) || (e & PTE_PSE && shift > PAGE_SHIFT)) {
			return e & PTE_P;
		}
	}
	return true;
}

static void *map_on_demand(maddr_t ma, size_t bytes, u64 flags)
{
	maddr_t at = ma & PAGE_MASK, end = ma + bytes;

	if (end < ma || end > HV_END - DIRECT_VIRT) {
		return NULL;
	}
	while (at < end && is_mapped(DIRECT_VIRT + at)) {
		at += PAGE_SIZE;
	}
	if (at >= end) {
		return (void *)(DIRECT_VIRT + ma);
	}
	spin_lock(&map_lock);
	for (; at < end; at += PAGE_SIZE) {
		pte_t *e = entry_for(DIRECT_VIRT + at, 1);

		if (!e) {
			break;
		}
		if (!(*e & PTE_P)) {
			WRITE_ONCE(*e, at | flags);
		}
	}
	spin_unlock(&map_lock);
	return at < end ? NULL : (void *)(DIRECT_VIRT + ma);
}

void *map_mmio(maddr_t ma, size_t bytes)
{
	return map_on_demand(ma, bytes, HV_RW | HV_UC | PTE_NX | PTE_G);
}

void *map_firmware(maddr_t ma, size_t bytes)
{
	return map_on_demand(ma, bytes, HV_RW | PTE_NX | PTE_G);
}

static bool firmware_root_init(void)
{
	maddr_t root = table_alloc(), l3 = table_alloc();
	pte_t *l4 = maddr_to_virt(root);

	if (!root || !l3) {
		return false;
	}
	memcpy(&l4[HV_SLOT], hv_l4_slots, sizeof(hv_l4_slots));
	l4[0] = l3 | TABLE_FLAGS;
	firmware_root = root;
	return true;
}

bool firmware_map(maddr_t ma, u64 bytes, u64 flags)
{
	if (!firmware_root && !firmware_root_init()) {
		return false;
	}
	for (maddr_t end = ma + bytes; ma < end; ma += PAGE_SIZE) {
		pte_t *l4 = maddr_to_virt(firmware_root);
		pte_t *e = l4_slot(ma) ? NULL : entry_below(table_at(l4[0]), ma, 1);

		if (!e) {
			return false;
		}
		*e = ma | flags;
	}
	return true;
}

pte_t *cpu_window_l1(unsigned int cpu)
{
	return window_l1[cpu];
}

static int map_new_page(pte_t *e, u64 flags)
{
	maddr_t page = table_alloc();

	*e = page ? page | flags : 0;
	return page ? 0 : -ENOMEM;
}

/* The page at va as the hypervisor has it, in a view; it is in none larger. */
static bool view_page(pte_t *l3, unsigned long va)
{
	pte_t *e = entry_below(l3, va, 1);

	if (e) {
		*e = *entry_for(va, 1);
	}
	return e;
}

static bool view_range(pte_t *l3, const char *start, const char *end)
{
	unsigned long va = (unsigned long)start;

	while (va < (unsigned long)end && view_page(l3, va)) {
		va += PAGE_SIZE;
	}
	return va >= (unsigned long)end;
}

/* A CPU's views, without a guest: of its window they have the same L1 table. */
static int views_init(unsigned int cpu)
{
	maddr_t user = table_alloc(), kernel = table_alloc(), l3 = table_alloc();
	const unsigned long window = CPUWIN_GDT(cpu);
	struct cpu_info *info = cpu_info_of(cpu);
	pte_t *e = l3 ? entry_below(maddr_to_virt(l3), window, 2) : NULL;

	if (!user || !kernel || !e ||
	    !view_range(maddr_to_virt(l3), __isolated_text_start, __isolated_text_end) ||
	    !view_range(maddr_to_virt(l3), __isolated_data_start, __isolated_data_end)) {
		return -ENOMEM;
	}
	*e = *entry_for(window, 2);
	((pte_t *)maddr_to_virt(user))[l4_slot(window)] = l3 | TABLE_FLAGS;
	((pte_t *)maddr_to_virt(kernel))[l4_slot(window)] = l3 | TABLE_FLAGS;
	info->views[0] = cr3_with_pcid(user, PCID_VIEW_USER);
	info->views[1] = cr3_with_pcid(kernel, PCID_VIEW_KERNEL);
	return 0;
}

int cpu_window_init(unsigned int cpu)
{
	pte_t *l1, zero = pte_make(hv_zero_frame, HV_RO | PTE_NX);
	int rc = 0;

	if (window_l1[cpu]) {
		return 0; /* of a CPU that did not start */
	}
	spin_lock(&map_lock);
	l1 = entry_for(CPUWIN_GDT(cpu), 1);
	spin_unlock(&map_lock);
	if (!l1) {
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < 16; i++) {
		l1[i] = zero;
	}
	rc = map_new_page(&l1[14], HV_RW | PTE_NX);
	l1 += (CPUWIN_STACK(0) - CPUWIN_GDT(0)) >> PAGE_SHIFT;
	for (unsigned int i = 0; i < STACK_PAGES && !rc; i++) {
		if (i != GUARD_PAGE) {
			rc = map_new_page(&l1[i], HV_RW | PTE_NX | PTE_G);
		}
	}
	if (!rc && cpu_features.isolate) {
		rc = views_init(cpu);
	}
	if (!rc) { /* only a whole one is kept for another try */
		window_l1[cpu] = entry_for(CPUWIN_GDT(cpu), 1);
	}
	return rc;
}

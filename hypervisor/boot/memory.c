/* SPDX-License-Identifier: MIT */
/*
 * The memory of the machine: which frames are RAM, the frame table, the machine-to-physical table,
 * the hypervisor's page tables, and what is left for the allocator.
 *
 * ram[] holds the RAM ranges of the memory map in whole frames; spare[] what of it nobody uses
 * yet. Both are sorted and do not overlap. Before the allocator runs, memory is taken from spare[]
 * from the top. Boot only: one CPU, no lock.
 */
#include "arch/cpu.h"
#include "arch/hv_map.h"
#include "boot/boot.h"
#include "control/control.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/frame_init.h"

struct range {
	u64 start, end; /* frames */
};

#define MAX_RANGES   (BOOT_MAX_E820 + 64)
#define LOW_FRAMES   (0x100000u >> PAGE_SHIFT)              /* first MiB: BIOS, trampolines */
#define EARLY_FRAMES (1ull << (32 - PAGE_SHIFT))            /* mapped by head.S */
#define REACH_FRAMES ((HV_END - DIRECT_VIRT) >> PAGE_SHIFT) /* of the direct map */
#define CHUNK_FRAMES 0x40000u /* frames whose M2P entries fill 2 MiB */
#define CHUNK_PAGES  512u
#define CHUNK_BYTES  (CHUNK_PAGES * PAGE_SIZE)

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[], __data_start[],
	__image_end[];

static struct range ram[BOOT_MAX_E820], spare[MAX_RANGES];
static unsigned int ram_count, spare_count;

static void spare_insert(unsigned int at, u64 start, u64 end)
{
	if (spare_count == MAX_RANGES) {
		printk(LOG_WARN "Memory map too fragmented: %lu KiB stay unused\n",
		       (end - start) * (PAGE_SIZE / 1024));
		return;
	}
	memmove(&spare[at + 1], &spare[at], (spare_count - at) * sizeof(spare[0]));
	spare[at] = (struct range){start, end};
	spare_count++;
}

static void spare_remove(unsigned int at)
{
	spare_count--;
	memmove(&spare[at], &spare[at + 1], (spare_count - at) * sizeof(spare[0]));
}

/* Takes frames [start, end) out of spare[]. */
static void spare_carve(u64 start, u64 end)
{
	for (unsigned int i = 0; i < spare_count;) {
		struct range r = spare[i];

		if (r.end <= start || r.start >= end) {
			i++;
			continue;
		}
		spare_remove(i);
		if (r.end > end) {
			spare_insert(i, end, r.end);
		}
		if (r.start < start) {
			spare_insert(i++, r.start, start);
		}
	}
}

static void find_ram(void)
{
	for (unsigned int i = 0; i < boot_info.e820_count; i++) {
		const struct boot_e820 *e = &boot_info.e820[i];
		u64 start = pages_of(e->addr);
		u64 end = (e->addr + e->size) >> PAGE_SHIFT;

		if (e->type == 1 && end > REACH_FRAMES) {
			printk(LOG_WARN "What lies above 6 TiB is not used as RAM\n");
			end = REACH_FRAMES;
		}
		if (e->type != 1 || start >= end) {
			continue;
		}
		ram[ram_count++] = (struct range){start, end};
		frame_end = MAX(frame_end, end);
		host_facts.total_pages += end - start;
		if (end > LOW_FRAMES) {
			spare_insert(spare_count, MAX(start, LOW_FRAMES), end);
		}
	}
	if (!spare_count) {
		panic("The boot loader's memory map shows no RAM above 1 MiB: nothing to run in");
	}
	spare_carve(boot_info.image_start >> PAGE_SHIFT, boot_info.image_end >> PAGE_SHIFT);
	for (unsigned int i = 0; i < boot_info.module_count; i++) {
		const struct boot_module *m = &boot_info.module[i];

		spare_carve(m->start >> PAGE_SHIFT, pages_of(m->start + m->size));
	}
}

/* Frames from as high as possible below `limit`; INVALID_MFN if there are none. Not cleared. */
static mfn_t take(u64 count, u64 align, u64 limit)
{
	for (unsigned int i = spare_count; i-- > 0;) {
		u64 end = MIN(spare[i].end, limit);
		u64 start = end < count ? 0 : (end - count) / align * align;

		if (start >= spare[i].start && start + count <= end) {
			spare_carve(start, start + count);
			return _mfn(start);
		}
	}
	return INVALID_MFN;
}

static mfn_t take_or_panic(u64 count, u64 align, u64 limit)
{
	mfn_t m = take(count, align, limit);

	if (mfn_eq(m, INVALID_MFN)) {
		panic("Not enough memory to start: the hypervisor's tables need %lu KiB in one piece",
		      count * (PAGE_SIZE / 1024));
	}
	return m;
}

static maddr_t take_table(void)
{
	mfn_t m = take_or_panic(1, 1, EARLY_FRAMES);

	memset(mfn_to_virt(m), 0, PAGE_SIZE);
	return m.n << PAGE_SHIFT;
}

static void map_image(void)
{
	const struct {
		char *start, *end;
		u64 flags;
	} part[] = {{__text_start, __text_end, HV_RO},
		    {__rodata_start, __rodata_end, HV_RO | PTE_NX},
		    {__data_start, __image_end, HV_RW | PTE_NX}};

	for (unsigned int i = 0; i < ARRAY_SIZE(part); i++) {
		u64 offset = (u64)part[i].start - IMAGE_VIRT;

		/* In 4 KiB pages: the parts share 2 MiB with each other. */
		hv_map_range((unsigned long)part[i].start, boot_info.image_start + offset,
			     (u64)(part[i].end - part[i].start), part[i].flags | PTE_G);
	}
}

static void map_direct(u64 start, u64 end, u64 flags)
{
	if (start < end) {
		hv_map_range(DIRECT_VIRT + (start << PAGE_SHIFT), start << PAGE_SHIFT,
			     (end - start) << PAGE_SHIFT, flags | PTE_NX | PTE_G);
	}
}

/* All RAM, writable except for the image's code and constants. */
static void map_ram(void)
{
	u64 ro_start = boot_info.image_start >> PAGE_SHIFT;
	u64 ro_end = ro_start + ((u64)(__rodata_end - __text_start) >> PAGE_SHIFT);

	for (unsigned int i = 0; i < ram_count; i++) {
		u64 start = ram[i].start, end = ram[i].end;

		map_direct(start, MIN(end, ro_start), HV_RW);
		map_direct(MAX(start, ro_start), MIN(end, ro_end), HV_RO);
		map_direct(MAX(start, ro_end), end, HV_RW);
	}
}

static bool has_ram(u64 start, u64 end)
{
	for (unsigned int i = 0; i < ram_count; i++) {
		if (ram[i].start < end && start < ram[i].end) {
			return true;
		}
	}
	return false;
}

/* In 2 MiB pages, one for each chunk that covers some RAM. */
static void map_m2p(void)
{
	for (u64 m = 0; m < frame_end; m += CHUNK_FRAMES) {
		u64 offset = m * sizeof(u64);
		maddr_t ma;

		if (has_ram(m, m + CHUNK_FRAMES)) {
			ma = take_or_panic(CHUNK_PAGES, CHUNK_PAGES, frame_end).n << PAGE_SHIFT;
			hv_map_range(M2P_VIRT + offset, ma, CHUNK_BYTES, HV_RO | PTE_US | PTE_NX);
			hv_map_range(M2P_RW_VIRT + offset, ma, CHUNK_BYTES, HV_RW | PTE_NX | PTE_G);
		}
	}
}

/* In 2 MiB pages where all of it is needed, else in 4 KiB pages. */
static void map_frame_table(const u8 *map, u64 sections)
{
	u64 pages = sections * SECTION_PAGES;

	for (u64 p = 0; p < pages;) {
		u64 n = 0;
		mfn_t m = INVALID_MFN;

		while (n < CHUNK_PAGES && p + n < pages && map[(p + n) / SECTION_PAGES]) {
			n++;
		}
		if (n == CHUNK_PAGES && p % CHUNK_PAGES == 0) {
			m = take(CHUNK_PAGES, CHUNK_PAGES, frame_end);
		}
		if (mfn_eq(m, INVALID_MFN)) {
			n = MIN(n, 1u);
			m = n ? take_or_panic(1, 1, frame_end) : m;
		}
		if (n) {
			hv_map_range(FRAMES_VIRT + p * PAGE_SIZE, m.n << PAGE_SHIFT, n * PAGE_SIZE,
				     HV_RW | PTE_NX | PTE_G);
		}
		p += MAX(n, 1u);
	}
}

static u8 *make_section_map(u64 sections)
{
	u64 pages = pages_of(sections);
	u8 *map = mfn_to_virt(take_or_panic(pages, 1, EARLY_FRAMES));

	memset(map, 0, pages * PAGE_SIZE);
	for (unsigned int i = 0; i < ram_count; i++) {
		for (u64 s = ram[i].start / SECTION_FRAMES; s * SECTION_FRAMES < ram[i].end; s++) {
			map[s] = 1;
		}
	}
	return map;
}

/* Frames of backed sections that are no RAM. */
static void init_holes(void)
{
	u64 at = 0;

	for (unsigned int i = 0; i < ram_count; i++) {
		u64 ceil = ROUND_UP(ram[i].end, SECTION_FRAMES);

		at = MAX(at, ram[i].start / SECTION_FRAMES * SECTION_FRAMES);
		frame_init_range(_mfn(at), _mfn(ram[i].start), FRAME_OWNER_IO);
		at = i + 1 < ram_count ? MIN(ceil, ram[i + 1].start) : ceil;
		frame_init_range(_mfn(ram[i].end), _mfn(at), FRAME_OWNER_IO);
	}
}

/* RAM: what is spare goes to the allocator, the rest is the hypervisor's or a module's. */
static void init_ram(void)
{
	unsigned int s = 0;

	for (unsigned int i = 0; i < ram_count; i++) {
		u64 at = ram[i].start;

		for (; s < spare_count && spare[s].start < ram[i].end; s++) {
			frame_init_range(_mfn(at), _mfn(spare[s].start), FRAME_OWNER_NONE);
			at = spare[s].end;
		}
		frame_init_range(_mfn(at), _mfn(ram[i].end), FRAME_OWNER_NONE);
	}
	for (s = 0; s < spare_count; s++) {
		alloc_add_range(_mfn(spare[s].start), _mfn(spare[s].end), false);
	}
}

static void init_m2p(void)
{
	for (u64 m = 0; m < frame_end; m += CHUNK_FRAMES) {
		if (has_ram(m, m + CHUNK_FRAMES)) {
			memset(m2p_rw + m, 0xff, CHUNK_BYTES);
		}
	}
}

static maddr_t table_from_allocator(void)
{
	mfn_t m = alloc_frames(0, 0, ALLOC_ZERO);

	return mfn_eq(m, INVALID_MFN) ? 0 : m.n << PAGE_SHIFT;
}

void boot_memory_init(void)
{
	u64 sections;
	u8 *map;

	find_ram();
	sections = (frame_end + SECTION_FRAMES - 1) / SECTION_FRAMES;
	hv_map_start(take_table);
	map = make_section_map(sections);
	map_image();
	map_ram();
	map_m2p();
	map_frame_table(map, sections);
	frame_table_set(map, frame_end);
	hv_map_load(table_from_allocator);
	init_holes();
	init_ram();
	init_m2p();
	printk(LOG_INFO "Memory: %lu MiB of RAM, %lu MiB free\n", host_facts.total_pages >> 8,
	       alloc_free_pages() >> 8);
}

/* Frames of a module that nobody took over go to the allocator, to be scrubbed before reuse. */
static void release_frames(u64 start, u64 end)
{
	u64 first = start;

	for (u64 m = start; m <= end; m++) {
		const struct frame *f = frame_of(_mfn(m));
		bool ours = m < end && frame_valid(_mfn(m)) && !f->count &&
			    f->owner == FRAME_OWNER_NONE;

		if (!ours) {
			alloc_add_range(_mfn(first), _mfn(m), false);
			first = m + 1;
		}
	}
}

void boot_release_modules(void)
{
	for (unsigned int i = 0; i < boot_info.module_count; i++) {
		const struct boot_module *m = &boot_info.module[i];

		release_frames(MAX(m->start >> PAGE_SHIFT, LOW_FRAMES),
			       pages_of(m->start + m->size));
	}
	boot_info.module_count = 0;
}

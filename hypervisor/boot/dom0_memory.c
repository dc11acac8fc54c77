/* SPDX-License-Identifier: MIT */
/*
 * dom0's memory. Pages of the kernel's file and of the ramdisk become dom0's where they lie, if
 * they can; the rest comes from the allocator, scrubbed. Boot only.
 */
#include "control/control.h"
#include "dom0_options.h"
#include "dom0_private.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/frame.h"

#define MIB_OF(pages) ((pages) >> (20 - PAGE_SHIFT))
#define RESERVE_PAGES 512u /* kept for the hypervisor's own needs while it builds dom0 */

struct in_place {
	u64 first, end; /* pages of a segment that lie in the file's own frames */
};

/*
 * The pages of a segment that the file fills whole, if file and memory agree on page boundaries:
 * these can be used in place.
 */
static struct in_place whole_pages(const struct elf_segment *s)
{
	struct in_place p = {pages_of(s->paddr), (s->paddr + s->filesz) >> PAGE_SHIFT};
	bool usable = (s->paddr - s->offset) % PAGE_SIZE == 0 && p.first < p.end;

	return usable ? p : (struct in_place){0, 0};
}

/* What becomes available by using modules in place. */
static u64 pages_in_place(const struct dom0_builder *b)
{
	u64 n = b->initrd ? pages_of(b->initrd->size) : 0;

	for (unsigned int i = 0; i < b->kernel.segment_count; i++) {
		struct in_place p = whole_pages(&b->kernel.segment[i]);

		n += p.end - p.first;
	}
	return n;
}

void dom0_choose_layout(struct dom0_builder *b)
{
	u64 available = alloc_free_pages() + pages_in_place(b), limit;
	struct dom0_layout_in in = {.virt_base = b->kernel.virt_base,
				    .kernel_bytes = b->kernel.end,
				    .initrd_bytes = b->initrd ? b->initrd->size : 0,
				    .initrd_by_pfn = b->kernel.initrd_by_pfn,
				    .has_p2m_va = elf_has_note(&b->kernel, XEN_ELFNOTE_INIT_P2M),
				    .p2m_va = b->kernel.init_p2m};
	const char *error;

	available -= MIN(available, RESERVE_PAGES);
	if (!dom0_mem_decide(&dom0_mem_option, host_facts.total_pages, available, &b->pages,
			     &limit)) {
		panic("dom0_mem asks for %lu MiB but only %lu MiB are free: ask for less",
		      MIB_OF(b->pages), MIB_OF(available));
	}
	in.pages = b->pages;
	error = dom0_layout(&in, &b->layout);
	if (error && b->layout.needed_pages > b->pages) {
		panic("%s: it has %lu MiB and takes at least %lu MiB: see dom0_mem", error,
		      MIB_OF(b->pages), MIB_OF(b->layout.needed_pages) + 1);
	}
	if (error) {
		panic("%s", error);
	}
	b->d->mm.limit = limit;
}

/* The next run of dom0's memory, as long as possible but no more than it still lacks. */
static void next_run(struct dom0_builder *b)
{
	u64 lacks = b->pages - b->d->mm.pages;
	unsigned int order = MIN(bit_last(MAX(lacks, 1ull)), ALLOC_MAX_ORDER);

	BUG_ON(!lacks);
	while (frame_alloc_owned(&b->d->mm, order, 0, &b->run)) {
		if (order-- == 0) {
			panic("Memory ran out while building dom0: give a smaller dom0_mem");
		}
	}
	b->run_left = 1ull << order;
}

/* Gives [pfn, end) frames, where they have none. */
static void fill(struct dom0_builder *b, u64 pfn, u64 end)
{
	for (; pfn < end; pfn++) {
		if (b->p2m[pfn]) {
			continue;
		}
		if (!b->run_left) {
			next_run(b);
		}
		b->p2m[pfn] = b->run.n++;
		b->run_left--;
	}
}

/* The p2m list is one run, so that it can be written as an array from the start. */
static void place_p2m(struct dom0_builder *b)
{
	unsigned int order = order_of_pages(b->layout.p2m_pages);

	if (frame_alloc_owned(&b->d->mm, order, 0, &b->run)) {
		panic("No %lu KiB of memory in one piece for dom0's list of frames",
		      PAGE_SIZE << order >> 10);
	}
	b->p2m = mfn_to_virt(b->run);
	for (u64 i = 0; i < b->layout.p2m_pages; i++) {
		b->p2m[b->layout.p2m_pfn + i] = b->run.n + i;
	}
	b->run.n += b->layout.p2m_pages;
	b->run_left = (1ull << order) - b->layout.p2m_pages;
}

/* Makes `count` frames from `m` dom0's, at pfn. False: they cannot be, copy them. */
static bool use_in_place(struct dom0_builder *b, u64 pfn, mfn_t m, u64 count)
{
	if (frame_adopt(&b->d->mm, m, count)) {
		return false;
	}
	for (u64 i = 0; i < count; i++) {
		b->p2m[pfn + i] = m.n + i;
	}
	return true;
}

/* Copies bytes to dom0's memory at byte `at`; the pages have frames. */
static void copy_in(struct dom0_builder *b, u64 at, const u8 *from, u64 bytes)
{
	while (bytes) {
		u64 offset = at % PAGE_SIZE, n = MIN(bytes, PAGE_SIZE - offset);

		memcpy((u8 *)dom0_page(b, at >> PAGE_SHIFT) + offset, from, n);
		at += n;
		from += n;
		bytes -= n;
	}
}

static struct in_place segment_in_place(struct dom0_builder *b, const struct elf_segment *s)
{
	struct in_place p = whole_pages(s);
	u64 offset = s->offset + ((p.first << PAGE_SHIFT) - s->paddr);
	bool used = use_in_place(b, p.first, mfn_add(b->image_mfn, offset >> PAGE_SHIFT),
				 p.end - p.first);

	return used ? p : (struct in_place){0, 0};
}

/* What of the segment's file part is not there already. */
static void segment_copy(struct dom0_builder *b, const struct elf_segment *s, struct in_place p)
{
	const u8 *file = b->image + s->offset;
	u64 end = s->paddr + s->filesz, from = p.first << PAGE_SHIFT, to = p.end << PAGE_SHIFT;

	if (from == to) {
		copy_in(b, s->paddr, file, s->filesz);
		return;
	}
	copy_in(b, s->paddr, file, from - s->paddr);
	copy_in(b, to, file + (to - s->paddr), end - to);
}

static void load_kernel(struct dom0_builder *b)
{
	struct in_place p[ELF_MAX_SEGMENTS];

	for (unsigned int i = 0; i < b->kernel.segment_count; i++) {
		p[i] = segment_in_place(b, &b->kernel.segment[i]);
	}
	fill(b, 0, b->layout.boot_pages);
	for (unsigned int i = 0; i < b->kernel.segment_count; i++) {
		segment_copy(b, &b->kernel.segment[i], p[i]);
	}
}

static void load_initrd(struct dom0_builder *b)
{
	u64 pfn = b->layout.initrd_pfn, count = b->layout.initrd_pages;
	u64 tail = b->initrd->size % PAGE_SIZE;

	if (use_in_place(b, pfn, _mfn(b->initrd->start >> PAGE_SHIFT), count)) {
		if (tail) {
			memset((u8 *)dom0_page(b, pfn + count - 1) + tail, 0, PAGE_SIZE - tail);
		}
		return;
	}
	fill(b, pfn, pfn + count);
	copy_in(b, pfn << PAGE_SHIFT, maddr_to_virt(b->initrd->start), b->initrd->size);
}

void dom0_fill_memory(struct dom0_builder *b)
{
	place_p2m(b);
	if (b->initrd) {
		load_initrd(b);
	}
	load_kernel(b);
	fill(b, b->layout.boot_pages, b->pages);
	BUG_ON(b->run_left || b->d->mm.pages != b->pages);
	for (u64 pfn = 0; pfn < b->pages; pfn++) {
		m2p_rw[b->p2m[pfn]] = pfn;
	}
}

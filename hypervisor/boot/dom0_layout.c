/* SPDX-License-Identifier: MIT */
/* The bootstrap layout, a public contract of the ABI. Pure arithmetic. */
#include "dom0_layout.h"
#include "arch/page.h"

#define REGION_ALIGN   (4ull << 20)
#define REGION_PADDING (512ull << 10)
#define MAX_REGION     (1ull << 31)

/* L1, L2 and L3 tables that [va, va + bytes) takes. */
static u64 count_tables(u64 va, u64 bytes)
{
	u64 last = va + bytes - 1, n = 0;

	for (unsigned int shift = 21; shift <= 39; shift += 9) {
		n += (last >> shift) - (va >> shift) + 1;
	}
	return n;
}

static u64 region_bytes(u64 used_pages)
{
	return ROUND_UP((used_pages << PAGE_SHIFT) + REGION_PADDING, REGION_ALIGN);
}

/* The tables are part of what they map: repeat until their number holds. */
static u64 place_tables(const struct dom0_layout_in *in, struct dom0_layout *out)
{
	u64 bytes = 0;

	out->table_count = 0;
	for (u64 want = 1; want != out->table_count;) {
		out->table_count = want;
		out->stack_pfn = out->table_pfn + want;
		bytes = region_bytes(out->stack_pfn + 1);
		if (in->virt_base > ~0ull - (bytes - 1)) {
			break; /* over the top: the caller refuses it */
		}
		want = 1 + count_tables(in->virt_base, bytes);
	}
	out->boot_pages = bytes >> PAGE_SHIFT;
	return bytes;
}

static bool ranges_overlap(u64 a, u64 a_bytes, u64 b, u64 b_bytes)
{
	return a <= b + (b_bytes - 1) && b <= a + (a_bytes - 1);
}

const char *dom0_layout(const struct dom0_layout_in *in, struct dom0_layout *out)
{
	u64 at = pages_of(in->kernel_bytes), bytes;

	*out = (struct dom0_layout){.initrd_pages = pages_of(in->initrd_bytes),
				    .p2m_pages = pages_of(in->pages * sizeof(u64))};
	if (out->initrd_pages && !in->initrd_by_pfn) {
		out->initrd_pfn = at;
		at += out->initrd_pages;
	}
	if (!in->has_p2m_va) {
		out->p2m_pfn = at;
		out->p2m_va = in->virt_base + (at << PAGE_SHIFT);
		at += out->p2m_pages;
	}
	out->start_info_pfn = at++;
	out->table_pfn = at;
	if (at << PAGE_SHIFT > MAX_REGION) {
		return "The dom0 kernel and ramdisk are too large to be mapped at start";
	}
	bytes = place_tables(in, out);
	if (in->virt_base > ~0ull - (bytes - 1) || !va_guest(in->virt_base + bytes - 1)) {
		return "The dom0 kernel does not fit at the address its Xen notes give";
	}
	at = out->boot_pages;
	if (out->initrd_pages && in->initrd_by_pfn) {
		out->initrd_pfn = at;
		at += out->initrd_pages;
	}
	if (in->has_p2m_va) {
		u64 p2m_bytes = out->p2m_pages << PAGE_SHIFT;

		out->p2m_va = in->p2m_va;
		out->p2m_pfn = at;
		out->p2m_table_pfn = at + out->p2m_pages;
		out->p2m_table_count = count_tables(in->p2m_va, p2m_bytes);
		at = out->p2m_table_pfn + out->p2m_table_count;
		if (in->p2m_va > ~0ull - p2m_bytes || !va_guest(in->p2m_va + p2m_bytes - 1) ||
		    ranges_overlap(in->virt_base, bytes, in->p2m_va, p2m_bytes)) {
			return "The dom0 kernel's Xen notes leave no room for the list of its frames";
		}
	}
	out->needed_pages = at;
	return at > in->pages ? "dom0 has too little memory for its kernel and ramdisk" : NULL;
}

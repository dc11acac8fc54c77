/* SPDX-License-Identifier: MIT */
/*
 * Bad page-table entries are refused with the right errno, and nothing changes.
 *
 * A PV guest writes real page tables, so the hypervisor checks each entry before it can be used:
 * a frame is a table or writable, never both; frames of others, of the hypervisor, reserved bits,
 * large pages and its own slots of L4 are out of bounds. Each attempt here would, if it got
 * through, give the guest the machine. Failure: a FAIL line; behind it all bets are off.
 */
#include "../lib/guest.h"
#include <xen/grant_table.h>
#include <xen/memory.h>

#define FLAGS    (PTE_P | PTE_RW | PTE_US | PTE_AD)
#define RO_FLAGS (PTE_P | PTE_US | PTE_AD)

static char *scratch;          /* its entry is what the attempts go for */
static u64 *l4, *l3, *l2, *l1; /* empty tables, only what is named below refers to them */

/* Both ways to write the entry of `scratch` answer `err`, and the entry stays. */
static void refused(u64 entry, long err)
{
	u64 old = pte_read(scratch);

	CHECK_EQ(va_map(scratch, entry), err);
	CHECK_EQ(mmu_update(pte_maddr(scratch), entry), err);
	CHECK_EQ(pte_read(scratch), old);
}

static void table_refused(const u64 *slot, u64 entry)
{
	u64 old = *slot;

	CHECK_EQ(mmu_update(maddr_of(slot), entry), -XEN_EINVAL);
	CHECK_EQ(*slot, old);
}

static void own_tables(void)
{
	claim("no table can be mapped writable");
	for (unsigned int i = 0; i < start_info_ptr->nr_pt_frames; i++) {
		const char *t = (char *)start_info_ptr->pt_base + i * PAGE_SIZE;

		refused(pte_for(t, FLAGS), -XEN_EINVAL);
		if (i < 4) {
			CHECK_EQ(va_map(scratch, pte_for(t, RO_FLAGS)), 0);
			CHECK_EQ(va_map(scratch, pte_for(t, FLAGS)), -XEN_EINVAL);
			CHECK_EQ(page_make_rw(scratch), 0);
		}
	}
	refused(pte_for(l1, FLAGS), -XEN_EINVAL);
}

static void foreign_frames(void)
{
	u64 last = (u64)HC2(__HYPERVISOR_memory_op, XENMEM_maximum_ram_page, 0);

	claim("frames of nobody, or that do not exist, cannot be mapped");
	refused(last * PAGE_SIZE | FLAGS, -XEN_EINVAL); /* free */
	refused(last * PAGE_SIZE | RO_FLAGS, -XEN_EINVAL);
	refused(1ull << 51 | FLAGS, -XEN_EINVAL);
	refused(0xffffffffff000ull | FLAGS, -XEN_EINVAL);
	claim("the bit of grant mappings is not the guest's to set");
	refused(pte_for(scratch, FLAGS | 1ull << 62), -XEN_EINVAL);
}

static void upper_levels(void)
{
	u64 other = pte_for(table_alloc(), FLAGS);

	claim("upper entries refuse large pages, other bits, and tables of another level");
	table_refused(&l2[1], pte_for(l1, FLAGS | 0x80));
	table_refused(&l3[1], pte_for(l2, FLAGS | 0x80));
	table_refused(&l2[1], 0x80 | FLAGS);
	table_refused(&l2[1], pte_for(l1, FLAGS | 0x100));
	table_refused(&l2[1], pte_for(l1, FLAGS | 1ull << 51));
	table_refused(&l2[1], pte_for(l2, FLAGS));
	table_refused(&l2[1], pte_for(l3, FLAGS));
	table_refused(&l3[1], pte_for(l1, FLAGS));
	table_refused(&l3[1], pte_for(l4, FLAGS));
	table_refused(&l4[1], pte_for(l2, FLAGS));
	table_refused(&l2[1], pte_for(scratch, FLAGS)); /* mapped writable */
	claim("tables that contain themselves are refused");
	table_refused(&l4[1], pte_for(l4, FLAGS));
	table_refused(&l1[1], pte_for(l1, FLAGS));
	claim("the hypervisor's slots of L4 cannot be written");
	for (unsigned int i = 256; i < 272; i++) {
		table_refused(&l4[i], other);
		table_refused(&l4[i], 0);
	}
}

static void pins(void)
{
	u64 *a = page_alloc(), *b = page_alloc();

	claim("pages with bad contents cannot be pinned");
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(scratch), 0), -XEN_EINVAL);
	a[511] = pte_for(a, FLAGS); /* maps itself writable, but for the RO mapping here */
	CHECK_EQ(page_make_ro(a), 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(a), 0), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_PIN_L2_TABLE, va_to_mfn(a), 0), -XEN_EINVAL);
	CHECK_EQ(page_make_rw(a), 0); /* the failed pins left no type */
	claim("two pages cannot be tables and show each other writable");
	a[511] = pte_for(b, FLAGS);
	b[511] = pte_for(a, FLAGS);
	CHECK_EQ(page_make_ro(a), 0);
	CHECK_EQ(page_make_ro(b), 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(a), 0), 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(b), 0), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(a), 0), 0);
	claim("pins are taken once, by the right level, and given back once");
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(a), 0), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_PIN_L4_TABLE, va_to_mfn(l4), 0), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_PIN_L3_TABLE, va_to_mfn(l4), 0), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, ~0ul >> 12, 0), -XEN_EINVAL);
}

/* Every other way to have the hypervisor write to a frame. */
static void back_doors(void)
{
	struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
	u64 mfn = va_to_mfn(l1), before[4];

	claim("tables are not written by other calls either");
	memcpy(before, l1, sizeof(before));
	CHECK_EQ(mmuext(MMUEXT_CLEAR_PAGE, mfn, 0), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_COPY_PAGE, mfn, va_to_mfn(scratch)), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_update_descriptor, mfn * PAGE_SIZE, 0x00cff3000000ffffull),
		 -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_set_gdt, &mfn, 512), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_xen_version, 1, l1), -XEN_EFAULT);
	TRY("wrmsr", "c"(0x40000000), "a"(mfn << 12), "d"(mfn >> 20));
	CHECK_EQ(caught_vector, 13);
	set_xen_guest_handle(r.extent_start, &mfn);
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r), 0); /* of 1 */
	CHECK_EQ(memcmp(before, l1, sizeof(before)), 0);
}

void test_main(void)
{
	l1 = page_alloc();
	l2 = page_alloc();
	l3 = page_alloc();
	l4 = page_alloc();
	scratch = page_alloc();
	l2[0] = pte_for(l1, FLAGS);
	l3[0] = pte_for(l2, FLAGS);
	l4[0] = pte_for(l3, FLAGS);
	claim("a good set of tables is accepted");
	CHECK(!page_make_ro(l1) && !page_make_ro(l2) && !page_make_ro(l3) && !page_make_ro(l4));
	CHECK_EQ(mmuext(MMUEXT_PIN_L4_TABLE, va_to_mfn(l4), 0), 0);
	own_tables();
	foreign_frames();
	upper_levels();
	pins();
	back_doors();
}

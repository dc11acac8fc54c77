/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: map, unmap and copy between frames of this domain, granted to itself.
 *
 * An entry of the shared table allows one domain to use one frame. The hypervisor marks entries in
 * use (GTF_reading, GTF_writing), keeps the frame alive while it is mapped, and refuses what the
 * entry does not allow. Mappings end by unmap only: their table entries are not the guest's to
 * change. Each element of a call has a status of its own. Failure: a FAIL line.
 */
#include "../lib/grants.h"
#include <xen/memory.h>

static volatile grant_entry_v1_t *table;
static char *frame, *window, *spare;

static void grant(unsigned int ref, const void *p, u16 flags)
{
	table[ref].domid = GRANTS_DOM0;
	table[ref].frame = (u32)va_to_mfn(p);
	__sync_synchronize();
	table[ref].flags = flags;
}

static void setup(void)
{
	struct gnttab_setup_table s = {.dom = DOMID_SELF};
	struct gnttab_query_size q = {.dom = DOMID_SELF};

	claim("the table is set up and can be mapped");
	table = grant_table_map(1);
	CHECK_EQ(grant_call(GNTTABOP_query_size, &q), 0);
	CHECK_EQ(q.nr_frames, 1);
	s.nr_frames = q.max_nr_frames + 1;
	CHECK_EQ(grant_call(GNTTABOP_setup_table, &s), 0);
	CHECK_EQ(s.status, GNTST_general_error);
	CHECK_EQ(HC3(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &s, 2), -XEN_EINVAL);
	CHECK_EQ(HC3(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, 8, 1), -XEN_EFAULT);
	CHECK_EQ(HC3(__HYPERVISOR_grant_table_op, 99, &s, 1), -XEN_ENOSYS);
}

static void mapping(void)
{
	struct gnttab_map_grant_ref op, second;
	u64 old;

	claim("a granted frame can be mapped, is marked as in use, and unmapped once");
	grant(8, frame, GTF_permit_access);
	frame[0] = 'f';
	op = grant_map(8, GNTMAP_host_map, window);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK_EQ(window[0], 'f');
	window[1] = 'w';
	CHECK_EQ(frame[1], 'w');
	CHECK_EQ(table[8].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
	claim("a mapping's entry is not the guest's to reuse, nor the frame to give away");
	second = grant_map(8, GNTMAP_host_map, window);
	CHECK_EQ(second.status, GNTST_bad_virt_addr);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(frame), 0), -XEN_EINVAL);
	claim("to overwrite such an entry is an error of the call, or the guest's own page fault");
	old = pte_read(window);
	CHECK_EQ(va_map(window, 0), -XEN_EPERM);
	CHECK_EQ(mmu_update(pte_maddr(window), 0), -XEN_EPERM);
	TRY("movq $0, (%0)", "r"(pte_address(window)));
	CHECK_EQ(caught_vector, 14);
	CHECK_EQ(pte_read(window), old);
	claim("unmap wants the right handle and address");
	CHECK_EQ(grant_unmap(op.handle, spare), GNTST_general_error);
	CHECK_EQ(grant_unmap(op.handle + 1, window), GNTST_bad_handle);
	CHECK_EQ(grant_unmap(~0u, window), GNTST_bad_handle);
	CHECK_EQ(grant_unmap(op.handle, window), GNTST_okay);
	CHECK_EQ(grant_unmap(op.handle, window), GNTST_bad_handle);
	CHECK_EQ(table[8].flags, GTF_permit_access);
	TRY("movb (%0), %%al", "r"(window));
	CHECK_EQ(caught_vector, 14);
	claim("read-only grants and mappings cannot be written");
	grant(9, frame, GTF_permit_access | GTF_readonly);
	CHECK_EQ(grant_map(9, GNTMAP_host_map, window).status, GNTST_general_error);
	op = grant_map(9, GNTMAP_host_map | GNTMAP_readonly, window);
	CHECK_EQ(op.status, GNTST_okay);
	TRY("movb %%al, (%0)", "r"(window));
	CHECK_EQ(caught_vector, 14);
	CHECK_EQ(grant_unmap(op.handle, window), GNTST_okay);
	claim("a mapping may be named by its table entry");
	old = pte_maddr(window);
	op = grant_map(8, GNTMAP_host_map | GNTMAP_contains_pte, (void *)old);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK_EQ(window[0], 'f');
	CHECK_EQ(grant_unmap(op.handle, (void *)old), GNTST_okay);
}

static void refusals(void)
{
	struct gnttab_map_grant_ref op = {.dom = 77, .flags = GNTMAP_host_map, .ref = 8};

	claim("entries that grant nothing, frames that are not there, are refused");
	CHECK(grant_map(10, GNTMAP_host_map, window).status < 0);
	CHECK_EQ(grant_map(100000, GNTMAP_host_map, window).status, GNTST_bad_gntref);
	CHECK(grant_map(8, 0, window).status < 0);
	CHECK(grant_map(8, GNTMAP_host_map, (void *)0xffff820000000000ul).status < 0);
	CHECK(grant_map(8, GNTMAP_host_map, (void *)0x1000).status < 0);
	CHECK(grant_map(8, GNTMAP_host_map | GNTMAP_contains_pte, frame).status < 0);
	CHECK_EQ(grant_call(GNTTABOP_map_grant_ref, &op), 0);
	CHECK_EQ(op.status, GNTST_bad_domain);
	grant(11, frame, GTF_permit_access);
	table[11].domid = 5;
	CHECK(grant_map(11, GNTMAP_host_map, window).status < 0);
	grant(12, (void *)start_info_ptr->pt_base, GTF_permit_access); /* no table writable */
	CHECK(grant_map(12, GNTMAP_host_map, window).status < 0);
	grant(13, frame, GTF_permit_access);
	table[13].frame = 0xfffffffe;
	CHECK(grant_map(13, GNTMAP_host_map, window).status < 0);
	for (unsigned int ref = 8; ref < 14; ref++) { /* errors left no marks */
		CHECK_EQ(table[ref].flags & (GTF_reading | GTF_writing), 0);
	}
}

static int copy(const void *from, u16 off, u32 ref, u16 len)
{
	struct gnttab_copy op = {.len = len, .flags = GNTCOPY_dest_gref};

	op.source.domid = op.dest.domid = DOMID_SELF;
	op.source.u.gmfn = va_to_mfn(from);
	op.source.offset = op.dest.offset = off;
	op.dest.u.ref = ref;
	CHECK_EQ(grant_call(GNTTABOP_copy, &op), 0);
	return op.status;
}

static void copies(void)
{
	claim("copies stay in their pages and obey the grant");
	memset(spare, 'c', PAGE_SIZE);
	CHECK_EQ(copy(spare, 16, 8, 100), GNTST_okay);
	CHECK(frame[16] == 'c' && frame[115] == 'c' && frame[116] != 'c');
	CHECK_EQ(copy(spare, 4000, 8, 97), GNTST_bad_copy_arg);
	CHECK_EQ(copy(spare, 0xffff, 8, 0xffff), GNTST_bad_copy_arg);
	CHECK(copy(spare, 0, 9, 1) < 0);
	CHECK(copy(spare, 0, 12, 1) < 0);
	CHECK_EQ(table[8].flags, GTF_permit_access);
}

void test_main(void)
{
	frame = page_alloc();
	window = page_alloc();
	spare = page_alloc();
	CHECK_EQ(va_map(window, 0), 0);
	setup();
	mapping();
	refusals();
	copies();
}

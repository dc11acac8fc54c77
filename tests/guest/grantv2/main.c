/* SPDX-License-Identifier: MIT */
/*
 * Grant tables of version 2: switching both ways, marks in status frames, parts of frames.
 *
 * A guest may choose the version of its table's entries while none but the reserved ones is in
 * use; those are carried over. In version 2 the marks of use are in frames of their own, an entry
 * may grant a part of a frame (for copies only), and the frame's number has 64 bits. Failure: a
 * FAIL line.
 */
#include "../lib/grants.h"
#include <xen/memory.h>

static void *table, *frame, *window;
static volatile grant_entry_v1_t *v1;
static volatile grant_entry_v2_t *v2;
static volatile grant_status_t *status;

static long switch_to(u32 version, u32 after)
{
	struct gnttab_set_version v = {version};
	struct gnttab_get_version g = {.dom = DOMID_SELF};
	long rc = grant_call(GNTTABOP_set_version, &v);

	CHECK_EQ(v.version, after);
	CHECK_EQ(grant_call(GNTTABOP_get_version, &g), 0);
	CHECK_EQ(g.version, after);
	return rc;
}

static void grant(unsigned int ref, u16 flags)
{
	v2[ref].full_page.frame = va_to_mfn(frame);
	v2[ref].hdr.domid = GRANTS_DOM0;
	__sync_synchronize();
	v2[ref].hdr.flags = flags;
}

static int status_list(u32 count, u64 *list)
{
	struct gnttab_get_status_frames f = {.nr_frames = count, .dom = DOMID_SELF};

	set_xen_guest_handle(f.frame_list, list);
	CHECK_EQ(grant_call(GNTTABOP_get_status_frames, &f), 0);
	return f.status;
}

static void switching(void)
{
	struct gnttab_map_grant_ref op;
	u64 list[2] = {0};

	claim("a table begins with version 1, and has no status frames then");
	CHECK_EQ(switch_to(3, 1), -XEN_EINVAL);
	CHECK_EQ(switch_to(1, 1), 0);
	CHECK_EQ(status_list(1, list), GNTST_general_error);
	claim("a switch to version 2 carries reserved entries over, in use or not");
	v1[0] = (grant_entry_v1_t){GTF_permit_access, GRANTS_DOM0, (u32)va_to_mfn(frame)};
	op = grant_map(0, GNTMAP_host_map, window);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK_EQ(switch_to(2, 2), 0);
	CHECK_EQ(v2[0].full_page.frame, va_to_mfn(frame));
	CHECK_EQ(v2[0].hdr.flags, GTF_permit_access);
	claim("status frames can be had and mapped; they show who is used");
	CHECK_EQ(status_list(2, list), GNTST_general_error);
	CHECK_EQ(status_list(1, list), GNTST_okay);
	status = page_alloc();
	CHECK_EQ(va_map((void *)status, list[0] * PAGE_SIZE | GRANTS_FLAGS), 0);
	CHECK_EQ(status[0], GTF_reading | GTF_writing);
	CHECK_EQ(grant_unmap(op.handle, window), GNTST_okay);
	CHECK_EQ(status[0], 0);
}

static void mapping(void)
{
	struct gnttab_map_grant_ref op;

	claim("entries of version 2 can be mapped, and prevent a switch meanwhile");
	grant(8, GTF_permit_access);
	op = grant_map(8, GNTMAP_host_map | GNTMAP_readonly, window);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK_EQ(status[8], GTF_reading);
	CHECK_EQ(*(volatile char *)window, *(char *)frame);
	CHECK_EQ(switch_to(1, 2), -XEN_EBUSY);
	CHECK_EQ(grant_unmap(op.handle, window), GNTST_okay);
	CHECK_EQ(status[8], 0);
	claim("what grants no whole frame cannot be mapped");
	grant(9, GTF_permit_access | GTF_sub_page);
	CHECK_EQ(grant_map(9, GNTMAP_host_map, window).status, GNTST_general_error);
	grant(9, GTF_transitive);
	CHECK_EQ(grant_map(9, GNTMAP_host_map, window).status, GNTST_general_error);
	grant(9, GTF_permit_access);
	v2[9].full_page.frame |= 1ull << 32;
	CHECK_EQ(grant_map(9, GNTMAP_host_map, window).status, GNTST_bad_page);
	CHECK_EQ(grant_map(256, GNTMAP_host_map, window).status, GNTST_bad_gntref);
	CHECK_EQ(status[9], 0);
}

static int copy(u16 offset, u16 len)
{
	struct gnttab_copy op = {.len = len, .flags = GNTCOPY_dest_gref};

	op.source.domid = op.dest.domid = DOMID_SELF;
	op.source.u.gmfn = va_to_mfn(frame);
	op.source.offset = op.dest.offset = offset;
	op.dest.u.ref = 10;
	CHECK_EQ(grant_call(GNTTABOP_copy, &op), 0);
	return op.status;
}

static void parts(void)
{
	claim("copies stay in the part that is granted");
	grant(10, 0);
	v2[10].sub_page.page_off = 100;
	v2[10].sub_page.length = 50;
	grant(10, GTF_permit_access | GTF_sub_page);
	CHECK_EQ(copy(100, 50), GNTST_okay);
	CHECK_EQ(copy(99, 2), GNTST_general_error);
	CHECK_EQ(copy(149, 2), GNTST_general_error);
	CHECK_EQ(status[10], 0);
}

static void swapping(void)
{
	struct gnttab_swap_grant_ref s = {.ref_a = 8, .ref_b = 20};

	claim("entries that nobody uses can be swapped");
	CHECK_EQ(grant_call(GNTTABOP_swap_grant_ref, &s), 0);
	CHECK_EQ(s.status, GNTST_okay);
	CHECK_EQ(v2[20].full_page.frame, va_to_mfn(frame));
	CHECK_EQ(v2[8].hdr.flags, 0);
}

static void resource(void)
{
	struct xen_mem_acquire_resource a = {.domid = DOMID_SELF,
					     .type = XENMEM_resource_grant_table,
					     .id = XENMEM_resource_grant_table_id_status,
					     .nr_frames = 1};
	xen_pfn_t mfn = 0;
	u64 first = 0;

	claim("status frames are a resource, while there are any");
	set_xen_guest_handle(a.frame_list, &mfn);
	CHECK_EQ(status_list(1, &first), GNTST_okay);
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_acquire_resource, &a), 0);
	CHECK_EQ(mfn, first);
	claim("back in version 1 the reserved entries are there; the frames stay mapped");
	CHECK_EQ(switch_to(1, 1), 0);
	CHECK_EQ(v1[0].flags, GTF_permit_access);
	CHECK_EQ(v1[0].frame, va_to_mfn(frame));
	CHECK_EQ(v1[40].flags | v1[16].flags, 0);
	status[0] = 1;
	CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_acquire_resource, &a), -XEN_EINVAL);
	CHECK_EQ(switch_to(2, 2), 0);
	CHECK_EQ(status[0], 0);
	CHECK_EQ(switch_to(1, 1), 0);
}

void test_main(void)
{
	frame = page_alloc();
	window = page_alloc();
	CHECK_EQ(va_map(window, 0), 0);
	table = grant_table_map(1);
	v1 = table;
	v2 = table;
	switching();
	mapping();
	parts();
	swapping();
	resource();
}

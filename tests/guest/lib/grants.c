/* SPDX-License-Identifier: MIT */
#include "grants.h"

long grant_call(unsigned int cmd, void *arg)
{
	return HC3(__HYPERVISOR_grant_table_op, cmd, arg, 1);
}

struct gnttab_map_grant_ref grant_map(unsigned int ref, u32 flags, const void *at)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = (u64)at, .flags = flags, .ref = ref, .dom = GRANTS_DOM0};

	CHECK_EQ(grant_call(GNTTABOP_map_grant_ref, &op), 0);
	return op;
}

int grant_unmap(u32 handle, const void *at)
{
	struct gnttab_unmap_grant_ref op = {.host_addr = (u64)at, .handle = handle};

	CHECK_EQ(grant_call(GNTTABOP_unmap_grant_ref, &op), 0);
	return op.status;
}

void *grant_table_map(u32 nr_frames)
{
	static xen_pfn_t frames[16];
	struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = nr_frames};
	void *table = page_alloc();

	set_xen_guest_handle(s.frame_list, frames);
	CHECK_EQ(grant_call(GNTTABOP_setup_table, &s), 0);
	CHECK_EQ(s.status, GNTST_okay);
	CHECK_EQ(va_map(table, frames[0] * PAGE_SIZE | GRANTS_FLAGS), 0);
	return table;
}

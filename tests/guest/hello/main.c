/* SPDX-License-Identifier: MIT */
/*
 * The smallest test: the kernel starts, is told the truth about itself, its exceptions reach it,
 * and it can end. Failure shows as silence or as a domain crash in the hypervisor's log.
 */
#include "../lib/guest.h"

void test_main(void)
{
	print("hello from a %s with %lu pages\n",
	      start_info_ptr->flags & SIF_INITDOMAIN ? "dom0" : "domU", start_info_ptr->nr_pages);
	CHECK_EQ(HC1(__HYPERVISOR_xen_version, 0) >> 16, 4);
	TRY("ud2");
	CHECK_EQ(caught_vector, 6);
	TRY("movq 0, %%rax");
	CHECK_EQ(caught_vector, 14);
	CHECK_EQ(caught_ec & 4, 0);
	TRY("int $0x21");
	CHECK_EQ(caught_vector, 13);
	CHECK_EQ(HC0(60), -38);
}

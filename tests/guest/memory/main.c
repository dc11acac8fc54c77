/* SPDX-License-Identifier: MIT */
/*
 * memory_op: a domain's frames grow, shrink and are exchanged, up to its limit.
 *
 * Frames are named by their machine numbers; a call reports how many extents it did, short counts
 * are no errors. A frame that is in use is not given up, a new one is clean. Maps and limits are
 * told to who may know. Failure: a FAIL line; a frame that is not clean would be another's data.
 */
#include "../lib/guest.h"
#include <xen/memory.h>

#define FLAGS (PTE_P | PTE_RW | PTE_US | PTE_AD)
#define HV    ((void *)0xffff820000000000ul)

static char *window; /* its page is given away */

static long op(unsigned int cmd, void *arg)
{
	return HC2(__HYPERVISOR_memory_op, cmd, arg);
}

static long reservation(unsigned int cmd, xen_pfn_t *list, unsigned long n, unsigned int order)
{
	struct xen_memory_reservation r = {
		.nr_extents = n, .extent_order = order, .domid = DOMID_SELF};

	set_xen_guest_handle(r.extent_start, list);
	return op(cmd, &r);
}

static long pages(void)
{
	domid_t self = DOMID_SELF;

	return op(XENMEM_current_reservation, &self);
}

static void give_and_take(void)
{
	xen_pfn_t mfn = va_to_mfn(window), got[2] = {va_to_pfn(window), 0};
	long before = pages();

	claim("a frame that is mapped, or not ours, is not given up");
	CHECK_EQ(reservation(XENMEM_decrease_reservation, &mfn, 1, 0), 0);
	got[1] = 1ull << 40;
	CHECK_EQ(reservation(XENMEM_decrease_reservation, &got[1], 1, 0), 0);
	CHECK_EQ(reservation(XENMEM_decrease_reservation, HV, 1, 0), 0);
	CHECK_EQ(reservation(XENMEM_decrease_reservation, &mfn, 1, 20), 0);
	CHECK_EQ(reservation(XENMEM_decrease_reservation, &mfn, ~0ul, 0), 0);
	claim("a frame that is given up is ours no longer");
	memset(window, 'x', PAGE_SIZE);
	CHECK_EQ(va_map(window, 0), 0);
	CHECK_EQ(reservation(XENMEM_decrease_reservation, &mfn, 1, 0), 1);
	CHECK_EQ(pages(), before - 1);
	CHECK_EQ(reservation(XENMEM_decrease_reservation, &mfn, 1, 0), 0);
	claim("a new frame is clean and known by the number it is for");
	event_make_pending();
	CHECK_EQ(reservation(XENMEM_populate_physmap, got, 1, 0), 1);
	CHECK_EQ(pages(), before);
	CHECK_EQ(((u64 *)0xffff800000000000ul)[got[0]], va_to_pfn(window));
	CHECK_EQ(va_map(window, got[0] * PAGE_SIZE | FLAGS), 0);
	for (unsigned int i = 0; i < PAGE_SIZE; i++) {
		if (window[i]) {
			CHECK_EQ(window[i], 0);
			break;
		}
	}
	((u64 *)start_info_ptr->mfn_list)[va_to_pfn(window)] = got[0];
	claim("the limit holds");
	got[1] = 0;
	CHECK_EQ(reservation(XENMEM_populate_physmap, got, 1, 0), 0);
	CHECK_EQ(reservation(XENMEM_increase_reservation, got, 1, 9), 0);
}

static void exchange(void)
{
	xen_pfn_t in = va_to_mfn(window), out = va_to_pfn(window);
	struct xen_memory_exchange x = {
		.in = {.nr_extents = 1, .domid = DOMID_SELF},
		.out = {.nr_extents = 1,
			.domid = DOMID_SELF,
			.mem_flags = XENMEMF_address_bits(32)},
	};

	set_xen_guest_handle(x.in.extent_start, &in);
	set_xen_guest_handle(x.out.extent_start, &out);
	claim("exchange changes all or nothing");
	CHECK(op(XENMEM_exchange, &x) < 0); /* mapped */
	CHECK_EQ(x.nr_exchanged, 0);
	CHECK_EQ(va_map(window, 0), 0);
	x.out.nr_extents = 2;
	CHECK_EQ(op(XENMEM_exchange, &x), -XEN_EINVAL);
	x.out.nr_extents = 1;
	x.out.extent_order = 40;
	CHECK(op(XENMEM_exchange, &x) < 0);
	x.out.extent_order = 0;
	CHECK_EQ(op(XENMEM_exchange, &x), 0);
	CHECK_EQ(x.nr_exchanged, 1);
	CHECK(out != in && out < 1 << 20);
	CHECK(va_map(window, in * PAGE_SIZE | FLAGS) < 0 || !is_dom0());
	CHECK_EQ(va_map(window, out * PAGE_SIZE | FLAGS), 0);
	CHECK_EQ(op(XENMEM_exchange, HV), -XEN_EFAULT);
}

static void maps(void)
{
	struct {
		u64 addr, size;
		u32 type;
	} __attribute__((packed)) e820[64];
	struct xen_memory_map m = {.nr_entries = ARRAY_SIZE(e820)};
	struct xen_machphys_mapping mm;
	domid_t nobody = 99;

	claim("maps and limits are told");
	set_xen_guest_handle(m.buffer, (void *)e820);
	CHECK_EQ(op(XENMEM_machine_memory_map, &m), 0);
	CHECK(m.nr_entries > 2 && m.nr_entries < 64);
	CHECK_EQ(op(XENMEM_machphys_mapping, &mm), 0);
	CHECK_EQ(mm.v_start, 0xffff800000000000ul);
	CHECK(op(XENMEM_maximum_ram_page, NULL) > 1000);
	CHECK_EQ(op(XENMEM_current_reservation, &nobody), -XEN_ESRCH);
	CHECK_EQ(op(XENMEM_machine_memory_map, HV), -XEN_EFAULT);
	CHECK_EQ(op(63, &m), -XEN_ENOSYS);
}

void test_main(void)
{
	window = page_alloc();
	give_and_take();
	exchange();
	maps();
}

/* SPDX-License-Identifier: MIT */
/*
 * The PV CPU: descriptor tables, segment bases, debug registers, the FPU's TS, the I/O privilege.
 *
 * A guest's own descriptors are loaded by the hardware, so the hypervisor looks at each before:
 * code and data of ring 3 may stand in a table, gates and system segments may not. Breakpoints may
 * not watch the hypervisor. With TS set the first use of the FPU is #NM, and TS is clear then.
 * Failure: a FAIL line; worse, a call gate into ring 0.
 */
#include "../lib/guest.h"
#include <xen/physdev.h>

#define HV    0xffff820000000000ul
#define DATA  0x00cff3000000ffffull
#define DATA0 0x00cf93000000ffffull /* ring 0 */
#define CODE  0x00affb000000ffffull
#define GATE  0x0000ec00e0080000ull /* call gate, DPL 3, to the hypervisor's code */
#define TSS   0x0000890000000067ull
#define LDT_D 0x000082000000ffffull

static u64 *gdt, *ldt, *bad;

static long update(const u64 *slot, u64 desc)
{
	return HC2(__HYPERVISOR_update_descriptor, maddr_of(slot), desc);
}

static void tables(void)
{
	u64 frame = va_to_mfn(gdt), other = va_to_mfn(bad);

	claim("a GDT is checked, loaded, and then changed by descriptor only");
	gdt[1] = DATA;
	gdt[2] = DATA0;                                                /* becomes ring 3's */
	CHECK_EQ(HC2(__HYPERVISOR_set_gdt, &frame, 512), -XEN_EINVAL); /* mapped writable */
	CHECK_EQ(page_make_ro(gdt), 0);
	CHECK_EQ(HC2(__HYPERVISOR_set_gdt, &frame, 512), 0);
	CHECK_EQ(page_make_rw(gdt), -XEN_EINVAL);
	TRY("movw %w0, %%es", "r"(8 | 3));
	CHECK_EQ(caught_vector, -1);
	TRY("movw %w0, %%es", "r"(16 | 3));
	CHECK_EQ(caught_vector, -1);
	TRY("movw %w0, %%es", "r"(24 | 3)); /* empty */
	CHECK_EQ(caught_vector, 13);
	CHECK_EQ(caught_ec, 24);
	CHECK_EQ(update(&gdt[3], DATA), 0);
	TRY("movw %w0, %%es; movw %w1, %%es", "r"(24 | 3), "r"(0));
	CHECK_EQ(caught_vector, -1);
	claim("gates, system segments, and strange sizes are refused");
	CHECK_EQ(update(&gdt[4], GATE), -XEN_EINVAL);
	CHECK_EQ(update(&gdt[4], TSS), -XEN_EINVAL);
	CHECK_EQ(update(&gdt[4], LDT_D), -XEN_EINVAL);
	CHECK_EQ(gdt[4], 0);
	CHECK_EQ(HC2(__HYPERVISOR_update_descriptor, maddr_of(gdt) + 4, DATA), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_update_descriptor, 1ul << 50, DATA), -XEN_EINVAL);
	bad[100] = GATE;
	CHECK_EQ(page_make_ro(bad), 0);
	CHECK_EQ(HC2(__HYPERVISOR_set_gdt, &other, 512), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_set_gdt, &frame, 14 * 512 + 1), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_set_gdt, HV, 512), -XEN_EFAULT);
	claim("an LDT is read when it is used; bad pages are the guest's fault");
	ldt[1] = DATA;
	CHECK_EQ(page_make_ro(ldt), 0);
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, (u64)ldt, 512), 0);
	TRY("movw %w0, %%es; movw %w1, %%es", "r"(8 | 7), "r"(0));
	CHECK_EQ(caught_vector, -1);
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, (u64)bad, 512), 0);
	TRY("movw %w0, %%es", "r"(8 | 7));
	CHECK_EQ(caught_vector, 14);
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, HV, 512), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, (u64)ldt, 8193), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
	CHECK_EQ(HC2(__HYPERVISOR_set_gdt, 0, 0), 0);
	CHECK_EQ(page_make_rw(gdt), 0);
}

static void bases(void)
{
	u64 value[1] = {0x1122334455667788};
	u64 got = 0;

	claim("segment bases are set, if they are addresses");
	CHECK_EQ(HC2(__HYPERVISOR_set_segment_base, SEGBASE_FS, value), 0);
	__asm__ volatile("movq %%fs:0, %0" : "=r"(got));
	CHECK_EQ(got, value[0]);
	CHECK_EQ(HC2(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, value), 0);
	__asm__ volatile("movq %%gs:0, %0" : "=r"(got));
	CHECK_EQ(got, value[0]);
	CHECK_EQ(HC2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER, 0x1000), 0);
	CHECK_EQ(HC2(__HYPERVISOR_set_segment_base, SEGBASE_FS, 1ul << 63), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER_SEL, 0xe008), 0);
	CHECK_EQ(HC2(__HYPERVISOR_set_segment_base, 9, 0), -XEN_EINVAL);
}

static u64 breakpoint_dr6;

static bool on_debug(struct trap_frame *f)
{
	if (f->vector == 1) {
		breakpoint_dr6 = (u64)HC1(__HYPERVISOR_get_debugreg, 6);
		return true;
	}
	return false;
}

static void debug_registers(void)
{
	static volatile u64 watched;

	claim("a breakpoint on own memory works, one on the hypervisor's is refused");
	trap_handler = on_debug;
	CHECK_EQ(HC2(__HYPERVISOR_set_debugreg, 0, &watched), 0);
	CHECK_EQ(HC2(__HYPERVISOR_set_debugreg, 7, 0xd0001), 0); /* writes, 4 bytes */
	__asm__ volatile("movl %1, %0" : "=m"(watched) : "r"(5));
	CHECK_EQ(breakpoint_dr6 & 0xf, 1);
	CHECK_EQ(HC1(__HYPERVISOR_get_debugreg, 0), &watched);
	CHECK_EQ(HC2(__HYPERVISOR_set_debugreg, 7, 0), 0);
	CHECK_EQ(HC2(__HYPERVISOR_set_debugreg, 0, HV), -XEN_EPERM);
	CHECK_EQ(HC2(__HYPERVISOR_set_debugreg, 1, 0xffff7ffffffffffful), -XEN_EPERM);
	CHECK_EQ(HC2(__HYPERVISOR_set_debugreg, 7, 0x2000), -XEN_EPERM);  /* general detect */
	CHECK_EQ(HC2(__HYPERVISOR_set_debugreg, 7, 0x20001), -XEN_EPERM); /* I/O */
	CHECK_EQ(HC2(__HYPERVISOR_set_debugreg, 7, 1ul << 40), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_set_debugreg, 9, 0), -XEN_ENODEV);
	CHECK_EQ(HC1(__HYPERVISOR_get_debugreg, 9), -XEN_ENODEV);
	trap_handler = NULL;
}

static void fpu(void)
{
	claim("with TS set the FPU is #NM, once");
	CHECK_EQ(HC1(__HYPERVISOR_fpu_taskswitch, 1), 0);
	TRY("fnop");
	CHECK_EQ(caught_vector, 7);
	TRY("fnop");
	CHECK_EQ(caught_vector, -1);
	CHECK_EQ(HC1(__HYPERVISOR_fpu_taskswitch, 1), 0);
	CHECK_EQ(HC1(__HYPERVISOR_fpu_taskswitch, 0), 0);
	TRY("fnop");
	CHECK_EQ(caught_vector, -1);
	claim("clts and writes to CR0 do the same");
	HC1(__HYPERVISOR_fpu_taskswitch, 1);
	TRY("clts; fnop");
	CHECK_EQ(caught_vector, -1);
	TRY("movq %%cr0, %%rax; orl $8, %%eax; movq %%rax, %%cr0; fnop");
	CHECK_EQ(caught_vector, 7);
}

static void io_privilege(void)
{
	physdev_set_iopl_t iopl = {.iopl = 4};

	claim("the I/O privilege level is virtual");
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl), -XEN_EINVAL);
	iopl.iopl = 0;
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	TRY("inb $0x80, %%al");
	CHECK_EQ(caught_vector, 13);
	iopl.iopl = 1;
	CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	TRY("inb $0x80, %%al; cli; sti");
	CHECK_EQ(caught_vector, -1);
}

void test_main(void)
{
	gdt = page_alloc();
	ldt = page_alloc();
	bad = page_alloc();
	tables();
	bases();
	debug_registers();
	fpu();
	io_privilege();
}

/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op: a vcpu's context is checked before it can run.
 *
 * A vcpu starts from a context that its domain supplies: registers, tables, handlers. Whatever
 * stands in it, the hypervisor itself may not come to harm: tables must be L4 tables of the
 * domain (none at all is no table), addresses canonical, state of the FPU loadable. A bad context
 * is refused and leaves the vcpu uninitialised. Failure: a FAIL line, or the host dies when the
 * vcpu is brought up.
 */
#include "../lib/guest.h"
#include <xen/sched.h>
#include <xen/vcpu.h>

static volatile u64 counter;
static volatile u64 mxcsr_seen;

static void count(void)
{
	for (;;) {
		counter++;
	}
}

static long op(unsigned int cmd, unsigned int id, void *arg)
{
	return HC3(__HYPERVISOR_vcpu_op, cmd, id, arg);
}

static long init(vcpu_guest_context_t *c)
{
	return op(VCPUOP_initialise, 1, c);
}

static void bad_contexts(void)
{
	vcpu_guest_context_t *c = vcpu_context(count);
	void *data = page_alloc();

	claim("vcpus that are not there, or not initialised, cannot be brought up");
	CHECK_EQ(op(VCPUOP_initialise, 2, c), -XEN_ENOENT);
	CHECK_EQ(op(VCPUOP_initialise, 0x7fffffff, c), -XEN_ENOENT);
	CHECK_EQ(op(VCPUOP_up, 1, NULL), -XEN_EINVAL);
	CHECK_EQ(op(VCPUOP_is_up, 1, NULL), 0);
	CHECK_EQ(op(VCPUOP_is_up, 0, NULL), 1);
	CHECK_EQ(op(99, 0, NULL), -XEN_ENOSYS);
	claim("a context without a table of its own is refused");
	CHECK_EQ(init((void *)0xffff820000000000ul), -XEN_EFAULT);
	c->ctrlreg[3] = 0;
	CHECK_EQ(init(c), -XEN_EINVAL);
	c->ctrlreg[3] = va_to_mfn(data) * PAGE_SIZE; /* mapped writable: no table */
	CHECK_EQ(init(c), -XEN_EINVAL);
	c->ctrlreg[3] = 1ul << 51;
	CHECK_EQ(init(c), -XEN_EINVAL);
	c = vcpu_context(count);
	c->flags = 0; /* user mode, and no user table */
	CHECK_EQ(init(c), -XEN_EINVAL);
	claim("a context with bad addresses, descriptors or breakpoints is refused");
	vcpu_context(count)->user_regs.rip = 0x800000000000ul;
	CHECK_EQ(init(c), -XEN_EINVAL);
	vcpu_context(count)->gs_base_kernel = 0x800000000000ul;
	CHECK_EQ(init(c), -XEN_EINVAL);
	vcpu_context(count)->trap_ctxt[77].address = 0x800000000000ul;
	CHECK_EQ(init(c), -XEN_EINVAL);
	vcpu_context(count)->gdt_ents = 8192;
	CHECK_EQ(init(c), -XEN_EINVAL);
	vcpu_context(count)->gdt_ents = 512; /* frame 0 */
	CHECK_EQ(init(c), -XEN_EINVAL);
	vcpu_context(count)->debugreg[0] = 0xffff820000000000ul;
	CHECK(init(c) < 0);
	CHECK_EQ(op(VCPUOP_up, 1, NULL), -XEN_EINVAL);
}

static void read_mxcsr(void)
{
	u32 m = 0;

	__asm__ volatile("stmxcsr %0" : "=m"(m));
	mxcsr_seen = m;
	count();
}

static void runs(void)
{
	vcpu_guest_context_t *c = vcpu_context(read_mxcsr);
	vcpu_runstate_info_t r;

	claim("FPU state that cannot be loaded is replaced, and the vcpu runs");
	c->flags |= VGCF_i387_valid;
	memset(&c->fpu_ctxt, 0xff, sizeof(c->fpu_ctxt));
	c->user_regs.rflags = ~0ul & ~0x100ul; /* IOPL, NT, VIP and all that is reserved */
	event_make_pending();
	CHECK_EQ(init(c), 0);
	CHECK_EQ(init(c), -XEN_EEXIST);
	CHECK_EQ(op(VCPUOP_up, 1, NULL), 0);
	CHECK_EQ(op(VCPUOP_is_up, 1, NULL), 1);
	for (unsigned int i = 0; !counter && i < 1000; i++) {
		HC1(__HYPERVISOR_sched_op, SCHEDOP_yield);
	}
	CHECK(counter);
	CHECK(mxcsr_seen);
	CHECK_EQ(op(VCPUOP_get_runstate_info, 1, &r), 0);
	CHECK(r.time[RUNSTATE_running] > 0);
	claim("a vcpu that is down does not run");
	CHECK_EQ(op(VCPUOP_down, 1, NULL), 0);
	counter = 0;
	for (unsigned int i = 0; i < 1000; i++) {
		HC1(__HYPERVISOR_sched_op, SCHEDOP_yield);
	}
	CHECK(counter <= 1);
	CHECK_EQ(op(VCPUOP_is_up, 1, NULL), 0);
	CHECK_EQ(op(VCPUOP_set_singleshot_timer, 1, NULL), -XEN_EINVAL);
}

static void info_page(void)
{
	struct vcpu_register_vcpu_info r = {.mfn = 0, .offset = 0};
	void *p = page_alloc();

	claim("a vcpu's info goes to a page of the domain's own, once");
	CHECK_EQ(op(VCPUOP_register_vcpu_info, 1, &r), -XEN_EINVAL);
	r.mfn = va_to_mfn((void *)start_info_ptr->pt_base);
	CHECK_EQ(op(VCPUOP_register_vcpu_info, 1, &r), -XEN_EINVAL);
	r.mfn = va_to_mfn(p);
	r.offset = PAGE_SIZE - 32;
	CHECK_EQ(op(VCPUOP_register_vcpu_info, 1, &r), -XEN_EINVAL);
	r.offset = 3;
	CHECK_EQ(op(VCPUOP_register_vcpu_info, 1, &r), -XEN_EINVAL);
	r.offset = 64;
	CHECK_EQ(op(VCPUOP_register_vcpu_info, 1, &r), 0);
	CHECK_EQ(op(VCPUOP_register_vcpu_info, 1, &r), -XEN_EINVAL);
	CHECK(page_make_ro(p) == 0 && mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(p), 0) < 0);
}

void test_main(void)
{
	bad_contexts();
	runs();
	info_page();
}

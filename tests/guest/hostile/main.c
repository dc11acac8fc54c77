/* SPDX-License-Identifier: MIT */
/*
 * Random and hostile hypercalls do not stop the host.
 *
 * Everything a guest hands over may be wrong: numbers, pointers into the hypervisor or nowhere,
 * frames of others, structures that change their meaning. This kernel makes `count` such calls
 * from `seed` (words of the command line, always the same sequence): some without any form, most
 * of a form that gets past the first check; between them stores to its tables, odd instructions,
 * odd returns to user mode, odd handlers. From time to time it puts itself right again. It never
 * asks for its own end, so it must come to its last line. With vcpus=2 a second vcpu does the same
 * with other numbers on the same pages and tables. As dom0 it then asks for the audit, whose
 * line on the console must tell of no faults. Failure: that, or the host is silent.
 */
#include "hostile.h"
#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>

#define RECOVER 256u

char *arena[ARENA], *window[WINDOWS];
u64 *table[TABLES], *args_of[2], *list_of[2];
u64 mfn_max;

static u64 results[2][64];
static u64 count, seed, show; /* from call `show` on each is printed: to find a culprit */
static u32 recovering;        /* a lock */
static volatile bool finished;
static grant_entry_v1_t *grants;
static u16 self;
static void *user_l4; /* shows one page of code */

extern char trap_stubs[], event_stub[], user_syscall_entry[], failsafe_stub[], user_code[],
	user_end[];
__asm__("failsafe_stub: popq %rcx; popq %r11; addq $32, %rsp; pushq $0; pushq %rcx; pushq %r11;"
	"pushq %rax; movl $23, %eax; syscall; ud2\n"
	".pushsection .rodata; user_code: syscall; user_end: .popsection");

static void handlers_reset(void)
{
	static trap_info_t traps[34];

	for (unsigned int i = 0; i < 33; i++) {
		traps[i] =
			(trap_info_t){(u8)i, 1, 0xe033, (unsigned long)trap_stubs + (i % 32) * 16};
	}
	HC1(__HYPERVISOR_set_trap_table, 0);
	HC1(__HYPERVISOR_set_trap_table, traps);
	HC3(__HYPERVISOR_set_callbacks, event_stub, failsafe_stub, user_syscall_entry);
}

/* A frame of the arena that was given away is replaced; not one that the other vcpu has in use. */
static void arena_reset(unsigned int i)
{
	xen_pfn_t frame = va_to_pfn(arena[i]);
	struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

	if (!page_make_rw(arena[i]) || !page_make_ro(arena[i])) {
		return;
	}
	set_xen_guest_handle(r.extent_start, &frame);
	if (HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r) == 1) {
		((u64 *)start_info_ptr->mfn_list)[va_to_pfn(arena[i])] = frame;
		page_make_rw(arena[i]);
	}
}

static void grants_reset(void)
{
	static struct gnttab_unmap_grant_ref ops[16 * 2 * WINDOWS];
	u64 where[2 * WINDOWS];

	for (unsigned int i = 0; i < WINDOWS; i++) {
		where[i] = (u64)window[i];
		where[WINDOWS + i] = pte_maddr(window[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		ops[i] = (struct gnttab_unmap_grant_ref){.handle = i / (2 * WINDOWS),
							 .host_addr = where[i % (2 * WINDOWS)]};
	}
	HC3(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, ops, ARRAY_SIZE(ops));
	for (unsigned int i = 0; i < 20; i++) {
		u64 mfn = nasty_mfn();

		/* Cut off, a number of no frame may be one of ours. */
		grants[i] = (grant_entry_v1_t){.flags = GTF_permit_access,
					       .domid = self,
					       .frame = mfn >> 32 ? ~0u : (u32)mfn};
	}
}

static void events_off(bool off)
{
	shared_info->vcpu_info[this_vcpu()].evtchn_upcall_mask = off;
}

/* A call may have left us one per cent of a CPU, or let us take all memory, also the audit's. */
static void limits_reset(void)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_max_mem,
				.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
				.domain = self};

	op.u.max_mem.max_memkb = (start_info_ptr->nr_pages + 4096) * 4;
	HC1(__HYPERVISOR_domctl, &op);
	op.cmd = XEN_DOMCTL_scheduler_op;
	op.u.scheduler_op = (struct xen_domctl_scheduler_op){0};
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	op.u.scheduler_op.u.credit2.weight = 256;
	HC1(__HYPERVISOR_domctl, &op);
}

static void recover(void)
{
	struct physdev_set_iobitmap none = {.nr_ports = 0};

	events_off(true);
	handlers_reset();
	mmuext(MMUEXT_NEW_BASEPTR, va_to_mfn((void *)start_info_ptr->pt_base), 0);
	mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0);
	mmuext(MMUEXT_SET_LDT, 0, 0);
	HC2(__HYPERVISOR_set_gdt, 0, 0);
	HC2(__HYPERVISOR_set_debugreg, 7, 0);
	HC1(__HYPERVISOR_fpu_taskswitch, 0);
	HC1(__HYPERVISOR_set_timer_op, 0);
	HC3(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, this_vcpu(), 0);
	HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, &none);
	if (__atomic_exchange_n(&recovering, 1, __ATOMIC_ACQUIRE)) {
		return; /* the other vcpu does it */
	}
	for (unsigned int i = 0; i < ARENA; i++) {
		mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(arena[i]), 0);
	}
	for (unsigned int i = 0; i < ARENA; i++) {
		arena_reset(i);
	}
	for (unsigned int i = 0; i < TABLES; i++) {
		page_make_ro(table[i]);
		if (below(2)) {
			mmuext(MMUEXT_PIN_L1_TABLE + i / 2, va_to_mfn(table[i]), 0);
		}
	}
	grants_reset();
	if (is_dom0()) {
		evtchn_reset_t r = {.dom = DOMID_SELF};

		HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_reset, &r);
		limits_reset();
	}
	__atomic_store_n(&recovering, 0, __ATOMIC_RELEASE);
}

static bool racing; /* with a second vcpu */

/*
 * Handlers anywhere; nothing may arrive before they are put right. The other vcpu could send an
 * NMI, or take a selector's descriptor away (failsafe): that would end this kernel, and rightly so.
 */
static void odd_handlers(void)
{
	static const u8 nrs[] = {__HYPERVISOR_set_trap_table, __HYPERVISOR_set_callbacks,
				 __HYPERVISOR_callback_op, __HYPERVISOR_nmi_op,
				 __HYPERVISOR_stack_switch};
	u64 nr = nrs[below(ARRAY_SIZE(nrs))];

	if (racing) {
		return;
	}
	events_off(true);
	for (unsigned int i = 0; i < 8; i++) {
		call_args[i] = below(2) ? below(9) : nasty();
	}
	HC3(nr, nr == 0 ? (u64)call_args : below(8), below(2) ? (u64)call_args : nasty(), nasty());
	handlers_reset();
}

/* From user mode every fault lands on the kernel's stack, wherever rip and rsp pointed. */
static void odd_return(void)
{
	u64 frame[9];

	for (unsigned int i = 0; i < ARRAY_SIZE(frame); i++) {
		frame[i] = nasty();
	}
	frame[3] = below(2) << 8; /* VGCF_in_syscall */
	frame[4] = below(2) ? USER_CODE : frame[4];
	frame[5] = below(2) ? 0xe033 : frame[5] | 3;
	frame[6] &= below(2) ? ~0ul : 0xcd5;
	frame[8] = below(2) ? 0xe02b : frame[8];
	if (!mmuext(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(user_l4), 0)) {
		user_iret(frame);
	}
}

static void odd_instruction(void)
{
	u64 v = nasty();

	switch (below(is_dom0() ? 6 : 9)) {
	case 0:
		TRY("movq %0, (%1)", "r"(nasty_entry()), "r"(table[below(TABLES)] + below(511)));
		break;
	case 1:
		TRY("lock cmpxchgq %0, (%1)", "r"(nasty_entry()),
		    "r"(table[below(TABLES)] + below(511)));
		break;
	case 2:
		TRY("movq %0, (%1)", "r"(nasty_entry()), "r"(pte_address(arena[below(ARENA)])));
		break;
	case 3:
		TRY("rdmsr", "c"(v));
		break;
	case 4:
		TRY("cpuid", "a"(v), "c"(below(64)));
		break;
	case 5:
		TRY("movw %w0, %%es; movw %w1, %%es", "r"(v), "r"(0));
		break;
	case 6:
		TRY("wrmsr", "c"(below(2) ? v : 0x40000000), "a"(nasty_mfn() << 12), "d"(0));
		break;
	case 7:
		TRY("outb %%al, %%dx; inl %%dx, %%eax", "d"(v));
		break;
	default:
		TRY("movq %0, %%dr7; movq %1, %%dr0; movq %0, %%cr0", "r"(v), "r"(v >> 1));
		break;
	}
}

/* Breakpoints and NMIs come whenever they like; user mode ends with whatever it did. */
static bool handle(struct trap_frame *f)
{
	if ((f->cs & 3) == 3) {
		user_leave(f);
		return true;
	}
	if (f->vector == 1 || f->vector == 2) {
		f->rflags &= ~0x100ul;
		return true;
	}
	return false;
}

/* An event waits that cannot arrive, and so be lost, before the call. */
static void block_ends_at_once(void)
{
	events_off(true);
	*(volatile u8 *)&shared_info->vcpu_info[this_vcpu()].evtchn_upcall_pending = 1;
}

static void one_call(bool show)
{
	struct call c;
	long rc;

	call_make(&c);
	if (show) {
		print("%lu(%lx, %lx, %lx, %lx) %lx %lx %lx %lx\n", c.nr, c.a[0], c.a[1], c.a[2],
		      c.a[3], call_args[0], call_args[1], call_args[2], call_args[3]);
	}
	if (c.nr == __HYPERVISOR_sched_op) {
		block_ends_at_once();
	} else if (below(2)) {
		event_make_pending();
	}
	rc = hypercall(c.nr, c.a[0], c.a[1], c.a[2], c.a[3]);
	results[this_vcpu()][rc >= 0 ? 0 : rc > -63 ? -rc : 63]++;
}

static void tables_make(void)
{
	const u64 *boot = (const u64 *)start_info_ptr->pt_base;

	for (unsigned int i = 0; i < 2; i++) {
		u64 **t = &table[i]; /* level n is t[2 * (n - 1)] */

		t[2][0] = pte_for(t[0], FLAGS);
		t[4][0] = pte_for(t[2], FLAGS);
		t[6][0] = pte_for(t[4], FLAGS);
		t[6][511] = boot[511];
		t[0][0] = pte_for(arena[0], PTE_P | PTE_US | PTE_AD);
	}
}

static void setup(void)
{
	struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = 1};
	evtchn_alloc_unbound_t a = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
	evtchn_status_t st = {.dom = DOMID_SELF};
	xen_pfn_t frame = 0;

	mfn_max = (u64)HC2(__HYPERVISOR_memory_op, XENMEM_maximum_ram_page, 0);
	for (unsigned int i = 0; i < 2; i++) {
		args_of[i] = page_alloc();
		list_of[i] = page_alloc();
	}
	for (unsigned int i = 0; i < TABLES; i++) {
		table[i] = page_alloc();
	}
	for (unsigned int i = 0; i < WINDOWS; i++) {
		window[i] = page_alloc();
		CHECK_EQ(va_map(window[i], 0), 0);
	}
	for (unsigned int i = 0; i < ARENA; i++) {
		arena[i] = page_alloc();
	}
	CHECK_EQ(va_map(page_alloc(), 0), 0); /* behind the arena: a hole */
	user_l4 = user_prepare(user_code, user_end);
	tables_make();
	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &a);
	st.port = a.port;
	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_status, &st);
	self = st.u.unbound.dom;
	grants = page_alloc();
	set_xen_guest_handle(s.frame_list, &frame);
	HC3(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &s, 1);
	CHECK_EQ(va_map(grants, frame * PAGE_SIZE | FLAGS), 0);
	trap_handler = handle;
}

/* Of either vcpu: its calls, from its own seed. */
static void calls(void)
{
	const unsigned int me = this_vcpu();

	random_seed((seed + me * 1000003) * 0x9e3779b97f4a7c15ul);
	for (u64 i = 0; i < count; i++) {
		if (i % RECOVER == 0) {
			recover();
		}
		if (i % (count < 500000 ? 10000 : 100000) == 0) {
			print("vcpu %u: call %lu of %lu, seed %lu\n", me, i, count, seed);
		}
		one_call(i >= show);
		switch (below(16)) {
		case 0:
			odd_handlers();
			break;
		case 1:
			odd_return();
			break;
		case 2 ... 4:
			odd_instruction();
			break;
		}
	}
	recover();
}

static void second(void)
{
	calls();
	finished = true;
	for (;;) {
		HC3(__HYPERVISOR_vcpu_op, VCPUOP_down, 1, 0);
	}
}

/* Both vcpus at once. */
static void race(void)
{
	claim("both vcpus lived through their calls, and so did the host");
	racing = true;
	CHECK_EQ(vcpu_start(second), 0);
	calls();
	while (!finished) {
		HC1(__HYPERVISOR_sched_op, SCHEDOP_yield);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(results[0]); i++) {
		results[0][i] += results[1][i];
	}
}

/* What it finds is on the hypervisor's console. */
static void audit(void)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_debug_keys,
				.interface_version = XEN_SYSCTL_INTERFACE_VERSION};
	char keys[] = {'a', 'r', 'q'}; /* and the queues of CPUs that idle */

	set_xen_guest_handle(op.u.debug_keys.keys, keys);
	op.u.debug_keys.nr_keys = sizeof(keys);
	claim("the keys come back, the audit first");
	CHECK_EQ(HC1(__HYPERVISOR_sysctl, &op), 0);
}

void test_main(void)
{
	count = argument("count", 20000);
	seed = argument("seed", 1);
	show = argument("show", ~0ul);
	setup();
	if (argument("vcpus", 1) == 2) {
		race();
	} else {
		claim("the kernel lived through its own calls, and so did the host");
		calls();
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(results[0]); i++) {
		if (results[0][i]) {
			print("answer -%u: %lu\n", i, results[0][i]);
		}
	}
	CHECK(results[0][0] > count / 100);
	CHECK(results[0][XEN_EFAULT] > count / 100);
	if (is_dom0()) {
		audit();
	}
}

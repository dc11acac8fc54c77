/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of a guest's kernel reach its handlers, with the frame that the hardware would make.
 *
 * The kernel runs in ring 3, so every exception, privileged instruction and INT goes to the
 * hypervisor first. What is the guest's it hands on: rip at the fault or behind the trap, error
 * code, cr2 in shared_info; rcx and r11 lie below. INT n obeys the DPL of the guest's own trap
 * table. A failure is a FAIL line, an "unexpected trap", or the end of the domain.
 */
#include "../lib/guest.h"

#define HOLE   0xffffc00000000000ul /* nothing is mapped there */
#define HV     0xffff820000000000ul
#define IF     0x200ul
#define TF     "0x100"
#define NO_CAN "movabsq $0x8000000000000000, %%rdx\n"

static struct trap_frame seen;
static int depth;

/* Keeps the frame and goes on where TRY says; nests twice if asked to. */
static bool keep(struct trap_frame *f)
{
	struct trap_frame mine = *f;
	u64 resume = try_resume, at = try_at;

	if (depth && f->vector == 6) {
		depth--;
		TRY("xorl %%edx, %%edx; divl %%edx");
		CHECK_EQ(caught_vector, 0);
	}
	seen = mine;
	try_at = at;
	caught_vector = (int)mine.vector;
	caught_ec = mine.error_code;
	f->rip = resume;
	f->rflags &= ~0x100ul;
	return true;
}

#define EXPECT(insn, vector, ec, after, ...)          \
	do {                                          \
		TRY(insn, __VA_ARGS__);               \
		CHECK_EQ(caught_vector, vector);      \
		CHECK_EQ(caught_ec, ec);              \
		CHECK_EQ(seen.rip, try_at + (after)); \
		CHECK_EQ(seen.cs & 0xffff, 0xe030);   \
		CHECK_EQ(seen.ss, 0xe02b);            \
	} while (0)

static u64 cr2(void)
{
	return shared_info->vcpu_info[0].arch.cr2;
}

static void vectors(void)
{
	claim("faults come with vector, error code, rip and kernel selectors");
	EXPECT("ud2", 6, 0, 0);
	EXPECT("divl %%ecx", 0, 0, 0, "c"(0), "d"(0));
	EXPECT(NO_CAN "movq (%%rdx), %%rax", 13, 0, 10);
	EXPECT("movw %w0, %%ds", 13, 0xe008, 0, "r"(0xe008));
	EXPECT("int $0x21", 13, 0x21 * 8 + 2, 0);
	claim("traps come with rip behind the instruction");
	EXPECT("int3", 3, 0, 1);
	EXPECT("int $4", 4, 0, 2);
	EXPECT("pushfq; orl $" TF ", (%%rsp); popfq; nop; nop", 1, 0, 10);
}

static void page_faults(const char *ro)
{
	claim("page faults come with cr2 and the bits of the guest's own modes");
	EXPECT("movb (%0), %%al", 14, 0, 0, "r"(HOLE + 5));
	CHECK_EQ(cr2(), HOLE + 5);
	EXPECT("movb %%al, (%0)", 14, 2, 0, "r"(HOLE));
	EXPECT("movb %%al, (%0)", 14, 3, 0, "r"(ro));
	CHECK_EQ(cr2(), ro);
	claim("the hypervisor's memory can be neither read nor written");
	TRY("movq (%0), %%rax", "r"(HV));
	CHECK_EQ(caught_vector, 14);
	CHECK_EQ(cr2(), HV);
	TRY("movq %%rax, (%0)", "r"(HV));
	CHECK_EQ(caught_vector, 14);
	TRY("movq %%rax, (%0)", "r"(0xffff800000000000ul)); /* M2P: to be read only */
	CHECK_EQ(caught_vector, 14);
}

static void privileged(void)
{
	static const u64 pointer[2] = {0};

	claim("privileged instructions that are not emulated give #GP(0)");
	EXPECT("hlt", 13, 0, 0);
	EXPECT("lgdt (%0)", 13, 0, 0, "r"(pointer));
	EXPECT("lidt (%0)", 13, 0, 0, "r"(pointer));
	EXPECT("ltr %w0", 13, 0, 0, "r"(0xe040));
	EXPECT("lldt %w0", 13, 0, 0, "r"(0));
	EXPECT("movq %%rax, %%cr8", 13, 0, 0);
	EXPECT("rdmsr", 13, 0, 0, "c"(0x12345678));
	EXPECT("wrmsr", 13, 0, 0, "c"(0xc0000082), "a"(0), "d"(0)); /* LSTAR */
	EXPECT("wrmsr", 13, 0, 0, "c"(0x1b), "a"(0), "d"(0));       /* APIC base */
	EXPECT("movq %0, %%cr0", 13, 0, 0, "r"(0ul));               /* paging off */
	EXPECT("movq %0, %%cr3", 13, 0, 0, "r"(0x1ul));
	EXPECT("movq %0, %%cr3", 13, 0, 0, "r"(0ul));
	claim("cli, sti, clts, cpuid, reading CR0 and CR4, known MSRs are emulated");
	TRY("cpuid; movq %%cr0, %%rax; movq %%cr4, %%rax; clts", "a"(0), "c"(0));
	CHECK_EQ(caught_vector, -1);
	TRY("rdmsr", "c"(0xc0000080));
	CHECK_EQ(caught_vector, -1);
}

static void frames(void)
{
	vcpu_info_t *v = &shared_info->vcpu_info[0];

	claim("the frame holds the event mask, and gates mask events if asked to");
	v->evtchn_upcall_mask = 0;
	TRY("ud2");
	CHECK_EQ(seen.rflags & IF, IF);
	CHECK_EQ(v->evtchn_upcall_mask, 0);
	v->evtchn_upcall_mask = 1;
	TRY("ud2");
	CHECK_EQ(seen.rflags & IF, 0);
	CHECK_EQ(v->evtchn_upcall_mask, 1); /* iret put it back */
	claim("a fault inside a handler nests");
	depth = 1;
	EXPECT("ud2", 6, 0, 0);
	CHECK_EQ(depth, 0);
}

static void table_rules(void)
{
	extern char trap_stubs[];
	trap_info_t t[2] = {{0x21, 1 | 4, 0xe033, (unsigned long)trap_stubs + 3 * 16}, {0}};

	claim("INT n obeys the guest's table; entries may be changed one by one");
	CHECK_EQ(HC1(__HYPERVISOR_set_trap_table, t), 0);
	shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
	EXPECT("int $0x21", 3, 0, 2);
	CHECK_EQ(seen.rflags & IF, IF);
	t[0].address = 0x8000000000000000ul;
	CHECK_EQ(HC1(__HYPERVISOR_set_trap_table, t), -XEN_EINVAL);
	CHECK_EQ(HC1(__HYPERVISOR_set_trap_table, HV), -XEN_EFAULT);
	CHECK_EQ(HC1(__HYPERVISOR_set_trap_table, HOLE), -XEN_EFAULT);
	EXPECT("int $0x21", 3, 0, 2);
}

void test_main(void)
{
	char *ro = page_alloc();

	trap_handler = keep;
	CHECK_EQ(page_make_ro(ro), 0);
	vectors();
	page_faults(ro);
	privileged();
	frames();
	table_rules();
}

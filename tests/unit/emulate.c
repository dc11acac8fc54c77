/* SPDX-License-Identifier: MIT */
/*
 * The emulator of privileged instructions and the MSR white list, executing bytes in host memory:
 * what a guest kernel may do, what its user programs may not, virtual IOPL and I/O bitmap, restart
 * of repeated port instructions, the forced CPUID.
 */
#include "unit.h"
#include <xen/arch-x86/cpufeatureset.h>
#include "arch/x86_private.h"
#include "mm/pagetype.h"
#include "mmu/mmu.h"
#include "pv/cpuid.h"
#include "pv/pv.h"

struct cpu_features cpu_features;
u64 hv_cr4 = CR4_OSXSAVE;
struct vcpu *fake_current;

/* What the emulator did to the outside. */
static u64 msr_real[3]; /* FS, GS, KERNEL_GS */
static int taskswitch = -1;
static unsigned int toggles, injected_vector, preempt_after, real_msr_exists;
static u64 injected_cr2, xcr0_set;
static u32 injected_ec;
static struct {
	bool out;
	u16 port;
	unsigned int size;
	u32 val;
} io[512];
static unsigned int io_count;

u64 fake_rdmsr(u32 msr)
{
	return msr_real[msr - MSR_FS_BASE];
}
void fake_wrmsr(u32 msr, u64 v)
{
	msr_real[msr - MSR_FS_BASE] = v;
}
void fake_cpuid(u32 leaf, u32 sub, u32 r[4])
{
	memset(r, 0, 16);
}
int rdmsr_safe(u32 msr, u64 *v)
{
	*v = 0x5ec7e7;
	return real_msr_exists ? 0 : -EIO;
}
u32 pv_port_in(struct vcpu *v, u16 port, unsigned int size)
{
	io[io_count].port = port;
	io[io_count].size = size;
	return 0xa0b0c000u + io_count++;
}
void pv_port_out(struct vcpu *v, u16 port, unsigned int size, u32 val)
{
	io[io_count].out = true;
	io[io_count].port = port;
	io[io_count].size = size;
	io[io_count++].val = val;
}
void pv_toggle_mode(struct vcpu *v)
{
	v->pv.kernel_mode = !v->pv.kernel_mode;
	toggles++;
}
void pv_inject(struct vcpu *v, unsigned int vector, bool has_ec, u32 ec)
{
	injected_vector = vector;
}
void pv_inject_page_fault(struct vcpu *v, unsigned long cr2, u32 ec)
{
	injected_vector = TRAP_PF;
	injected_cr2 = cr2;
	injected_ec = ec;
}
long do_fpu_taskswitch(int set)
{
	taskswitch = set;
	return 0;
}
int mmu_set_base(struct vcpu *v, mfn_t kernel, mfn_t user)
{
	if (kernel.n == 0x111) {
		return -ERESTART;
	}
	v->pv.cr3_kernel = kernel.n << 12;
	return kernel.n == 0x222 ? -EINVAL : 0;
}
void arch_set_xcr0(struct pv_vcpu *pv, u64 xcr0)
{
	xcr0_set = xcr0;
}
bool l1_find(const struct vcpu *v, unsigned long va, mfn_t *table, pte_t *e)
{
	return false;
}
bool preempt_needed(void)
{
	return preempt_after && !--preempt_after;
}
void pv_cpuid(struct vcpu *v, u32 leaf, u32 sub, u32 out[4])
{
	out[0] = leaf;
	out[1] = sub;
	out[2] = 0x17;
	out[3] = 0xd;
}
static u8 page[PAGE_SIZE] __aligned(4096);
static int frame_error;
int frame_get_and_type(mfn_t m, const struct owner *o, enum frame_kind kind)
{
	return frame_error;
}
void frame_put_and_type(mfn_t m)
{
}
void *host_frame(mfn_t m)
{
	return page;
}

static struct domain dom;
static struct cpuid_policy policy;
static struct vcpu v;
static vcpu_info_t info;
static struct trap_entry traps[256];
static struct cpu_regs regs;
static u8 *text; /* two pages, the second may be read too */

static int setup(void **state)
{
	memset(&v, 0, sizeof(v));
	memset(&dom, 0, sizeof(dom));
	memset(&policy, 0, sizeof(policy));
	memset(&info, 0, sizeof(info));
	memset(&regs, 0, sizeof(regs));
	memset(traps, 0, sizeof(traps));
	memset(io, 0, sizeof(io));
	memset(msr_real, 0, sizeof(msr_real));
	io_count = toggles = injected_vector = preempt_after = real_msr_exists = 0;
	taskswitch = -1;
	xcr0_set = frame_error = 0;
	cpu_features = (struct cpu_features){0};
	dom.cpuid = &policy;
	v.domain = &dom;
	v.info = &info;
	v.pv.traps = traps;
	v.pv.kernel_mode = true;
	v.pv.cr4 = 0x660;
	traps[TRAP_GP].address = 1;
	fake_current = &v;
	regs.cs = SEL_GUEST_CS64;
	if (!text) {
		text = aligned_alloc(PAGE_SIZE, 2 * PAGE_SIZE);
	}
	return text ? 0 : -1;
}

/* Executes one instruction of `count` bytes; true if rip moved behind it. */
static bool run(const char *code, unsigned int count)
{
	bool done;

	memset(text, 0x90, 2 * PAGE_SIZE);
	memcpy(text, code, count);
	regs.rip = (u64)text;
	done = pv_emulate_privop(&v, &regs);
	assert_true(done || regs.rip == (u64)text);
	return done && regs.rip == (u64)text + count;
}
#define RUN(s) run(s, sizeof(s) - 1)

static void test_iopl(void **state)
{
	regs.rdx = 0x3f8;
	assert_false(RUN("\xec")); /* kernel is level 1, IOPL 0 */
	v.pv.iopl = 1;
	regs.rax = 0xffffffffffffff00;
	assert_true(RUN("\xec"));
	assert_int_equal(regs.rax, 0xffffffffffffff00); /* al only */
	assert_true(RUN("\x66\xed"));
	assert_int_equal(regs.rax, 0xffffffffffffc001); /* ax only */
	assert_true(RUN("\xed"));
	assert_int_equal(regs.rax, 0xa0b0c002); /* eax clears the rest */
	regs.rax = 0x11223344;
	assert_true(RUN("\xe6\x80"));
	assert_true(io[3].out && io[3].port == 0x80 && io[3].val == 0x44);
	v.pv.kernel_mode = false;
	assert_false(RUN("\xec"));
	v.pv.iopl = 3;
	assert_true(RUN("\xec"));
	v.pv.kernel_mode = true;
	v.pv.iopl = 0;
	dom.vm_assist = 1 << 4; /* architectural IOPL: the kernel is level 0 */
	assert_true(RUN("\xec"));
	regs.rdx = 0xffff;
	assert_true(RUN("\xec"));
	assert_false(RUN("\x66\xed")); /* over the end of the port space */
}

static void test_io_bitmap(void **state)
{
	u8 map[34];

	memset(map, 0xff, sizeof(map));
	map[0x60 / 8] = (u8) ~(1u << (0x60 & 7) | 1u << (0x64 & 7));
	v.pv.kernel_mode = false;
	v.pv.iobmp = (guest_ptr_t)map;
	v.pv.iobmp_ports = 0x100;
	assert_true(RUN("\xe4\x60"));
	assert_int_equal(toggles, 2); /* the kernel's tables for the read, and back */
	assert_false(v.pv.kernel_mode);
	assert_false(RUN("\xe4\x61"));
	assert_false(RUN("\x66\xe5\x60")); /* 16 bits: the next port too */
	map[0x60 / 8] = 0;
	assert_true(RUN("\x66\xe5\x60"));
	map[0xff / 8] = 0;
	assert_true(RUN("\xe4\xff"));
	assert_false(RUN("\x66\xe5\xff")); /* beyond the ports it covers */
	v.pv.iobmp_ports = 0x60;
	assert_false(RUN("\xe4\x60"));
}

static void test_rep(void **state)
{
	u16 buf[300] = {0};

	v.pv.iopl = 3;
	regs.rdx = 0x1f0;
	regs.rdi = (u64)buf;
	regs.rcx = 3;
	assert_true(RUN("\xf3\x66\x6d"));
	assert_int_equal(regs.rcx, 0);
	assert_int_equal(regs.rdi, (u64)&buf[3]);
	assert_int_equal(buf[0], 0xc000);
	assert_int_equal(buf[2], 0xc002);
	assert_int_equal(buf[3], 0);
	/* Nothing to do: nothing done, but behind it. */
	assert_true(RUN("\xf3\x66\x6d"));
	assert_int_equal(io_count, 3);
	/* Many: in parts, each leaving rip alone and the registers right. */
	regs.rcx = 300;
	regs.rsi = (u64)buf;
	io_count = 0;
	for (unsigned int parts = 0; !RUN("\xf3\x66\x6f"); parts++) {
		assert_true(parts < 4);
		assert_int_equal(regs.rsi, (u64)buf + 2 * (300 - regs.rcx));
	}
	assert_int_equal(io_count, 300);
	/* Downwards, and interrupted by other work. */
	regs.rcx = 5;
	regs.rsi = (u64)&buf[4];
	regs.rflags = RFLAGS_DF;
	preempt_after = 2;
	io_count = 0;
	assert_false(RUN("\xf3\x66\x6f"));
	assert_int_equal(regs.rcx, 3);
	assert_true(RUN("\xf3\x66\x6f"));
	assert_int_equal(regs.rsi, (u64)buf - 2);
	assert_int_equal(io_count, 5);
}

/* Memory that is not there: the guest's page fault, registers at the item that failed. */
static void test_rep_fault(void **state)
{
	v.pv.iopl = 1;
	regs.rcx = 7;
	regs.rdi = 0;
	assert_false(RUN("\xf3\x6c"));
	assert_int_equal(injected_vector, TRAP_PF);
	assert_int_equal(injected_cr2, 0);
	assert_int_equal(injected_ec, PFEC_WRITE);
	assert_int_equal(regs.rcx, 7);
	injected_vector = 0;
	regs.rsi = 0;
	assert_false(RUN("\x6e"));
	assert_int_equal(injected_vector, TRAP_PF);
	assert_int_equal(injected_ec, 0);
}

static void test_control_registers(void **state)
{
	assert_true(RUN("\x0f\x20\xc0"));
	assert_int_equal(regs.rax, FAKE_CR0);
	v.pv.cr0 = CR0_TS;
	assert_true(RUN("\x41\x0f\x20\xc7"));
	assert_int_equal(regs.r15, FAKE_CR0 | CR0_TS);
	assert_true(RUN("\x0f\x22\xc0")); /* back as read, TS clear */
	assert_int_equal(taskswitch, 0);
	regs.rax = FAKE_CR0 | CR0_TS;
	assert_true(RUN("\x0f\x22\xc0"));
	assert_int_equal(taskswitch, 1);
	assert_true(RUN("\x0f\x06"));
	assert_int_equal(taskswitch, 0);
	regs.rax = FAKE_CR0 & ~CR0_WP;
	assert_false(RUN("\x0f\x22\xc0"));
	info.arch.cr2 = 0xdead;
	assert_true(RUN("\x0f\x20\xd0"));
	assert_int_equal(regs.rax, 0xdead);
	assert_true(RUN("\x0f\x20\xe0"));
	assert_int_equal(regs.rax, 0x660);
	regs.rax = ~0ull; /* bits it cannot have are dropped */
	assert_true(RUN("\x0f\x22\xe0"));
	assert_int_equal(v.pv.cr4, 0x668);
	policy.xstate[0].a = 7;
	assert_true(RUN("\x0f\x22\xe0"));
	assert_int_equal(v.pv.cr4, 0x40668);
	regs.rax = 0x5000;
	assert_true(RUN("\x0f\x22\xd8"));
	assert_int_equal(v.pv.cr3_kernel, 0x5000);
	regs.rax = 0x5008; /* no flags in CR3 */
	assert_false(RUN("\x0f\x22\xd8"));
	regs.rax = 0x222000;
	assert_false(RUN("\x0f\x22\xd8"));
	regs.rax = 0x111000; /* preempted: to be executed again */
	assert_false(RUN("\x0f\x22\xd8"));
	assert_false(RUN("\x44\x0f\x20\xc0")); /* cr8 */
	v.pv.kernel_mode = false;
	v.pv.iopl = 3;
	assert_false(RUN("\x0f\x20\xc0"));
	assert_false(RUN("\x0f\x06"));
	assert_false(RUN("\x0f\x32"));
}

static bool read_msr(u32 msr, u64 *val)
{
	regs.rcx = msr | 0xffffffff00000000ull; /* the upper half is ignored */
	regs.rax = regs.rdx = ~0ull;
	if (!RUN("\x0f\x32")) {
		return false;
	}
	assert_true(regs.rax >> 32 == 0 && regs.rdx >> 32 == 0);
	*val = regs.rax | regs.rdx << 32;
	return true;
}

static bool write_msr(u32 msr, u64 val)
{
	regs.rcx = msr;
	regs.rax = (u32)val | 0xabcd00000000ull;
	regs.rdx = val >> 32 | 0xabcd00000000ull;
	return RUN("\x0f\x30");
}

static void test_msrs(void **state)
{
	u64 val;

	assert_true(read_msr(MSR_PAT, &val) && val == PAT_HV);
	assert_true(write_msr(MSR_PAT, PAT_HV));
	assert_false(write_msr(MSR_PAT, 0));
	assert_true(read_msr(MSR_EFER, &val) && val == 0xd01);
	assert_true(write_msr(MSR_EFER, 0xd01));
	assert_false(write_msr(MSR_EFER, 0xd00));
	assert_true(read_msr(MSR_APICBASE, &val) && val == 0xfee00900);
	v.id = 1;
	assert_true(read_msr(MSR_APICBASE, &val) && val == 0xfee00800);
	assert_true(write_msr(MSR_GS_BASE, 0xffff888000001000));
	assert_int_equal(v.pv.gs_base_kernel, 0xffff888000001000);
	assert_int_equal(msr_real[1], 0xffff888000001000);
	assert_true(write_msr(MSR_KERNEL_GS, 0x7f0000001000));
	assert_int_equal(v.pv.gs_base_user, 0x7f0000001000);
	assert_false(write_msr(MSR_FS_BASE, 0x0001000000000000));
	assert_true(write_msr(0x8b, 0));
	assert_false(write_msr(0x8b, 1));
	assert_true(read_msr(0x140, &val) && val == 0);
	assert_true(write_msr(0x140, 0));
	assert_true(read_msr(0x3a, &val) && val == 1);
	assert_true(read_msr(0x179, &val) && val == 0);
	assert_false(read_msr(0x10a, &val));
	policy.feat[0].d = 1u << 29;
	policy.arch_caps = 0x2b;
	assert_true(read_msr(0x10a, &val) && val == 0x2b);
	/* AMD's only on AMD, and where memory lies only for dom0. */
	real_msr_exists = 1;
	assert_false(read_msr(0xc0010015, &val));
	cpu_features.amd = true;
	assert_true(read_msr(0xc0010015, &val) && val == 1 << 24);
	assert_false(read_msr(0x3a, &val));
	assert_false(read_msr(0xc001001a, &val));
	dom.privileged = true;
	assert_true(read_msr(0xc001001a, &val) && val == 0x5ec7e7);
	/* What could break the host stays out of reach of dom0 too. */
	assert_false(write_msr(MSR_LSTAR, 0x1000));
	assert_false(write_msr(MSR_STAR, 0));
	assert_false(write_msr(MSR_APICBASE, 0xfee00000));
	assert_false(write_msr(MSR_TSC, 0));
	assert_false(write_msr(0xc001001a, 0));
	assert_false(write_msr(0x48, 0));
}

/* A kernel that cannot catch the fault yet reads 0, never the real value. */
static void test_msr_before_traps(void **state)
{
	u64 val;

	real_msr_exists = 1;
	assert_false(read_msr(0x34, &val));
	traps[TRAP_GP].address = 0;
	assert_true(read_msr(0x34, &val) && val == 0);
	real_msr_exists = 0;
	assert_true(read_msr(0x34, &val) && val == 0);
}

static void test_hypercall_page(void **state)
{
	frame_error = -EINVAL;
	assert_false(write_msr(0x40000000, 0x5000));
	frame_error = 0;
	assert_false(write_msr(0x40000000, 0x5001));
	memset(page, 0, sizeof(page));
	assert_true(write_msr(0x40000000, 0x5000));
	for (unsigned int nr = 0; nr < 128; nr++) {
		const u8 *stub = page + nr * 32;

		if (nr == 23) { /* iret: does not return */
			assert_memory_equal(stub, "\x51\x41\x53\x50\xb8\x17\0\0\0\x0f\x05\xcc", 12);
			continue;
		}
		assert_memory_equal(stub, "\x51\x41\x53\xb8", 4);
		assert_int_equal(stub[4], nr);
		assert_memory_equal(stub + 5, "\0\0\0\x0f\x05\x41\x5b\x59\xc3\xcc", 10);
	}
}

static void test_xsetbv(void **state)
{
	static const u64 good[] = {1, 3, 7, 0xe7},
			 bad[] = {0, 2, 5, 0x27, 0xe3, 0x207, 1ull << 63 | 1};

	policy.xstate[0].a = 0xe7;
	regs.rax = 3;
	assert_false(RUN("\x0f\x01\xd1")); /* CR4.OSXSAVE first */
	v.pv.cr4 |= CR4_OSXSAVE;
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		regs.rax = good[i];
		regs.rdx = 0;
		assert_true(RUN("\x0f\x01\xd1"));
		assert_int_equal(xcr0_set, good[i]);
	}
	xcr0_set = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		regs.rax = (u32)bad[i];
		regs.rdx = bad[i] >> 32;
		assert_false(RUN("\x0f\x01\xd1"));
	}
	regs.rax = 7;
	regs.rdx = 0;
	regs.rcx = 1; /* no other XCR */
	assert_false(RUN("\x0f\x01\xd1"));
	regs.rcx = 0;
	policy.xstate[0].a = 3;
	assert_false(RUN("\x0f\x01\xd1"));
	assert_int_equal(xcr0_set, 0);
}

static void test_rest(void **state)
{
	assert_true(RUN("\x0f\x09"));
	assert_false(RUN("\xf4")); /* hlt */
	assert_false(RUN("\xfa"));
	v.pv.iopl = 1;
	assert_true(RUN("\xfa"));
	assert_true(RUN("\xfb"));
	/* Single-stepped: a debug exception behind it. */
	regs.rflags = RFLAGS_TF | RFLAGS_RF;
	assert_true(RUN("\xfb"));
	assert_int_equal(injected_vector, TRAP_DB);
	assert_true(v.pv.dr[6] & 1 << 14);
	assert_false(regs.rflags & RFLAGS_RF);
	/* Code segments of which nothing is known are left alone. */
	regs.cs = 0x33;
	assert_false(RUN("\xfb"));
	regs.cs = 7; /* LDT */
	assert_false(RUN("\xfb"));
}

static void test_forced_cpuid(void **state)
{
	static const char code[] = "\x0f\x0bxen\x0f\xa2";

	memcpy(text, code, 7);
	regs.rip = (u64)text;
	regs.rax = 0x1100000007;
	regs.rcx = 0x1100000002;
	assert_true(pv_emulate_forced_cpuid(&v, &regs));
	assert_int_equal(regs.rip, (u64)text + 7);
	assert_int_equal(regs.rax, 7);
	assert_int_equal(regs.rbx, 2);
	assert_int_equal(regs.rcx, 0x17);
	assert_int_equal(regs.rdx, 0xd);
	/* Any other byte: an ordinary #UD. Also across a page's end. */
	for (unsigned int i = 0; i < 7; i++) {
		memcpy(text + PAGE_SIZE - 3, code, 7);
		text[PAGE_SIZE - 3 + i] ^= 1;
		regs.rip = (u64)text + PAGE_SIZE - 3;
		assert_false(pv_emulate_forced_cpuid(&v, &regs));
	}
	memcpy(text + PAGE_SIZE - 3, code, 7);
	assert_true(pv_emulate_forced_cpuid(&v, &regs));
}

/* An instruction at a page's very end needs nothing from the next page. */
static void test_page_end(void **state)
{
	v.pv.iopl = 1;
	memset(text, 0x90, 2 * PAGE_SIZE);
	text[PAGE_SIZE - 1] = 0xec;
	regs.rip = (u64)text + PAGE_SIZE - 1;
	assert_true(pv_emulate_privop(&v, &regs));
	assert_int_equal(regs.rip, (u64)text + PAGE_SIZE);
	regs.rip = 0; /* cannot be read */
	assert_false(pv_emulate_privop(&v, &regs));
}

#define TEST(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_iopl),
		TEST(test_io_bitmap),
		TEST(test_rep),
		TEST(test_rep_fault),
		TEST(test_control_registers),
		TEST(test_msrs),
		TEST(test_msr_before_traps),
		TEST(test_hypercall_page),
		TEST(test_xsetbv),
		TEST(test_rest),
		TEST(test_forced_cpuid),
		TEST(test_page_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

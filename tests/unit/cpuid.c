/* SPDX-License-Identifier: MIT */
/*
 * CPUID policies on three fake CPUs (Nehalem, Haswell with AVX, EPYC): what PV guests see, what
 * dom0 sees more, what tools can read, and what they can and cannot set.
 */
#include "unit.h"
#include <xen/arch-x86/cpufeatureset.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>
#include "domus.h"
#include "mm/alloc.h"
#include "pv/cpuid.h"
#include "pv/pv.h"

#define HAS(p, name)    cpuid_policy_has((p), XEN_X86_FEATURE_##name)
#define BIT_OF(name)    (1u << (XEN_X86_FEATURE_##name % 32))
#define GUEST_CR4_PLAIN 0x660

struct fake_leaf {
	u32 leaf, sub, r[4];
};

#define INTEL 0x756e6547, 0x6c65746e, 0x49656e69
#define AMD   0x68747541, 0x444d4163, 0x69746e65

static const struct fake_leaf nehalem[] = {
	{0, 0, {0xb, INTEL}},
	/* SMP, hypervisor; MONITOR, VMX, PCID, x2APIC, TSC deadline to be hidden */
	{1,
	 0,
	 {0x106a3, 0x00040800, 0x80982201 | 1u << 3 | 1u << 5 | 1u << 17 | 1u << 21 | 1u << 24,
	  0x178bfbfd}},
	{2, 0, {1, 0, 0x4d, 0x2c307d}},
	{4, 0, {0x121, 0x1c0003f, 0x3f, 1}},
	{4, 1, {0x122, 0x1c0003f, 0x3f, 1}},
	{4, 2, {0x143, 0x3c0003f, 0xfff, 1}},
	{4, 3, {0, 0, 0, 0}},
	{5, 0, {0x40, 0x40, 3, 0x20}},
	{6, 0, {0x7, 2, 1, 0}},
	{0xa, 0, {0x07300403, 0, 0, 0x603}},
	{0xb, 0, {0, 1, 0x100, 1}},
	{0xb, 1, {2, 4, 0x201, 1}},
	{0x80000000, 0, {0x80000008, INTEL}},
	{0x80000001, 0, {0, 0, 1, 0x28100800}}, /* LM, RDTSCP, NX, SYSCALL */
	{0x80000006, 0, {0x42004200, 0x2008140, 0x80000, 0}},
	{0x80000007, 0, {0, 0, 0, 0x100}},
	{0x80000008, 0, {0x3028, 0, 0, 0}},
};

static const struct fake_leaf haswell[] = {
	{0, 0, {0xd, INTEL}},
	{1, 0, {0x306c4, 0x00010800, 0xfffa3203 | BIT_OF(OSXSAVE), 0x1f8bfbff}},
	/* everything in leaf 7 that hardware of many years has */
	{7, 0, {2, 0xffffffff, 0xffffffff, 0xffffffff}},
	{7, 1, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
	{7, 2, {0, 0, 0, 0xffffffff}},
	{0xd, 0, {0x2e7, 0xa88, 0xa88, 0}},
	{0xd, 1, {0xf, 0x240, 0, 0}},
	{0xd, 2, {0x100, 0x240, 0, 0}},
	{0xd, 5, {0x40, 0x440, 0, 0}},
	{0xd, 6, {0x200, 0x480, 0, 0}},
	{0xd, 7, {0x400, 0x680, 0, 0}},
	{0xd, 9, {8, 0xa80, 0, 0}},
	{0x80000000, 0, {0x80000008, INTEL}},
	{0x80000001, 0, {0, 0, 0x121, 0x2c100800}},
	{0x80000008, 0, {0x3027, 0xffffffff, 0, 0}},
};

static const struct fake_leaf epyc[] = {
	{0, 0, {0xd, AMD}},
	{1, 0, {0x800f12, 0x00080800, 0xfef83203, 0x178bfbff}},
	{2, 0, {1, 0, 0x4d, 0x2c307d}}, /* does not exist on AMD */
	{4, 0, {0x121, 0x1c0003f, 0x3f, 1}},
	{7, 0, {0, 0x209c01a9, 0, 0}},
	{0xd, 0, {7, 0x340, 0x340, 0}},
	{0xd, 1, {0xf, 0x340, 0, 0}},
	{0xd, 2, {0x100, 0x240, 0, 0}},
	{0x80000000, 0, {0x8000001f, AMD}},
	{0x80000001, 0, {0x800f12, 0x40000000, 0x75c237ff, 0x2fd3fbff}},
	{0x80000005, 0, {0xff40ff40, 0xff40ff40, 0x20080140, 0x40040140}},
	{0x80000007, 0, {0, 0, 0, 0x700}},
	{0x80000008, 0, {0x303030, 0x1007, 0x7007, 0}},
	{0x8000000a, 0, {1, 0x10, 0, 0xffff}},
	{0x8000001a, 0, {3, 0, 0, 0}},
	{0x8000001d, 0, {0x121, 0x1c0003f, 0x3f, 0}},
	{0x8000001e, 0, {1, 0x100, 0, 0}},
	{0x8000001f, 0, {0xf, 0x16f, 0xf, 1}},
};

static const struct fake_leaf *cpu;
static unsigned int cpu_leaves;
#define USE_CPU(table) (cpu = (table), cpu_leaves = ARRAY_SIZE(table))

void fake_cpuid(u32 leaf, u32 sub, u32 r[4])
{
	memset(r, 0, 16);
	for (unsigned int i = 0; i < cpu_leaves; i++) {
		bool subs = leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd;

		if (cpu[i].leaf == leaf && (!subs || cpu[i].sub == sub)) {
			memcpy(r, cpu[i].r, 16);
			return;
		}
	}
}

/* What cpuid.c takes from other rooms. */
struct cpu_features cpu_features;
u64 hv_cr4 = GUEST_CR4_PLAIN;
u64 tsc_khz = 2400000;
u64 frame_end = 0xbffe0;
struct vcpu *fake_current;

int rdmsr_safe(u32 msr, u64 *v)
{
	*v = msr == 0x10a ? ~0ull : 0;
	return 0;
}
void *heap_alloc(size_t n)
{
	return calloc(1, n);
}
void heap_free(void *p, size_t n)
{
	free(p);
}
u32 time_scale(u32 *mul, s8 *shift, u64 *tsc_stamp, u64 *system_time)
{
	*mul = 0xd5555555;
	*shift = -1;
	*tsc_stamp = *system_time = 0;
	return 0;
}

struct set {
	struct cpuid_policy raw, host, max, dflt;
};

static void make(struct set *s, u64 xcr0)
{
	struct cpuid_source src = {.leaf = fake_cpuid, .arch_caps = ~0ull, .xcr0 = xcr0};

	cpuid_policy_raw(&s->raw, &src);
	cpuid_policy_host(&s->host, &s->raw, xcr0);
	cpuid_policy_pv_max(&s->max, &s->host);
	cpuid_policy_pv_default(&s->dflt, &s->max);
}

static void test_nehalem(void **state)
{
	struct set s;

	USE_CPU(nehalem);
	make(&s, 0);
	/* The values that stock Linux was seen to get. */
	assert_int_equal(s.dflt.basic[1].d, 0x1789cbf5);
	assert_int_equal(s.dflt.basic[1].c, 0x80982201);
	assert_true(HAS(&s.dflt, NX) && HAS(&s.dflt, SYSCALL) && HAS(&s.dflt, LM));
	assert_false(HAS(&s.dflt, RDTSCP));
	assert_true(HAS(&s.host, RDTSCP) && HAS(&s.host, MONITOR));
	assert_true(HAS(&s.max, ITSC));
	assert_false(HAS(&s.dflt, ITSC));
	assert_int_equal(s.dflt.basic[5].a, 0);
	assert_int_equal(s.dflt.basic[0xa].a, 0);
	assert_int_equal(s.dflt.topo[1].b, 0);
	assert_int_equal(s.dflt.cache[2].a, 0x143); /* Intel caches stay */
	assert_int_equal(s.dflt.extd[6].c, 0x80000);
	assert_int_equal(s.dflt.extd[8].a, 0x3028);
}

static void test_haswell(void **state)
{
	struct set s;

	USE_CPU(haswell);
	make(&s, 0xe7);
	assert_int_equal(cpuid_policy_xcr0(&s.dflt), 0xe7); /* PKRU (bit 9) is not offered */
	assert_true(HAS(&s.dflt, XSAVE) && HAS(&s.dflt, AVX2) && HAS(&s.dflt, AVX512F));
	assert_false(HAS(&s.dflt, OSXSAVE)); /* follows state, never in a policy */
	assert_false(HAS(&s.dflt, FSGSBASE) || HAS(&s.dflt, SMEP) || HAS(&s.dflt, SMAP));
	assert_false(HAS(&s.dflt, INVPCID) || HAS(&s.dflt, PKU) || HAS(&s.dflt, UMIP));
	assert_false(HAS(&s.dflt, RTM) || HAS(&s.dflt, HLE) || HAS(&s.dflt, MPX));
	assert_false(HAS(&s.dflt, PAGE1GB) || HAS(&s.dflt, IBRSB) || HAS(&s.dflt, XSAVES));
	assert_false(HAS(&s.dflt, RDPID) || HAS(&s.dflt, IBPB));
	assert_true(HAS(&s.dflt, ARCH_CAPS) && HAS(&s.dflt, RDCL_NO) && HAS(&s.dflt, ITS_NO));
	assert_false(HAS(&s.dflt, TSX_CTRL));
	assert_int_equal(cpuid_policy_xsave_size(&s.dflt, 3, false), 576);
	assert_int_equal(cpuid_policy_xsave_size(&s.dflt, 7, false), 832);
	assert_int_equal(cpuid_policy_xsave_size(&s.dflt, 0xe7, false), 0xa80);
	assert_int_equal(cpuid_policy_xsave_size(&s.dflt, 0xe7, true), 0x240 + 0x100 + 0x640);
	assert_int_equal(s.dflt.xstate[0].c, 0xa80);
	assert_int_equal(s.dflt.xstate[9].a, 0);

	/* AVX-512 is offered whole or not at all, AVX goes with its component. */
	make(&s, 7);
	assert_true(HAS(&s.dflt, AVX2));
	assert_false(HAS(&s.dflt, AVX512F) || HAS(&s.dflt, AVX512_VNNI));
	make(&s, 3);
	assert_false(HAS(&s.dflt, AVX) || HAS(&s.dflt, AVX2) || HAS(&s.dflt, FMA));
	assert_true(HAS(&s.dflt, XSAVE));
	make(&s, 0); /* xsave=off */
	assert_false(HAS(&s.dflt, XSAVE) || HAS(&s.dflt, XSAVEOPT) || HAS(&s.dflt, AVX));
	assert_int_equal(cpuid_policy_xcr0(&s.dflt), 0);
	assert_int_equal(s.dflt.xstate[0].c, 0);
}

static void test_epyc(void **state)
{
	struct set s;

	USE_CPU(epyc);
	make(&s, 7);
	assert_true(cpuid_policy_is_amd(&s.dflt));
	assert_false(HAS(&s.dflt, SVM) || HAS(&s.dflt, TOPOEXT) || HAS(&s.dflt, RDTSCP));
	assert_false(HAS(&s.dflt, IBPB) || HAS(&s.dflt, DBEXT));
	assert_true(HAS(&s.dflt, SSE4A) && HAS(&s.dflt, SHA) && HAS(&s.dflt, CLZERO));
	assert_int_equal(s.dflt.basic[2].a, 0);
	assert_int_equal(s.dflt.cache[0].a, 0);
	assert_int_equal(s.dflt.extd[5].a, 0xff40ff40);
	assert_int_equal(s.dflt.extd[8].a, 0x3030); /* no guest address width */
	assert_int_equal(s.dflt.extd[0xa].a, 0);    /* SVM */
	assert_int_equal(s.dflt.extd[0x1a].a, 3);
	assert_int_equal(s.dflt.extd[0x1e].b, 0);
	assert_int_equal(s.dflt.extd[0x1f].a, 0); /* memory encryption */
}

/* No word of a PV policy has a bit that its parent has not. */
static void test_narrowing(void **state)
{
	static const struct {
		const struct fake_leaf *table;
		unsigned int count;
	} cpus[] = {{nehalem, ARRAY_SIZE(nehalem)},
		    {haswell, ARRAY_SIZE(haswell)},
		    {epyc, ARRAY_SIZE(epyc)}};
	struct set s;

	for (unsigned int c = 0; c < ARRAY_SIZE(cpus); c++) {
		cpu = cpus[c].table;
		cpu_leaves = cpus[c].count;
		make(&s, 0xe7);
		for (unsigned int w = 0; w < CPUID_FEATURE_WORDS; w++) {
			u32 added = w == 1 ? BIT_OF(HYPERVISOR) : 0;

			assert_int_equal(cpuid_policy_word(&s.max, w) &
						 ~cpuid_policy_word(&s.host, w) & ~added,
					 0);
			assert_int_equal(
				cpuid_policy_word(&s.dflt, w) & ~cpuid_policy_word(&s.max, w), 0);
		}
	}
}

/* What tools read, written back unchanged, is the same policy: save, restore, libxenguest. */
static void test_round_trip(void **state)
{
	static xen_cpuid_leaf_t leaves[CPUID_MAX_LEAVES];
	xen_msr_entry_t msrs[CPUID_MAX_MSRS];
	struct cpuid_policy back;
	unsigned int n;
	u32 e[3];
	struct set s;

	USE_CPU(haswell);
	make(&s, 0xe7);
	assert_int_equal(CPUID_MAX_LEAVES, 120); /* what libxenguest 4.17 sees of Xen */
	n = cpuid_policy_to_leaves(&s.dflt, leaves);
	assert_true(n <= CPUID_MAX_LEAVES);
	memset(&back, 0, sizeof(back));
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(cpuid_policy_put_leaf(&back, &leaves[i]), 0);
	}
	assert_int_equal(cpuid_policy_to_msrs(&s.dflt, msrs), CPUID_MAX_MSRS);
	assert_int_equal(msrs[0].idx, 0xce);
	assert_int_equal(msrs[1].idx, 0x10a);
	back.platform_info = msrs[0].val;
	back.arch_caps = msrs[1].val;
	assert_memory_equal(&back, &s.dflt, sizeof(back));
	assert_int_equal(cpuid_policy_fit(&back, &s.max, &e[0], &e[1], &e[2]), 0);
	assert_memory_equal(&back, &s.dflt, sizeof(back));
}

static void test_bad_entries(void **state)
{
	static const xen_cpuid_leaf_t bad[] = {
		{.leaf = 0xe, .subleaf = XEN_CPUID_NO_SUBLEAF},
		{.leaf = 1, .subleaf = 0},
		{.leaf = 4, .subleaf = 6},
		{.leaf = 4, .subleaf = XEN_CPUID_NO_SUBLEAF},
		{.leaf = 7, .subleaf = 3},
		{.leaf = 0xd, .subleaf = 63},
		{.leaf = 0x40000000, .subleaf = 0},
		{.leaf = 0x40000001, .subleaf = XEN_CPUID_NO_SUBLEAF},
		{.leaf = 0x80000022, .subleaf = XEN_CPUID_NO_SUBLEAF},
		{.leaf = 0x7fffffff, .subleaf = XEN_CPUID_NO_SUBLEAF},
		{.leaf = ~0u, .subleaf = ~0u},
	};
	static struct cpuid_policy p;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(cpuid_policy_put_leaf(&p, &bad[i]), -ERANGE);
	}
}

static int fit(struct cpuid_policy *p, const struct set *s, u32 e[3])
{
	e[0] = e[1] = e[2] = ~0u;
	return cpuid_policy_fit(p, &s->max, &e[0], &e[1], &e[2]);
}

static void test_fit(void **state)
{
	struct cpuid_policy p;
	struct set s;
	u32 e[3];

	USE_CPU(nehalem);
	make(&s, 0);
	p = s.dflt;
	p.basic[1].c |= BIT_OF(AESNI); /* this CPU has none */
	assert_int_equal(fit(&p, &s, e), -EINVAL);
	assert_int_equal(e[0], 1);
	p = s.dflt;
	p.basic[0].a = 0xd;
	assert_int_equal(fit(&p, &s, e), -EINVAL);
	assert_int_equal(e[0], 0);
	p = s.dflt;
	p.extd[0].a = 0x8000001f;
	assert_int_equal(fit(&p, &s, e), -EINVAL);
	assert_int_equal(e[0], 0x80000000);
	p = s.dflt;
	p.extd[0].a = 5;
	assert_int_equal(fit(&p, &s, e), -EINVAL);
	p = s.dflt;
	p.xstate[0].a = 7;
	assert_int_equal(fit(&p, &s, e), -EINVAL);
	assert_int_equal(e[0], 0xd);
	p = s.dflt;
	p.arch_caps = 1;
	assert_int_equal(fit(&p, &s, e), -EINVAL);
	assert_int_equal(e[2], 0x10a);
	/* libxenguest copies these from the host's view; they are cut, not refused. */
	p = s.dflt;
	p.basic[1].d |= BIT_OF(MTRR);
	p.extd[1].c |= BIT_OF(CMP_LEGACY);
	p.basic[1].c |= BIT_OF(OSXSAVE);
	assert_int_equal(fit(&p, &s, e), 0);
	assert_memory_equal(&p, &s.dflt, sizeof(p));
	/* Less is always fine. */
	p.basic[1].c = 0;
	p.basic[0].a = 1;
	assert_int_equal(fit(&p, &s, e), 0);
	assert_true(HAS(&p, HYPERVISOR));
}

static struct domain *domain_of(struct vcpu *v, bool privileged)
{
	struct domain *d = calloc(1, sizeof(*d));

	d->privileged = privileged;
	v->domain = d;
	v->pv.cr4 = GUEST_CR4_PLAIN;
	v->pv.xcr0 = 1;
	assert_int_equal(cpuid_domain_create(d), 0);
	return d;
}

static void drop(struct domain *d)
{
	cpuid_domain_free(d);
	free(d);
}

/* The system policies are made once per run, so this one CPU serves all tests of pv_cpuid(). */
static int use_haswell(void **state)
{
	USE_CPU(haswell);
	cpu_features = (struct cpu_features){
		.xsave = true, .xcr0_max = 7, .max_leaf = 0xd, .invariant_tsc = true};
	hv_cr4 = GUEST_CR4_PLAIN | CR4_OSXSAVE;
	return 0;
}

static void test_guest_view(void **state)
{
	struct vcpu v = {0};
	struct domain *d = domain_of(&v, false);
	u32 r[4];

	/* Linux decides once, before it set CR4.OSXSAVE. */
	pv_cpuid(&v, 1, 0, r);
	assert_true(r[2] & BIT_OF(OSXSAVE));
	assert_false(r[3] & BIT_OF(MTRR));
	assert_int_equal(r[1] >> 24, 0);
	hv_cr4 &= ~CR4_OSXSAVE;
	pv_cpuid(&v, 1, 0, r);
	assert_false(r[2] & BIT_OF(OSXSAVE));
	hv_cr4 |= CR4_OSXSAVE;
	/* Leaf 0xd follows XCR0. */
	v.pv.xcr0 = 3;
	pv_cpuid(&v, 0xd, 0, r);
	assert_int_equal(r[0], 7);
	assert_int_equal(r[1], 576);
	assert_int_equal(r[2], 832);
	v.pv.xcr0 = 7;
	pv_cpuid(&v, 0xd, 0, r);
	assert_int_equal(r[1], 832);
	pv_cpuid(&v, 0xd, 1, r);
	assert_int_equal(r[1], 832);
	/* Beyond the end: zeros. */
	pv_cpuid(&v, 0xe, 0, r);
	assert_true(!r[0] && !r[1] && !r[2] && !r[3]);
	pv_cpuid(&v, 0x80000022, 0, r);
	assert_true(!r[0] && !r[1] && !r[2] && !r[3]);
	pv_cpuid(&v, 0xd, ~0u, r);
	assert_true(!r[0] && !r[1] && !r[2] && !r[3]);
	pv_cpuid(&v, ~0u, ~0u, r);
	assert_true(!r[0] && !r[1] && !r[2] && !r[3]);
	drop(d);
}

static void test_dom0_view(void **state)
{
	struct vcpu v = {0};
	struct domain *d = domain_of(&v, true);
	u32 r[4];

	pv_cpuid(&v, 1, 0, r);
	assert_true(r[3] & BIT_OF(MTRR));
	assert_false(r[3] & BIT_OF(PGE));
	drop(d);
}

static void test_hypervisor_leaves(void **state)
{
	struct vcpu v = {0};
	struct domain *d = domain_of(&v, false);
	u32 r[4];

	d->tsc_mode = 2;
	pv_cpuid(&v, 0x40000000, 0, r);
	assert_int_equal(r[0], 0x40000005);
	assert_memory_equal(&r[1], "XenVMMXenVMM", 12);
	pv_cpuid(&v, 0x40000001, 0, r);
	assert_int_equal(r[0], 0x40011);
	pv_cpuid(&v, 0x40000003, 0, r);
	assert_int_equal(r[1], 2);
	assert_int_equal(r[2], 2400000);
	pv_cpuid(&v, 0x40000005, 0, r);
	assert_int_equal(r[1], 0x20); /* 3 GiB: 32 address bits */
	pv_cpuid(&v, DOMUS_CPUID_BASE, 0, r);
	assert_memory_equal(&r[1], "DomusDomus\0", 12);
	assert_int_equal(r[0], DOMUS_CPUID_BASE + 1);
	pv_cpuid(&v, DOMUS_CPUID_BASE + 1, 0, r);
	assert_int_equal(r[0], DOMUS_VERSION);
	/* Linux looks for other hypervisors at every 0x100. */
	for (u32 leaf = 0x40000200; leaf < 0x40010000; leaf += 0x100) {
		pv_cpuid(&v, leaf, 0, r);
		assert_true(!r[0] && !r[1] && !r[2] && !r[3]);
	}
	pv_cpuid(&v, 0x40000006, 0, r);
	assert_true(!r[0] && !r[1]);
	d->cpuid->hv_limit = 3; /* the tools may show fewer */
	pv_cpuid(&v, 0x40000000, 0, r);
	assert_int_equal(r[0], 0x40000003);
	pv_cpuid(&v, 0x40000005, 0, r);
	assert_int_equal(r[1], 0);
	drop(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nehalem),
		cmocka_unit_test(test_haswell),
		cmocka_unit_test(test_epyc),
		cmocka_unit_test(test_narrowing),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad_entries),
		cmocka_unit_test(test_fit),
		cmocka_unit_test_setup(test_guest_view, use_haswell),
		cmocka_unit_test_setup(test_dom0_view, use_haswell),
		cmocka_unit_test_setup(test_hypervisor_leaves, use_haswell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

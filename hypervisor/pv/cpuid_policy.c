/* SPDX-License-Identifier: MIT */
/*
 * CPUID policies as values: read from a CPU, cut down to what PV guests can be given, compared,
 * turned into the tools' arrays and back. Pure functions without locks.
 *
 *   raw (the CPU) -> host (what the hypervisor uses of it) -> PV max -> PV default -> a guest's own
 *
 * Invariant: a guest's policy never has a feature, an XCR0 bit or a leaf that PV max has not.
 */
#include <xen/arch-x86/cpufeatureset.h>
#include <xen/domctl.h>
#include "arch/cpu.h"
#include "lib/lib.h"
#include "pv/cpuid.h"

#define F(name)  (1u << (XEN_X86_FEATURE_##name % 32))
#define NO_SUB   XEN_CPUID_NO_SUBLEAF
#define EXTD     0x80000000u
#define HV_LEAF  0x40000000u
#define HV2_LEAF 0x40000100u

#define MSR_PLATFORM_INFO 0xceu

#define XCR0_X87_SSE 0x3ull
#define XCR0_AVX     0x4ull
#define XCR0_AVX512  0xe0ull

/*
 * What PV guests can get, by feature word. Hidden among others: what needs ring 0 (PSE, PGE, SMEP,
 * PCID, ...), what needs per-vcpu MSR state (RDTSCP, RDPID, SPEC_CTRL, DBEXT), TSX, and FSGSBASE,
 * which makes Linux read an MSR by trap at every context switch.
 */
static const u32 pv_max_mask[CPUID_FEATURE_WORDS] = {
	[0] = F(FPU) | F(DE) | F(TSC) | F(MSR) | F(PAE) | F(MCE) | F(CX8) | F(APIC) | F(SEP) |
	      F(MCA) | F(CMOV) | F(PAT) | F(CLFLUSH) | F(MMX) | F(FXSR) | F(SSE) | F(SSE2) | F(SS) |
	      F(HTT),
	[1] = F(SSE3) | F(PCLMULQDQ) | F(SSSE3) | F(FMA) | F(CX16) | F(SSE4_1) | F(SSE4_2) |
	      F(MOVBE) | F(POPCNT) | F(AESNI) | F(XSAVE) | F(AVX) | F(F16C) | F(RDRAND) |
	      F(HYPERVISOR),
	[2] = F(SYSCALL) | F(NX) | F(MMXEXT) | F(FFXSR) | F(LM) | F(3DNOWEXT) | F(3DNOW),
	[3] = F(LAHF_LM) | F(CMP_LEGACY) | F(ABM) | F(SSE4A) | F(MISALIGNSSE) | F(3DNOWPREFETCH) |
	      F(XOP) | F(FMA4) | F(TBM),
	[4] = F(XSAVEOPT) | F(XSAVEC) | F(XGETBV1),
	[5] = F(BMI1) | F(AVX2) | F(FDP_EXCP_ONLY) | F(BMI2) | F(ERMS) | F(NO_FPU_SEL) |
	      F(AVX512F) | F(AVX512DQ) | F(RDSEED) | F(ADX) | F(AVX512_IFMA) | F(CLFLUSHOPT) |
	      F(CLWB) | F(AVX512PF) | F(AVX512ER) | F(AVX512CD) | F(SHA) | F(AVX512BW) |
	      F(AVX512VL),
	[6] = F(PREFETCHWT1) | F(AVX512_VBMI) | F(AVX512_VBMI2) | F(GFNI) | F(VAES) |
	      F(VPCLMULQDQ) | F(AVX512_VNNI) | F(AVX512_BITALG) | F(AVX512_VPOPCNTDQ) |
	      F(CLDEMOTE) | F(MOVDIRI) | F(MOVDIR64B),
	[7] = F(ITSC),
	[8] = F(CLZERO) | F(RSTR_FP_ERR_PTRS) | F(SSB_NO) | F(BTC_NO),
	[9] = F(AVX512_4VNNIW) | F(AVX512_4FMAPS) | F(FSRM) | F(AVX512_VP2INTERSECT) | F(MD_CLEAR) |
	      F(SERIALIZE) | F(ARCH_CAPS),
	[10] = F(AVX_VNNI) | F(AVX512_BF16) | F(FZRM) | F(FSRS) | F(FSRCS),
	[11] = F(LFENCE_DISPATCH) | F(VERW_CLEAR) | F(NSCB) | F(SRSO_NO) | F(SRSO_US_NO),
	[13] = F(MCDT_NO),
	[16] = F(RDCL_NO) | F(RSBA) | F(INTEL_SSB_NO) | F(MDS_NO) | F(IF_PSCHANGE_MC_NO) |
	       F(TAA_NO) | F(SBDR_SSDP_NO) | F(FBSDP_NO) | F(PSDP_NO) | F(FB_CLEAR) | F(RRSBA) |
	       F(BHI_NO) | F(PBRSB_NO) | F(GDS_NO) | F(RFDS_NO) | F(RFDS_CLEAR),
	[17] = F(ITS_NO),
	[18] = F(TSA_SQ_NO) | F(TSA_L1_NO),
};

/* In PV max, not in PV default: a guest has them only when its file asks for them. */
static const u32 pv_optional_mask[CPUID_FEATURE_WORDS] = {
	[6] = F(MOVDIRI) | F(MOVDIR64B),
	[7] = F(ITSC),
	[9] = F(AVX512_VP2INTERSECT),
};

/* Bits that tools set from the host's view or that follow state: cut silently where max lacks them.
 */
static const u32 follow_host_mask[CPUID_FEATURE_WORDS] = {
	[0] = F(APIC) | F(HTT) | F(MTRR),
	[1] = F(OSXSAVE) | F(X2APIC) | F(HYPERVISOR),
	[3] = F(CMP_LEGACY),
	[6] = F(OSPKE),
	[7] = F(ITSC),
};

/* Features that live in XSAVE components: gone where the component is not managed. */
static const u32 avx_mask[CPUID_FEATURE_WORDS] = {
	[1] = F(FMA) | F(AVX) | F(F16C), [3] = F(XOP) | F(FMA4), [5] = F(AVX2),
	[6] = F(VAES) | F(VPCLMULQDQ),   [10] = F(AVX_VNNI),
};
static const u32 avx512_mask[CPUID_FEATURE_WORDS] = {
	[5] = F(AVX512F) | F(AVX512DQ) | F(AVX512_IFMA) | F(AVX512PF) | F(AVX512ER) | F(AVX512CD) |
	      F(AVX512BW) | F(AVX512VL),
	[6] = F(AVX512_VBMI) | F(AVX512_VBMI2) | F(AVX512_VNNI) | F(AVX512_BITALG) |
	      F(AVX512_VPOPCNTDQ),
	[9] = F(AVX512_4VNNIW) | F(AVX512_4FMAPS) | F(AVX512_VP2INTERSECT),
	[10] = F(AVX512_BF16),
};

static const struct {
	u32 leaf, sub; /* told to tools when the word does not fit */
	u32 offset;
} word_place[CPUID_FEATURE_WORDS] = {
#define WORD(leaf, sub, field)                                  \
	{                                                       \
		leaf, sub, offsetof(struct cpuid_policy, field) \
	}
	WORD(1, NO_SUB, basic[1].d),
	WORD(1, NO_SUB, basic[1].c),
	WORD(EXTD + 1, NO_SUB, extd[1].d),
	WORD(EXTD + 1, NO_SUB, extd[1].c),
	WORD(0xd, 1, xstate[1].a),
	WORD(7, 0, feat[0].b),
	WORD(7, 0, feat[0].c),
	WORD(EXTD + 7, NO_SUB, extd[7].d),
	WORD(EXTD + 8, NO_SUB, extd[8].b),
	WORD(7, 0, feat[0].d),
	WORD(7, 1, feat[1].a),
	WORD(EXTD + 0x21, NO_SUB, extd[0x21].a),
	WORD(7, 1, feat[1].b),
	WORD(7, 2, feat[2].d),
	WORD(7, 1, feat[1].c),
	WORD(7, 1, feat[1].d),
	{~0u, ~0u, offsetof(struct cpuid_policy, arch_caps)},
	{~0u, ~0u, offsetof(struct cpuid_policy, arch_caps) + 4},
	WORD(EXTD + 0x21, NO_SUB, extd[0x21].c),
#undef WORD
};

u32 cpuid_policy_word(const struct cpuid_policy *p, unsigned int word)
{
	return *(const u32 *)((const char *)p + word_place[word].offset);
}

static void set_word(struct cpuid_policy *p, unsigned int word, u32 val)
{
	*(u32 *)((char *)p + word_place[word].offset) = val;
}

bool cpuid_policy_has(const struct cpuid_policy *p, unsigned int feature)
{
	return cpuid_policy_word(p, feature / 32) >> (feature % 32) & 1;
}

static void drop_features(struct cpuid_policy *p, const u32 mask[CPUID_FEATURE_WORDS])
{
	for (unsigned int w = 0; w < CPUID_FEATURE_WORDS; w++) {
		set_word(p, w, cpuid_policy_word(p, w) & ~mask[w]);
	}
}

bool cpuid_policy_is_amd(const struct cpuid_policy *p)
{
	return p->basic[0].b == 0x68747541 || p->basic[0].b == 0x6f677948; /* "Auth", "Hygo" */
}

u64 cpuid_policy_xcr0(const struct cpuid_policy *p)
{
	return p->xstate[0].a | (u64)p->xstate[0].d << 32;
}

u32 cpuid_policy_xsave_size(const struct cpuid_policy *p, u64 xcr0, bool compact)
{
	u32 size = 512 + 64; /* legacy region and header */

	xcr0 &= ~XCR0_X87_SSE;
	for (unsigned int i = 2; i < CPUID_XSTATE_COUNT; i++) {
		const struct cpuid_regs *r = &p->xstate[i];

		if (!(xcr0 & BIT(i))) {
			continue;
		}
		if (!compact) {
			size = MAX(size, r->a + r->b);
		} else {
			size = (r->c & 2 ? ROUND_UP(size, 64u) : size) + r->a;
		}
	}
	return size;
}

static void set_xcr0(struct cpuid_policy *p, u64 xcr0)
{
	for (unsigned int i = 2; i < CPUID_XSTATE_COUNT; i++) {
		if (!(xcr0 & BIT(i))) {
			p->xstate[i] = (struct cpuid_regs){0};
		}
	}
	p->xstate[0].a = (u32)xcr0;
	p->xstate[0].d = (u32)(xcr0 >> 32);
	p->xstate[0].b = p->xstate[0].c = xcr0 ? cpuid_policy_xsave_size(p, xcr0, false) : 0;
	p->xstate[1].b = p->xstate[1].c = p->xstate[1].d = 0;
}

/* Leaves with sub-leaves, and where those are kept. */
static const struct leaf_family {
	u32 leaf, count, offset;
} families[] = {
	{4, CPUID_CACHE_COUNT, offsetof(struct cpuid_policy, cache)},
	{7, CPUID_FEAT_COUNT, offsetof(struct cpuid_policy, feat)},
	{0xb, CPUID_TOPO_COUNT, offsetof(struct cpuid_policy, topo)},
	{0xd, CPUID_XSTATE_COUNT, offsetof(struct cpuid_policy, xstate)},
};

static const struct leaf_family *family_of(u32 leaf)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(families); i++) {
		if (families[i].leaf == leaf) {
			return &families[i];
		}
	}
	return NULL;
}

/* `sub` counts only where there are sub-leaves. NULL: not kept. */
static struct cpuid_regs *leaf_slot(struct cpuid_policy *p, u32 leaf, u32 sub)
{
	const struct leaf_family *f = family_of(leaf);

	if (f) {
		return sub < f->count ? (struct cpuid_regs *)((char *)p + f->offset) + sub : NULL;
	}
	if (leaf < CPUID_BASIC_COUNT) {
		return &p->basic[leaf];
	}
	return leaf >= EXTD && leaf - EXTD < CPUID_EXTD_COUNT ? &p->extd[leaf - EXTD] : NULL;
}

const struct cpuid_regs *cpuid_policy_leaf(const struct cpuid_policy *p, u32 leaf, u32 sub)
{
	return leaf_slot((struct cpuid_policy *)p, leaf, sub);
}

static void read_leaf(const struct cpuid_source *s, struct cpuid_regs *r, u32 leaf, u32 sub)
{
	u32 out[4];

	s->leaf(leaf, sub, out);
	*r = (struct cpuid_regs){out[0], out[1], out[2], out[3]};
}

void cpuid_policy_raw(struct cpuid_policy *p, const struct cpuid_source *s)
{
	memset(p, 0, sizeof(*p));
	read_leaf(s, &p->basic[0], 0, 0);
	p->basic[0].a = MIN(p->basic[0].a, CPUID_BASIC_COUNT - 1);
	for (u32 i = 1; i <= p->basic[0].a; i++) {
		const struct leaf_family *f = family_of(i);

		for (u32 sub = 0; sub < (f ? f->count : 1); sub++) {
			read_leaf(s, leaf_slot(p, i, sub), i, sub);
		}
	}
	p->feat[0].a = MIN(p->feat[0].a, CPUID_FEAT_COUNT - 1);
	read_leaf(s, &p->extd[0], EXTD, 0);
	if (p->extd[0].a >> 16 == EXTD >> 16) {
		p->extd[0].a = MIN(p->extd[0].a, EXTD + CPUID_EXTD_COUNT - 1);
		for (u32 i = 1; i <= (p->extd[0].a & 0xffff); i++) {
			read_leaf(s, &p->extd[i], EXTD + i, 0);
		}
	} else {
		p->extd[0] = (struct cpuid_regs){.a = EXTD};
	}
	p->arch_caps = s->arch_caps;
}

static const u32 xsave_mask[CPUID_FEATURE_WORDS] = {
	[1] = F(XSAVE) | F(OSXSAVE),
	[4] = ~0u,
};

void cpuid_policy_host(struct cpuid_policy *p, const struct cpuid_policy *raw, u64 xcr0)
{
	*p = *raw;
	p->basic[1].c &= ~F(OSXSAVE);
	p->feat[0].c &= ~F(OSPKE);
	xcr0 &= cpuid_policy_has(p, XEN_X86_FEATURE_XSAVE) ? cpuid_policy_xcr0(raw) : 0;
	set_xcr0(p, xcr0);
	if (!xcr0) {
		drop_features(p, xsave_mask);
	}
	if (!(xcr0 & XCR0_AVX)) {
		drop_features(p, avx_mask);
	}
	if ((xcr0 & XCR0_AVX512) != XCR0_AVX512) {
		drop_features(p, avx512_mask);
	}
}

/* Leaves beside the feature words: what is of no use to a PV guest, or not true for it, is 0. */
static void trim_leaves(struct cpuid_policy *p)
{
	static const u8 no_basic[] = {3, 5, 6, 8, 9, 0xa, 0xc};
	bool amd = cpuid_policy_is_amd(p);

	for (unsigned int i = 0; i < ARRAY_SIZE(no_basic); i++) {
		p->basic[no_basic[i]] = (struct cpuid_regs){0};
	}
	p->basic[1].b &= 0x00ffff00; /* the local APIC's id is the vcpu's matter */
	memset(p->topo, 0, sizeof(p->topo));
	if (amd) {
		p->basic[2] = (struct cpuid_regs){0};
		memset(p->cache, 0, sizeof(p->cache));
	} else {
		p->extd[0] = (struct cpuid_regs){.a = MIN(p->extd[0].a, EXTD + 8)};
		p->extd[1].a = 0;
		p->extd[5] = (struct cpuid_regs){0};
	}
	p->extd[1].b = 0;
	p->extd[7] = (struct cpuid_regs){.d = p->extd[7].d};
	p->extd[8].a &= 0xffff;
	p->extd[8].c = amd ? p->extd[8].c & 0xf0ff : 0;
	p->extd[8].d = 0;
	for (unsigned int i = 9; i < CPUID_EXTD_COUNT; i++) {
		struct cpuid_regs r = p->extd[i];

		p->extd[i] = (struct cpuid_regs){0};
		if (amd && i == 0x1a) {
			p->extd[i].a = r.a & 7; /* width of the SIMD data paths */
		} else if (amd && i == 0x21) {
			p->extd[i].a = r.a;
			p->extd[i].c = r.c;
		}
	}
}

void cpuid_policy_pv_max(struct cpuid_policy *p, const struct cpuid_policy *host)
{
	*p = *host;
	for (unsigned int w = 0; w < CPUID_FEATURE_WORDS; w++) {
		set_word(p, w, cpuid_policy_word(p, w) & pv_max_mask[w]);
	}
	p->basic[1].c |= F(HYPERVISOR);
	if (!cpuid_policy_has(p, XEN_X86_FEATURE_ARCH_CAPS)) {
		p->arch_caps = 0;
	}
	set_xcr0(p, cpuid_policy_xcr0(host) & (XCR0_X87_SSE | XCR0_AVX | XCR0_AVX512));
	p->platform_info = 0;
	trim_leaves(p);
}

void cpuid_policy_pv_default(struct cpuid_policy *p, const struct cpuid_policy *max)
{
	*p = *max;
	drop_features(p, pv_optional_mask);
}

static xen_cpuid_leaf_t *put(xen_cpuid_leaf_t *out, u32 leaf, u32 sub, const struct cpuid_regs *r)
{
	*out = (xen_cpuid_leaf_t){leaf, sub, r->a, r->b, r->c, r->d};
	return out + 1;
}

unsigned int cpuid_policy_to_leaves(const struct cpuid_policy *p, xen_cpuid_leaf_t *out)
{
	const xen_cpuid_leaf_t *start = out;
	u32 basic = MIN(p->basic[0].a, CPUID_BASIC_COUNT - 1);
	u32 extd = MIN(p->extd[0].a & 0xffff, CPUID_EXTD_COUNT - 1);

	for (u32 i = 0; i <= basic; i++) {
		const struct leaf_family *f = family_of(i);

		for (u32 sub = 0; sub < (f ? f->count : 1); sub++) {
			out = put(out, i, f ? sub : NO_SUB, cpuid_policy_leaf(p, i, sub));
		}
	}
	out = put(out, HV_LEAF, NO_SUB, &(struct cpuid_regs){.a = p->hv_limit});
	out = put(out, HV2_LEAF, NO_SUB, &(struct cpuid_regs){.a = p->hv2_limit});
	for (u32 i = 0; i <= extd; i++) {
		out = put(out, EXTD + i, NO_SUB, &p->extd[i]);
	}
	return (unsigned int)(out - start);
}

int cpuid_policy_put_leaf(struct cpuid_policy *p, const xen_cpuid_leaf_t *l)
{
	struct cpuid_regs *r;

	if ((l->leaf == HV_LEAF || l->leaf == HV2_LEAF) && l->subleaf == NO_SUB) {
		*(l->leaf == HV_LEAF ? &p->hv_limit : &p->hv2_limit) = l->a;
		return 0;
	}
	r = leaf_slot(p, l->leaf, l->subleaf);
	if (!r || (!family_of(l->leaf) && l->subleaf != NO_SUB)) {
		return -ERANGE;
	}
	*r = (struct cpuid_regs){l->a, l->b, l->c, l->d};
	return 0;
}

unsigned int cpuid_policy_to_msrs(const struct cpuid_policy *p, xen_msr_entry_t *out)
{
	out[0] = (xen_msr_entry_t){.idx = MSR_PLATFORM_INFO, .val = p->platform_info};
	out[1] = (xen_msr_entry_t){.idx = MSR_ARCH_CAPS, .val = p->arch_caps};
	return CPUID_MAX_MSRS;
}

static int unfit(u32 leaf, u32 sub, u32 *err_leaf, u32 *err_subleaf)
{
	*err_leaf = leaf;
	*err_subleaf = sub;
	return -EINVAL;
}

int cpuid_policy_fit(struct cpuid_policy *p, const struct cpuid_policy *max, u32 *err_leaf,
		     u32 *err_subleaf, u32 *err_msr)
{
	drop_features(p, (const u32[CPUID_FEATURE_WORDS]){[1] = F(OSXSAVE), [6] = F(OSPKE)});
	if (p->basic[0].a > max->basic[0].a) {
		return unfit(0, NO_SUB, err_leaf, err_subleaf);
	}
	if (p->feat[0].a > max->feat[0].a) {
		return unfit(7, 0, err_leaf, err_subleaf);
	}
	if (p->extd[0].a < EXTD || p->extd[0].a > max->extd[0].a) {
		return unfit(EXTD, NO_SUB, err_leaf, err_subleaf);
	}
	if (cpuid_policy_xcr0(p) & ~cpuid_policy_xcr0(max)) {
		return unfit(0xd, 0, err_leaf, err_subleaf);
	}
	for (unsigned int w = 0; w < CPUID_FEATURE_WORDS; w++) {
		u32 have = cpuid_policy_word(p, w), limit = cpuid_policy_word(max, w);

		if (have & ~limit & ~follow_host_mask[w]) {
			if (word_place[w].leaf == ~0u) {
				*err_msr = MSR_ARCH_CAPS;
				return -EINVAL;
			}
			return unfit(word_place[w].leaf, word_place[w].sub, err_leaf, err_subleaf);
		}
		set_word(p, w, have & limit);
	}
	p->basic[1].c |= F(HYPERVISOR);
	/* The layout of saved state is the machine's, whatever the tools wrote there. */
	memcpy(&p->xstate[2], &max->xstate[2], sizeof(p->xstate) - 2 * sizeof(p->xstate[0]));
	set_xcr0(p, cpuid_policy_has(p, XEN_X86_FEATURE_XSAVE) ? cpuid_policy_xcr0(p) : 0);
	return 0;
}

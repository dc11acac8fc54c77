/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions of PV guests, emulated when they fault. decode.c decides what an
 * instruction is; here is what it does and who may do it. The bytes are read once. Nothing
 * changes unless the whole instruction is allowed; the vcpu is current, so no lock is needed.
 */
#include <xen/xen.h>
#include "arch/uaccess.h"
#include "arch/x86_private.h"
#include "decode.h"
#include "lib/lib.h"
#include "mmu/mmu.h"
#include "pv/cpuid.h"
#include "pv/pv.h"

#define XCR0_X87    BIT(0)
#define XCR0_SSE    BIT(1)
#define XCR0_AVX    BIT(2)
#define XCR0_AVX512 (7ull << 5)
#define DR6_BS      BIT(14)

#define VMASST_ARCHITECTURAL_IOPL BIT(4)

/* A repeated port instruction gives way after this many items and is executed again. */
#define REP_BATCH 128u

/* What became of an instruction. */
enum outcome {
	REFUSED, /* the fault is the guest's */
	DONE,    /* go on behind it */
	AGAIN,   /* not finished, or another exception is on its way: leave rip alone */
};

/* Reads up to `want` bytes at va, stopping where a page cannot be read; returns how many. */
static unsigned int fetch(u8 *buf, unsigned long va, unsigned int want)
{
	unsigned int first = (unsigned int)MIN((unsigned long)want, PAGE_SIZE - (va & ~PAGE_MASK));

	if (copy_from_guest(buf, va, first)) {
		return 0;
	}
	if (first < want && copy_from_guest(buf + first, va + first, want - first)) {
		return first;
	}
	return want;
}

/* Does the code segment hold 64-bit code? False as result: cannot tell, leave it alone. */
static bool code_is_long(const struct vcpu *v, u16 cs, bool *long_mode)
{
	unsigned int index = cs >> 3;
	u64 desc;

	if (cs == SEL_GUEST_CS64 || cs == SEL_GUEST_CS32) {
		*long_mode = cs == SEL_GUEST_CS64;
		return true;
	}
	if ((cs & 4) || index >= v->pv.gdt_entries) {
		return false;
	}
	desc = READ_ONCE(((u64 *)CPUWIN_GDT(cpu_id()))[index]);
	*long_mode = desc >> 53 & 1;
	return true;
}

/* The virtual privilege level that IOPL is compared with. */
static unsigned int io_level(const struct vcpu *v)
{
	if (!v->pv.kernel_mode) {
		return 3;
	}
	return v->domain->vm_assist & VMASST_ARCHITECTURAL_IOPL ? 0 : 1;
}

static bool bitmap_allows(struct vcpu *v, u32 port, unsigned int size)
{
	bool user = !v->pv.kernel_mode;
	u16 bits = 0xffff;
	size_t left;

	if (!v->pv.iobmp || port + size > v->pv.iobmp_ports) {
		return false;
	}
	/* The bitmap's address means something in the kernel's tables only. */
	if (user) {
		pv_toggle_mode(v);
	}
	left = copy_from_guest(&bits, v->pv.iobmp + port / 8, sizeof(bits));
	if (user) {
		pv_toggle_mode(v);
	}
	return !left && !(bits >> (port & 7) & ((1u << size) - 1));
}

static bool port_allowed(struct vcpu *v, u32 port, unsigned int size)
{
	if (port + size > 0x10000) {
		return false;
	}
	return io_level(v) <= v->pv.iopl || bitmap_allows(v, port, size);
}

static enum outcome port_simple(struct vcpu *v, struct cpu_regs *regs, const struct insn *i)
{
	u16 port = i->port_imm ? i->port : (u16)regs->rdx;
	u64 keep;

	if (!port_allowed(v, port, i->size)) {
		return REFUSED;
	}
	if (i->op == INSN_IN) {
		/* al and ax leave the rest of rax alone, eax does not. */
		keep = i->size == 4 ? 0 : ~LOW_BYTES(i->size);
		regs->rax = (regs->rax & keep) | (pv_port_in(v, port, i->size) & ~keep);
	} else {
		pv_port_out(v, port, i->size, (u32)(regs->rax & LOW_BYTES(i->size)));
	}
	return DONE;
}

/* One item between port and memory; false if memory did not take part. */
static bool port_item(struct vcpu *v, const struct insn *i, u16 port, unsigned long va)
{
	u32 val = 0;

	if (i->op == INSN_INS) {
		val = pv_port_in(v, port, i->size);
		return !copy_to_guest(va, &val, i->size);
	}
	if (copy_from_guest(&val, va, i->size)) {
		return false;
	}
	pv_port_out(v, port, i->size, val);
	return true;
}

static void port_memory_fault(struct vcpu *v, const struct insn *i, unsigned long va)
{
	mfn_t table;
	pte_t e;
	u32 ec = i->op == INSN_INS ? PFEC_WRITE : 0;

	if (l1_find(v, va, &table, &e) && (e & PTE_P)) {
		ec |= PFEC_PRESENT;
	}
	pv_inject_page_fault(v, va, ec | (v->pv.kernel_mode ? 0 : PFEC_USER));
}

/* Registers tell how far it got, so a repeated instruction can stop and start anywhere. */
static enum outcome port_string(struct vcpu *v, struct cpu_regs *regs, const struct insn *i)
{
	u64 mask = i->addr32 ? 0xffffffffull : ~0ull;
	u64 *index = i->op == INSN_INS ? &regs->rdi : &regs->rsi;
	u64 step = regs->rflags & RFLAGS_DF ? -(u64)i->size : i->size;
	u16 port = (u16)regs->rdx;

	if (!port_allowed(v, port, i->size)) {
		return REFUSED;
	}
	for (unsigned int n = 0; !i->rep || (regs->rcx & mask); n++) {
		unsigned long va = *index & mask;

		if (n == REP_BATCH || (n && preempt_needed())) {
			return AGAIN;
		}
		if (!port_item(v, i, port, va)) {
			port_memory_fault(v, i, va);
			return AGAIN;
		}
		*index = (va + step) & mask;
		if (!i->rep) {
			break;
		}
		regs->rcx = (regs->rcx - 1) & mask;
	}
	return DONE;
}

static enum outcome read_cr(struct vcpu *v, const struct insn *i, u64 *val)
{
	switch (i->special) {
	case 0:
		*val = (read_cr0() & ~CR0_TS) | (v->pv.cr0 & CR0_TS);
		return DONE;
	case 2:
		*val = READ_ONCE(v->info->arch.cr2);
		return DONE;
	case 3:
		*val = v->pv.cr3_kernel;
		return DONE;
	case 4:
		*val = v->pv.cr4;
		return DONE;
	}
	return REFUSED;
}

u64 pv_fix_cr4(const struct vcpu *v, u64 cr4)
{
	u64 own = CR4_DE;

	/* The idle domain, and a vcpu made before its domain's policy, have none. */
	if (v->domain->cpuid && cpuid_policy_xcr0(v->domain->cpuid)) {
		own |= CR4_OSXSAVE;
	}
	return (cr4 & own) | CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;
}

static enum outcome set_cr3(struct vcpu *v, u64 val)
{
	int err;

	if (!val || val & ~PTE_MFN_MASK) {
		return REFUSED;
	}
	err = mmu_set_base(v, _mfn(val >> PAGE_SHIFT), _mfn(v->pv.cr3_user >> PAGE_SHIFT));
	return err == -ERESTART ? AGAIN : err ? REFUSED : DONE;
}

static enum outcome write_cr(struct vcpu *v, const struct insn *i, u64 val)
{
	switch (i->special) {
	case 0: /* only the virtual TS may change */
		if ((val ^ read_cr0()) & ~CR0_TS) {
			return REFUSED;
		}
		(void)do_fpu_taskswitch(!!(val & CR0_TS));
		return DONE;
	case 2:
		WRITE_ONCE(v->info->arch.cr2, val);
		return DONE;
	case 3:
		return set_cr3(v, val);
	case 4: /* bits it cannot have are dropped without a word */
		v->pv.cr4 = pv_fix_cr4(v, val);
		return DONE;
	}
	return REFUSED;
}

static enum outcome read_msr(struct vcpu *v, struct cpu_regs *regs)
{
	u64 val;

	if (pv_read_msr(v, (u32)regs->rcx, &val)) {
		/* A kernel that cannot catch the fault yet reads 0, as if it had fixed it up. */
		if (v->pv.traps[TRAP_GP].address) {
			return REFUSED;
		}
		val = 0;
	}
	regs->rax = (u32)val;
	regs->rdx = val >> 32;
	return DONE;
}

static enum outcome set_xcr0(struct vcpu *v, struct cpu_regs *regs)
{
	u64 val = (u32)regs->rax | regs->rdx << 32;
	u64 avx512 = val & XCR0_AVX512;

	if (!(v->pv.cr4 & CR4_OSXSAVE) || (u32)regs->rcx || !(val & XCR0_X87) ||
	    (val & ~cpuid_policy_xcr0(v->domain->cpuid)) ||
	    ((val & XCR0_AVX) && !(val & XCR0_SSE)) ||
	    (avx512 && (avx512 != XCR0_AVX512 || !(val & XCR0_AVX)))) {
		return REFUSED;
	}
	arch_set_xcr0(&v->pv, val);
	return DONE;
}

/* What the guest kernel alone may execute. */
static enum outcome kernel_insn(struct vcpu *v, struct cpu_regs *regs, const struct insn *i)
{
	enum outcome done;
	u64 val;

	switch (i->op) {
	case INSN_CLTS:
		(void)do_fpu_taskswitch(0);
		return DONE;
	case INSN_WBINVD: /* only the owner of devices has uncached views */
		if (v->domain->mm.io_cap) {
			cpu_wbinvd();
		}
		return DONE;
	case INSN_READ_CR:
		done = read_cr(v, i, &val);
		if (done == DONE) {
			*general_register(regs, i->gpr) = val;
		}
		return done;
	case INSN_WRITE_CR:
		return write_cr(v, i, *general_register(regs, i->gpr));
	case INSN_RDMSR:
		return read_msr(v, regs);
	case INSN_WRMSR:
		return pv_write_msr(v, (u32)regs->rcx, (u32)regs->rax | regs->rdx << 32) ? REFUSED
											 : DONE;
	case INSN_XSETBV:
		return set_xcr0(v, regs);
	default:
		return REFUSED;
	}
}

static enum outcome any_insn(struct vcpu *v, struct cpu_regs *regs, const struct insn *i)
{
	switch (i->op) {
	case INSN_IN:
	case INSN_OUT:
		return port_simple(v, regs, i);
	case INSN_INS:
	case INSN_OUTS:
		return port_string(v, regs, i);
	case INSN_CLI: /* PV kernels mask events, not interrupts: nothing to do */
	case INSN_STI:
		return io_level(v) <= v->pv.iopl ? DONE : REFUSED;
	default:
		return v->pv.kernel_mode ? kernel_insn(v, regs, i) : REFUSED;
	}
}

static void step_over(struct vcpu *v, struct cpu_regs *regs, unsigned int bytes, bool long_mode)
{
	regs->rip += bytes;
	if (!long_mode) {
		regs->rip = (u32)regs->rip;
	}
	regs->rflags &= ~RFLAGS_RF;
	if (regs->rflags & RFLAGS_TF) {
		v->pv.dr[6] |= DR6_BS;
		pv_inject(v, TRAP_DB, false, 0);
	}
}

bool pv_emulate_privop(struct vcpu *v, struct cpu_regs *regs)
{
	u8 code[INSN_MAX_BYTES];
	struct insn i;
	bool long_mode;
	enum outcome done;

	if (!code_is_long(v, regs->cs, &long_mode) ||
	    !insn_decode(code, fetch(code, regs->rip, sizeof(code)), long_mode, &i)) {
		return false;
	}
	done = any_insn(v, regs, &i);
	if (done == DONE) {
		step_over(v, regs, i.bytes, long_mode);
	}
	return done != REFUSED;
}

bool pv_emulate_forced_cpuid(struct vcpu *v, struct cpu_regs *regs)
{
	static const u8 prefixed_cpuid[] = {0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2};
	u8 code[sizeof(prefixed_cpuid)];
	u32 out[4];

	if (fetch(code, regs->rip, sizeof(code)) != sizeof(code) ||
	    memcmp(code, prefixed_cpuid, sizeof(code))) {
		return false;
	}
	pv_cpuid(v, (u32)regs->rax, (u32)regs->rcx, out);
	regs->rax = out[0];
	regs->rbx = out[1];
	regs->rcx = out[2];
	regs->rdx = out[3];
	step_over(v, regs, sizeof(code), true);
	return true;
}

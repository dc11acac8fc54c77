/* SPDX-License-Identifier: MIT */
/*
 * mmuext_op: pins, base pointers, flushes, LDT, whole pages. Invariant: as mmu_update.c, an
 * operation is counted in `done` exactly if it took effect.
 */
#include "arch/clear.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "domain/continuation.h"
#include "lib/lib.h"
#include "mmu/mmu.h"
#include "tables.h"

static void wbinvd_fn(void *arg)
{
	cpu_wbinvd();
}

static int flush_caches(const struct domain *d, bool all_cpus)
{
	cpumask_t all;

	if (!d->mm.io_cap) {
		return -EACCES;
	}
	if (!all_cpus) {
		cpu_wbinvd();
		return 0;
	}
	memset(&all, 0xff, sizeof(all));
	smp_call(&all, wbinvd_fn, NULL);
	return 0;
}

/* TLB flushes; `va` is looked at for the INVLPG forms only. */
static int flush_tlb(struct vcpu *v, const struct mmuext_op *op)
{
	guest_ptr_t target = UVMF_ALL;
	bool page = op->cmd == MMUEXT_INVLPG_LOCAL || op->cmd == MMUEXT_INVLPG_MULTI ||
		    op->cmd == MMUEXT_INVLPG_ALL;

	if (op->cmd == MMUEXT_TLB_FLUSH_LOCAL || op->cmd == MMUEXT_INVLPG_LOCAL) {
		target = UVMF_LOCAL;
	} else if (op->cmd == MMUEXT_TLB_FLUSH_MULTI || op->cmd == MMUEXT_INVLPG_MULTI) {
		target = (guest_ptr_t)op->arg2.vcpumask.p;
	}
	return guest_flush(v, target, page, op->arg1.linear_addr);
}

static int page_fill(const struct subject *s, const struct mmuext_op *op)
{
	mfn_t dst = _mfn(op->arg1.mfn), src = _mfn(op->arg2.src_mfn);
	bool copy = op->cmd == MMUEXT_COPY_PAGE;
	int rc;

	if (copy && frame_get(src, s->o)) {
		return -EINVAL;
	}
	rc = frame_get_and_type(dst, s->o, FT_WRITABLE);
	if (!rc) {
		if (copy) {
			memcpy(mfn_to_virt(dst), mfn_to_virt(src), PAGE_SIZE);
		} else {
			page_clear(mfn_to_virt(dst));
		}
		frame_put_and_type(dst);
	}
	if (copy) {
		frame_put(src);
	}
	return rc;
}

/* What a domain may only do to itself. */
static int op_self(struct vcpu *v, const struct mmuext_op *op)
{
	switch (op->cmd) {
	case MMUEXT_NEW_BASEPTR:
		return op->arg1.mfn ? base_set_kernel(v, _mfn(op->arg1.mfn)) : -EINVAL;
	case MMUEXT_NEW_USER_BASEPTR:
		return base_set_user(v, _mfn(op->arg1.mfn));
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_INVLPG_LOCAL:
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_ALL:
		return flush_tlb(v, op);
	case MMUEXT_FLUSH_CACHE:
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		return flush_caches(v->domain, op->cmd == MMUEXT_FLUSH_CACHE_GLOBAL);
	case MMUEXT_SET_LDT:
		return ldt_set(v, op->arg1.linear_addr, op->arg2.nr_ents);
	default:
		return -ENOSYS;
	}
}

static int op_run(struct vcpu *v, const struct subject *s, const struct mmuext_op *op)
{
	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
		return frame_pin(_mfn(op->arg1.mfn), s->o,
				 (enum frame_kind)(op->cmd - MMUEXT_PIN_L1_TABLE + FT_L1));
	case MMUEXT_UNPIN_TABLE:
		return frame_unpin(_mfn(op->arg1.mfn), s->o);
	case MMUEXT_CLEAR_PAGE:
	case MMUEXT_COPY_PAGE:
		return page_fill(s, op);
	default:
		return s->d == v->domain ? op_self(v, op) : -EPERM;
	}
}

/* *i operations took effect. A preempted release of an old table counts: only its rest waits. */
static int ops_run(struct vcpu *v, const struct subject *s, guest_ptr_t ops, unsigned int count,
		   unsigned int *i)
{
	for (*i = 0; *i < count; ++*i) {
		struct mmuext_op op;
		int rc;

		if (*i && preempt_needed()) {
			return -ERESTART;
		}
		if (copy_from_guest(&op, ops + *i * sizeof(op), sizeof(op))) {
			return -EFAULT;
		}
		rc = op_run(v, s, &op);
		if (rc == -ERESTART && table_release_pending(v)) {
			++*i;
		}
		if (rc) {
			return rc;
		}
	}
	return 0;
}

long do_mmuext_op(guest_ptr_t ops, unsigned int count, guest_ptr_t done, unsigned int foreign)
{
	struct vcpu *v = current;
	struct subject s;
	unsigned int todo = count & ~MMU_UPDATE_PREEMPTED, i;
	u32 total = 0;
	int rc = table_release_finish(v);

	if (rc) {
		return HYPERCALL_CONTINUE(__HYPERVISOR_mmuext_op, ops, count, done, foreign);
	}
	if (count & MMU_UPDATE_PREEMPTED && done && copy_from_guest(&total, done, sizeof(total))) {
		return -EFAULT;
	}
	rc = subject_get((domid_t)foreign, &s);
	if (rc) {
		return rc;
	}
	if (!s.d) {
		return -EPERM;
	}
	rc = ops_run(v, &s, ops, todo, &i);
	subject_put(&s);
	total += i;
	if (done && copy_to_guest(done, &total, sizeof(total))) {
		rc = rc && rc != -ERESTART ? rc : -EFAULT;
	}
	if (rc == -ERESTART) {
		return HYPERCALL_CONTINUE(__HYPERVISOR_mmuext_op,
					  ops + i * sizeof(struct mmuext_op),
					  (todo - i) | MMU_UPDATE_PREEMPTED, done, foreign);
	}
	return rc;
}

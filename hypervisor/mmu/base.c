/* SPDX-License-Identifier: MIT */
/*
 * The tables a vcpu runs on, from the first to the last. Invariant: cr3_kernel and cr3_user hold
 * one general and one L4 reference each (0: none). They are changed by the vcpu itself or while it
 * is paused. A table whose release was preempted waits in vcpu.old_table, one at a time: nothing
 * that could leave another there starts before table_release_finish() has returned 0.
 */
#include "arch/tlb.h"
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "mmu/mmu.h"
#include "tables.h"

void table_release_later(struct vcpu *v, mfn_t m)
{
	ASSERT(!table_release_pending(v));
	v->old_table = m;
}

int table_release_go_on(struct vcpu *v)
{
	int rc = frame_put_and_type_preemptible(v->old_table);

	if (!rc) {
		v->old_table = INVALID_MFN;
	}
	return rc;
}

/*
 * Changes kernel or user table to m; the old one is left to table_release_finish(). Programs do not
 * see the M2P, unless their table is the kernel's; it is as it has to be before a CPU can show it.
 */
static int base_replace(struct vcpu *v, bool kernel, mfn_t m)
{
	u64 *cr3 = kernel ? &v->pv.cr3_kernel : &v->pv.cr3_user;
	const u64 maddr = m.n << PAGE_SHIFT;
	mfn_t old = _mfn(*cr3 >> PAGE_SHIFT);
	int rc = *cr3 == maddr ? 0 : table_release_finish(v);

	if (!rc && *cr3 != maddr && m.n) {
		rc = frame_get_and_type(m, &v->domain->mm, FT_L4);
	}
	if (rc) {
		return rc;
	}
	if (m.n && (kernel || maddr != v->pv.cr3_kernel)) {
		l4_show_m2p(m, kernel);
	}
	if (*cr3 != maddr) {
		*cr3 = maddr;
		v->pv.cr3_load[kernel] = cr3_with_pcid(maddr, kernel ? PCID_KERNEL : PCID_USER);
		table_release_later(v, old);
	}
	return 0;
}

int base_set_kernel(struct vcpu *v, mfn_t m)
{
	/* Without a table nothing can run. */
	int rc = v == current && !m.n ? -EINVAL : base_replace(v, true, m);

	if (rc) {
		return rc;
	}
	ldt_release(v); /* found through the old tables */
	if (v == current) {
		arch_load_guest_cr3(&v->pv);
	}
	return table_release_finish(v);
}

int base_set_user(struct vcpu *v, mfn_t m)
{
	int rc = base_replace(v, false, m);

	if (rc) {
		return rc;
	}
	if (v == current && (cpu_features.pcid || cpu_features.isolate)) {
		arch_load_guest_cr3(&v->pv); /* otherwise the next change of mode does it */
	}
	return table_release_finish(v);
}

int mmu_set_base(struct vcpu *v, mfn_t kernel, mfn_t user)
{
	int rc = base_set_kernel(v, kernel);

	return rc ? rc : base_set_user(v, user);
}

int mmu_domain_destroy(struct domain *d)
{
	vcpu_for_each (d, v, i) {
		int rc = mmu_set_base(v, _mfn(0), _mfn(0));

		if (rc) {
			return rc;
		}
		gdt_release(v);
	}
	return owner_relinquish(&d->mm);
}

/* SPDX-License-Identifier: MIT */
/* Debug builds: the references that a domain's vcpus hold, for mm/audit.h. All stand still. */
#include "mm/audit.h"
#include "mmu/mmu.h"
#include "tables.h"

static void vcpu_audit(const struct vcpu *v)
{
	const u64 bases[] = {v->pv.cr3_kernel, v->pv.cr3_user};

	for (unsigned int i = 0; i < ARRAY_SIZE(bases); i++) {
		if (bases[i]) {
			audit_hold(_mfn(bases[i] >> PAGE_SHIFT), FT_L4);
		}
	}
	if (table_release_pending(v)) { /* of whatever level */
		audit_hold(v->old_table, FT_KIND(frame_of(v->old_table)->type));
	}
	for (unsigned int i = 0; i * PAGE_SIZE < v->pv.gdt_entries * 8ul; i++) {
		audit_hold(v->pv.gdt_frame[i], FT_DESC);
	}
	for (unsigned int mapped = v->pv.ldt_mapped; mapped; mapped &= mapped - 1) {
		audit_hold(v->pv.ldt_frame[bit_first(mapped)], FT_DESC);
	}
	if (!mfn_eq(v->info_mfn, INVALID_MFN)) {
		audit_hold(v->info_mfn, FT_WRITABLE);
	}
}

void mmu_audit(const struct domain *d)
{
	audit_shared(d->shared);
	vcpu_for_each (d, v, i) {
		vcpu_audit(v);
	}
}

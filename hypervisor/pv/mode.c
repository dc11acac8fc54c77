/* SPDX-License-Identifier: MIT */
/* Guest kernel and guest user: both in ring 3, each with its own tables and GS base. */
#include "arch/x86_private.h"
#include "domain/domain.h"
#include "pv/pv.h"

void pv_toggle_mode(struct vcpu *v)
{
	v->pv.kernel_mode = !v->pv.kernel_mode;
	swap_gs();
	write_cr3(v->pv.kernel_mode ? v->pv.cr3_kernel : v->pv.cr3_user);
	if (v->pv.kernel_mode && unlikely(v->area_stale)) {
		vcpu_write_areas(v);
	}
}

/* SPDX-License-Identifier: MIT */
/* The change between guest kernel and guest user for what is not in a hurry: see bounce.h. */
#include "bounce.h"
#include "pv/pv.h"

void pv_toggle_mode(struct vcpu *v)
{
	change_mode(v, !v->pv.kernel_mode);
	if (v->pv.kernel_mode) {
		vcpu_write_areas(v);
	}
}

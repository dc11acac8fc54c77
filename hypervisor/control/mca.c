/* SPDX-License-Identifier: MIT */
/*
 * mca: what dom0's kernel asks about machine checks. A machine check ends the hypervisor with its
 * registers on the console, so nothing is ever there to fetch.
 */
#include <xen/xen.h>
#include <xen/arch-x86/xen-mca.h>
#include "arch/uaccess.h"
#include "control/control.h"
#include "domain/subop.h"
#include "lib/lib.h"

/* Every CPU is shown as a core of its own in one socket. */
static long physcpuinfo(struct xen_mc_physcpuinfo *p)
{
	u32 n = MIN(p->ncpus, cpu_count);

	for (u32 cpu = 0; p->info.p && cpu < n; cpu++) {
		const struct mcinfo_logical_cpu info = {
			.mc_cpunr = cpu,
			.mc_coreid = (u16)cpu,
			.mc_apicid = cpu_apic_id(cpu),
			.mc_ncores = cpu_count,
			.mc_ncores_active = cpu_count,
			.mc_nthreads = 1,
		};

		if (copy_to_guest((guest_ptr_t)(p->info.p + cpu), &info, sizeof(info))) {
			return -EFAULT;
		}
	}
	p->ncpus = cpu_count;
	return 0;
}

long do_mca(guest_ptr_t arg)
{
	struct xen_mc op;
	long rc = tools_call_read(&op, sizeof(op), arg, XEN_MCA_INTERFACE_VERSION);

	if (rc) {
		return rc;
	}
	switch (op.cmd) {
	case XEN_MC_fetch:
		op.u.mc_fetch.flags = XEN_MC_NODATA;
		op.u.mc_fetch.fetch_id = 0;
		break;
	case XEN_MC_physcpuinfo:
		rc = physcpuinfo(&op.u.mc_physcpuinfo);
		break;
	default:
		return -EOPNOTSUPP;
	}
	return rc ? rc : copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

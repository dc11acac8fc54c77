/* SPDX-License-Identifier: MIT */
/* Keeping the views of guests' tables; what of the hypervisor they show: hv_map.c. */
#include "arch/isolation.h"
#include "arch/page.h"
#include "arch/smp.h"
#include "lib/lib.h"

/* The tables that the views of each CPU are copies of; 0: of none. */
static maddr_t copied[CONFIG_NR_CPUS][2];

static void copy(u64 view, maddr_t table)
{
	const pte_t *from = maddr_to_virt(table);
	pte_t *to = maddr_to_virt(view & PTE_MFN_MASK);
	const unsigned int upper = HV_SLOT + HV_SLOTS;

	memcpy(to, from, (HV_SLOT + 1) * sizeof(*to));
	memcpy(to + upper, from + upper, (PT_ENTRIES - upper) * sizeof(*to));
}

static void show(unsigned int mode, maddr_t table)
{
	maddr_t *now = &copied[cpu_id()][mode];

	if (*now != table && table) {
		copy(cpu_info()->views[mode], table);
	}
	*now = table;
}

void views_show(const struct pv_vcpu *pv)
{
	cpu_info()->shown = pv;
	show(0, pv ? pv->cr3_user : 0);
	show(1, pv ? pv->cr3_kernel : 0);
}

static void show_again(void *arg)
{
	const struct pv_vcpu *pv = cpu_info()->shown;

	views_show(NULL);
	views_show(pv);
}

void views_follow(const cpumask_t *mask)
{
	if (cpu_features.isolate) {
		smp_call(mask, show_again, NULL);
	}
}

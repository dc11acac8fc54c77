/* SPDX-License-Identifier: MIT */
/* Whose memory an MMU call means, and on which CPUs it may be cached. No state of its own. */
#include "arch/tlb.h"
#include "arch/uaccess.h"
#include "lib/lib.h"
#include "tables.h"

int subject_find(domid_t id, struct subject *s)
{
	struct domain *d = current->domain;

	if (id == domain_id(d)) {
		*s = (struct subject){d, &d->mm};
		return 0;
	}
	if (id == DOMID_IO) {
		*s = (struct subject){NULL, &owner_io};
		return d->mm.io_cap ? 0 : -EPERM;
	}
	if (!d->privileged) {
		return -EPERM;
	}
	if (id == DOMID_XEN) {
		*s = (struct subject){NULL, &owner_xen};
		return 0;
	}
	d = domain_get(id);
	if (!d) {
		return -ESRCH;
	}
	*s = (struct subject){d, &d->mm};
	return 0;
}

/* From an entry to the one that it leads to. Another CPU may free a table under a walk, and what it
 * then holds is anybody's: each step looks. */
static __inline_here bool walk(pte_t *e, unsigned long slot)
{
	mfn_t m = pte_mfn(*e);

	if (unlikely(!(*e & PTE_P) || !frame_valid(m))) {
		return false;
	}
	*e = READ_ONCE(((pte_t *)mfn_to_virt(m))[slot % PT_ENTRIES]);
	return true;
}

bool l1_find(const struct vcpu *v, unsigned long va, mfn_t *table, pte_t *e)
{
	pte_t p;

	if (!va_guest(va)) {
		return false;
	}
	p = ((pte_t *)maddr_to_virt(v->pv.cr3_kernel))[l4_slot(va)]; /* v runs: that keeps it */
	if (!walk(&p, va >> 30) || !walk(&p, va >> 21)) {
		return false;
	}
	*table = pte_mfn(p);
	if (!walk(&p, va >> PAGE_SHIFT)) {
		return false;
	}
	*e = p;
	return true;
}

/*
 * CPUs on which the vcpus of a guest's bitmap last ran: one that moves meanwhile loads its tables
 * anew where it comes to, and again should it come back. -EFAULT.
 */
static int cpus_of_vcpus(const struct domain *d, guest_ptr_t bitmap, cpumask_t *cpus)
{
	u64 want[DOM_MAX_VCPUS / 64];
	size_t bytes = ROUND_UP(d->max_vcpus, 64) / 8;

	*cpus = (cpumask_t){{0}};
	if (copy_from_guest(want, bitmap, MIN(bytes, sizeof(want)))) {
		return -EFAULT;
	}
	for (unsigned int i = 0; i < MIN(d->max_vcpus, DOM_MAX_VCPUS); i++) {
		const struct vcpu *v = d->vcpu[i];

		if (v && want[i / 64] >> (i % 64) & 1) {
			unsigned int cpu = READ_ONCE(((struct vcpu *)v)->unit.cpu);

			cpus->bits[cpu / 64] |= BIT(cpu % 64);
		}
	}
	return 0;
}

int guest_flush(struct vcpu *v, guest_ptr_t target, bool page, unsigned long va)
{
	cpumask_t cpus = v->domain->mm.dirty;
	int rc = target == UVMF_LOCAL || target == UVMF_ALL
			 ? 0
			 : cpus_of_vcpus(v->domain, target, &cpus);

	if (rc || (page && !va_guest(va))) {
		return rc; /* nothing of the guest's can be cached there */
	}
	if (target == UVMF_LOCAL && page) {
		tlb_flush_page_local(va);
	} else if (target == UVMF_LOCAL) {
		tlb_flush_local();
	} else if (page) {
		tlb_flush_page_mask(&cpus, va);
	} else {
		tlb_flush_mask(&cpus);
	}
	return 0;
}

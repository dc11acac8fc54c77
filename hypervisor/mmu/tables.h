/* SPDX-License-Identifier: MIT */
/* What the files of mmu/ share: whose memory a call means, finding entries, flush targets. */
#pragma once

#include "arch/cpu.h"
#include "domain/domain.h"
#include "mm/pagetype.h"

/* In `count` of a call that goes on after preemption: *done holds what was done before. */
#define MMU_UPDATE_PREEMPTED 0x80000000u

/* Whose frames a call is about. d is NULL for I/O and for the hypervisor's frames. */
struct subject {
	struct domain *d;
	struct owner *o;
};

/* Resolves the ABI's foreign domain for current, with a reference. -EPERM, -ESRCH. */
int subject_find(domid_t id, struct subject *s);
static inline int subject_get(domid_t id, struct subject *s)
{
	struct domain *d = current->domain;

	if (likely(id == DOMID_SELF)) {
		*s = (struct subject){d, &d->mm}; /* it runs: that keeps it */
		return 0;
	}
	return subject_find(id, s);
}
static inline void subject_put(struct subject *s)
{
	if (unlikely(s->d && s->d != current->domain)) {
		domain_put(s->d);
	}
}

/*
 * Makes CPUs forget the page at va, or everything, of v's domain: this CPU (UVMF_LOCAL), all that
 * it may be cached on (UVMF_ALL), or those of the vcpus of a bitmap in guest memory. -EFAULT.
 */
int guest_flush(struct vcpu *v, guest_ptr_t target, bool page, unsigned long va);

/* Hands a table over to table_release_finish(): its general and typed reference. */
void table_release_later(struct vcpu *v, mfn_t m);
static inline bool table_release_pending(const struct vcpu *v)
{
	return v->old_table.n - 1 < INVALID_MFN.n - 1; /* neither 0 nor INVALID_MFN */
}
/* Ends the release of an L4 table (or of part of one) that was preempted. -ERESTART. */
int table_release_go_on(struct vcpu *v);
static inline int table_release_finish(struct vcpu *v)
{
	return unlikely(table_release_pending(v)) ? table_release_go_on(v) : 0;
}

/* Kernel or user table of current, -EINVAL, -ERESTART. m = 0 is no user table. */
int base_set_kernel(struct vcpu *v, mfn_t m);
int base_set_user(struct vcpu *v, mfn_t m);
int ldt_set(struct vcpu *v, unsigned long base, unsigned int entries); /* -EINVAL */

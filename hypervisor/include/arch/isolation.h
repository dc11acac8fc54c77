/* SPDX-License-Identifier: MIT */
/*
 * Page-table isolation, for CPUs that let user code find out what stands in pages which are mapped,
 * but not for it (Meltdown, CVE-2017-5754): the option xpti, cpu_features.isolate.
 *
 *   a guest's L4 table          a view of it, what CR3 holds while the guest runs
 *   slots 0-255, 272-511        copied
 *   256, the M2P                copied
 *   257-271, the hypervisor     only the entry code, descriptor tables and stacks of this CPU
 *
 * Each CPU has two views, of the user and of the kernel tables of the vcpu that it runs. The entry
 * code loads the guest's own table first of all and a view last of all. A view is copied when its
 * table is loaded, and again whenever an L4 entry of the domain changes, before the references of
 * the old entry are dropped.
 */
#pragma once

#include "arch/vcpu.h"
#include "arch/cpu.h"

/* This CPU's views become those of pv's tables; NULL: nothing is shown, and no entry followed.
 * Interrupts off. */
void views_show(const struct pv_vcpu *pv);
/* An entry of an L4 table changed, of a domain that may run on `mask`: no CPU's view has the old
 * one when this returns. No locks are held. */
void views_follow(const cpumask_t *mask);

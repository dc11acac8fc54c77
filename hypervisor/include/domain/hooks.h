/* SPDX-License-Identifier: MIT */
/*
 * The calls that go down against the order of rooms: what each room does when a domain is created,
 * destroyed and freed (a constant table in domain/hooks.c), and the few functions of event/, mmu/
 * and pv/ that domain/ calls by name. The rooms' own headers include this one.
 */
#pragma once

#include "domain/domain.h"

struct domain_hook {
	int (*create)(struct domain *d);  /* -errno: the domain is not created */
	int (*destroy)(struct domain *d); /* -ERESTART: call again; all hooks, also after a failed
					     create */
	void (*free)(struct domain *d);   /* the last reference is gone */
};
extern const struct domain_hook domain_hooks[];
extern const unsigned int domain_hook_count;

/* What stands in the table. */
int evtchn_domain_create(struct domain *d);
int evtchn_domain_destroy(struct domain *d);
void evtchn_domain_free(struct domain *d);
int grant_domain_create(struct domain *d);  /* limits from d->config_*; -EINVAL */
int grant_domain_destroy(struct domain *d); /* releases what d mapped */
void grant_domain_free(struct domain *d);
int cpuid_domain_create(struct domain *d); /* default policy */
void cpuid_domain_free(struct domain *d);
int mmu_domain_destroy(struct domain *d);

/* event/: VIRQs, per-vcpu ones to v; global ones to dom0. Any context. */
void evtchn_send_virq(struct vcpu *v, unsigned int virq);
void evtchn_send_global_virq(unsigned int virq);
/* mmu/: v's GDT and LDT, for the vcpu that runs from now on. */
void descriptor_load(struct vcpu *v);
/* pv/: a selector was bad at load: the failsafe callback has to run. */
void pv_deliver_failsafe(struct vcpu *v);

/* --- Between the files of domain/ --- */
void vcpu_free(struct vcpu *v);
void vcpu_stop_timers(struct vcpu *v);
void vcpu_detach_info(struct vcpu *v); /* its info no longer lies in guest memory */
void vcpu_follow_time(void); /* PENDING_TIME: waits for the new rate, and tells the guest */
void vcpu_switched_in(struct vcpu *v, u64 now);
void vcpu_switched_out(struct vcpu *v, u64 now);

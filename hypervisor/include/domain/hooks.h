/* SPDX-License-Identifier: MIT */
/*
 * The calls that go down against the order of rooms, all in constant tables (domain/hooks.c):
 * what each room does when a domain is created, destroyed, freed or dumped, and at a vcpu switch.
 */
#ifndef DOMAIN_HOOKS_H
#define DOMAIN_HOOKS_H

#include "domain/domain.h"

struct domain_hook {
	int (*create)(struct domain *d);  /* -errno: the domain is not created */
	int (*destroy)(struct domain *d); /* -ERESTART: call again; all hooks, also after a failed
					     create */
	void (*free)(struct domain *d);   /* the last reference is gone */
	void (*dump)(struct domain *d);   /* console key */
};
extern const struct domain_hook domain_hooks[];
extern const unsigned int domain_hook_count;

struct switch_hook {
	void (*save)(struct vcpu *v);
	void (*load)(struct vcpu *v);
};
extern const struct switch_hook switch_hooks[];
extern const unsigned int switch_hook_count;

/* Timer callbacks and news that go to event/. */
struct event_hook {
	void (*timer_event)(struct vcpu *v); /* VIRQ_TIMER */
	void (*domain_event)(void);          /* VIRQ_DOM_EXC */
	bool (*event_waits)(struct vcpu *v); /* an upcall could be delivered now */
};
extern const struct event_hook event_hook;

/* pv/: a selector was bad at load: the failsafe callback has to run. */
void pv_deliver_failsafe(struct vcpu *v);

/* --- Between the files of domain/ --- */
void vcpu_free(struct vcpu *v);
void vcpu_stop_timers(struct vcpu *v);
void vcpu_detach_info(struct vcpu *v); /* its info no longer lies in guest memory */
void vcpu_switched_in(struct vcpu *v, u64 now);
void vcpu_switched_out(struct vcpu *v, u64 now);

#endif

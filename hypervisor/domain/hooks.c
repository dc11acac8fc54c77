/* SPDX-License-Identifier: MIT */
/* The tables of domain/hooks.h. Creation runs downwards, destruction downwards, freeing upwards. */
#include <xen/xen.h>
#include "domain/hooks.h"
#include "lib/lib.h"

/* Rooms below; their headers may not be included from here. */
int evtchn_domain_create(struct domain *d);
int evtchn_domain_destroy(struct domain *d);
void evtchn_domain_free(struct domain *d);
void evtchn_dump(struct domain *d);
void evtchn_send_virq(struct vcpu *v, unsigned int virq);
void evtchn_send_global_virq(unsigned int virq);
bool vcpu_event_deliverable(const struct vcpu *v);
int grant_domain_create(struct domain *d);
int grant_domain_destroy(struct domain *d);
void grant_domain_free(struct domain *d);
void grant_dump(struct domain *d);
int cpuid_domain_create(struct domain *d);
void cpuid_domain_free(struct domain *d);
int mmu_release_vcpu(struct vcpu *v);
int mmu_domain_destroy(struct domain *d);
void gdt_release(struct vcpu *v);
void ldt_release(struct vcpu *v);
void descriptor_load(struct vcpu *v);

static int release_vcpus(struct domain *d)
{
	int err = 0;

	vcpu_for_each (d, v, i) {
		if (!err) {
			ldt_release(v);
			gdt_release(v);
			err = mmu_release_vcpu(v);
		}
	}
	return err;
}

const struct domain_hook domain_hooks[] = {
	{evtchn_domain_create, evtchn_domain_destroy, evtchn_domain_free, evtchn_dump},
	{grant_domain_create, grant_domain_destroy, grant_domain_free, grant_dump},
	{cpuid_domain_create, NULL, cpuid_domain_free, NULL},
	{NULL, release_vcpus, NULL, NULL},
	{NULL, mmu_domain_destroy, NULL, NULL},
};
const unsigned int domain_hook_count = ARRAY_SIZE(domain_hooks);

const struct switch_hook switch_hooks[] = {
	{NULL, descriptor_load},
};
const unsigned int switch_hook_count = ARRAY_SIZE(switch_hooks);

static void timer_event(struct vcpu *v)
{
	evtchn_send_virq(v, VIRQ_TIMER);
}

static void domain_event(void)
{
	evtchn_send_global_virq(VIRQ_DOM_EXC);
}

static bool event_waits(struct vcpu *v)
{
	return vcpu_event_deliverable(v);
}

const struct event_hook event_hook = {timer_event, domain_event, event_waits};

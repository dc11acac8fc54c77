/* SPDX-License-Identifier: MIT */
/* The table of domain/hooks.h. Creation runs downwards, destruction downwards, freeing upwards. */
#include "domain/hooks.h"
#include "lib/lib.h"

/* Rooms below; their headers may not be included from here. */
int evtchn_domain_create(struct domain *d);
int evtchn_domain_destroy(struct domain *d);
void evtchn_domain_free(struct domain *d);
int grant_domain_create(struct domain *d);
int grant_domain_destroy(struct domain *d);
void grant_domain_free(struct domain *d);
int cpuid_domain_create(struct domain *d);
void cpuid_domain_free(struct domain *d);
int mmu_domain_destroy(struct domain *d);

const struct domain_hook domain_hooks[] = {
	{evtchn_domain_create, evtchn_domain_destroy, evtchn_domain_free},
	{grant_domain_create, grant_domain_destroy, grant_domain_free},
	{cpuid_domain_create, NULL, cpuid_domain_free},
	{NULL, mmu_domain_destroy, NULL},
};
const unsigned int domain_hook_count = ARRAY_SIZE(domain_hooks);

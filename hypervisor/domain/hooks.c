/* SPDX-License-Identifier: MIT */
/* The table of domain/hooks.h. Creation runs downwards, destruction downwards, freeing upwards. */
#include "domain/hooks.h"
#include "lib/lib.h"

const struct domain_hook domain_hooks[] = {
	{evtchn_domain_create, evtchn_domain_destroy, evtchn_domain_free},
	{grant_domain_create, grant_domain_destroy, grant_domain_free},
	{cpuid_domain_create, NULL, cpuid_domain_free},
	{NULL, mmu_domain_destroy, NULL},
};
const unsigned int domain_hook_count = ARRAY_SIZE(domain_hooks);

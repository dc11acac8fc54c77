/* SPDX-License-Identifier: MIT */
/* Grant tables, versions 1 and 2. */
#pragma once

#include "domain/hooks.h"

void grant_dump(struct domain *d);
void grant_audit(struct domain *d); /* debug builds: tells mm/audit.h what grants hold */
long do_grant_table_op(unsigned int cmd, guest_ptr_t arg, unsigned int count);
/* Frame `idx` of d's table, or of its status words (version 2), growing it. -EINVAL: there can be
 * none of that number; -ENOMEM. */
int grant_table_frame(struct domain *d, bool status, unsigned int idx, mfn_t *m);
unsigned int grant_table_max(struct domain *d, bool status); /* how many there may be */
unsigned int grant_version(struct domain *d);                /* that d's entries have now: 1 or 2 */
extern u32 grant_version_max;                                /* that any domain may ask for */
unsigned int grant_map_count(struct domain *d); /* active maps of d: leak tests, domus info */

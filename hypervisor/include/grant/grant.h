/* SPDX-License-Identifier: MIT */
/* Grant tables, version 1. */
#ifndef GRANT_GRANT_H
#define GRANT_GRANT_H

#include "domain/domain.h"

int grant_domain_create(struct domain *d);  /* hook: limits from d->config_* */
int grant_domain_destroy(struct domain *d); /* hook: releases what d mapped; -ERESTART */
void grant_domain_free(struct domain *d);   /* hook: last reference gone */
void grant_dump(struct domain *d);
long do_grant_table_op(unsigned int cmd, guest_ptr_t arg, unsigned int count);
/* XENMEM_acquire_resource type grant table: frame `idx` of d's table, growing it; -EINVAL. */
int grant_table_frame(struct domain *d, unsigned int idx, mfn_t *m);
unsigned int grant_table_max(struct domain *d); /* frames that d's table may grow to */
unsigned int grant_map_count(struct domain *d); /* active maps of d: leak tests, domus info */

#endif

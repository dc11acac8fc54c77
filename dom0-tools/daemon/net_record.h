/* SPDX-License-Identifier: MIT */
/* Networks as JSON: for clients, and on record for the next daemon. No lock: the event loop's. */
#pragma once

#include <jansson.h>

#include "daemon/net_change.h"

/** What the daemon must remember of its networks as long as dom0 runs. */
struct net_record {
	struct network *list;
	int is_forwarding; /* dom0 forwards packets because of us */
};

/** net_record_write - puts it on record, whole. */
void net_record_write(const struct net_record *r);
/** net_record_read - the inverse; without a record it stays empty, and the answer is 0. What is not
 *  in dom0's kernel any more is left out. */
int net_record_read(struct net_record *r);

/** net_add - a network of that name at the end of the list, or the one that is there; NULL: no
 *  memory. */
struct network *net_add(struct network **list, const char *name);

/** net_row - what clients are told of each network. */
json_t *net_row(const struct network *n);
/** net_leases - who got which address from the network's DHCP server. */
json_t *net_leases(const struct network *n);

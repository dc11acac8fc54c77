/* SPDX-License-Identifier: MIT */
/*
 * dom0 as a router for its guests: the table "domus" of nftables, which is ours alone, and whether
 * packets are forwarded at all. No lock: the event loop's thread only.
 */
#pragma once

#include "lib/err.h"

/** firewall_run - has nftables take commands, all or none. 0, or -1 with ERR_HOST. */
int firewall_run(const char *commands, struct err *e);

/** forwarding_get - true if dom0 forwards packets. */
int forwarding_get(void);
/** forwarding_set - makes it do so, or not. 0, or -1 with ERR_HOST. */
int forwarding_set(int is_on, struct err *e);

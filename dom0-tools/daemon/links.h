/* SPDX-License-Identifier: MIT */
/*
 * Network devices of dom0: bridges, and the ends of guests' networks that are put on them. Through
 * netlink by libnl. No lock: each call has a socket of its own.
 */
#pragma once

#include "lib/err.h"

/** link_is_bridge - true if dom0 has a bridge of that name. */
int link_is_bridge(const char *name);

/** link_join - puts a device on a bridge and switches it on. @mtu: of the device; 0: the bridge's.
 *  Returns 0, or -1 with ERR_HOST. */
int link_join(const char *name, const char *bridge, unsigned int mtu, struct err *e);

/** link_tap - a new tap device on a bridge, which lasts as long as it is open. A descriptor, or -1
 *  with ERR_HOST. */
int link_tap(const char *name, const char *bridge, unsigned int mtu, struct err *e);

/* SPDX-License-Identifier: MIT */
/*
 * Network devices of dom0: bridges, and the ends of guests' networks that are put on them. Through
 * netlink by libnl. No lock: each call has a socket of its own.
 */
#pragma once

#include "lib/err.h"
#include "lib/host_file.h"

/** link_is_bridge - true if dom0 has a bridge of that name. */
int link_is_bridge(const char *name);

/** What a device is like. */
struct link_facts {
	link_name master; /* the bridge that it is on; empty: none */
	unsigned int mtu;
	uint8_t mac[MAC_BYTES];
	int is_loopback;
	int has_ipv4; /* it has an address of dom0's */
};

/** link_ask - fills in what a device is like; 0, or -1: there is none of that name. */
int link_ask(const char *name, struct link_facts *facts);

/** An MTU for link_join(): what the device has. */
#define LINK_MTU_KEEP ~0u

/** link_join - puts a device on a bridge and switches it on. @mtu: of the device; 0: the bridge's.
 *  Returns 0, or -1 with ERR_HOST; as do those below. */
int link_join(const char *name, const char *bridge, unsigned int mtu, struct err *e);
/** link_join_guest - the same for a guest's device, on which dom0 itself has no addresses. */
int link_join_guest(const char *name, const char *bridge, unsigned int mtu, struct err *e);
/** link_leave - takes a device from its bridge. */
int link_leave(const char *name, struct err *e);
/** link_set - switches a device on; with an MTU and an address, but for 0 and NULL. */
int link_set(const char *name, unsigned int mtu, const uint8_t *mac, struct err *e);
/** link_address - gives a device an address of dom0's, or takes it away. */
int link_address(const char *name, const struct ipv4 *a, int is_added, struct err *e);
/** bridge_add - a new bridge, without a spanning tree. */
int bridge_add(const char *name, struct err *e);
/** vlan_add - a new device for a VLAN on the device that carries it. */
int vlan_add(const char *name, const char *carrier, unsigned int vlan, struct err *e);
/** link_delete - removes a bridge or a VLAN's device. */
int link_delete(const char *name, struct err *e);

/** link_tap - a new tap device on a bridge, which lasts as long as it is open. A descriptor, or -1
 *  with ERR_HOST. */
int link_tap(const char *name, const char *bridge, unsigned int mtu, struct err *e);

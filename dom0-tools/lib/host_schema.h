/* SPDX-License-Identifier: MIT */
/*
 * What may stand in the host's file, as guest_schema.h for guests; config/schema/host.schema.json
 * is made from it. Invariant: rows are in the order of enum host_key.
 */
#pragma once

#include "schema.h"

enum host_key {
	HOST_DOMUS,
	HOST_NETS,
	HOST_NET_NAME,
	HOST_NET_PORTS,
	HOST_NET_VLAN,
	HOST_NET_MTU,
	HOST_NET_ADDRESS,
	HOST_NET_DHCP,
	HOST_NET_FORWARD,
	HOST_KEY_COUNT
};

extern const struct schema_row host_schema[HOST_KEY_COUNT];
extern const struct schema host_file_schema;

/* SPDX-License-Identifier: MIT */
/* The table of the host file's keys; see host_schema.h. No lock. */
#include "host_file.h"

const struct schema_row host_schema[HOST_KEY_COUNT] = {
	[HOST_DOMUS] = {"domus", "", "domus", SCHEMA_NUMBER, 1, 1, 1, NULL,
			"Version of this format: 1."},
	[HOST_NETS] = {"networks", "", "networks", SCHEMA_LIST, 0, 0, HOST_NET_LIMIT, NULL,
		       "Networks for guests; each is a bridge of dom0."},
	[HOST_NET_NAME] = {"networks.name", "networks", "name", SCHEMA_LINK, 1, 0, 0, NULL,
			   "Name of the network and of its bridge."},
	[HOST_NET_PORTS] = {"networks.ports", "networks", "ports", SCHEMA_LINKS, 0, 0,
			    HOST_PORT_LIMIT, NULL,
			    "Network devices of dom0 that are put on the bridge."},
	[HOST_NET_VLAN] = {"networks.vlan", "networks", "vlan", SCHEMA_NUMBER, 0, 1, 4094, NULL,
			   "The VLAN that the network is on its ports."},
	[HOST_NET_MTU] = {"networks.mtu", "networks", "mtu", SCHEMA_NUMBER, 0, 68, 65521, NULL,
			  "Largest packet in bytes; without it, the smallest of its ports'."},
	[HOST_NET_ADDRESS] = {"networks.address", "networks", "address", SCHEMA_ADDRESS, 0, 0, 0,
			      NULL, "The address of dom0 in the network."},
	[HOST_NET_DHCP] = {"networks.dhcp", "networks", "dhcp", SCHEMA_RANGE, 0, 0, 0, NULL,
			   "Addresses that guests get by DHCP."},
	[HOST_NET_FORWARD] = {"networks.forward", "networks", "forward", SCHEMA_FORWARD, 0, 0, 0,
			      "none", "Where dom0 forwards guests' packets to."},
};

const struct schema host_file_schema = {"host file", "host", host_schema, HOST_KEY_COUNT};

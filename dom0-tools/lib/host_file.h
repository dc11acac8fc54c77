/* SPDX-License-Identifier: MIT */
/*
 * The host's file as a value. Invariant: one that was read without error keeps every rule of the
 * table in host_schema.c, and its networks fit each other. No lock: values belong to their owners.
 */
#pragma once

#include "err.h"
#include "guest_device.h"
#include "host_schema.h"
#include "ipv4.h"

#define HOST_NET_LIMIT  64
#define HOST_PORT_LIMIT 8

typedef char link_name[LINK_NAME_BYTES + 1];

/** What dom0 does with packets from a network's guests to others than dom0. */
enum net_forward {
	FORWARD_NONE,  /* drops them, and those to the guests */
	FORWARD_NAT,   /* sends them on under its own address, and their answers back */
	FORWARD_ROUTE, /* sends them on as they are, both ways */
};

/** A network of the host: a bridge, what is on it, and dom0's part in it. */
struct host_net {
	struct place at, name_at, ports_at, address_at;
	link_name name;
	link_name port[HOST_PORT_LIMIT]; /* devices; with a VLAN, those that carry it */
	unsigned int port_count;
	unsigned int vlan; /* 0: none */
	unsigned int mtu;  /* 0: the smallest of its ports' */
	struct ipv4 address;
	struct ipv4_range dhcp;
	enum net_forward forward;
};

struct host_file {
	char *file; /* as messages name it */
	struct host_net *nets;
	unsigned int net_count;
	struct place at[HOST_KEY_COUNT];
};

#define HOST_FILE_CLEANUP __attribute__((cleanup(host_file_free)))

/** host_file_read - reads the text of a host file; 0, or -1 with ERR_CONFIG as of a guest file. *h
 * is to be freed in either case. */
int host_file_read(struct host_file *h, const char *file, const char *text, size_t bytes,
		   struct err *e);

/** host_file_free - releases what the value holds and clears it. */
void host_file_free(struct host_file *h);

/** host_net_blame - adds a key and its place to an error; returns -1. */
int host_net_blame(const char *file, struct place at, enum host_key key, struct err *e);

/** host_net_port - the device that is on the bridge for a port: itself, or its VLAN's ("eth0.20").
 *  Returns out; an empty text if the name would be too long. */
const char *host_net_port(const struct host_net *n, unsigned int i, link_name out);
/** host_net_has_port - true if a device of that name is on the bridge for one of its ports. */
int host_net_has_port(const struct host_net *n, const char *device);

/* SPDX-License-Identifier: MIT */
/* IPv4 addresses as numbers of the host's byte order, and the texts for them. Pure, no lock. */
#pragma once

#include <stdint.h>

#define IPV4_TEXT_BYTES 20 /* with a prefix and the zero byte */

/** A device's address and the network that it is in; prefix 0: none. */
struct ipv4 {
	uint32_t address;
	unsigned int prefix;
};

struct ipv4_range {
	uint32_t first, last; /* last 0: none */
};

/** ipv4_parse - "192.168.7.1/24"; 0, or -1 if it is none that a device may have in a network of at
 *  least two others. */
int ipv4_parse(const char *text, struct ipv4 *out);
/** ipv4_range_parse - "192.168.7.10-192.168.7.99"; 0, or -1 if it is none or ends before it begins.
 */
int ipv4_range_parse(const char *text, struct ipv4_range *out);

/** ipv4_mask - the bits of a prefix. */
uint32_t ipv4_mask(unsigned int prefix);
/** ipv4_holds - true if the address is one for a device in the network. */
int ipv4_holds(const struct ipv4 *net, uint32_t address);

/** ipv4_format - "192.168.7.1"; returns buf. */
const char *ipv4_format(uint32_t address, char buf[IPV4_TEXT_BYTES]);
/** ipv4_format_prefix - "192.168.7.1/24", or of is_network "192.168.7.0/24"; returns buf. */
const char *ipv4_format_prefix(const struct ipv4 *net, int is_network, char buf[IPV4_TEXT_BYTES]);

/* SPDX-License-Identifier: MIT */
/* Reads and writes IPv4 addresses; see ipv4.h. Pure, no lock. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipv4.h"

enum { SHORTEST = 8, LONGEST = 30 }; /* of prefixes */

/* The text up to the separator, and what follows it; NULL if it is no address. */
static const char *one_parse(const char *text, char separator, uint32_t *out)
{
	const char *end = separator ? strchr(text, separator) : text + strlen(text);
	size_t len = end ? (size_t)(end - text) : INET_ADDRSTRLEN;
	char buf[INET_ADDRSTRLEN];
	struct in_addr in;

	if (len >= sizeof(buf)) {
		return NULL;
	}
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (inet_pton(AF_INET, buf, &in) != 1) {
		return NULL;
	}
	*out = ntohl(in.s_addr);
	return separator ? end + 1 : end;
}

uint32_t ipv4_mask(unsigned int prefix)
{
	return prefix ? ~0u << (32 - prefix) : 0;
}

int ipv4_holds(const struct ipv4 *net, uint32_t address)
{
	uint32_t mask = ipv4_mask(net->prefix), host = address & ~mask;

	return (address & mask) == (net->address & mask) && host && host != ~mask;
}

int ipv4_parse(const char *text, struct ipv4 *out)
{
	const char *prefix = one_parse(text, '/', &out->address);
	unsigned int top = out->address >> 24;

	if (!prefix || !isdigit((unsigned char)*prefix) || strlen(prefix) > 2 ||
	    strspn(prefix, "0123456789") != strlen(prefix)) {
		return -1;
	}
	out->prefix = atoi(prefix);
	/* 127 is the host itself; from 224 on are groups and what is reserved. */
	return out->prefix < SHORTEST || out->prefix > LONGEST || !ipv4_holds(out, out->address) ||
			       top == 0 || top == 127 || top >= 224
		       ? -1
		       : 0;
}

int ipv4_range_parse(const char *text, struct ipv4_range *out)
{
	const char *last = one_parse(text, '-', &out->first);

	return last && one_parse(last, '\0', &out->last) && out->first <= out->last && out->last
		       ? 0
		       : -1;
}

const char *ipv4_format(uint32_t address, char buf[IPV4_TEXT_BYTES])
{
	snprintf(buf, IPV4_TEXT_BYTES, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff,
		 address >> 8 & 0xff, address & 0xff);
	return buf;
}

const char *ipv4_format_prefix(const struct ipv4 *net, int is_network, char buf[IPV4_TEXT_BYTES])
{
	uint32_t mask = is_network ? ipv4_mask(net->prefix) : ~0u;
	size_t len = strlen(ipv4_format(net->address & mask, buf));

	snprintf(buf + len, IPV4_TEXT_BYTES - len, "/%u", net->prefix);
	return buf;
}

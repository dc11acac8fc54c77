/* SPDX-License-Identifier: MIT */
/* Decides about paths; see broker_rules.h. No lock: constant tables. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "daemon/broker_rules.h"

/* What is before and behind the guest's number, up to the device's. */
static const struct side {
	const char *before, *behind;
	int is_disk, is_front;
} sides[] = {
	{"/local/domain/0/backend/" BACKEND_STORE_BLOCK, "", 1, 0},
	{"/local/domain/0/backend/" BACKEND_STORE_NET, "", 0, 0},
	{"/local/domain", "device/vbd/", 1, 1},
	{"/local/domain", "device/vif/", 0, 1},
};

/* What back ends tell; sector-size is a number that domusd checks like that of a guest file. */
static const char *const told[] = {
	"state",
	"error",
	"info",
	"sectors",
	"sector-size",
	"physical-sector-size",
	"max-ring-page-order",
	"multi-queue-max-queues",
	"discard-granularity",
	"discard-alignment",
	"discard-secure",
	"feature-barrier",
	"feature-discard",
	"feature-flush-cache",
	"feature-max-indirect-segments",
	"feature-persistent",
	"feature-dynamic-multicast-control",
	"feature-gso-tcpv4",
	"feature-gso-tcpv6",
	"feature-ipv6-csum-offload",
	"feature-multicast-control",
	"feature-rx-copy",
	"feature-rx-flip",
	"feature-rx-notify",
	"feature-sg",
	"feature-split-event-channels",
};

static int is_told(const char *node)
{
	size_t i = 0;

	while (i < sizeof(told) / sizeof(told[0]) && strcmp(told[i], node) != 0) {
		i++;
	}
	return i < sizeof(told) / sizeof(told[0]);
}

/* Names of nodes below a device, as drivers choose them; each path has one spelling. */
static int is_node(const char *node)
{
	const char *c;

	for (c = node; *c; c++) {
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-' &&
		    (*c != '/' || c == node || c[-1] == '/')) {
			return 0;
		}
	}
	return c > node && c[-1] != '/';
}

/* What is behind the device's number, or NULL. */
static const char *device_read(const char *text, uint32_t *handle)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	/* Neither signs nor spaces nor leading zeroes, which are other nodes. */
	if (!isdigit((unsigned char)*text) || (*text == '0' && text[1] != '/') || *end != '/' ||
	    n > UINT32_MAX) {
		return NULL;
	}
	*handle = n;
	return end + 1;
}

unsigned int broker_rights(uint32_t domid, const char *path, struct broker_device *d)
{
	const struct side *s = sides, *end = sides + sizeof(sides) / sizeof(sides[0]);
	char head[BACKEND_STORE_PATH_BYTES];
	const char *node;
	int len = 0;

	for (; s < end; s++) {
		len = snprintf(head, sizeof(head), "%s/%u/%s", s->before, domid, s->behind);
		if (strncmp(path, head, len) == 0) {
			break;
		}
	}
	node = s < end ? device_read(path + len, &d->handle) : NULL;
	if (!node || !is_node(node)) {
		return 0;
	}
	d->is_disk = s->is_disk;
	if (s->is_front) {
		return BROKER_READ | (strcmp(node, "state") == 0 ? BROKER_WATCH : 0);
	}
	return BROKER_READ | (is_told(node) ? BROKER_WRITE : 0);
}

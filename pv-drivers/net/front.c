/* SPDX-License-Identifier: MIT */
/* The network front end's connection: what it publishes and what it believes; see front.h. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "front.h"

static struct net_front *front_of(struct device *d)
{
	return (struct net_front *)d;
}

/* A node of one queue: in the device's folder, or with several queues in a folder of its own. */
static int queue_write(struct net_front *f, uint32_t index, const char *node, uint32_t value)
{
	char name[PLATFORM_VALUE_BYTES], slash_node[PLATFORM_VALUE_BYTES] = "/";

	if (f->queue_count == 1) {
		return device_write(&f->device, node, value);
	}
	memcpy(slash_node + 1, node, strlen(node) + 1);
	return device_write(&f->device, device_name(name, "queue-", index, slash_node), value);
}

static int queue_publish(struct net_front *f, uint32_t index)
{
	const struct net_queue *q = &f->queues[index];
	int rc = queue_write(f, index, "tx-ring-ref", q->shared.refs[0]);

	rc = rc ? rc : queue_write(f, index, "rx-ring-ref", q->shared.refs[1]);
	if (rc) {
		return rc;
	}
	if (q->tx_port == q->rx_port) {
		return queue_write(f, index, "event-channel", q->tx_port);
	}
	rc = queue_write(f, index, "event-channel-tx", q->tx_port);
	return rc ? rc : queue_write(f, index, "event-channel-rx", q->rx_port);
}

/* What we take; a node that is not there means no, but for the checksum of IPv4. */
static int options_publish(struct net_front *f)
{
	const struct net_options *o = &f->options;
	const struct {
		const char *node;
		bool value;
	} nodes[] = {
		{"request-rx-copy", true},
		{"feature-rx-notify", true},
		{"feature-sg", true},
		{"feature-no-csum-offload", o->no_csum},
		{"feature-ipv6-csum-offload", !o->no_csum},
		{"feature-gso-tcpv4", o->has_gso && !o->no_csum},
		{"feature-gso-tcpv6", o->has_gso && !o->no_csum},
		{"request-multicast-control", o->multicast && f->info.has_multicast},
	};
	int rc = 0;

	if (f->queue_count > 1) {
		rc = device_write(&f->device, "multi-queue-num-queues", f->queue_count);
	}
	for (uint32_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]) && !rc; i++) {
		rc = device_write(&f->device, nodes[i].node, nodes[i].value);
	}
	return rc;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Six pairs of digits with colons between them. */
static int mac_read(struct net_front *f)
{
	char text[18];

	if (device_back_text(&f->device, "mac", text, sizeof(text)) != 17) {
		return -EINVAL;
	}
	for (int i = 0; i < 6; i++) {
		int high = hex_digit(text[i * 3]), low = hex_digit(text[i * 3 + 1]);

		if (high < 0 || low < 0 || (i < 5 && text[i * 3 + 2] != ':')) {
			return -EINVAL;
		}
		f->info.mac[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int info_read(struct net_front *f)
{
	const struct device *d = &f->device;
	struct net_info *info = &f->info;

	info->has_sg = device_back_number(d, "feature-sg", 0);
	info->has_gso_v4 = info->has_sg && device_back_number(d, "feature-gso-tcpv4", 0);
	info->has_gso_v6 = info->has_sg && device_back_number(d, "feature-gso-tcpv6", 0);
	info->has_csum_v6 = device_back_number(d, "feature-ipv6-csum-offload", 0);
	info->has_multicast = device_back_number(d, "feature-multicast-control", 0);
	/* The other way of receiving, by giving pages away, is one of the past. */
	return device_back_number(d, "feature-rx-copy", 0) ? mac_read(f) : -EOPNOTSUPP;
}

static int publish(struct device *d)
{
	struct net_front *f = front_of(d);
	uint64_t queues = device_back_number(d, "multi-queue-max-queues", 1);
	bool is_split =
		!f->options.no_split && device_back_number(d, "feature-split-event-channels", 0);
	int rc = info_read(f);

	memset(f->queues, 0, sizeof(f->queues));
	f->queue_count =
		queues && queues < f->options.queues ? (uint32_t)queues : f->options.queues;
	for (uint32_t i = 0; i < f->queue_count && !rc; i++) {
		rc = net_queue_open(f, &f->queues[i], is_split);
		rc = rc ? rc : queue_publish(f, i);
	}
	return rc ? rc : options_publish(f);
}

/* The back end has our rings, so the buffers in them can be told of. */
static void changed(struct device *d)
{
	struct net_front *f = front_of(d);

	if (f->is_ready) {
		return;
	}
	f->is_ready = true;
	for (uint32_t i = 0; i < f->queue_count; i++) {
		platform_notify(f->queues[i].rx_port);
	}
	f->changed(f);
}

static void disconnect(struct device *d)
{
	struct net_front *f = front_of(d);

	f->is_ready = false;
	for (uint32_t i = 0; i < f->queue_count; i++) {
		net_queue_close(&f->queues[i]);
	}
	f->changed(f);
}

static void closed(struct device *d)
{
	front_of(d)->changed(front_of(d));
}

static const struct device_driver driver = {
	.is_net = true,
	.publish = publish,
	.changed = changed,
	.disconnect = disconnect,
	.closed = closed,
};

static bool is_count(uint32_t buffers)
{
	return buffers && buffers <= NET_SLOTS && !(buffers & (buffers - 1));
}

int net_start(struct net_front *f, const char *path, const struct net_options *options,
	      void (*on_change)(struct net_front *f),
	      void (*event)(struct net_front *f, uint32_t queue))
{
	if (!options->queues || options->queues > NET_QUEUES || !is_count(options->tx_buffers) ||
	    !is_count(options->rx_buffers)) {
		return -EINVAL;
	}
	memset(f, 0, sizeof(*f));
	f->options = *options;
	f->changed = on_change;
	f->event = event;
	return device_start(&f->device, &driver, path);
}

void net_stop(struct net_front *f)
{
	device_close(&f->device);
}

int net_resume(struct net_front *f)
{
	return device_resume(&f->device);
}

/* SPDX-License-Identifier: MIT */
/* Writes, reads and lists the store's nodes of devices; see device_nodes.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "daemon/device_nodes.h"
#include "daemon/libxl.h"

/* The kernel counts what a guest sent in spans of that many microseconds. */
enum { RATE_SPAN_US = 50000, US_IN_S = 1000000 };

/* Xen's tools write it so. */
#define MODE_SHARED "w!"

static const char *const types[2][2] = {
	{[DEVICE_BY_DOMUS] = BACKEND_STORE_NET, [DEVICE_BY_KERNEL] = "vif"},
	{[DEVICE_BY_DOMUS] = BACKEND_STORE_BLOCK, [DEVICE_BY_KERNEL] = "vbd"},
};

struct device device_of_disk(uint32_t domid, const struct guest_disk *d)
{
	return (struct device){domid, 1, d->backend, disk_handle(d->index)};
}

struct device device_of_net(uint32_t domid, const struct guest_net *n)
{
	return (struct device){domid, 0, n->backend, n->index};
}

const char *device_type(const struct device *d)
{
	return types[d->is_disk][d->backend];
}

const char *device_back(const struct device *d, char buf[NODES_PATH_BYTES])
{
	snprintf(buf, NODES_PATH_BYTES, "/local/domain/0/backend/%s/%u/%u", device_type(d),
		 d->domid, d->handle);
	return buf;
}

const char *device_front(const struct device *d, char buf[NODES_PATH_BYTES])
{
	snprintf(buf, NODES_PATH_BYTES, "/local/domain/%u/device/%s/%u", d->domid,
		 d->is_disk ? "vbd" : "vif", d->handle);
	return buf;
}

/* What both folders of any device have; the front end's is the base afterwards. */
static void put_common(struct pen *p, const struct device *d, const char *back, const char *front)
{
	p->base = back;
	pen_make(p, back, 0, p->domid);
	pen_put(p, "frontend", "%s", front);
	pen_put(p, "frontend-id", "%u", p->domid);
	pen_put(p, "online", "1");
	pen_put(p, "state", "%d", STATE_INITIALISING);
	/* dom0's kernel refuses a network without one, and calls it for nobody. */
	pen_put(p, "script", "domusd");
	p->base = front;
	pen_make(p, front, p->domid, 0);
	pen_put(p, "backend", "%s", back);
	pen_put(p, "backend-id", "0");
	pen_put(p, "state", "%d", STATE_INITIALISING);
	pen_put(p, d->is_disk ? "virtual-device" : "handle", "%u", d->handle);
	pen_put(p, "trusted", "1");
}

/* What xl wants to know, too. */
static void put_disk_facts(struct pen *p, const struct guest_disk *disk)
{
	char target[DISK_TARGET_BYTES];

	pen_put(p, "device-type", disk->is_cdrom ? "cdrom" : "disk");
	pen_put(p, "dev", "%s", disk_target(disk->index, target));
	pen_put(p, "type", disk->backend == DEVICE_BY_KERNEL ? "phy" : "domus");
	pen_put(p, "mode", disk->is_readonly ? "r" : disk->is_shared ? MODE_SHARED : "w");
	pen_put(p, "removable", disk->is_cdrom ? "1" : "0");
	pen_put(p, "params", "%s", disk->path ? disk->path : "");
}

static void put_disk(struct pen *p, const struct guest_disk *disk, const struct disk_medium *m)
{
	struct device d = device_of_disk(p->domid, disk);
	char back[NODES_PATH_BYTES], front[NODES_PATH_BYTES], libxl[NODES_PATH_BYTES];

	put_common(p, &d, device_back(&d, back), device_front(&d, front));
	pen_put(p, "device-type", disk->is_cdrom ? "cdrom" : "disk");
	p->base = back;
	put_disk_facts(p, disk);
	pen_put(p, "bootable", "1");
	pen_put(p, "discard-enable", "%d", disk->is_discard);
	pen_put(p, "format", "%s", schema_format_names[disk->format]);
	if (disk->backend == DEVICE_BY_KERNEL && m->fd >= 0) {
		pen_put(p, "physical-device", "%x:%x", m->major, m->minor);
	}
	if (libxl_device_begin(p, &d, libxl) == 0) {
		put_disk_facts(p, disk);
	}
}

static void put_net_facts(struct pen *p, const struct guest_net *net, const char *mac)
{
	pen_put(p, "mac", "%s", mac);
	pen_put(p, "handle", "%u", net->index);
	pen_put(p, "bridge", "%s", net->bridge);
	pen_put(p, "type", "vif");
}

static void put_net(struct pen *p, const struct guest_net *net, const uint8_t uuid[16])
{
	struct device d = device_of_net(p->domid, net);
	char back[NODES_PATH_BYTES], front[NODES_PATH_BYTES], libxl[NODES_PATH_BYTES];
	char mac[MAC_TEXT_BYTES];
	uint8_t derived[MAC_BYTES];

	mac_derive(uuid, net->index, derived);
	mac_format(net->has_mac ? net->mac : derived, mac);
	put_common(p, &d, device_back(&d, back), device_front(&d, front));
	pen_put(p, "mac", "%s", mac);
	p->base = back;
	put_net_facts(p, net, mac);
	if (net->mtu) {
		pen_put(p, "mtu", "%u", net->mtu);
	}
	if (net->rate_bytes_s) {
		pen_put(p, "rate", "%" PRIu64 ",%d", net->rate_bytes_s * RATE_SPAN_US / US_IN_S,
			RATE_SPAN_US);
	}
	if (libxl_device_begin(p, &d, libxl) == 0) {
		put_net_facts(p, net, mac);
	}
}

void device_nodes_put(struct pen *p, const struct guest_file *g, const uint8_t uuid[16],
		      const struct disk_medium *media)
{
	unsigned int i;

	for (i = 0; i < g->disk_count; i++) {
		put_disk(p, &g->disks[i], &media[i]);
	}
	for (i = 0; i < g->net_count; i++) {
		put_net(p, &g->nets[i], uuid);
	}
}

char *device_get(struct hyper *h, const struct device *d, int is_front, const char *node)
{
	struct xs_handle *xsh = hyper_store(h);
	char folder[NODES_PATH_BYTES], path[NODES_PATH_BYTES + 32], *value;
	unsigned int bytes;

	snprintf(path, sizeof(path), "%s/%s",
		 is_front ? device_front(d, folder) : device_back(d, folder), node);
	value = xsh ? xs_read(xsh, XBT_NULL, path, &bytes) : NULL;
	if (!value) {
		hyper_store_failed(h, errno);
	}
	return value;
}

int device_set(struct hyper *h, const struct device *d, const char *node, const char *value,
	       struct err *e)
{
	struct xs_handle *xsh = hyper_store(h);
	char folder[NODES_PATH_BYTES], path[NODES_PATH_BYTES + 32];
	int errnum;

	snprintf(path, sizeof(path), "%s/%s", device_back(d, folder), node);
	if (xsh && xs_write(xsh, XBT_NULL, path, value, strlen(value))) {
		return 0;
	}
	errnum = errno;
	hyper_store_failed(h, errnum);
	err_set(e, ERR_HOST, "the store does not take %s", path);
	return err_errno(e, errnum, "xs_write");
}

/* A node as a number; 0 if there is none. */
static unsigned long long number_get(struct hyper *h, const struct device *d, const char *node)
{
	char *text = device_get(h, d, 0, node);
	unsigned long long n = text ? strtoull(text, NULL, 10) : 0;

	free(text);
	return n;
}

int device_says(struct hyper *h, const struct device *d, const char *node, const char *word)
{
	char *text = device_get(h, d, 0, node);
	int is = text && strcmp(text, word) == 0;

	free(text);
	return is;
}

/* What the file said is kept here alone, for who starts the back end again. */
static void medium_read(struct hyper *h, const struct device *d, struct guest_disk *disk)
{
	unsigned int format = DISK_RAW;

	while (format < DISK_VPC && !device_says(h, d, "format", schema_format_names[format])) {
		format++;
	}
	disk->format = device_says(h, d, "format", schema_format_names[format]) ? format : DISK_RAW;
	disk->has_format = 1;
	disk->is_uri = disk->path && *disk->path != '/' && strstr(disk->path, "://");
}

static int disk_read(struct hyper *h, const struct device *d, struct guest_file *item)
{
	struct guest_disk *disk = item->disks = calloc(1, sizeof(*disk));

	if (!disk) {
		return -1;
	}
	item->disk_count = 1;
	disk->path = device_get(h, d, 0, "params");
	if (disk->path && !*disk->path) {
		free(disk->path);
		disk->path = NULL;
	}
	medium_read(h, d, disk);
	disk->index = disk_index(d->handle);
	disk->sector = number_get(h, d, "sector-size");
	disk->is_readonly = device_says(h, d, "mode", "r");
	disk->is_shared = device_says(h, d, "mode", MODE_SHARED);
	disk->is_cdrom = device_says(h, d, "device-type", "cdrom");
	disk->is_discard = device_says(h, d, "discard-enable", "1");
	disk->backend = d->backend;
	return disk->path || disk->is_cdrom ? 0 : -1;
}

static int net_read(struct hyper *h, const struct device *d, struct guest_file *item)
{
	struct guest_net *net = item->nets = calloc(1, sizeof(*net));
	char *mac = device_get(h, d, 0, "mac");

	if (net) {
		item->net_count = 1;
		net->bridge = device_get(h, d, 0, "bridge");
		net->index = d->handle;
		net->has_mac = mac && mac_parse(mac, net->mac) == 0;
		net->mtu = number_get(h, d, "mtu");
		net->rate_bytes_s = number_get(h, d, "rate") * (US_IN_S / RATE_SPAN_US);
		net->backend = d->backend;
	}
	free(mac);
	return net && net->bridge && net->has_mac ? 0 : -1;
}

int device_read(struct hyper *h, const struct device *d, struct guest_file *item, struct err *e)
{
	char path[NODES_PATH_BYTES];

	memset(item, 0, sizeof(*item));
	item->file = strdup("(store)");
	if (item->file && (d->is_disk ? disk_read(h, d, item) : net_read(h, d, item)) == 0) {
		return 0;
	}
	return err_set(e, ERR_HOST, "the store lacks nodes of %s", device_back(d, path));
}

char *device_link(const struct device *d, char *name)
{
	snprintf(name, LINK_NAME_BYTES + 1, "vif%u.%u", (uint16_t)d->domid, (uint16_t)d->handle);
	return name;
}

int device_state(struct hyper *h, const struct device *d)
{
	return number_get(h, d, "state");
}

void devices_each(struct hyper *h, uint32_t domid,
		  void (*visit)(struct hyper *h, const struct device *d, void *arg), void *arg)
{
	struct xs_handle *xsh = hyper_store(h);
	unsigned int count, kind, i;
	char path[NODES_PATH_BYTES], **names;

	for (kind = 0; xsh && kind < 4; kind++) {
		struct device d = {domid, !(kind & 1), kind >> 1, 0};

		snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u", device_type(&d),
			 domid);
		names = xs_directory(xsh, XBT_NULL, path, &count);
		for (i = 0; names && i < count; i++) {
			d.handle = strtoul(names[i], NULL, 10);
			visit(h, &d, arg);
		}
		free(names);
	}
}

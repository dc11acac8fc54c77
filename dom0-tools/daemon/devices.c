/* SPDX-License-Identifier: MIT */
/* Opens, connects and ends guests' devices; see devices.h. */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/backends.h"
#include "daemon/devices.h"
#include "daemon/libxl.h"
#include "daemon/links.h"
#include "daemon/revival.h"

enum { POLL_NS = 2000000, PATIENCE_MS = 10000, SYSFS_PATH_BYTES = 128 };

static int net_check(const struct guest_file *g, const struct guest_net *n, struct err *e)
{
	if (!link_is_bridge(n->bridge)) {
		err_set(e, ERR_CONFIG, "dom0 has no bridge %s", n->bridge);
		err_fix(e, "make it: ip link add %s up type bridge", n->bridge);
		return guest_file_blame_at(g, n->bridge_at, KEY_NET_BRIDGE, e);
	}
	return 0;
}

int devices_open(const struct guest_file *g, struct disk_medium **media, struct err *e)
{
	unsigned int i;

	*media = NULL;
	for (i = 0; i < g->net_count; i++) {
		if (net_check(g, &g->nets[i], e)) {
			return -1;
		}
	}
	if (!g->disk_count) {
		return 0;
	}
	*media = calloc(g->disk_count, sizeof(**media));
	if (!*media) {
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	}
	for (i = 0; i < g->disk_count; i++) {
		(*media)[i] = (struct disk_medium){.fd = -1, .device = -1};
	}
	for (i = 0; i < g->disk_count; i++) {
		if (disk_open(g, &g->disks[i], &(*media)[i], e)) {
			return -1;
		}
	}
	return 0;
}

void devices_close(const struct guest_file *g, struct disk_medium *media)
{
	unsigned int i;

	for (i = 0; media && i < g->disk_count; i++) {
		disk_close(&media[i]);
	}
	free(media);
}

static void kernel_path(const struct device *d, const char *file, char buf[SYSFS_PATH_BYTES])
{
	snprintf(buf, SYSFS_PATH_BYTES, "/sys/bus/xen-backend/devices/%s-%u-%u/%s", device_type(d),
		 d->domid, d->handle, file);
}

static int is_gone(struct hyper *h, const struct device *d)
{
	char path[SYSFS_PATH_BYTES];

	(void)h;
	kernel_path(d, "", path);
	return access(path, F_OK) != 0;
}

/* The kernel has opened the disk once it tells which one. */
static int disk_is_taken(struct hyper *h, const struct device *d)
{
	char path[SYSFS_PATH_BYTES];

	(void)h;
	kernel_path(d, "physical_device", path);
	return access(path, F_OK) == 0;
}

/* The kernel says InitWait when it is about to make the device. */
static int vif_is_there(struct hyper *h, const struct device *d)
{
	char name[IF_NAMESIZE];

	return device_state(h, d) >= STATE_INIT_WAIT && if_nametoindex(device_link(d, name)) != 0;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

/* dom0's kernel tells nobody when it is ready; it takes it a millisecond or two. */
static int settle(struct hyper *h, const struct device *d,
		  int (*is_done)(struct hyper *h, const struct device *d))
{
	const struct timespec pause = {.tv_nsec = POLL_NS};
	uint64_t until = now_ms() + PATIENCE_MS;

	while (!is_done(h, d)) {
		if (now_ms() >= until) {
			return is_done(h, d) ? 0 : -1;
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

static void error_path(const struct device *d, char path[NODES_PATH_BYTES])
{
	snprintf(path, NODES_PATH_BYTES, "/local/domain/0/error/backend/%s/%u/%u/error",
		 device_type(d), d->domid, d->handle);
}

/* dom0's kernel did not do its part; its own words are in the store, if it has any. */
static int kernel_failed(struct hyper *h, const struct device *d, struct err *e)
{
	struct xs_handle *xsh = hyper_store(h);
	char path[NODES_PATH_BYTES], *why;
	unsigned int bytes;

	err_set(e, ERR_HOST, "dom0's kernel does not take up the guest's %s %u",
		d->is_disk ? "disk" : "network", d->handle);
	error_path(d, path);
	why = xsh ? xs_read(xsh, XBT_NULL, path, &bytes) : NULL;
	if (why) {
		err_why(e, "%s", why);
	} else {
		err_why(e, "it has no driver for it, or is busy");
		err_fix(e, "load the module %s", d->is_disk ? "xen-blkback" : "xen-netback");
	}
	free(why);
	return -1;
}

static int disk_connect(struct hyper *h, uint32_t domid, const struct guest_disk *disk,
			struct err *e)
{
	struct device d = device_of_disk(domid, disk);

	if (disk->path && settle(h, &d, disk_is_taken)) {
		return kernel_failed(h, &d, e);
	}
	return device_set(h, &d, "hotplug-status", "connected", e);
}

static int net_connect(struct hyper *h, uint32_t domid, const struct guest_net *net, struct err *e)
{
	struct device d = device_of_net(domid, net);
	char name[IF_NAMESIZE];

	if (settle(h, &d, vif_is_there)) {
		return kernel_failed(h, &d, e);
	}
	device_link(&d, name);
	return link_join_guest(name, net->bridge, net->mtu, e) ||
			       device_set(h, &d, "hotplug-status", "connected", e)
		       ? -1
		       : 0;
}

int devices_connect(struct hyper *h, uint32_t domid, const struct guest_file *g,
		    const struct disk_medium *media, struct err *e)
{
	const struct guest_disk *disk;
	const struct guest_net *net;

	if (revival_prepare(h, domid, g, e)) {
		return -1;
	}
	for (disk = g->disks; disk < g->disks + g->disk_count; disk++) {
		if (disk->backend == DEVICE_BY_KERNEL
			    ? disk_connect(h, domid, disk, e)
			    : backend_attach_disk(domid, g->name, disk, &media[disk - g->disks], 1,
						  e)) {
			return -1;
		}
	}
	for (net = g->nets; net < g->nets + g->net_count; net++) {
		if (net->backend == DEVICE_BY_KERNEL
			    ? net_connect(h, domid, net, e)
			    : backend_attach_net(domid, g->name, net, 1, e)) {
			return -1;
		}
	}
	return 0;
}

/* The kernel gives a device up when its nodes are gone. */
static void nodes_drop(struct hyper *h, const struct device *d)
{
	struct xs_handle *xsh = hyper_store(h);
	char path[NODES_PATH_BYTES];

	libxl_device_end(h, d);
	if (xsh) {
		xs_rm(xsh, XBT_NULL, device_back(d, path));
		error_path(d, path);
		*strrchr(path, '/') = '\0';
		xs_rm(xsh, XBT_NULL, path);
	}
	backend_forget(d);
}

void device_drop(struct hyper *h, const struct device *d)
{
	char path[NODES_PATH_BYTES];

	nodes_drop(h, d);
	settle(h, d, is_gone);
	if (hyper_store(h)) {
		xs_rm(h->xsh, XBT_NULL, device_front(d, path));
	}
}

/* The devices of a guest, kept while their nodes are removed. */
struct found {
	struct device d[4 * (GUEST_DISK_LIMIT + GUEST_NET_LIMIT)];
	unsigned int count;
};

static void find(struct hyper *h, const struct device *d, void *arg)
{
	struct found *f = arg;

	(void)h;
	if (f->count < sizeof(f->d) / sizeof(f->d[0])) {
		f->d[f->count++] = *d;
	}
}

static void folders_drop(struct hyper *h, uint32_t domid)
{
	struct xs_handle *xsh = hyper_store(h);
	char path[NODES_PATH_BYTES];
	unsigned int kind;

	for (kind = 0; xsh && kind < 4; kind++) {
		struct device d = {domid, kind & 1, kind >> 1, 0};

		snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u", device_type(&d),
			 domid);
		xs_rm(xsh, XBT_NULL, path);
	}
}

void devices_end(struct hyper *h, uint32_t domid)
{
	struct found f = {.count = 0};
	unsigned int i;

	/* First: it would take its devices' missing nodes for a guest that misbehaves. */
	backend_stop(domid);
	devices_each(h, domid, find, &f);
	for (i = 0; i < f.count; i++) {
		nodes_drop(h, &f.d[i]);
	}
	for (i = 0; i < f.count; i++) {
		settle(h, &f.d[i], is_gone);
	}
	if (f.count) {
		folders_drop(h, domid);
	}
}

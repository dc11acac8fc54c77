/* SPDX-License-Identifier: MIT */
/* Has what a guest's back end serves taken up by another process; see revival.h. */
#include "daemon/backends.h"
#include "daemon/revival.h"
#include "daemon/storage.h"

struct revival {
	const char *name;
	const struct guest_file *but; /* its disks are attached by others; NULL: none */
	struct err *e;
	int ret;
};

static int is_of(const struct device *d, const struct guest_file *g)
{
	unsigned int i = 0;

	while (g && i < g->disk_count && disk_handle(g->disks[i].index) != d->handle) {
		i++;
	}
	return g && d->is_disk && i < g->disk_count;
}

static int attach_disk(const struct device *d, const char *name, const struct guest_file *item,
		       struct err *e)
{
	struct disk_medium m = {.fd = -1, .device = -1};
	int ret;

	storage_stop(d); /* what it was asked for may still be on its way to the image */
	ret = disk_open(item, item->disks, &m, e);
	ret = ret ? ret : backend_attach_disk(d->domid, name, item->disks, &m, 0, e);
	disk_close(&m);
	return ret;
}

static void revive_one(struct hyper *h, const struct device *d, void *arg)
{
	struct guest_file item GUEST_FILE_CLEANUP = {0};
	struct err one ERR_CLEANUP = {0};
	struct revival *r = arg;
	int ret;

	if (d->backend != DEVICE_BY_DOMUS || is_of(d, r->but)) {
		return;
	}
	ret = device_read(h, d, &item, &one);
	if (ret == 0) {
		ret = d->is_disk ? attach_disk(d, r->name, &item, &one)
				 : backend_attach_net(d->domid, r->name, item.nets, 0, &one);
	}
	/* One that fails does not keep the others from being served; the first is told. */
	if (ret && r->ret == 0) {
		err_move(r->e, &one);
		r->ret = -1;
	}
}

static void served_find(struct hyper *h, const struct device *d, void *arg)
{
	struct guest_file item GUEST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};

	if (d->is_disk && d->backend == DEVICE_BY_DOMUS && device_read(h, d, &item, &e) == 0) {
		*(int *)arg |= disk_needs_storage(item.disks);
	}
}

static int replace(struct hyper *h, uint32_t domid, const char *name, const struct guest_file *but,
		   struct err *e)
{
	struct revival r = {name, but, e, 0};
	int has_nbd = 0;

	backend_stop(domid);
	devices_each(h, domid, served_find, &has_nbd);
	/* The first device would start a process that can do what that device needs. */
	if (has_nbd && backend_start_nbd(domid, name, e)) {
		return -1;
	}
	devices_each(h, domid, revive_one, &r);
	return r.ret;
}

int revival_run(struct hyper *h, uint32_t domid, const char *name, struct err *e)
{
	return replace(h, domid, name, NULL, e);
}

int revival_prepare(struct hyper *h, uint32_t domid, const struct guest_file *g, struct err *e)
{
	int has_nbd = backend_has_nbd(domid);
	unsigned int i = 0;

	while (i < g->disk_count && !disk_needs_storage(&g->disks[i])) {
		i++;
	}
	if (i == g->disk_count || has_nbd == 1) {
		return 0;
	}
	if (has_nbd < 0) {
		return backend_start_nbd(domid, g->name, e);
	}
	return replace(h, domid, g->name, g, e);
}

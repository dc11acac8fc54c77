/* SPDX-License-Identifier: MIT */
/* Attaches, detaches, resizes and lists devices; see attach.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/attach.h"
#include "daemon/backends.h"

/* Handles of one kind that a guest has. */
struct handles {
	int is_disk;
	unsigned int handle[GUEST_DISK_LIMIT + GUEST_NET_LIMIT];
	enum device_backend backend[GUEST_DISK_LIMIT + GUEST_NET_LIMIT];
	unsigned int count;
};

/* Whoever serves them, they are in the order of their numbers. */
static void handle_add(struct hyper *h, const struct device *d, void *arg)
{
	struct handles *all = arg;
	unsigned int at;

	(void)h;
	if (d->is_disk != all->is_disk || all->count == GUEST_DISK_LIMIT + GUEST_NET_LIMIT) {
		return;
	}
	for (at = all->count++; at && all->handle[at - 1] > d->handle; at--) {
		all->handle[at] = all->handle[at - 1];
		all->backend[at] = all->backend[at - 1];
	}
	all->handle[at] = d->handle;
	all->backend[at] = d->backend;
}

static void handles_get(struct hyper *h, uint32_t domid, int is_disk, struct handles *all)
{
	*all = (struct handles){.is_disk = is_disk};
	devices_each(h, domid, handle_add, all);
}

static int handle_is_used(const struct handles *all, unsigned int handle)
{
	unsigned int i = 0;

	while (i < all->count && all->handle[i] != handle) {
		i++;
	}
	return i < all->count;
}

/* Gives the item a name that is free; -1 with an error if there is none, or if its own is taken. */
static int name_choose(struct hyper *h, uint32_t domid, struct guest_file *item, struct err *e)
{
	int is_disk = item->disk_count > 0;
	unsigned int limit = is_disk ? GUEST_DISK_LIMIT : GUEST_NET_LIMIT, i = 0;
	char target[DISK_TARGET_BYTES];
	struct handles all;

	handles_get(h, domid, is_disk, &all);
	if (is_disk && item->disks[0].has_target) {
		if (handle_is_used(&all, disk_handle(item->disks[0].index))) {
			err_set(e, ERR_GUEST, "the guest has a disk %s already",
				disk_target(item->disks[0].index, target));
			return err_fix(e, "leave the target out: the first free one is taken");
		}
		return 0;
	}
	while (i < limit && handle_is_used(&all, is_disk ? disk_handle(i) : i)) {
		i++;
	}
	if (i == limit) {
		return err_set(e, ERR_GUEST, "the guest has %u %s already", limit,
			       is_disk ? "disks" : "networks");
	}
	*(is_disk ? &item->disks[0].index : &item->nets[0].index) = i;
	return 0;
}

struct subject {
	const struct guest_file *item;
	const uint8_t *uuid;
	const struct disk_medium *media;
};

static void fill(struct pen *p, void *arg)
{
	const struct subject *s = arg;

	device_nodes_put(p, s->item, s->uuid, s->media);
}

static int nodes_add(struct hyper *h, uint32_t domid, struct subject *s, struct err *e)
{
	struct pen p = {.batch.fd = &h->batch_fd, .domid = domid};
	int errnum = pen_transaction(&p, fill, s);

	if (errnum) {
		err_set(e, ERR_HOST, "the store does not take the device's nodes");
		err_why(e, "%s: %s", p.batch.failed, strerror(errnum));
	}
	batch_free(&p.batch);
	return errnum ? -1 : 0;
}

int attach_device(struct hyper *h, uint32_t domid, const uint8_t uuid[16], struct guest_file *item,
		  struct err *e)
{
	struct subject s = {item, uuid, NULL};
	struct disk_medium *media = NULL;
	struct device d;
	int ret = name_choose(h, domid, item, e) || devices_open(item, &media, e) ? -1 : 0;

	s.media = media;
	if (ret == 0) {
		ret = nodes_add(h, domid, &s, e) || devices_connect(h, domid, item, media, e) ? -1
											      : 0;
		if (ret) {
			d = item->disk_count ? device_of_disk(domid, item->disks)
					     : device_of_net(domid, item->nets);
			device_drop(h, &d);
		}
	}
	devices_close(item, media);
	return ret;
}

static int front_state(struct hyper *h, const struct device *d)
{
	char *text = device_get(h, d, 1, "state");
	long state = text ? strtol(text, NULL, 10) : 0;

	free(text);
	/* It is the guest's to write. */
	return state < 0 || state > STATE_CLOSED ? 0 : (int)state;
}

/* Gone, closed, or never taken up by the guest. */
static int is_let_go(struct hyper *h, const struct device *d)
{
	int back = device_state(h, d), front = front_state(h, d);

	return back == STATE_CLOSED || back == 0 || front == STATE_CLOSED ||
	       front <= STATE_INITIALISING;
}

/* What the kernel's back ends are asked by, they read in the store. 1: they have not done it yet.
 */
static int kernel_detach(struct hyper *h, const struct device *d, int force, struct err *e)
{
	char closing[4];

	snprintf(closing, sizeof(closing), "%d", STATE_CLOSING);
	if (!device_says(h, d, "online", "0") &&
	    (device_set(h, d, "online", "0", e) || device_set(h, d, "state", closing, e))) {
		return -1;
	}
	return !force && !is_let_go(h, d);
}

/* Its server is ended with it, and so is the process that serves the guest, for a moment. */
static int is_served_elsewhere(struct hyper *h, const struct device *d)
{
	struct guest_file item GUEST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};

	return d->is_disk && device_read(h, d, &item, &e) == 0 && disk_needs_storage(item.disks);
}

int detach_device(struct hyper *h, const struct device *d, enum detach_force force, struct err *e)
{
	int front = front_state(h, d), is_asked = front > STATE_INITIALISING, ret;

	ret = d->backend == DEVICE_BY_KERNEL ? kernel_detach(h, d, force, e)
					     : backend_detach(d, force || !is_asked, e);
	if (ret > 0 && force == DETACH_AT_LAST && is_served_elsewhere(h, d)) {
		ret = 0;
	}
	if (ret == 0) {
		device_drop(h, d);
	} else if (ret > 0) {
		err_set(e, ERR_TIMEOUT, "the guest does not let go of the device");
		err_why(e, "its front end is in state %d", front);
		err_fix(e, "the request stands: ask again, or use --force");
	}
	return ret;
}

int attached_find(struct hyper *h, uint32_t domid, int is_disk, const char *name, struct device *d,
		  struct err *e)
{
	int index = is_disk                         ? disk_target_parse(name)
		    : isdigit((unsigned char)*name) ? atoi(name)
						    : -1;
	unsigned int handle = is_disk ? disk_handle(index) : (unsigned int)index, i;
	struct handles all;

	handles_get(h, domid, is_disk, &all);
	for (i = 0; i < all.count; i++) {
		if (index >= 0 && all.handle[i] == handle) {
			*d = (struct device){domid, is_disk, all.backend[i], all.handle[i]};
			return 0;
		}
	}
	err_set(e, ERR_NOT_FOUND, "the guest has no %s '%s'", is_disk ? "disk" : "network", name);
	return err_fix(e, "see 'domus %s list'", is_disk ? "disk" : "net");
}

static const char *state_word(int state)
{
	static const char *const words[] = {"unknown",   "initialising", "waiting", "initialised",
					    "connected", "closing",      "closed"};

	return words[state >= 0 && state <= STATE_CLOSED ? state : 0];
}

static void set_text(json_t *o, const char *key, struct hyper *h, const struct device *d,
		     const char *node)
{
	char *text = device_get(h, d, 0, node);

	json_object_set_new(o, key, text && *text ? json_string(text) : json_null());
	free(text);
}

static json_t *row(struct hyper *h, const struct device *d)
{
	json_t *o = json_object();
	char name[32];

	if (d->is_disk) {
		set_text(o, "target", h, d, "dev");
		set_text(o, "path", h, d, "params");
		json_object_set_new(o, "readonly", json_boolean(device_says(h, d, "mode", "r")));
		json_object_set_new(o, "cdrom",
				    json_boolean(device_says(h, d, "device-type", "cdrom")));
	} else {
		json_object_set_new(o, "index", json_integer(d->handle));
		set_text(o, "mac", h, d, "mac");
		set_text(o, "bridge", h, d, "bridge");
		json_object_set_new(o, "device", json_string(device_link(d, name)));
	}
	json_object_set_new(o, "backend", json_string(schema_backend_names[d->backend]));
	json_object_set_new(o, "state", json_string(state_word(device_state(h, d))));
	return o;
}

json_t *attached_list(struct hyper *h, uint32_t domid, int is_disk)
{
	json_t *rows = json_array();
	struct handles all;
	unsigned int i;

	handles_get(h, domid, is_disk, &all);
	for (i = 0; i < all.count; i++) {
		struct device d = {domid, is_disk, all.backend[i], all.handle[i]};

		json_array_append_new(rows, row(h, &d));
	}
	return rows;
}

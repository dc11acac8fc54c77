/* SPDX-License-Identifier: MIT */
/*
 * Where a guest's devices stand in the store, laid out as every front and back end expects it:
 *
 *	/local/domain/N/device/vbd/51712              the guest's folder, dom0 may read it
 *	/local/domain/0/backend/<type>/N/51712        dom0's folder, the guest may read it
 *
 * The type is vbd or vif for back ends of the kernel, domus-vbd or domus-vif for ours. No lock: the
 * handles are the calling thread's own.
 */
#pragma once

#include "daemon/disks.h"
#include "daemon/hyper.h"
#include "daemon/pen.h"

/** XenbusState, as it stands in the store. */
enum device_state {
	STATE_INITIALISING = 1,
	STATE_INIT_WAIT = 2,
	STATE_CONNECTED = 4,
	STATE_CLOSING = 5,
	STATE_CLOSED = 6,
};

/** A device of a guest, as its back end is found. */
struct device {
	uint32_t domid;
	int is_disk;
	enum device_backend backend;
	unsigned int handle;
};

/** device_of_disk, device_of_net - how a device of a guest file is found in the store. */
struct device device_of_disk(uint32_t domid, const struct guest_disk *d);
struct device device_of_net(uint32_t domid, const struct guest_net *n);

/** device_type - the word for its back end's kind in the store. */
const char *device_type(const struct device *d);
/** device_back, device_front - its folders in the store; return buf. */
const char *device_back(const struct device *d, char buf[NODES_PATH_BYTES]);
const char *device_front(const struct device *d, char buf[NODES_PATH_BYTES]);

/** device_nodes_put - adds the nodes of all devices of a guest file to a batch.
 *  @media: of its disks, one each */
void device_nodes_put(struct pen *p, const struct guest_file *g, const uint8_t uuid[16],
		      const struct disk_medium *media);

/** device_get - reads a node of the back end's folder, or of the front end's; the caller frees it.
 *  NULL: none. */
char *device_get(struct hyper *h, const struct device *d, int is_front, const char *node);
/** device_says - true if a node of the back end's folder has that value. */
int device_says(struct hyper *h, const struct device *d, const char *node, const char *value);
/** device_set - writes a node of the back end's folder; 0, or -1 with ERR_HOST. */
int device_set(struct hyper *h, const struct device *d, const char *node, const char *value,
	       struct err *e);
/** device_read - a device as an item of a guest file; 0, or -1 with ERR_HOST. */
int device_read(struct hyper *h, const struct device *d, struct guest_file *item, struct err *e);
/** device_link - the name of a network's end in dom0; returns name, of LINK_NAME_BYTES + 1. */
char *device_link(const struct device *d, char *name);
/** device_state - what the back end says of itself; 0: nothing. */
int device_state(struct hyper *h, const struct device *d);

/** devices_each - calls back for each device of a guest that is in the store. */
void devices_each(struct hyper *h, uint32_t domid,
		  void (*visit)(struct hyper *h, const struct device *d, void *arg), void *arg);

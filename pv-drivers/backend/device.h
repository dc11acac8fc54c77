/* SPDX-License-Identifier: MIT */
/*
 * A device of the guest, of any type: its nodes in the store, its hand-shake, its end. What a type
 * does is behind struct device_type.
 *
 *	device_attach() --> type->attach, announce --> InitWait
 *	front end ready --> type->connect  --> Connected
 *	it closes, abuses the ring, or the tools detach --> type->disconnect
 *	    ... until !type->is_busy ... --> the state is written
 *	gone for good   --> type->release
 *
 * Invariant: while a device parts, the store's news about it wait; it is freed by the settler of
 * this file alone, so the type's code may use it until it returns. Event loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "backend.h"
#include "backend/complaint.h"
#include "backend/store.h"
#include "common/handshake.h"

/** Descriptors that come with a request, -1 where there is none; who keeps one sets it to -1. */
#define DEVICE_FDS 2

struct device {
	struct device *next;
	const struct device_type *type;
	uint32_t handle;
	char folder[STORE_PATH_BYTES]; /* ours in the store */
	char front[STORE_PATH_BYTES];  /* the guest's, which it writes */
	struct handshake handshake;
	struct handshake_step step; /* while it parts: what is done then */
	bool is_parting, has_news, is_successor;
	const char *abuse; /* to be looked after when the type's code has returned */
	unsigned int said; /* complaints that were logged */
	void *own;         /* the type's */
};

struct device_type {
	enum backend_type number;
	const char *store_name;
	/** Makes d->own, which release frees; 0, or -errno. */
	int (*attach)(struct device *d, const struct backend_request *request, int fds[DEVICE_FDS],
		      struct complaint *c);
	/** Writes what the front end reads before it chooses. */
	void (*announce)(struct device *d);
	/** Takes the front end's rings into use, or a predecessor's; 0, or -errno. */
	int (*connect)(struct device *d, bool is_successor, struct complaint *c);
	/** Stops; also what connect left half done. */
	void (*disconnect)(struct device *d);
	/** After disconnect: something is still in flight. */
	bool (*is_busy)(const struct device *d);
	/** Its image is larger or smaller, or another one; NULL if that cannot be. */
	int (*resize)(struct device *d, int fds[DEVICE_FDS], struct complaint *c);
	void (*release)(struct device *d);
};

extern const struct device_type block_device, net_device;

/** device_init - sets the guest; before all else. */
void device_init(uint16_t domid);
/** device_attach - 0, or -errno. */
int device_attach(const struct backend_request *request, int fds[DEVICE_FDS], struct complaint *c);
/** device_detach - asks the guest to let go, or not; again has no further effect. False: there is
 *  no such device, or no more. */
bool device_detach(const struct backend_request *request);
/** device_resize - the image changed its size, or is another one; 0, or -errno. */
int device_resize(const struct backend_request *request, int fds[DEVICE_FDS], struct complaint *c);
/** device_changed - what is watched of a device, by its path in the store, changed. */
void device_changed(const char *path);
/** device_abused - the front end broke the protocol: it will lose the device. */
void device_abused(struct device *d, const char *text);
/** device_stop_all - all devices stop and keep their states, then the event loop ends. */
void device_stop_all(void);

/* SPDX-License-Identifier: MIT */
/*
 * The front half of a device as the store knows it: its folder, the back end's folder, the
 * hand-shake between the two, and pages shared with the back end. Block and network front ends
 * differ only in what they publish and in what they do when connected.
 *
 *	device_start() --> watches the back end's state --> handshake.h says what to do
 *	                                                      |
 *	      struct device_driver: publish, connect, changed, disconnect
 *
 * Invariant: disconnect() follows each publish(), also one that failed; nothing is shared with the
 * back end before publish() and after disconnect(). All of it runs where the store may be asked,
 * one call at a time, so there is no lock.
 */
#pragma once

#include "handshake.h"
#include "platform.h"

struct device;

/** What a kind of device does. 0 or -errno: the device is then given up. */
struct device_driver {
	bool is_net;
	/** Allocate rings and ports, write them with device_write(). */
	int (*publish)(struct device *d);
	/** The back end is connected: read what the device is, begin. Never called if is_net. */
	int (*connect)(struct device *d);
	/** The back end connected (if is_net) or something changed since: read it again. */
	void (*changed)(struct device *d);
	/** Stop, give rings and ports back; requests in flight fail. */
	void (*disconnect)(struct device *d);
	/** What device_close() asked for is done; nothing else will be called. */
	void (*closed)(struct device *d);
};

struct device {
	const struct device_driver *driver;
	struct handshake handshake;
	domid_t back_id;
	char path[PLATFORM_PATH_BYTES]; /* such as device/vbd/51712 */
	char back[PLATFORM_PATH_BYTES]; /* the back end's folder */
	char back_state[PLATFORM_PATH_BYTES];
	bool is_closing, is_closed; /* by device_close() */
	const char *failure;        /* what device_fail() was told, until the hand-shake knows */
};

/** device_start - takes the device at @path into service. 0 or -errno: there is none. */
int device_start(struct device *d, const struct device_driver *driver, const char *path);

/**
 * device_close - gives the device up: is_closed tells, and closed() is called, when the back end
 * has closed, too, or is gone; it may be started again then. Who does not want to wait for that
 * need not. Once for a device that was started. May be called anywhere.
 */
void device_close(struct device *d);

/**
 * device_resume - the kernel woke as another domain, where it has no event channels and the other
 * end none of its pages: the device begins anew, requests in flight fail. Where the store may be
 * asked. 0; -errno: there is no such device here, it is closed.
 */
int device_resume(struct device *d);

/**
 * device_fail - the back end abused the ring: says so, and parts from it soon. May be called
 * anywhere; the driver leaves the ring alone from now on.
 */
void device_fail(struct device *d, const char *why);

/** device_back_number - a number that the back end wrote, or the default. */
uint64_t device_back_number(const struct device *d, const char *name, uint64_t otherwise);
/** device_back_text - a text that the back end wrote; its length, or -errno. */
int device_back_text(const struct device *d, const char *name, char *text, size_t bytes);

/** device_write - writes a node of our folder. 0 or -errno. */
int device_write(const struct device *d, const char *name, uint64_t value);
int device_write_text(const struct device *d, const char *name, const char *value);

/** device_name - a node's name with a number in it: before, number, after. For device_write(). */
const char *device_name(char name[PLATFORM_VALUE_BYTES], const char *before, uint32_t number,
			const char *after);

/* --- Pages that the back end maps for as long as the device is connected: rings. --- */

#define DEVICE_SHARED_PAGES 16u

struct device_pages {
	unsigned char *pages;
	uint32_t count;
	grant_ref_t refs[DEVICE_SHARED_PAGES];
};

/** device_share - pages for both ends. 0 or -errno. */
int device_share(const struct device *d, struct device_pages *p, uint32_t count);
/** device_unshare - takes them back. Pages that were never shared (count 0) are none. */
void device_unshare(struct device_pages *p);

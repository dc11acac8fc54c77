/* SPDX-License-Identifier: MIT */
/* A front end's device in the store; see device.h. */
#include <errno.h>
#include <string.h>

#include "device.h"

enum { NUMBER_BYTES = 21 }; /* 64 bits in decimal, and a zero byte */

/* Appends to a text that ends within `bytes`, cutting what does not fit; returns its new length. */
static size_t append(char *text, size_t length, size_t bytes, const char *more)
{
	for (; *more && length + 1 < bytes; more++) {
		text[length++] = *more;
	}
	text[length] = 0;
	return length;
}

static const char *number_format(char text[NUMBER_BYTES], uint64_t value)
{
	char *digit = text + NUMBER_BYTES - 1;

	*digit = 0;
	do {
		*--digit = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return digit;
}

/* Digits and nothing else, of a number of 64 bits. */
static bool number_parse(const char *text, uint64_t *value)
{
	uint64_t v = 0;

	if (!*text) {
		return false;
	}
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, digit, &v)) {
			return false;
		}
	}
	*value = v;
	return true;
}

/* 0, or -ENAMETOOLONG. */
static int path_join(char path[PLATFORM_PATH_BYTES], const char *folder, const char *name)
{
	if (strlen(folder) + 1 + strlen(name) >= PLATFORM_PATH_BYTES) {
		return -ENAMETOOLONG;
	}
	append(path,
	       append(path, append(path, 0, PLATFORM_PATH_BYTES, folder), PLATFORM_PATH_BYTES, "/"),
	       PLATFORM_PATH_BYTES, name);
	return 0;
}

static int node_read(const char *folder, const char *name, char *text, size_t bytes)
{
	char path[PLATFORM_PATH_BYTES];
	int rc = path_join(path, folder, name);

	return rc ? rc : platform_store_read(path, text, bytes);
}

static int node_read_number(const char *folder, const char *name, uint64_t *value)
{
	char text[NUMBER_BYTES];
	int rc = node_read(folder, name, text, sizeof(text));

	if (rc < 0) {
		return rc;
	}
	return number_parse(text, value) ? 0 : -EINVAL;
}

uint64_t device_back_number(const struct device *d, const char *name, uint64_t otherwise)
{
	uint64_t value;

	return node_read_number(d->back, name, &value) ? otherwise : value;
}

int device_back_text(const struct device *d, const char *name, char *text, size_t bytes)
{
	return node_read(d->back, name, text, bytes);
}

int device_write_text(const struct device *d, const char *name, const char *value)
{
	char path[PLATFORM_PATH_BYTES];
	int rc = path_join(path, d->path, name);

	return rc ? rc : platform_store_write(path, value);
}

int device_write(const struct device *d, const char *name, uint64_t value)
{
	char text[NUMBER_BYTES];

	return device_write_text(d, name, number_format(text, value));
}

const char *device_name(char name[PLATFORM_VALUE_BYTES], const char *before, uint32_t number,
			const char *after)
{
	char digits[NUMBER_BYTES];
	size_t length = append(name, 0, PLATFORM_VALUE_BYTES, before);

	length = append(name, length, PLATFORM_VALUE_BYTES, number_format(digits, number));
	append(name, length, PLATFORM_VALUE_BYTES, after);
	return name;
}

/* The driver's part of a step; an error ends the connection. */
static int act(struct device *d, enum handshake_action action, bool was_connected)
{
	switch (action) {
	case HANDSHAKE_PUBLISH:
		return d->driver->publish(d);
	case HANDSHAKE_CONNECT:
		return d->driver->connect(d);
	case HANDSHAKE_CHANGED:
		d->driver->changed(d);
		return 0;
	case HANDSHAKE_BROKEN:
		platform_say("%s: the back end goes through states out of order\n", d->path);
		__attribute__((fallthrough));
	case HANDSHAKE_DISCONNECT:
		if (was_connected) {
			d->driver->disconnect(d);
		}
		return 0;
	default: /* nothing to do; removal is told to back ends only */
		return 0;
	}
}

/* One step, and the parting that follows when it fails. */
static void step_take(struct device *d, struct handshake_step step, bool was_connected)
{
	int rc = act(d, step.action, was_connected);

	if (rc) {
		platform_say("%s: cannot be connected, error %d\n", d->path, -rc);
		step = handshake_failed(&d->handshake);
		act(d, step.action, true);
	}
	if (step.is_write && device_write(d, "state", step.state)) {
		platform_say("%s: the store does not take our state\n", d->path);
	}
}

/*
 * Parting takes the back end's word, too: one that has not closed yet would miss that another front
 * end started, and wait for this one for ever.
 */
static void close_take(struct device *d, enum xenbus_state back)
{
	bool was_connected = d->handshake.is_connected;

	step_take(d, handshake_front_close(&d->handshake), was_connected);
	step_take(d, handshake_front_peer(&d->handshake, back), false);
	if (d->handshake.state == XenbusStateClosed && back != XenbusStateConnected &&
	    back != XenbusStateClosing) {
		platform_store_unwatch(d->back_state, d);
		d->is_closed = true;
		d->driver->closed(d);
	}
}

/* 0 or -errno. What is gone may not even be asked for. */
static int back_state_read(const struct device *d, enum xenbus_state *state)
{
	uint64_t number = XenbusStateUnknown;
	int rc = node_read_number(d->back, "state", &number);

	*state = (enum xenbus_state)number;
	return rc == -ENOENT || rc == -EACCES ? 0 : rc;
}

/* The back end's state changed, or may have; or somebody on our side gives up. */
static void back_changed(void *arg)
{
	struct device *d = arg;
	bool was_connected = d->handshake.is_connected;
	enum xenbus_state state;
	int rc;

	if (d->failure && !d->is_closing) {
		platform_say("%s: given up: %s\n", d->path, d->failure);
		d->failure = NULL;
		step_take(d, handshake_failed(&d->handshake), was_connected);
		return;
	}
	rc = back_state_read(d, &state);
	if (rc) {
		platform_say("%s: the back end's state cannot be read, error %d\n", d->path, -rc);
	}
	if (d->is_closing) {
		close_take(d, rc ? XenbusStateReconfigured : state); /* a state that says nothing */
	} else if (!rc) {
		step_take(d, handshake_front_peer(&d->handshake, state), was_connected);
	}
}

int device_start(struct device *d, const struct device_driver *driver, const char *path)
{
	uint64_t back_id;
	int rc;

	d->driver = driver;
	d->failure = NULL;
	d->is_closing = d->is_closed = false;
	if (strlen(path) >= sizeof(d->path)) {
		return -ENAMETOOLONG;
	}
	append(d->path, 0, sizeof(d->path), path);
	rc = node_read(path, "backend", d->back, sizeof(d->back));
	if (rc < 0) {
		return rc;
	}
	rc = node_read_number(path, "backend-id", &back_id);
	if (!rc && back_id >= DOMID_FIRST_RESERVED) {
		rc = -EINVAL;
	}
	if (!rc) {
		rc = path_join(d->back_state, d->back, "state");
	}
	if (rc) {
		return rc;
	}
	d->back_id = (domid_t)back_id;
	step_take(d, handshake_front_start(&d->handshake, driver->is_net), false);
	return platform_store_watch(d->back_state, back_changed, d);
}

void device_close(struct device *d)
{
	d->is_closing = true;
	platform_store_again(d->back_state, d);
}

int device_resume(struct device *d)
{
	bool is_closing = d->is_closing;
	char path[PLATFORM_PATH_BYTES];
	int rc;

	if (d->is_closed) {
		return 0;
	}
	if (d->handshake.is_connected) {
		d->driver->disconnect(d);
	}
	platform_store_unwatch(d->back_state, d);
	memcpy(path, d->path, sizeof(path));
	rc = device_start(d, d->driver, path);
	if (rc) {
		d->is_closed = true;
		d->driver->closed(d);
	} else if (is_closing) {
		device_close(d);
	}
	return rc;
}

void device_fail(struct device *d, const char *why)
{
	d->failure = why;
	platform_store_again(d->back_state, d);
}

int device_share(const struct device *d, struct device_pages *p, uint32_t count)
{
	int rc = 0;

	p->count = 0;
	if (count > DEVICE_SHARED_PAGES) {
		return -E2BIG;
	}
	p->pages = platform_pages(count);
	if (!p->pages) {
		return -ENOMEM;
	}
	while (p->count < count && !rc) {
		rc = platform_grant(d->back_id, p->pages + p->count * PLATFORM_PAGE_BYTES, false,
				    &p->refs[p->count]);
		p->count += !rc;
	}
	if (rc) {
		platform_pages_free(p->pages + p->count * PLATFORM_PAGE_BYTES, count - p->count);
		device_unshare(p);
	}
	return rc;
}

void device_unshare(struct device_pages *p)
{
	for (uint32_t i = 0; i < p->count; i++) {
		platform_grant_free(p->refs[i], p->pages + i * PLATFORM_PAGE_BYTES);
	}
	*p = (struct device_pages){0};
}

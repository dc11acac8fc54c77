/* SPDX-License-Identifier: MIT */
/* Devices between store, hand-shake and their type; see device.h. */
#include <stdlib.h>
#include <xen/io/xenbus.h>

#include "backend/device.h"
#include "backend/loop.h"

/* Complaints of one device that are logged. */
enum { SAID_MAX = 10 };

static struct {
	uint16_t domid;
	bool is_stopping;
	struct device *list;
	struct loop_settler settler;
} devices;

static const struct device_type *const types[] = {&block_device, &net_device};

static void step_do(struct device *d, struct handshake_step step);

static const struct device_type *type_find(uint32_t number)
{
	unsigned int i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i]->number == number) {
			return types[i];
		}
	}
	return NULL;
}

static struct device *device_find(uint32_t type, uint32_t handle)
{
	struct device *d = devices.list;

	while (d && (d->type->number != type || d->handle != handle)) {
		d = d->next;
	}
	return d;
}

/*
 * Says it where domusd's log and a person who looks into the store find it. A guest that connects
 * again and again to be complained of does not fill the log.
 */
static void device_say(struct device *d, const char *text)
{
	if (d->said++ < SAID_MAX) {
		fprintf(stderr, "domus-backend: guest %u: %s %u: %s%s\n", devices.domid,
			d->type->store_name, d->handle, text,
			d->said == SAID_MAX ? "; more of this device goes to the store alone" : "");
	}
	store_write(d->folder, "error", "%s", text);
}

static void device_free(struct device *d)
{
	if (d->own) {
		d->type->release(d);
	}
	free(d);
}

static void device_remove(struct device *d)
{
	struct device **at = &devices.list;

	while (*at != d) {
		at = &(*at)->next;
	}
	*at = d->next;
	store_unwatch(d->front, "state");
	device_free(d);
}

/* A state that is none is a broken order; one that is not there is an end that is gone. */
static enum xenbus_state state_read(const char *folder)
{
	uint64_t state;
	int rc = store_read_number(folder, "state", XenbusStateReconfigured, &state);

	return rc == -ENOENT ? XenbusStateUnknown : rc ? XenbusStateReconfigured : state;
}

/* The tools may have removed the folder already: it must not come back. */
static void state_write(struct device *d, struct handshake_step step)
{
	if (step.is_write && state_read(d->folder) != XenbusStateUnknown) {
		store_write(d->folder, "state", "%u", step.state);
	}
}

static void part(struct device *d, struct handshake_step step)
{
	d->step = step;
	if (!d->is_parting) {
		d->is_parting = true;
		d->type->disconnect(d);
	}
	loop_again(); /* the store's news come from a settler, and ours may have had its turn */
}

/* False: the device is no more. */
static bool part_finish(struct device *d)
{
	d->is_parting = false;
	state_write(d, d->step);
	if (d->step.action == HANDSHAKE_REMOVE) {
		device_remove(d);
		return false;
	}
	if (d->has_news) {
		d->has_news = false;
		step_do(d, handshake_back_peer(&d->handshake, state_read(d->front)));
	}
	return true;
}

static void step_connect(struct device *d, struct handshake_step step)
{
	struct complaint c;
	bool is_successor = d->is_successor;

	d->is_successor = false;
	if (d->type->connect(d, is_successor, &c)) {
		device_say(d, c.text);
		part(d, handshake_failed(&d->handshake));
	} else {
		state_write(d, step);
	}
}

static void step_do(struct device *d, struct handshake_step step)
{
	switch (step.action) {
	case HANDSHAKE_CONNECT:
		step_connect(d, step);
		break;
	case HANDSHAKE_BROKEN:
		device_say(d, "the guest's driver broke the order of states");
		part(d, step);
		break;
	case HANDSHAKE_DISCONNECT:
	case HANDSHAKE_REMOVE:
		part(d, step);
		break;
	default:
		state_write(d, step);
	}
}

static void device_settle(struct device *d)
{
	if (d->abuse && !d->is_parting) {
		device_say(d, d->abuse);
		part(d, handshake_failed(&d->handshake));
	}
	d->abuse = NULL;
	while (d->is_parting && !d->type->is_busy(d) && !devices.is_stopping && part_finish(d)) {
	}
}

static void settle(struct loop_settler *s)
{
	struct device *d, *next;
	bool is_busy = false;

	(void)s;
	for (d = devices.list; d; d = next) {
		next = d->next;
		is_busy |= d->type->is_busy(d);
		device_settle(d);
	}
	if (devices.is_stopping && !is_busy) {
		loop_stop();
	}
}

void device_init(uint16_t domid)
{
	devices.domid = domid;
	loop_settler_add(&devices.settler, settle);
}

void device_abused(struct device *d, const char *text)
{
	d->abuse = text;
	loop_again();
}

/* Without domusd there are no states, and nothing to be done about them. */
static void device_look(struct device *d)
{
	enum xenbus_state state;

	if (d->is_parting) {
		d->has_news = true;
		return;
	}
	state = state_read(d->front);
	if (!devices.is_stopping) {
		step_do(d, handshake_back_peer(&d->handshake, state));
	}
}

void device_changed(const char *path)
{
	struct device *d;
	size_t bytes;

	for (d = devices.list; d; d = d->next) {
		bytes = strlen(d->front);
		if (!strncmp(path, d->front, bytes) && !strcmp(path + bytes, "/state")) {
			device_look(d);
			return;
		}
	}
}

static int nodes_find(struct device *d, struct complaint *c)
{
	int rc;

	snprintf(d->folder, sizeof(d->folder), "/local/domain/0/backend/%s/%u/%u",
		 d->type->store_name, devices.domid, d->handle);
	rc = store_read(d->folder, "frontend", d->front, sizeof(d->front));
	return rc ? complain(c, -rc, "%s/frontend cannot be read", d->folder) : 0;
}

static int attach(struct device *d, const struct backend_request *request, int fds[DEVICE_FDS],
		  struct complaint *c)
{
	int rc = nodes_find(d, c);

	rc = rc ? rc : d->type->attach(d, request, fds, c);
	if (!rc) {
		rc = store_watch(d->front, "state");
		rc = rc ? complain(c, -rc, "%s/state cannot be watched", d->front) : 0;
	}
	return rc;
}

/* Connecting in the first step is to take up what a predecessor left. */
static void start(struct device *d)
{
	struct handshake_step step =
		handshake_back_start(&d->handshake, state_read(d->folder), state_read(d->front));

	d->is_successor = step.action == HANDSHAKE_CONNECT;
	d->next = devices.list;
	devices.list = d;
	d->type->announce(d);
	step_do(d, step);
}

int device_attach(const struct backend_request *request, int fds[DEVICE_FDS], struct complaint *c)
{
	const struct device_type *type = type_find(request->type);
	struct device *d;
	int rc;

	if (!type) {
		return complain(c, 0, "there is no type %u of devices", request->type);
	}
	if (device_find(request->type, request->handle)) {
		return complain(c, EEXIST, "%s %u", type->store_name, request->handle);
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		return complain(c, ENOMEM, "%s %u", type->store_name, request->handle);
	}
	d->type = type;
	d->handle = request->handle;
	rc = attach(d, request, fds, c);
	if (rc) {
		device_free(d);
	} else {
		start(d);
	}
	return rc;
}

bool device_detach(const struct backend_request *request)
{
	struct device *d = device_find(request->type, request->handle);
	struct handshake_step step = {HANDSHAKE_REMOVE, XenbusStateClosed, true};

	if (!d) {
		return false;
	}
	if (!(request->flags & BACKEND_FORCE)) {
		if (!d->handshake.is_online) {
			return true; /* it was asked already */
		}
		step = handshake_back_offline(&d->handshake);
	}
	if (!d->is_parting) {
		step_do(d, step);
	} else if (d->step.action != HANDSHAKE_REMOVE) {
		d->step = step;
	}
	device_look(d); /* a front end that never started will not speak again */
	return true;
}

int device_resize(const struct backend_request *request, int fds[DEVICE_FDS], struct complaint *c)
{
	struct device *d = device_find(request->type, request->handle);
	int rc;

	if (!d || !d->type->resize) {
		return complain(c, d ? EOPNOTSUPP : ENOENT, "device %u of type %u", request->handle,
				request->type);
	}
	rc = d->type->resize(d, fds, c);
	if (!rc && d->handshake.state == XenbusStateConnected && !d->is_parting) {
		/* Written again it makes the front end look what changed. */
		state_write(d, (struct handshake_step){.state = XenbusStateConnected,
						       .is_write = true});
	}
	return rc;
}

void device_stop_all(void)
{
	struct device *d;

	devices.is_stopping = true;
	for (d = devices.list; d; d = d->next) {
		part(d, (struct handshake_step){.action = HANDSHAKE_NONE});
	}
}

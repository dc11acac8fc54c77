/* SPDX-License-Identifier: MIT */
/* Hands hotplug requests to workers and answers them; see hotplug.h. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/attach.h"
#include "daemon/hotplug.h"
#include "daemon/loop.h"
#include "daemon/resize.h"
#include "daemon/revival.h"
#include "daemon/reviver.h"
#include "lib/guest_items.h"
#include "lib/size.h"

enum {
	WAIT_STANDARD_S = 10,
	WAIT_LIMIT_S = 600,
	LOOK_FIRST_MS = 2, /* a guest needs milliseconds, if it lets go at all */
	LOOK_LAST_MS = 50,
	FORCE_MS = 10000, /* until what is on its way to a disk must have ended */
};

enum plug_state {
	PLUG_WAITS,   /* for its turn */
	PLUG_AT_WORK, /* on a worker */
	PLUG_RESTS,   /* until its timer */
};

struct plug {
	struct job job;
	struct plug *next;
	struct guest *g;
	enum plug_state state;
	struct loop_timer timer;
	struct request *r;
	enum plug_op op;
	int is_disk;
	struct guest_file item; /* ATTACH: what */
	char name[16];          /* DETACH, RESIZE: which */
	uint64_t until_ms;
	unsigned int rest_ms;
	enum detach_force force, most; /* as it is done now, and when all time is up */
	uint64_t bytes;
	struct device device; /* DETACH: what was found */
	int is_found;
	int ret; /* 1 with ERR_TIMEOUT: it is not done yet */
	json_t *rows;
	struct err err;
};

static json_t *list_json(const struct guest *g, int is_disk, json_t *rows)
{
	return json_pack("{s:s, s:o}", "guest", g->file.name, is_disk ? "disks" : "networks", rows);
}

static int running_check(const struct guest *g, struct err *e)
{
	if (g->state == GUEST_RUNNING && g->domid != DOMID_INVALID) {
		return 0;
	}
	err_set(e, ERR_GUEST, "guest %s is not running", g->file.name);
	return err_why(e, "it is %s", guest_state_name(g->state));
}

void hotplug_list(struct hyper *h, struct guest *g, int is_disk, struct request *r)
{
	struct err e ERR_CLEANUP = {0};

	if (running_check(g, &e)) {
		http_reply_error(r, &e);
		return;
	}
	http_reply(r, 200, list_json(g, is_disk, attached_list(h, g->domid, is_disk)));
}

static int named_do(struct plug *p, struct hyper *h)
{
	if (attached_find(h, p->g->domid, p->is_disk, p->name, &p->device, &p->err)) {
		return p->is_found ? 0 : -1; /* somebody else has detached it meanwhile */
	}
	p->is_found = 1;
	return p->op == PLUG_DETACH ? detach_device(h, &p->device, p->force, &p->err)
				    : resize_disk(h, p->item.name, &p->device, p->bytes, &p->err);
}

/* The part that may take long, on a worker. The guest does not change meanwhile. */
static void plug_run(struct job *job, struct hyper *h)
{
	struct plug *p = (struct plug *)job;

	err_free(&p->err);
	if (p->op == PLUG_REVIVE) {
		p->ret = revival_run(h, p->g->domid, p->item.name, &p->err);
	} else if (p->op == PLUG_ATTACH) {
		p->ret = attach_device(h, p->g->domid, p->g->uuid, &p->item, &p->err);
	} else {
		p->ret = named_do(p, h);
	}
	p->rows = p->ret || p->op == PLUG_REVIVE ? NULL : attached_list(h, p->g->domid, p->is_disk);
}

static const char *op_words(enum plug_op op)
{
	return op == PLUG_ATTACH ? "attached" : op == PLUG_DETACH ? "detached" : "resized";
}

/* A guest that reboots comes back with the devices that it has now. */
static void remember(struct plug *p)
{
	struct guest *g = p->g;
	struct err e ERR_CLEANUP = {0};

	if (p->op == PLUG_ATTACH && guest_items_take(&g->file, &p->item)) {
		guest_happened(g, "what was attached will be lost when it reboots: out of memory");
	} else if (p->op == PLUG_DETACH && p->is_disk) {
		guest_items_lose_disk(&g->file, disk_index(p->device.handle));
	} else if (p->op == PLUG_DETACH) {
		guest_items_lose_net(&g->file, p->device.handle);
	}
	g->is_replugged |= p->op == PLUG_ATTACH || p->op == PLUG_DETACH;
	guest_happened(g, "a %s was %s", p->is_disk ? "disk" : "network", op_words(p->op));
	if (guest_save(g, &e)) {
		guest_happened(g, "%s", e.what[0]);
	}
}

static void answer(struct plug *p)
{
	if (p->op == PLUG_REVIVE) {
		if (p->g->state == GUEST_RUNNING) {
			reviver_done(p->g, p->ret ? &p->err : NULL);
		}
	} else if (p->rows) {
		remember(p);
		http_reply(p->r, 200, list_json(p->g, p->is_disk, p->rows));
	} else {
		err_wrap(&p->err, "the %s cannot be %s", p->is_disk ? "disk" : "network",
			 op_words(p->op));
		http_reply_error(p->r, &p->err);
	}
}

static void plug_remove(struct plug *p)
{
	struct plug **at = &p->g->plugs;

	while (*at != p) {
		at = &(*at)->next;
	}
	*at = p->next;
	loop_timer_clear(&p->timer);
	guest_file_free(&p->item);
	err_free(&p->err);
	free(p);
}

/* Others than DETACH may put another process in the place of the one that is watched. */
static int is_watched(const struct plug *p)
{
	return p->op == PLUG_DETACH;
}

/* The next one that waits begins, unless one is at work. */
static void turn(struct guest *g)
{
	struct plug *p = g->plugs, *next = NULL;

	for (; p; p = p->next) {
		if (p->state == PLUG_AT_WORK) {
			return;
		}
		next = next || p->state != PLUG_WAITS ? next : p;
	}
	if (next) {
		if (!is_watched(next)) {
			reviver_stop(g);
		}
		next->state = PLUG_AT_WORK;
		worker_submit(&next->job);
	}
}

static void rested(struct loop_timer *t)
{
	struct plug *p = (struct plug *)((char *)t - offsetof(struct plug, timer));

	p->state = PLUG_WAITS;
	turn(p->g);
}

/* True: it is to be looked after again. */
static int goes_on(struct plug *p)
{
	int is_late = loop_now_ms() >= p->until_ms;

	if (p->ret <= 0 || p->g->end_job || (is_late && p->force == p->most)) {
		return 0;
	}
	if (is_late) {
		p->force++;
		p->until_ms = loop_now_ms() + FORCE_MS;
		p->rest_ms = 0;
	}
	p->state = PLUG_RESTS;
	loop_timer_set(&p->timer, p->rest_ms, rested);
	p->rest_ms = p->rest_ms < LOOK_FIRST_MS      ? LOOK_FIRST_MS
		     : p->rest_ms * 2 < LOOK_LAST_MS ? p->rest_ms * 2
						     : LOOK_LAST_MS;
	return 1;
}

static void plug_done(struct job *job)
{
	struct plug *p = (struct plug *)job;
	struct guest *g = p->g;

	if (!goes_on(p)) {
		if (!is_watched(p) && p->op != PLUG_REVIVE && g->state == GUEST_RUNNING) {
			reviver_watch(g);
		}
		answer(p);
		plug_remove(p);
	}
	if (g->end_job) {
		job = g->end_job;
		g->end_job = NULL;
		worker_submit(job);
	} else {
		turn(g);
	}
}

/* What has not begun, or has not been done in time, is refused. */
static void refuse_all(struct guest *g)
{
	struct plug *p, *next;

	for (p = g->plugs; p; p = next) {
		next = p->next;
		if (p->state != PLUG_AT_WORK) {
			err_free(&p->err);
			err_set(&p->err, ERR_GUEST, "guest %s is just ending", g->file.name);
			p->ret = -1;
			answer(p);
			plug_remove(p);
		}
	}
}

void hotplug_before(struct guest *g, struct job *job)
{
	refuse_all(g);
	reviver_stop(g);
	if (g->plugs) {
		g->end_job = job;
	} else {
		worker_submit(job);
	}
}

static int seconds_read(const struct request *r, struct plug *p, struct err *e)
{
	const char *text = http_query(r, "wait");
	char *end = NULL;
	long s = text ? strtol(text, &end, 10) : WAIT_STANDARD_S;

	if (s < 0 || s > WAIT_LIMIT_S || (text && (end == text || *end))) {
		return err_set(e, ERR_USAGE, "wait must be 0 to %d seconds", WAIT_LIMIT_S);
	}
	p->until_ms = loop_now_ms() + s * 1000;
	p->most = http_query(r, "force") ? DETACH_AT_LAST : DETACH_ASK;
	return 0;
}

static int arguments_read(const struct request *r, struct plug *p, struct err *e)
{
	const char *name = http_query(r, "device"), *size = http_query(r, "size"), *text;
	size_t bytes;

	if (p->op == PLUG_ATTACH) {
		text = http_body(r, &bytes);
		return guest_file_read_item(&p->item, p->is_disk ? KEY_DISKS : KEY_NETS, text,
					    bytes, e);
	}
	if (!name || strlen(name) >= sizeof(p->name)) {
		return err_set(e, ERR_USAGE, "the request lacks the argument 'device'");
	}
	strcpy(p->name, name);
	if (size && size_parse(size, &p->bytes)) {
		err_set(e, ERR_USAGE, "'%s' is no size", size);
		return err_fix(e, "write a whole number with one of the units KiB, MiB, GiB, TiB");
	}
	return seconds_read(r, p, e);
}

/* For a back-end process that starts, the item has the guest's name. */
static void plug_submit(struct plug *p, struct guest *g)
{
	struct plug **at = &g->plugs;

	free(p->item.name);
	p->item.name = strdup(g->file.name);
	p->g = g;
	p->job.run = plug_run;
	p->job.done = plug_done;
	p->state = PLUG_WAITS;
	/* A new process comes before what would be asked of it. */
	while (*at && p->op != PLUG_REVIVE) {
		at = &(*at)->next;
	}
	p->next = *at;
	*at = p;
	g->has_devices = 1;
	turn(g);
}

void hotplug_start(struct guest *g, enum plug_op op, int is_disk, struct request *r)
{
	struct plug *p = calloc(1, sizeof(*p));
	struct err e ERR_CLEANUP = {0};

	if (!p) {
		err_set(&e, ERR_NO_MEMORY, "out of memory");
		http_reply_error(r, &e);
		return;
	}
	p->r = r;
	p->op = op;
	p->is_disk = is_disk;
	if (running_check(g, &e) || arguments_read(r, p, &e)) {
		http_reply_error(r, &e);
		guest_file_free(&p->item);
		free(p);
		return;
	}
	plug_submit(p, g);
}

void hotplug_revive(struct guest *g)
{
	struct plug *p = calloc(1, sizeof(*p));
	struct err e ERR_CLEANUP = {0};

	if (!p) {
		err_set(&e, ERR_NO_MEMORY, "out of memory");
		reviver_done(g, &e);
		return;
	}
	p->op = PLUG_REVIVE;
	plug_submit(p, g);
}

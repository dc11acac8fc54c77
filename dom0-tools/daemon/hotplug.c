/* SPDX-License-Identifier: MIT */
/* Hands hotplug requests to workers and answers them; see hotplug.h. */
#include <stdlib.h>
#include <string.h>

#include "daemon/attach.h"
#include "daemon/backends.h"
#include "daemon/hotplug.h"
#include "daemon/resize.h"
#include "daemon/revival.h"
#include "daemon/reviver.h"
#include "lib/size.h"

enum { WAIT_STANDARD_S = 10, WAIT_LIMIT_S = 600 };

struct plug {
	struct job job;
	struct job *next_job; /* of the guest, when this one is done; NULL: none */
	struct request *r;
	enum plug_op op;
	int is_disk;
	struct guest_file item; /* ATTACH: what */
	char name[16];          /* DETACH, RESIZE: which */
	unsigned int wait_ms;
	int force;
	uint64_t bytes;
	uint32_t domid;
	uint8_t uuid[16];
	atomic_int is_cancelled;
	int ret;
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

/* The part that may take long, on a worker. */
static void plug_run(struct job *job, struct hyper *h)
{
	struct plug *p = (struct plug *)job;
	struct device d;
	int ret;

	if (p->op == PLUG_REVIVE) {
		ret = revival_run(h, p->domid, p->item.name, &p->err);
	} else if (p->op == PLUG_ATTACH) {
		ret = attach_device(h, p->domid, p->uuid, &p->item, &p->err);
	} else if ((ret = attached_find(h, p->domid, p->is_disk, p->name, &d, &p->err)) == 0) {
		ret = p->op == PLUG_DETACH ? detach_device(h, &d, p->wait_ms, p->force,
							   &p->is_cancelled, &p->err)
					   : resize_disk(h, p->item.name, &d, p->bytes, &p->err);
	}
	p->ret = ret;
	p->rows = ret || p->op == PLUG_REVIVE ? NULL : attached_list(h, p->domid, p->is_disk);
}

static void plug_free(struct plug *p)
{
	guest_file_free(&p->item);
	err_free(&p->err);
	free(p);
}

static const char *op_words(enum plug_op op)
{
	return op == PLUG_ATTACH ? "attached" : op == PLUG_DETACH ? "detached" : "resized";
}

/* The guest may have vanished and been forgotten meanwhile; its number is nobody else's. */
static struct guest *plug_guest(const struct plug *p)
{
	struct guest *g = guest_first();

	while (g && memcmp(g->uuid, p->uuid, sizeof(g->uuid)) != 0) {
		g = g->next;
	}
	return g;
}

static void answer(struct plug *p, struct guest *g)
{
	if (g && p->rows) {
		guest_happened(g, "a %s was %s", p->is_disk ? "disk" : "network", op_words(p->op));
		http_reply(p->r, 200, list_json(g, p->is_disk, p->rows));
	} else {
		if (p->rows) {
			json_decref(p->rows);
			err_set(&p->err, ERR_GUEST, "the guest is gone");
		}
		err_wrap(&p->err, "the %s cannot be %s", p->is_disk ? "disk" : "network",
			 op_words(p->op));
		http_reply_error(p->r, &p->err);
	}
}

static void plug_done(struct job *job)
{
	struct plug *p = (struct plug *)job;
	struct guest *g = plug_guest(p);

	if (p->op != PLUG_REVIVE) {
		answer(p, g);
	}
	if (g) {
		g->plug = NULL;
	}
	if (p->next_job) {
		worker_submit(p->next_job);
	} else if (g && p->op == PLUG_REVIVE) {
		reviver_done(g, p->ret ? &p->err : NULL);
	} else if (g) {
		reviver_watch(g);
	}
	plug_free(p);
}

void hotplug_before(struct guest *g, struct job *job)
{
	reviver_stop(g);
	if (g->plug) {
		atomic_store(&g->plug->is_cancelled, 1);
		g->plug->next_job = job;
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
	p->wait_ms = s * 1000;
	p->force = http_query(r, "force") != NULL;
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

static int busy_check(const struct guest *g, struct err *e)
{
	if (running_check(g, e)) {
		return -1;
	}
	if (g->plug) {
		err_set(e, ERR_GUEST, "another device of guest %s is just being changed",
			g->file.name);
		return err_fix(e, "try again in a moment");
	}
	return 0;
}

/* For a back-end process that starts, the item has the guest's name. */
static void plug_submit(struct plug *p, struct guest *g)
{
	free(p->item.name);
	p->item.name = strdup(g->file.name);
	p->domid = g->domid;
	memcpy(p->uuid, g->uuid, sizeof(p->uuid));
	p->job.run = plug_run;
	p->job.done = plug_done;
	g->plug = p;
	g->has_devices = 1;
	reviver_stop(g);
	worker_submit(&p->job);
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
	if (busy_check(g, &e) || arguments_read(r, p, &e)) {
		http_reply_error(r, &e);
		plug_free(p);
		return;
	}
	plug_submit(p, g);
}

void hotplug_revive(struct guest *g)
{
	struct plug *p = calloc(1, sizeof(*p));
	struct err e ERR_CLEANUP = {0};

	if (!p || busy_check(g, &e)) {
		free(p);
		reviver_done(g, &e);
		return;
	}
	p->op = PLUG_REVIVE;
	plug_submit(p, g);
}

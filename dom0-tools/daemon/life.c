/* SPDX-License-Identifier: MIT */
/*
 * Steps in the lives of guests; the picture is in guest.h. A step that takes long is a job for
 * a worker: while it runs, the guest is BUILDING or ENDING and nobody else touches it.
 * Event loop's thread only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/broker.h"
#include "daemon/ends.h"
#include "daemon/hotplug.h"
#include "daemon/image.h"
#include "daemon/libxl.h"
#include "daemon/life.h"
#include "daemon/nodes.h"
#include "daemon/reviver.h"
#include "daemon/view.h"
#include "daemon/waiter.h"
#include "daemon/worker.h"

static struct {
	struct hyper *h;
	const char *log_dir;
	struct loop_timer expiry; /* of mapped images */
} life;

struct step {
	struct job job;
	struct guest *g;
	int paused;
	struct built built;
	int ret;
	struct err err;
};

static struct step *step_new(struct guest *g, void (*run)(struct job *, struct hyper *),
			     void (*done)(struct job *))
{
	struct step *s = calloc(1, sizeof(*s));

	if (s) {
		s->g = g;
		s->job.run = run;
		s->job.done = done;
	}
	return s;
}

static void step_free(struct step *s)
{
	err_free(&s->err);
	free(s);
}

static void save_or_complain(struct guest *g)
{
	struct err e ERR_CLEANUP = {0};
	char *text;

	if (guest_save(g, &e)) {
		text = err_text(&e, "domusd");
		fputs(text ? text : "", stderr);
		free(text);
	}
}

/* The guest has no domain any more and is remembered for what happened. */
static void go_off(struct guest *g)
{
	g->state = GUEST_OFF;
	g->domid = DOMID_INVALID;
	g->is_reboot_asked = 0;
	save_or_complain(g);
	waiters_answer(g, WANT_DOWN, 200);
	if (g->console) {
		console_free(g->console);
		g->console = NULL;
	}
}

static void end_run(struct job *job, struct hyper *h)
{
	struct step *s = (struct step *)job;

	s->ret = build_undo(h, s->g->domid, s->g->uuid, s->g->has_devices, &s->err);
}

static void end_done(struct job *job)
{
	struct step *s = (struct step *)job;
	struct guest *g = s->g;
	struct err gone ERR_CLEANUP = {0};

	if (s->ret) {
		guest_happened(g, "%s: %s", s->err.what[0], s->err.why ? s->err.why : "");
		g->state = GUEST_HELD;
		save_or_complain(g);
		waiters_fail(g, WANT_DOWN, &s->err);
		waiters_fail(g, WANT_UP, &s->err);
	} else if (g->after == NEXT_RESTART) {
		g->domid = DOMID_INVALID;
		waiters_answer(g, WANT_DOWN, 200);
		life_build(g, 0);
	} else {
		err_set(&gone, ERR_GUEST, "guest %s ended instead", g->file.name);
		waiters_fail(g, WANT_UP, &gone);
		go_off(g);
		if (g->after == NEXT_REMOVE) {
			guest_remove(g);
		}
	}
	step_free(s);
}

void life_end(struct guest *g, enum guest_next after)
{
	struct step *s = step_new(g, end_run, end_done);

	g->after = after;
	if (!s) {
		guest_happened(g, "cannot be ended: out of memory");
		return;
	}
	g->state = GUEST_ENDING;
	save_or_complain(g);
	if (g->console) {
		/* Its frame would keep the dead domain in memory. */
		console_detach(g->console);
	}
	hotplug_before(g, &s->job);
}

static int console_open(struct guest *g, struct err *e)
{
	if (!g->console) {
		g->console = console_new(life.log_dir, g->file.name, e);
	}
	if (!g->console ||
	    console_attach(g->console, life.h, g->domid, g->console_port, g->console_mfn, e)) {
		return err_wrap(e, "guest %s gets no console", g->file.name);
	}
	return 0;
}

static int console_tell(struct guest *g, struct err *e)
{
	return nodes_set(life.h, g->domid, "console/tty", g->console->pty_path, e);
}

int life_connect(struct guest *g, struct err *e)
{
	return console_open(g, e) || console_tell(g, e) ? -1 : 0;
}

/*
 * What is left to do once the domain stands: console, go, and word of it for all others. The guest
 * waits for nothing that it does not need; who asked for it hears when all is done.
 */
static int build_finish(struct step *s)
{
	struct guest *g = s->g;

	g->domid = s->built.domid;
	g->console_port = s->built.console_port;
	g->console_mfn = s->built.console_mfn;
	g->state = GUEST_RUNNING;
	g->after = NEXT_OFF;
	g->reason[0] = '\0';
	g->is_reboot_asked = 0;
	guest_happened(g, "started as domain %u", g->domid);
	if (console_open(g, &s->err)) {
		return -1;
	}
	if (!s->paused && xc_domain_unpause(life.h->xch, g->domid)) {
		return hyper_error(life.h, &s->err, ERR_HOST, "the domain cannot be started",
				   "domctl unpausedomain");
	}
	libxl_guest_make(g->domid, g->uuid, g->file.name);
	return console_tell(g, &s->err) || guest_save(g, &s->err) ? -1 : 0;
}

static void build_failed(struct step *s, int is_restart)
{
	struct guest *g = s->g;

	err_wrap(&s->err, "guest %s cannot be %s", g->file.name,
		 is_restart ? "restarted" : "created");
	waiters_fail(g, WANT_UP, &s->err);
	if (is_restart) {
		g->cause = CAUSE_CRASH;
		snprintf(g->reason, sizeof(g->reason), "not restarted: %s", s->err.what[0]);
		guest_happened(g, "%s", g->reason);
	}
	if (g->domid != DOMID_INVALID) {
		life_end(g, is_restart ? NEXT_OFF : NEXT_REMOVE);
	} else if (is_restart) {
		go_off(g);
	} else {
		guest_remove(g);
	}
}

static void build_run(struct job *job, struct hyper *h)
{
	struct step *s = (struct step *)job;

	s->ret = build_domain(h, &s->g->file, s->g->uuid, &s->built, &s->err);
}

static void images_expire(struct loop_timer *t)
{
	unsigned int again_ms = image_expire();

	if (again_ms) {
		loop_timer_set(t, again_ms, images_expire);
	}
}

static void build_done(struct job *job)
{
	struct step *s = (struct step *)job;
	struct guest *g = s->g;

	int is_restart = g->after == NEXT_RESTART;

	if (s->ret || build_finish(s)) {
		build_failed(s, is_restart);
	} else {
		waiters_answer(g, WANT_UP, is_restart ? 200 : 201);
		reviver_watch(g);
	}
	step_free(s);
	images_expire(&life.expiry);
}

void life_build(struct guest *g, int paused)
{
	struct step *s = step_new(g, build_run, build_done);
	struct err e ERR_CLEANUP = {0};

	g->state = GUEST_BUILDING;
	g->has_devices = g->file.disk_count || g->file.net_count;
	if (!s || guest_save(g, &e)) {
		if (!s) {
			err_set(&e, ERR_NO_MEMORY, "out of memory");
		}
		waiters_fail(g, WANT_UP, &e);
		guest_remove(g);
		free(s);
		return;
	}
	s->paused = paused;
	worker_submit(&s->job);
}

/* Another tool's guest may have the name; the store knows. */
static int name_is_foreign(const char *name)
{
	xc_domaininfo_t info[32];
	uint32_t first = 1;
	int count, i, found = 0;

	do {
		count = xc_domain_getinfolist(life.h->xch, first, 32, info);
		for (i = 0; i < count && !found; i++) {
			char *other = guest_of_domain(info[i].domain)
					      ? NULL
					      : nodes_get(life.h, info[i].domain, "name");

			found = other && strcmp(other, name) == 0;
			free(other);
		}
		first = count > 0 ? info[count - 1].domain + 1 : 0;
	} while (count == 32 && !found);
	return found;
}

static int name_check(const struct guest_file *file, struct err *e)
{
	struct guest *g = guest_find(file->name);

	if (g && g->state == GUEST_OFF) {
		guest_remove(g);
		g = NULL;
	}
	if (g || name_is_foreign(file->name)) {
		err_set(e, ERR_GUEST, "a guest named %s exists already", file->name);
		return err_fix(e, "choose another name, or end it with 'domus destroy %s'",
			       file->name);
	}
	return 0;
}

void life_create(const char *path, const char *text, size_t bytes, int paused, struct request *r)
{
	struct guest_file file GUEST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};
	struct guest *g = NULL;

	if (guest_file_read(&file, path, text, bytes, &e) == 0 && name_check(&file, &e) == 0) {
		guest_forget_oldest();
		g = guest_add(&file, text, bytes, &e);
	}
	if (!g) {
		http_reply_error(r, &e);
		return;
	}
	waiter_add(g, WANT_UP, -1, r);
	life_build(g, paused);
}

/* A guest that is being built or ended is nobody's to touch. */
static int settled_check(struct guest *g, int needs_domain, struct request *r)
{
	struct err e ERR_CLEANUP = {0};

	if (g->state == GUEST_BUILDING || g->state == GUEST_ENDING) {
		err_set(&e, ERR_GUEST, "guest %s is just %s", g->file.name,
			g->state == GUEST_BUILDING ? "being built" : "ending");
		err_fix(&e, "try again in a moment");
	} else if (needs_domain && g->state != GUEST_RUNNING) {
		err_set(&e, ERR_GUEST, "guest %s is not running", g->file.name);
		err_why(&e, "%s", g->reason);
	} else {
		return 0;
	}
	http_reply_error(r, &e);
	return -1;
}

void life_destroy(struct guest *g, struct request *r)
{
	if (settled_check(g, 0, r)) {
		return;
	}
	if (g->state == GUEST_OFF) {
		http_reply(r, 200, view_guest(g, NULL));
		guest_remove(g);
		return;
	}
	waiter_add(g, WANT_DOWN, -1, r);
	guest_happened(g, "destroyed on request");
	life_end(g, NEXT_REMOVE);
}

void life_ask(struct guest *g, const char *how, long wait_s, struct request *r)
{
	struct err e ERR_CLEANUP = {0};
	int is_reboot = strcmp(how, "reboot") == 0;

	if (settled_check(g, 1, r)) {
		return;
	}
	if (nodes_set(life.h, g->domid, "control/shutdown", how, &e)) {
		http_reply_error(r, &e);
		return;
	}
	g->is_reboot_asked = is_reboot;
	guest_happened(g, "asked to %s", is_reboot ? "reboot" : "power off");
	save_or_complain(g);
	if (wait_s < 0) {
		http_reply(r, 202, view_guest(g, NULL));
	} else {
		waiter_add(g, is_reboot ? WANT_UP : WANT_DOWN, wait_s, r);
	}
}

int life_is_asked(const struct guest *g)
{
	char *asked =
		g->domid == DOMID_INVALID ? NULL : nodes_get(life.h, g->domid, "control/shutdown");
	int is_asked = asked && *asked;

	free(asked);
	return is_asked;
}

void life_pause(struct guest *g, int pause, struct request *r)
{
	struct err e ERR_CLEANUP = {0};
	xc_domaininfo_t info;
	int ret;

	if (settled_check(g, 1, r)) {
		return;
	}
	ret = xc_domain_getinfolist(life.h->xch, g->domid, 1, &info) == 1 && info.domain == g->domid
		      ? 0
		      : -1;
	/* The hypervisor counts pauses; for people a guest is paused or not. */
	if (ret == 0 && !!(info.flags & XEN_DOMINF_paused) != pause) {
		ret = pause ? xc_domain_pause(life.h->xch, g->domid)
			    : xc_domain_unpause(life.h->xch, g->domid);
	}
	if (ret) {
		hyper_error(life.h, &e, ERR_HOST,
			    pause ? "the guest cannot be paused" : "the guest cannot be resumed",
			    pause ? "domctl pausedomain" : "domctl unpausedomain");
		http_reply_error(r, &e);
		return;
	}
	ret = xc_domain_getinfolist(life.h->xch, g->domid, 1, &info);
	http_reply(r, 200, view_guest(g, ret == 1 && info.domain == g->domid ? &info : NULL));
}

void life_off(struct guest *g)
{
	go_off(g);
}

int life_init(struct hyper *h, const char *state_dir, const char *log_dir, struct err *e)
{
	life.h = h;
	life.log_dir = log_dir;
	/* Back ends of guests that are found will need the store. */
	return broker_init(e) || guest_load_all(state_dir, e) ? -1 : ends_init(h, e);
}

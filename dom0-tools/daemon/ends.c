/* SPDX-License-Identifier: MIT */
/*
 * Ends of guests. The store fires @releaseDomain whenever some domain ended; which one, the
 * hypervisor knows. A slow tick does the same, for the time in which the store was restarted
 * and our watch with it. Event loop's thread only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/ends.h"
#include "daemon/life.h"
#include "daemon/nodes.h"
#include "daemon/reviver.h"
#include "daemon/waiter.h"

enum { TICK_MS = 5000 };

/* The watch has a connection of its own: events never mix with replies. */
static struct {
	struct hyper *h;
	struct xs_handle *watch;
	struct loop_source source;
	struct loop_timer tick;
} ends;

/* The last line of the guest's output that starts with what; NULL if there is none. */
static char *last_words(const struct console *c, const char *what)
{
	size_t bytes = c->tail_bytes < CONSOLE_TAIL_BYTES ? c->tail_bytes : CONSOLE_TAIL_BYTES, i;
	char *text = malloc(bytes + 1), *at, *found = NULL, *line = NULL;

	if (!text) {
		return NULL;
	}
	for (i = 0; i < bytes; i++) {
		text[i] = c->tail[(c->tail_bytes - bytes + i) % CONSOLE_TAIL_BYTES];
		text[i] = text[i] ? text[i] : ' ';
	}
	text[bytes] = '\0';
	for (at = text; (at = strstr(at, what)); at++) {
		found = at;
	}
	if (found) {
		struct harmless filter = {0};
		size_t len = strcspn(found, "\r\n");

		len = len < 120 ? len : 120;
		line = calloc(1, len * HARMLESS_GROWTH + 1);
		if (line) {
			harmless_text(&filter, found, len, line);
		}
	}
	free(text);
	return line;
}

static void set_reason(struct guest *g, enum end_cause cause, int is_limited)
{
	char *words =
		cause == CAUSE_CRASH && g->console ? last_words(g->console, "Kernel panic") : NULL;

	g->cause = cause;
	snprintf(g->reason, sizeof(g->reason), "%s%s%.100s%s", policy_cause_text(cause),
		 words ? ": " : "", words ? words : "",
		 is_limited ? " (too often to restart it again)" : "");
	free(words);
}

/* The domain shut itself down, or crashed. */
static void guest_ended(struct guest *g, unsigned int code)
{
	enum end_cause cause = policy_cause(code);
	enum end_action action;
	int is_limited;

	if (g->console) {
		console_drain(g->console);
	}
	action = policy_decide(&g->file, cause, g->is_reboot_asked, &g->restarts, time(NULL),
			       &is_limited);
	set_reason(g, cause, is_limited);
	guest_happened(g, "%s", g->reason);
	if (g->console) {
		console_note(g->console, g->reason);
	}
	if (action == END_PRESERVE) {
		struct err e ERR_CLEANUP = {0};

		g->state = GUEST_HELD;
		guest_save(g, &e);
		waiters_answer(g, WANT_DOWN, 200);
		return;
	}
	life_end(g, action == END_RESTART ? NEXT_RESTART : NEXT_OFF);
}

/* The domain vanished without our doing; what is left of it is ended as if it were there. */
static void guest_vanished(struct guest *g)
{
	set_reason(g, CAUSE_VANISHED, 0);
	guest_happened(g, "%s", g->reason);
	life_end(g, NEXT_OFF);
}

static int domain_info(uint32_t domid, xc_domaininfo_t *info)
{
	return xc_domain_getinfolist(ends.h->xch, domid, 1, info) == 1 && info->domain == domid;
}

static int is_ours(const struct guest *g, const xc_domaininfo_t *info)
{
	return memcmp(info->handle, g->uuid, sizeof(g->uuid)) == 0;
}

static void check(struct guest *g)
{
	xc_domaininfo_t info;

	if (g->state != GUEST_RUNNING && g->state != GUEST_HELD) {
		return;
	}
	if (!domain_info(g->domid, &info) || !is_ours(g, &info) ||
	    (info.flags & XEN_DOMINF_dying)) {
		guest_vanished(g);
	} else if (g->state == GUEST_RUNNING && (info.flags & XEN_DOMINF_shutdown)) {
		guest_ended(g, (info.flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask);
	}
}

static void check_all(void)
{
	struct guest *g, *next;

	for (g = guest_first(); g; g = next) {
		next = g->next;
		check(g);
	}
}

static void watch_ready(struct loop_source *s, uint32_t events)
{
	char **event;
	int seen = 0;

	(void)s;
	(void)events;
	while ((event = xs_check_watch(ends.watch))) {
		free(event);
		seen = 1;
	}
	if (seen) {
		check_all();
	}
}

static int watch_open(void)
{
	ends.watch = xs_open(0);
	if (ends.watch && xs_watch(ends.watch, "@releaseDomain", "end") &&
	    loop_add(&ends.source, xs_fileno(ends.watch), EPOLLIN, watch_ready) == 0) {
		return 0;
	}
	return -1;
}

static void watch_close(void)
{
	loop_remove(&ends.source);
	if (ends.watch) {
		xs_close(ends.watch);
	}
	ends.watch = NULL;
}

static void tick(struct loop_timer *t)
{
	/* The connection tells that it is broken only when it is used. */
	if (!ends.watch || (!xs_is_domain_introduced(ends.watch, 0) && errno != ENOENT &&
			    errno != EINVAL && errno != 0)) {
		watch_close();
		if (watch_open()) {
			watch_close();
		}
	}
	check_all();
	loop_timer_set(t, TICK_MS, tick);
}

/* The domain that carries the guest's number, whatever its id; 0 if there is none. */
static int find_domain(struct guest *g, xc_domaininfo_t *found)
{
	xc_domaininfo_t info[32];
	uint32_t first = 1;
	int count, i;

	do {
		count = xc_domain_getinfolist(ends.h->xch, first, 32, info);
		for (i = 0; i < count; i++) {
			if (is_ours(g, &info[i])) {
				*found = info[i];
				return 1;
			}
		}
		first = count > 0 ? info[count - 1].domain + 1 : 0;
	} while (count == 32);
	return 0;
}

/* The last daemon ended while this guest was being built or ended, or the host went down. */
static void recover_gone(struct guest *g)
{
	if (g->after == NEXT_RESTART) {
		life_build(g, 0);
	} else if (g->state == GUEST_BUILDING ||
		   (g->state == GUEST_ENDING && g->after == NEXT_REMOVE)) {
		guest_remove(g);
	} else {
		set_reason(g, CAUSE_VANISHED, 0);
		guest_happened(g, "ended while domusd did not run");
		life_off(g);
	}
}

/* It runs on; so do its devices, but for those that our process served. */
static void reconnect(struct guest *g)
{
	struct err e ERR_CLEANUP = {0};
	char *text;

	if (life_connect(g, &e)) {
		text = err_text(&e, "domusd");
		fputs(text ? text : "", stderr);
		free(text);
	}
	reviver_found(g);
}

/* What a guest on record was in the middle of when the last daemon ended. */
static void recover(struct guest *g)
{
	enum guest_state was = g->state;
	xc_domaininfo_t info;

	if (was == GUEST_OFF) {
		return;
	}
	if (!find_domain(g, &info)) {
		recover_gone(g);
		return;
	}
	g->domid = info.domain;
	g->has_devices = 1;
	if (was == GUEST_BUILDING) {
		/* Half-built. */
		life_end(g, g->after == NEXT_RESTART ? NEXT_RESTART : NEXT_REMOVE);
	} else if (was == GUEST_ENDING) {
		life_end(g, g->after);
	} else {
		reconnect(g);
	}
}

int ends_init(struct hyper *h, struct err *e)
{
	struct guest *g, *next;

	ends.h = h;
	ends.source.fd = -1;
	nodes_prepare(h);
	if (watch_open()) {
		err_set(e, ERR_HOST, "the store does not tell about ends of guests");
		err_errno(e, errno, "xs_watch @releaseDomain");
		watch_close();
		return -1;
	}
	for (g = guest_first(); g; g = next) {
		next = g->next;
		recover(g);
	}
	check_all();
	loop_timer_set(&ends.tick, TICK_MS, tick);
	return 0;
}

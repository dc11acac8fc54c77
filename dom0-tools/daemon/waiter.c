/* SPDX-License-Identifier: MIT */
/* Keeps requests on their guests' lists until they can be answered; see waiter.h. */
#include <stddef.h>
#include <stdlib.h>

#include "daemon/life.h"
#include "daemon/view.h"
#include "daemon/waiter.h"

struct waiter {
	struct waiter *next;
	struct guest *g;
	struct request *r;
	enum waiter_want want;
	struct loop_timer timer;
};

static void unlink_free(struct waiter *w)
{
	struct waiter **p = &w->g->waiters;

	while (*p != w) {
		p = &(*p)->next;
	}
	*p = w->next;
	loop_timer_clear(&w->timer);
	free(w);
}

static void timed_out(struct loop_timer *t)
{
	struct waiter *w = (struct waiter *)((char *)t - offsetof(struct waiter, timer));
	struct err e ERR_CLEANUP = {0};

	err_set(&e, ERR_TIMEOUT, "guest %s did not %s in time", w->g->file.name,
		w->want == WANT_UP ? "come up" : "end");
	err_why(&e, life_is_asked(w->g) ? "it took no notice of the request (control/shutdown)"
					: "it took notice of the request, but still runs");
	err_fix(&e, "wait longer, look at 'domus logs %s', or use 'domus destroy %s'",
		w->g->file.name, w->g->file.name);
	http_reply_error(w->r, &e);
	unlink_free(w);
}

void waiter_add(struct guest *g, enum waiter_want want, long wait_s, struct request *r)
{
	struct waiter *w = calloc(1, sizeof(*w));
	struct err e ERR_CLEANUP = {0};

	if (!w) {
		err_set(&e, ERR_NO_MEMORY, "out of memory");
		http_reply_error(r, &e);
		return;
	}
	w->g = g;
	w->r = r;
	w->want = want;
	w->next = g->waiters;
	g->waiters = w;
	if (wait_s >= 0) {
		loop_timer_set(&w->timer, wait_s * 1000ull, timed_out);
	}
}

/* The first who waits for this, or NULL. */
static struct waiter *find(struct guest *g, enum waiter_want want)
{
	struct waiter *w = g->waiters;

	while (w && w->want != want) {
		w = w->next;
	}
	return w;
}

void waiters_answer(struct guest *g, enum waiter_want want, unsigned int status)
{
	struct waiter *w;

	while ((w = find(g, want))) {
		http_reply(w->r, status, view_guest(g, NULL));
		unlink_free(w);
	}
}

void waiters_fail(struct guest *g, enum waiter_want want, const struct err *e)
{
	struct waiter *w;

	while ((w = find(g, want))) {
		http_reply_error(w->r, e);
		unlink_free(w);
	}
}

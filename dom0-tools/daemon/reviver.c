/* SPDX-License-Identifier: MIT */
/* Has ended back-end processes started again; see reviver.h. */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/backends.h"
#include "daemon/hotplug.h"
#include "daemon/loop.h"
#include "daemon/reviver.h"

enum {
	FIRST_MS = 50,
	LONGEST_MS = 5000,
	LONG_LIFE_MS = 10000, /* a process that lived so long starts afresh at once */
	FAILURE_LIMIT = 20,   /* of starts; then somebody must look after it */
};

struct reviver {
	struct guest *g;
	struct loop_source end; /* fd -1: not watched */
	struct loop_timer again;
	uint64_t started_ms;
	unsigned int count, failures;
};

static struct reviver *reviver_get(struct guest *g)
{
	struct reviver *v = g->reviver ? g->reviver : calloc(1, sizeof(*v));

	if (v && !g->reviver) {
		v->g = g;
		v->end.fd = -1;
		g->reviver = v;
	}
	return v;
}

void reviver_stop(struct guest *g)
{
	struct reviver *v = g->reviver;
	int fd = v ? v->end.fd : -1;

	if (v) {
		loop_timer_clear(&v->again);
	}
	if (fd >= 0) {
		loop_remove(&v->end);
		close(fd);
	}
}

void reviver_free(struct guest *g)
{
	reviver_stop(g);
	free(g->reviver);
	g->reviver = NULL;
}

static void again(struct loop_timer *t)
{
	struct reviver *v = (struct reviver *)((char *)t - offsetof(struct reviver, again));

	if (v->g->state == GUEST_RUNNING) {
		hotplug_revive(v->g);
	}
}

static void again_soon(struct reviver *v)
{
	unsigned int ms = v->count ? FIRST_MS << (v->count - 1) : 0;

	v->count = ms < LONGEST_MS ? v->count + 1 : v->count;
	loop_timer_set(&v->again, ms < LONGEST_MS ? ms : LONGEST_MS, again);
}

/* How the process ended. It is not reaped here: who starts the next one does that. */
static const char *end_words(int pidfd, char *text, size_t bytes)
{
	siginfo_t end = {0};

	if (waitid(P_PIDFD, (id_t)pidfd, &end, WEXITED | WNOHANG | WNOWAIT) || !end.si_pid) {
		return "in an unknown way";
	}
	if (end.si_code == CLD_EXITED) {
		snprintf(text, bytes, "with exit code %d", end.si_status);
	} else if (end.si_status == SIGSYS) {
		snprintf(text, bytes, "by a system call that it may not make");
	} else {
		snprintf(text, bytes, "by signal %d", end.si_status);
	}
	return text;
}

static void ended(struct loop_source *s, uint32_t events)
{
	struct reviver *v = (struct reviver *)((char *)s - offsetof(struct reviver, end));
	char text[64];
	const char *how = end_words(v->end.fd, text, sizeof(text));

	(void)events;
	reviver_stop(v->g);
	fprintf(stderr, "domusd: the back end of guest %s ended %s and is started again\n",
		v->g->file.name, how);
	guest_happened(v->g, "its back end ended %s and was started again", how);
	if (loop_now_ms() - v->started_ms >= LONG_LIFE_MS) {
		v->count = 0;
	}
	again_soon(v);
}

void reviver_watch(struct guest *g)
{
	int fd = backend_pidfd(g->domid);
	struct reviver *v = fd < 0 ? NULL : reviver_get(g);

	reviver_stop(g);
	if (v) {
		v->started_ms = loop_now_ms();
		loop_add(&v->end, fd, EPOLLIN, ended);
	} else if (fd >= 0) {
		close(fd);
	}
}

void reviver_found(struct guest *g)
{
	struct reviver *v = reviver_get(g);

	if (v) {
		loop_timer_set(&v->again, 0, again);
	}
}

void reviver_done(struct guest *g, const struct err *e)
{
	struct reviver *v = g->reviver;
	char *text;

	if (!e || !v) {
		if (v) {
			v->failures = 0;
		}
		reviver_watch(g);
		return;
	}
	text = err_text(e, "domusd");
	fprintf(stderr, "domusd: the back end of guest %s does not start:\n%s", g->file.name,
		text ? text : "");
	free(text);
	if (++v->failures < FAILURE_LIMIT) {
		again_soon(v);
	} else {
		guest_happened(g, "its back end does not start: %s",
			       e->what_count ? e->what[0] : "");
		reviver_watch(g);
	}
}

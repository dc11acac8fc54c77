/* SPDX-License-Identifier: MIT */
/* Buffers and sockets of those who watch a console; see viewer.h. Event loop's thread only. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/viewer.h"

enum { OUT_BYTES = 65536 };

struct viewer {
	struct loop_source source;
	struct viewer *next;
	struct console *c; /* NULL: it only gets the rest of its output */
	void (*closed)(void *arg);
	void *arg;
	int has_lost;
	size_t out_bytes;
	char out[OUT_BYTES];
};

static const char lost_note[] = "\r\n[domusd] output was lost here\r\n";

static void viewer_close(struct viewer *v)
{
	struct viewer **p = v->c ? &v->c->viewers : NULL;

	while (p && *p && *p != v) {
		p = &(*p)->next;
	}
	if (p && *p) {
		*p = v->next;
	}
	loop_remove(&v->source);
	v->closed(v->arg);
	free(v);
}

static uint32_t viewer_events(const struct viewer *v)
{
	uint32_t events = v->out_bytes ? EPOLLOUT : 0;

	return v->c && v->c->input_bytes == 0 ? events | EPOLLIN : events;
}

static void viewer_queue(struct viewer *v, const char *data, size_t bytes)
{
	size_t room = OUT_BYTES - sizeof(lost_note) - v->out_bytes;

	if (v->has_lost) {
		return;
	}
	if (bytes > room) {
		v->has_lost = 1;
		data = lost_note;
		bytes = sizeof(lost_note) - 1;
	}
	memcpy(v->out + v->out_bytes, data, bytes);
	v->out_bytes += bytes;
}

/* Sends what it can; -1 if the viewer is gone. */
static int viewer_flush(struct viewer *v)
{
	ssize_t n = 0;

	if (v->out_bytes) {
		n = send(v->source.fd, v->out, v->out_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return -1;
		}
	}
	if (n > 0) {
		v->out_bytes -= n;
		memmove(v->out, v->out + n, v->out_bytes);
		v->has_lost = 0;
	}
	loop_change(&v->source, viewer_events(v));
	return 0;
}

static int viewer_read(struct viewer *v)
{
	char buf[CONSOLE_INPUT_BYTES];
	ssize_t n = recv(v->source.fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		return -1;
	}
	if (n > 0 && v->c) {
		console_input(v->c, buf, n);
	}
	return 0;
}

static void viewer_ready(struct loop_source *s, uint32_t events)
{
	struct viewer *v = (struct viewer *)((char *)s - offsetof(struct viewer, source));

	if (((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && viewer_read(v)) || viewer_flush(v) ||
	    (!v->c && v->out_bytes == 0)) {
		viewer_close(v);
	}
}

int viewer_add(struct console *c, int fd, const char *early, size_t early_bytes,
	       void (*closed)(void *arg), void *arg)
{
	struct viewer *v = malloc(sizeof(*v));
	size_t start = c->tail_bytes % CONSOLE_TAIL_BYTES;

	if (!v) {
		return -1;
	}
	*v = (struct viewer){.c = c, .closed = closed, .arg = arg};
	if (loop_add(&v->source, fd, EPOLLIN, viewer_ready)) {
		free(v);
		return -1;
	}
	v->next = c->viewers;
	c->viewers = v;
	if (c->tail_bytes > CONSOLE_TAIL_BYTES) {
		viewer_queue(v, c->tail + start, CONSOLE_TAIL_BYTES - start);
	}
	viewer_queue(v, c->tail, start);
	console_input(c, early, early_bytes);
	loop_change(&v->source, viewer_events(v) | EPOLLOUT);
	return 0;
}

void viewers_show(struct console *c, const char *data, size_t bytes)
{
	struct viewer *v;

	for (v = c->viewers; v; v = v->next) {
		viewer_queue(v, data, bytes);
		/* A flush that fails shows up as a hang-up in viewer_ready(). */
		viewer_flush(v);
	}
}

void viewers_listen(struct console *c)
{
	struct viewer *v;

	for (v = c->viewers; v; v = v->next) {
		loop_change(&v->source, viewer_events(v));
	}
}

void viewers_end(struct console *c)
{
	struct viewer *v, *next;

	for (v = c->viewers; v; v = next) {
		next = v->next;
		v->c = NULL;
		v->next = NULL;
		loop_change(&v->source, EPOLLOUT);
	}
	c->viewers = NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * Consoles of guests.
 *
 *	guest -> ring -> event -> console_pump() -> log, tail, pty, viewers
 *	viewer, pty -> console_input() -> waiting input -> ring -> event -> guest
 *
 * A guest that writes without end is served for EVENTS_PER_WINDOW events per window and then
 * held back by leaving its port masked. Event loop's thread only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include "daemon/console.h"
#include "daemon/viewer.h"

enum { GRANT_CONSOLE = 0, WINDOW_MS = 200, EVENTS_PER_WINDOW = 200, PORT_LIMIT = 1 << 17 };

/* All consoles share the kernel's event device; by_port finds whose event it was. */
static struct {
	xenevtchn_handle *evtchn;
	xengnttab_handle *gnttab;
	struct loop_source source;
	struct console **by_port;
	unsigned int port_count;
} shared;

static void output(struct console *c, const char *data, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++) {
		c->tail[c->tail_bytes++ % CONSOLE_TAIL_BYTES] = data[i];
	}
	logfile_write(&c->log, data, bytes);
	if (write(c->pty.fd, data, bytes) < 0) {
		/* Nobody reads the pty: the log has it all. */
		errno = 0;
	}
	viewers_show(c, data, bytes);
}

static void set_listening(struct console *c)
{
	loop_change(&c->pty, c->input_bytes ? 0 : EPOLLIN);
	viewers_listen(c);
}

static void input_flush(struct console *c)
{
	size_t n = c->ring && c->input_bytes ? ring_put(c->ring, c->input, c->input_bytes) : 0;

	if (n) {
		c->input_bytes -= n;
		memmove(c->input, c->input + n, c->input_bytes);
		xenevtchn_notify(shared.evtchn, c->port);
	}
	set_listening(c);
}

size_t console_input(struct console *c, const char *data, size_t bytes)
{
	size_t room = CONSOLE_INPUT_BYTES - c->input_bytes;

	if (!c->ring) {
		return bytes;
	}
	if (bytes > room) {
		bytes = room;
	}
	memcpy(c->input + c->input_bytes, data, bytes);
	c->input_bytes += bytes;
	input_flush(c);
	return bytes;
}

/* Takes everything that is in the ring now. */
static void console_pump(struct console *c)
{
	char buf[sizeof(c->ring->out)];
	int broken;
	size_t n = ring_take(c->ring, buf, sizeof(buf), &broken);

	if (broken) {
		console_note(c, "the guest broke its console ring; output was lost");
	}
	if (n) {
		output(c, buf, n);
		xenevtchn_notify(shared.evtchn, c->port);
		if (c->wrote) {
			c->wrote(c);
		}
	}
	if (c->input_bytes) {
		input_flush(c);
	}
}

static void window_ended(struct loop_timer *t)
{
	struct console *c = (struct console *)((char *)t - offsetof(struct console, window));

	c->window_events = 0;
	if (c->is_held_back) {
		c->is_held_back = 0;
		console_pump(c);
		xenevtchn_unmask(shared.evtchn, c->port);
	}
}

static void evtchn_ready(struct loop_source *s, uint32_t events)
{
	xenevtchn_port_or_error_t port = xenevtchn_pending(shared.evtchn);
	struct console *c;

	(void)s;
	(void)events;
	if (port < 0 || (unsigned int)port >= shared.port_count || !shared.by_port[port]) {
		return;
	}
	c = shared.by_port[port];
	console_pump(c);
	if (!c->window.is_set) {
		loop_timer_set(&c->window, WINDOW_MS, window_ended);
	}
	if (++c->window_events > EVENTS_PER_WINDOW) {
		c->is_held_back = 1;
	} else {
		xenevtchn_unmask(shared.evtchn, port);
	}
}

static void pty_ready(struct loop_source *s, uint32_t events)
{
	struct console *c = (struct console *)((char *)s - offsetof(struct console, pty));
	char buf[CONSOLE_INPUT_BYTES];
	ssize_t n = read(s->fd, buf, sizeof(buf));

	(void)events;
	if (n > 0) {
		console_input(c, buf, n);
	}
}

int console_init(struct err *e)
{
	shared.evtchn = xenevtchn_open(NULL, 0);
	shared.gnttab = shared.evtchn ? xengnttab_open(NULL, 0) : NULL;
	if (!shared.gnttab ||
	    loop_add(&shared.source, xenevtchn_fd(shared.evtchn), EPOLLIN, evtchn_ready)) {
		err_set(e, ERR_HOST, "the kernel's %s device cannot be used",
			shared.evtchn ? "grant" : "event");
		err_errno(e, errno, "open");
		return err_fix(e, "load the modules xen-evtchn and xen-gntdev");
	}
	return 0;
}

static int pty_open(struct console *c)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct termios raw;

	if (master < 0 || grantpt(master) || unlockpt(master) ||
	    ptsname_r(master, c->pty_path, sizeof(c->pty_path))) {
		goto fail;
	}
	c->pty_slave = open(c->pty_path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->pty_slave < 0 || tcgetattr(c->pty_slave, &raw)) {
		goto fail;
	}
	cfmakeraw(&raw);
	if (tcsetattr(c->pty_slave, TCSANOW, &raw) ||
	    loop_add(&c->pty, master, EPOLLIN, pty_ready)) {
		goto fail;
	}
	return 0;
fail:
	if (master >= 0) {
		close(master);
	}
	return -1;
}

struct console *console_new(const char *log_dir, const char *name, struct err *e)
{
	struct console *c = calloc(1, sizeof(*c));

	if (!c || !(c->tail = malloc(CONSOLE_TAIL_BYTES))) {
		free(c);
		err_set(e, ERR_NO_MEMORY, "out of memory");
		return NULL;
	}
	c->port = -1;
	c->pty.fd = -1;
	c->pty_slave = -1;
	if (logfile_open(&c->log, log_dir, name, e)) {
		console_free(c);
		return NULL;
	}
	if (pty_open(c)) {
		err_set(e, ERR_HOST, "the console gets no terminal");
		err_errno(e, errno, "posix_openpt");
		console_free(c);
		return NULL;
	}
	return c;
}

static int remember_port(struct console *c)
{
	unsigned int count = shared.port_count ? shared.port_count : 256;
	struct console **grown;

	while (count <= (unsigned int)c->port && count < PORT_LIMIT) {
		count *= 2;
	}
	if (count != shared.port_count) {
		grown = reallocarray(shared.by_port, count, sizeof(*grown));
		if (!grown || (unsigned int)c->port >= count) {
			return -1;
		}
		memset(grown + shared.port_count, 0, (count - shared.port_count) * sizeof(*grown));
		shared.by_port = grown;
		shared.port_count = count;
	}
	shared.by_port[c->port] = c;
	return 0;
}

static void ring_unmap(struct console *c)
{
	if (c->ring && c->is_granted) {
		xengnttab_unmap(shared.gnttab, (void *)c->ring, 1);
	} else if (c->ring) {
		munmap((void *)c->ring, XC_PAGE_SIZE);
	}
	c->ring = NULL;
}

/* For guests whose builder granted nothing. The mapping outlives the handle. */
static void *foreign_map(uint32_t domid, xen_pfn_t frame)
{
	xenforeignmemory_handle *fm = xenforeignmemory_open(NULL, 0);
	void *page = NULL;

	if (fm) {
		page = xenforeignmemory_map(fm, domid, PROT_READ | PROT_WRITE, 1, &frame, NULL);
		xenforeignmemory_close(fm);
	}
	return page;
}

int console_attach(struct console *c, struct hyper *h, uint32_t domid, uint32_t port,
		   unsigned long mfn, struct err *e)
{
	c->domid = domid;
	c->ring = xengnttab_map_grant_ref(shared.gnttab, domid, GRANT_CONSOLE,
					  PROT_READ | PROT_WRITE);
	c->is_granted = c->ring != NULL;
	if (!c->ring) {
		c->ring = foreign_map(domid, mfn);
	}
	if (!c->ring) {
		return hyper_error(h, e, ERR_HOST, "the console's ring cannot be mapped",
				   "grant_table_op map");
	}
	c->port = xenevtchn_bind_interdomain(shared.evtchn, domid, port);
	if (c->port < 0 || remember_port(c)) {
		hyper_error(h, e, ERR_HOST, "the console's event channel cannot be bound",
			    "event_channel_op bind_interdomain");
		console_detach(c);
		return -1;
	}
	return 0;
}

void console_drain(struct console *c)
{
	if (c->ring && c->port >= 0) {
		console_pump(c);
	}
}

void console_detach(struct console *c)
{
	console_drain(c);
	loop_timer_clear(&c->window);
	c->window_events = 0;
	c->is_held_back = 0;
	c->input_bytes = 0;
	if (c->port >= 0) {
		if ((unsigned int)c->port < shared.port_count) {
			shared.by_port[c->port] = NULL;
		}
		xenevtchn_unbind(shared.evtchn, c->port);
		c->port = -1;
	}
	ring_unmap(c);
	set_listening(c);
}

void console_note(struct console *c, const char *text)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "\r\n[domusd] %.200s\r\n", text);

	logfile_note(&c->log, text);
	viewers_show(c, line, n);
}

void console_free(struct console *c)
{
	console_detach(c);
	viewers_end(c);
	if (c->pty.fd >= 0) {
		int master = c->pty.fd;

		loop_remove(&c->pty);
		close(master);
	}
	if (c->pty_slave >= 0) {
		close(c->pty_slave);
	}
	logfile_close(&c->log);
	free(c->tail);
	free(c);
}

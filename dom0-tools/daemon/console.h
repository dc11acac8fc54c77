/* SPDX-License-Identifier: MIT */
/*
 * A guest's console: its ring on one side; log file, pty and viewers on the other. It outlives
 * the domain: a guest that reboots gets a new ring, its log and viewers stay. Invariant: a slow
 * reader loses output but never holds up the guest or the daemon. Event loop's thread only.
 */
#pragma once

#include "daemon/hyper.h"
#include "daemon/logfile.h"
#include "daemon/loop.h"
#include "daemon/ring.h"

/** What a viewer that comes later still gets to see. */
#define CONSOLE_TAIL_BYTES 16384
/** Input that waits for room in the ring; while any waits, no more is read. */
#define CONSOLE_INPUT_BYTES 512

struct viewer;

struct console {
	uint32_t domid;
	volatile struct xencons_interface *ring; /* NULL: no domain at present */
	int is_granted;                          /* mapped by grant, else as a foreign frame */
	int port;                                /* -1: none */
	int is_held_back;                        /* masked until the window ends */
	unsigned int window_events;
	struct loop_timer window;
	int pty_slave; /* kept open, so that the master never reports a hang-up */
	struct loop_source pty;
	char pty_path[64];
	struct logfile log;
	struct viewer *viewers;
	char input[CONSOLE_INPUT_BYTES];
	size_t input_bytes;
	char *tail; /* CONSOLE_TAIL_BYTES, written round and round */
	uint64_t tail_bytes;
	void (*wrote)(struct console *c); /* called after output went to the log; may be NULL */
};

/** console_init - opens the kernel's event and grant devices; 0, or -1 with ERR_HOST. */
int console_init(struct err *e);

/** console_new - a console without a domain; its log is opened in log_dir. NULL with an error. */
struct console *console_new(const char *log_dir, const char *name, struct err *e);

/**
 * console_attach - connects the ring of a domain.
 * @port: the guest's port; @mfn: frame of the ring, for guests without a grant of it
 */
int console_attach(struct console *c, struct hyper *h, uint32_t domid, uint32_t port,
		   unsigned long mfn, struct err *e);

/** console_drain - takes what the ring holds now. */
void console_drain(struct console *c);

/** console_detach - takes what the ring still holds and lets go of the domain's frame. */
void console_detach(struct console *c);

/** console_note - tells log and viewers something about the guest. */
void console_note(struct console *c, const char *text);

/** console_input - hands over typed bytes; returns how many were taken. */
size_t console_input(struct console *c, const char *data, size_t bytes);

/** console_free - detaches, closes viewers once they have what was sent, closes log and pty. */
void console_free(struct console *c);

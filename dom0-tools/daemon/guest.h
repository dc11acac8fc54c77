/* SPDX-License-Identifier: MIT */
/*
 * The guests that domusd looks after, and what is on disk about them.
 *
 *	           build ok               ends, policy            gone
 *	BUILDING ------------> RUNNING --------------> ENDING ------------> OFF or removed
 *	    ^  |failed             | preserve             | restart           |
 *	    |  v                   v                      |                   | create
 *	    | removed, OFF        HELD -- destroy --> ENDING                  |
 *	    +---------------------------------------------+-------------------+
 *
 * Invariant: a guest's record on disk is written before a step that could be interrupted, so a
 * daemon that is started again knows what was under way. Event loop's thread only.
 */
#pragma once

#include "daemon/console.h"
#include "daemon/policy.h"
#include "lib/guest_file.h"

/** Events that a guest's history keeps; older ones are forgotten. */
#define GUEST_HISTORY 16
/** Guests that domusd knows at once, ended ones included. */
#define GUEST_LIMIT 1024
/** Ended guests that are remembered; the one that ended first is forgotten. */
#define GUEST_OFF_LIMIT 128

enum guest_state { GUEST_BUILDING, GUEST_RUNNING, GUEST_ENDING, GUEST_HELD, GUEST_OFF };

/** What follows once a guest in GUEST_ENDING has no domain any more. */
enum guest_next { NEXT_OFF, NEXT_RESTART, NEXT_REMOVE };

struct guest_event {
	int64_t when_s;
	char what[160];
};

struct job;
struct waiter;
struct plug;
struct reviver;

struct guest {
	struct guest *next;
	struct guest_file file;
	char *text; /* of the guest file */
	uint8_t uuid[16];
	enum guest_state state;
	enum guest_next after;
	enum end_cause cause;  /* in HELD and OFF: why it ended */
	char reason[160];      /* in HELD and OFF: the same in words, with details */
	uint32_t domid;        /* DOMID_INVALID: none */
	uint32_t console_port; /* the guest's end */
	unsigned long console_mfn;
	int is_reboot_asked;
	int is_replugged; /* its devices are others than its text says */
	int has_devices;  /* or may have: nobody would look for any otherwise when it ends */
	struct restart_log restarts;
	struct guest_event history[GUEST_HISTORY];
	unsigned int event_count; /* ever; the last is at (event_count - 1) % GUEST_HISTORY */
	struct console *console;  /* NULL while it was never up under this daemon */
	struct waiter *waiters;
	struct reviver *reviver; /* of its back-end process; NULL: it never had one */
	struct plug *plugs;      /* requests about its devices, in their order (hotplug.h) */
	struct job *end_job;     /* what ends its domain, behind the one that is at work */
};

/** guest_first - head of the list of guests. */
struct guest *guest_first(void);
/** guest_find - by name or by domain number in digits; NULL if there is none. */
struct guest *guest_find(const char *who);
/** guest_of_domain - the guest that has this domain; NULL if none. */
struct guest *guest_of_domain(uint32_t domid);

/** guest_add - takes up a guest with the file's text, which was read without error; it takes
 *  over what *file holds. NULL with an error if there are too many. */
struct guest *guest_add(struct guest_file *file, const char *text, size_t bytes, struct err *e);
/** guest_remove - forgets a guest on disk and in memory; its waiters must be gone. */
void guest_remove(struct guest *g);
/** guest_drop - forgets a guest in memory only; its waiters must be gone. */
void guest_drop(struct guest *g);
/** guest_forget_oldest - keeps the number of ended guests within GUEST_OFF_LIMIT. */
void guest_forget_oldest(void);

/** guest_happened - takes an event down in the guest's history. */
void guest_happened(struct guest *g, const char *fmt, ...) ERR_PRINTF(2, 3);
/** guest_save - writes the guest's record, whole or not at all; 0, or -1 with ERR_HOST. */
int guest_save(const struct guest *g, struct err *e);
/** guest_load_all - reads the records in the folder; a damaged one is reported and skipped. */
int guest_load_all(const char *state_dir, struct err *e);
/** guest_state_name - the word for a state in records. */
const char *guest_state_name(enum guest_state state);

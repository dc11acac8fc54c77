/* SPDX-License-Identifier: MIT */
/*
 * A kernel for front ends under test, all in one process: a store of a few nodes, grants that tell
 * who gave what, ports whose events the test sends. The test plays the back end. Handlers of
 * watches run in fake_run() alone. fake_reset() finds what the front end has not given back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "pv-drivers/common/platform.h"

#define FAKE_BACK_ID 3

void fake_reset(void); /* everything is given back, and empty again */

/* The store: what the back end or the tools write, "%lu" for numbers; what anybody wrote. */
void fake_store_set(const char *path, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *fake_store_get(const char *path); /* NULL: no such node */
unsigned long fake_store_number(const char *path);
void fake_store_remove(const char *path); /* with all below it */
void fake_store_break(const char *path);  /* writing it fails from now on */
void fake_store_hide(const char *path);   /* reading it is not allowed from now on */
void fake_run(void);                      /* tells watches what changed, until nothing does */

/* Grants, as the back end sees them. */
void *fake_grant_page(grant_ref_t ref, bool is_write); /* NULL: not granted so */
void fake_grant_map(grant_ref_t ref, bool is_mapped);  /* one that is mapped cannot be ended */
unsigned int fake_grant_count(void);
void fake_grant_limit(unsigned int count); /* no more than so many at a time */

/* Ports. */
void fake_port_event(evtchn_port_t port);            /* the back end notifies */
unsigned int fake_port_notified(evtchn_port_t port); /* by the front end, since the last question */
unsigned int fake_port_count(void);

/* The last line that the front end said. */
const char *fake_said(void);

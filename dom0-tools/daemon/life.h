/* SPDX-License-Identifier: MIT */
/*
 * Guests' lives: creating, ending, restarting, and finding them again. Invariant: only this
 * module changes a guest's state; long steps run on a worker, and what asked for them is
 * answered when they are over. Event loop's thread only.
 */
#pragma once

#include "daemon/guest.h"
#include "daemon/http.h"

/** life_init - finds the guests of an earlier daemon again and starts to watch for ends. */
int life_init(struct hyper *h, const char *state_dir, const char *log_dir, struct err *e);

/** life_create - creates a guest from a file's text; answers the request when it is up.
 *  @file: path for messages; @paused: do not let it run yet */
void life_create(const char *file, const char *text, size_t bytes, int paused, struct request *r);

/** life_destroy - ends a guest at once and forgets it; answers when its memory is free. */
void life_destroy(struct guest *g, struct request *r);

/** life_ask - asks a guest to end itself. @how: "poweroff" or "reboot". @wait_s: answer once it
 *  is down (or up again after a reboot), or with ERR_TIMEOUT; -1: answer at once. */
void life_ask(struct guest *g, const char *how, long wait_s, struct request *r);

/** life_is_asked - true while the guest has not acknowledged what life_ask() asked of it. */
int life_is_asked(const struct guest *g);

/** life_pause - stops a guest's vCPUs, or lets them run again (pause = 0). */
void life_pause(struct guest *g, int pause, struct request *r);

/* What follows is for ends.c alone. */

/** life_build - builds the guest's domain; those who WANT_UP are answered afterwards. */
void life_build(struct guest *g, int paused);
/** life_end - destroys the guest's domain; what comes next is in after. */
void life_end(struct guest *g, enum guest_next after);
/** life_connect - attaches the console of a domain that exists. */
int life_connect(struct guest *g, struct err *e);
/** life_off - the guest's domain is gone: remembers it as off. */
void life_off(struct guest *g);

/* SPDX-License-Identifier: MIT */
/* Requests that wait for something to become of a guest. Event loop's thread only. */
#pragma once

#include "daemon/guest.h"
#include "daemon/http.h"

enum waiter_want { WANT_UP, WANT_DOWN };

/** waiter_add - keeps the request until waiters_answer(); wait_s < 0: without end. */
void waiter_add(struct guest *g, enum waiter_want want, long wait_s, struct request *r);

/** waiters_answer - answers those who waited for this, with the guest as it is. */
void waiters_answer(struct guest *g, enum waiter_want want, unsigned int status);

/** waiters_fail - answers all who wait for this with an error. */
void waiters_fail(struct guest *g, enum waiter_want want, const struct err *e);

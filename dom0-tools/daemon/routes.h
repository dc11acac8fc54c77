/* SPDX-License-Identifier: MIT */
/* The API: which request does what. docs/domus.md lists it. Event loop's thread only. */
#pragma once

#include "daemon/http.h"
#include "daemon/hyper.h"

/** routes_init - hands over what the routes need; before the first request. */
void routes_init(struct hyper *h, const char *log_dir);
/** routes_request - finds and runs the route of a request. */
void routes_request(struct request *r);

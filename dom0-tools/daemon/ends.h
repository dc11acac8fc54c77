/* SPDX-License-Identifier: MIT */
/* Notices that guests ended and does what their policy says. Event loop's thread only. */
#pragma once

#include "daemon/hyper.h"

/** ends_init - takes stock of the guests on record, then watches the store for ends. */
int ends_init(struct hyper *h, struct err *e);

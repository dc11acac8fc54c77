/* SPDX-License-Identifier: MIT */
/* Notices that guests ended and does what their policy says. Event loop's thread only. */
#ifndef DOMUS_ENDS_H
#define DOMUS_ENDS_H

#include "daemon/hyper.h"

/** ends_init - takes stock of the guests on record, then watches the store for ends. */
int ends_init(struct hyper *h, struct err *e);

#endif

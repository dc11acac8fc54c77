/* SPDX-License-Identifier: MIT */
/* Domus's own counters of what is in use on the host. Event loop's thread only. */
#pragma once

#include "public/domus.h"

/** counters_read - asks for the counters; 0, or -1 where the hypervisor has none (Xen). */
int counters_read(struct domus_counters *out);

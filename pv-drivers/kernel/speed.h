/* SPDX-License-Identifier: MIT */
/* Between program_speed.c and what it measures. */
#pragma once

#include "kernel.h"

#define SPEED_STREAM_BYTES (32u << 20)

/** speed_say - one measure: so many operations since that time, in ns. */
void speed_say(const char *name, u64 since_ns, u64 count);

/** speed_disk - measures the disk at a path of the store; needs a MiB of memory. */
void speed_disk(const char *path);

/** speed_net - measures the network at a path, from address ip= to address peer=. */
void speed_net(const char *path);
/** speed_serve - is the other end of such measures, as long as there is the network. */
void speed_serve(const char *path);

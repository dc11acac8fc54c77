/* SPDX-License-Identifier: MIT */
/*
 * Does ahead of time what would make the first guest wait: dom0's kernel sets up 128 MiB of
 * address space when a guest's frame is mapped for the first time, which takes it longer than
 * all the rest of creating a small guest. Event loop's thread only.
 */
#pragma once

/** warm_up - starts that work in the background; to be called once, after worker_init(). */
void warm_up(void);

/* SPDX-License-Identifier: MIT */
/*
 * The disks that the store names, for a program that uses all of them: their front ends start
 * together and stop together. Words of the command line: queues=N, order=N (pages of a ring:
 * 1 << N), persistent=0.
 */
#pragma once

#include "../block/front.h"
#include "kernel.h"

enum { BLOCK_DISKS = 8 };
#define PATIENCE_NS (30 * 1000000000ul)

extern struct block_front *block_disks; /* BLOCK_DISKS of them */
extern u32 block_disk_count;

/** block_disks_start - starts a front end for each; once. */
void block_disks_start(void);
/** block_disks_stop - closes all; or waits until the tools take all away. */
void block_disks_stop(bool is_by_tools);
/** block_disks_restart - starts those that stopped, as soon as the tools give them back. */
void block_disks_restart(void);
/** block_disk_wait - false: it does not get ready. */
bool block_disk_wait(struct block_front *f);
void block_disk_show(const struct block_front *f);

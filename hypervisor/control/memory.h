/* SPDX-License-Identifier: MIT */
/* The parts of the hypercall memory_op. */
#pragma once

#include <xen/memory.h>
#include "arch/uaccess.h"
#include "domain/domain.h"
#include "lib/lib.h"
#include "mm/pagetype.h"

#define MEMOP_CMD_BITS 6 /* above them: extents done before the call was preempted */
#define MEMOP_CMD_MASK ((1ul << MEMOP_CMD_BITS) - 1)

/* Largest block that the caller may ask for. */
unsigned int memory_max_order(void);
/* Address width that mem_flags ask for: 0 = any, -EINVAL = none could satisfy it. */
int memory_bits(unsigned int mem_flags);

/* Takes a general reference of a frame that nobody else holds or uses in any way: -EINVAL if so. */
int frame_get_exclusive(mfn_t m, const struct owner *o);
/* Tells the M2P that a block of frames is the guest's pfn and following. */
void block_set_m2p(mfn_t m, unsigned int order, u64 pfn);
/* Gives up a frame taken so. */
void frame_give_up(mfn_t m);

long memory_exchange(guest_ptr_t arg);
/* memory_map.c: operations for subop_run(). */
long memory_map_get(void *arg);
long memory_map_set(void *arg);
long memory_map_machine(void *arg);
long memory_m2p_mapping(void *arg);
long memory_acquire_resource(void *arg);

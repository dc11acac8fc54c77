/* SPDX-License-Identifier: MIT */
/* Grant table calls about one element, for kernels that grant to themselves as dom0: grants.c. */
#pragma once

#include "guest.h"
#include <xen/grant_table.h>

#define GRANTS_DOM0  0
#define GRANTS_FLAGS (PTE_P | PTE_RW | PTE_US | PTE_AD)

long grant_call(unsigned int cmd, void *arg); /* grant_table_op with one element */
/* The result has status and handle. */
struct gnttab_map_grant_ref grant_map(unsigned int ref, u32 flags, const void *at);
int grant_unmap(u32 handle, const void *at);
/* Makes the table nr_frames long; its first frame is mapped somewhere. */
void *grant_table_map(u32 nr_frames);

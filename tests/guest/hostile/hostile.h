/* SPDX-License-Identifier: MIT */
/* What the parts of the hostile kernel share: the places it plays with, values, arguments. */
#pragma once

#include "../lib/guest.h"

#define ARENA   16u /* pages that hypercalls may read, write, retype, give away */
#define WINDOWS 4u  /* addresses for grant mappings alone: nothing else may change their entries */
#define TABLES  8u  /* two each of L1 to L4, to be pinned, changed, used */
#define WORDS   64u

#define FLAGS (PTE_P | PTE_RW | PTE_US | PTE_AD)

extern char *arena[ARENA], *window[WINDOWS];
extern u64 *table[TABLES];
/* Of each vcpu; written by the kernel itself: never handed out as frames. */
extern u64 *args_of[2], *list_of[2];
#define call_args (args_of[this_vcpu()])
#define call_list (list_of[this_vcpu()])

extern u64 mfn_max; /* of the machine's RAM */

struct call {
	unsigned long nr, a[4];
};

u64 below(u64 n); /* 0 .. n - 1 */
u64 nasty(void);  /* any number, mostly one that checks get wrong */
u64 nasty_mfn(void);
u64 nasty_va(void); /* a pointer that the hypervisor may or may not follow */
u64 nasty_entry(void);
u64 nasty_maddr(void); /* of a table's entry, or of anything */

/* Fills call_args and call_list, and returns a call that does not end this domain itself. */
void call_make(struct call *c);

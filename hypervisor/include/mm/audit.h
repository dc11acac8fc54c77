/* SPDX-License-Identifier: MIT */
/*
 * Debug builds: what every frame's type and counts should be, found out from scratch and compared
 * with what the frame table says. control/audit.c stops all vcpus and asks each room what a domain
 * holds; the rooms tell it here. Frames are looked at in windows, so that the tally is small.
 */
#pragma once

#include "lib/lib.h"
#include "mm/pagetype.h"

extern struct audit {
	u64 first; /* frame of the window */
	u64 frames, references, faults;
	s64 unlisted; /* frames with an owner, less what owners say: 0 at the end */
	s64 pins;     /* on grants, less those of handles; once more for writers */
} audit;

/* A broken invariant; the first few are printed. */
#define audit_fault(...) \
	((void)(audit.faults++ < 20 ? printk(LOG_ERR "audit: " __VA_ARGS__) : (void)0))

/* Before all else; false: no memory for the tally. And behind all else. */
bool audit_begin(void);
void audit_end(void);
/* Somebody holds a general reference of m and, unless it is FT_NONE, one of that kind. */
void audit_hold(mfn_t m, enum frame_kind kind);
/* The hypervisor's own page, in use by frame_share(). NULL: none. */
void audit_shared(const void *page);
/* A handle says that it has m mapped; only as many entries of grants may map it. */
void audit_granted(mfn_t m, bool writable);
/* All that o's lists hold is o's, and as much as it has. Once, whatever the windows. */
void audit_owner(const struct owner *o);
/* Counts what tables hold, compares the window's frames, and goes on to the next window. */
void audit_window(void);

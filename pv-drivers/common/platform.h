/* SPDX-License-Identifier: MIT */
/*
 * What a front end needs from the kernel that it is linked into: these functions, and memcpy(),
 * memset(), memcmp() and strlen(). docs/porting.md tells how to write them; pv-drivers/kernel/ has
 * them in platform.c.
 *
 * Front ends never wait, but for the store. The kernel calls their handlers one at a time:
 * handlers of watches where the store may be asked and an answer waited for, handlers of ports
 * where it may not. While a handler waits for the store, handlers of ports may run.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>

#define PLATFORM_PAGE_BYTES 4096u

/** Longest path and longest value that front ends use, with their zero byte. */
#define PLATFORM_PATH_BYTES  128u
#define PLATFORM_VALUE_BYTES 128u

/* --- Memory --- */

/**
 * platform_pages - pages in a row, zeroed, each of which can be granted; NULL: none left. They may
 * be freed one by one.
 */
void *platform_pages(uint32_t count);
void platform_pages_free(void *pages, uint32_t count);

/* --- Grants --- */

/**
 * platform_grant - lets another domain map or copy a page, or read it only. 0, or -ENOSPC. A
 * reference is never 0.
 */
int platform_grant(domid_t to, const void *page, bool read_only, grant_ref_t *ref);

/**
 * platform_grant_end - takes the page back. -EBUSY: the other domain has it mapped; the grant stays
 * and the page may not be used for anything else.
 */
int platform_grant_end(grant_ref_t ref);

/** platform_grant_free - takes the page back and frees it, as soon as the other domain lets go. */
void platform_grant_free(grant_ref_t ref, void *page);

/* --- Event channels --- */

/** platform_port_open - a port that @peer may bind; @handler is told of its events. 0 or -errno. */
int platform_port_open(domid_t peer, void (*handler)(void *arg), void *arg, evtchn_port_t *port);
void platform_port_close(evtchn_port_t port);
void platform_notify(evtchn_port_t port);

/* --- The store. A path that begins without a slash is below this domain's own folder. --- */

/**
 * platform_store_read - a node's value, with a zero byte behind it. Returns its length, -ENOENT,
 * -E2BIG for one that does not fit, or another -errno.
 */
int platform_store_read(const char *path, char *value, size_t bytes);
int platform_store_write(const char *path, const char *value);

/**
 * platform_store_watch - @handler is told when something at or below @path changes, and once at the
 * beginning. One watch for a path and an arg. 0 or -errno.
 */
int platform_store_watch(const char *path, void (*handler)(void *arg), void *arg);
/** platform_store_unwatch - ends a watch; its own handler may do so, too. */
void platform_store_unwatch(const char *path, void *arg);

/** platform_store_again - a watch's handler is called once more, soon. Handlers of ports may ask.
 */
void platform_store_again(const char *path, void *arg);

/* --- Messages --- */

/** platform_say - a line for who looks after the kernel. Formats: %s %d %u %x %lu %lx %ld. */
void platform_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

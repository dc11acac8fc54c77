/* SPDX-License-Identifier: MIT */
/*
 * libnbd, loaded only where domusd says that a disk will need it: it brings libraries for TLS and
 * XML along, which cost a process 13 ms and 40 MiB of mappings, and most guests' disks are files.
 * Once the process has given up its rights it can load nothing any more. The table has libnbd's own
 * functions without their prefix. Event loop's thread only.
 */
#pragma once

#include <libnbd.h>
#include "backend/complaint.h"

#define NBD_FUNCTIONS(F)        \
	F(create)               \
	F(close)                \
	F(get_error)            \
	F(set_export_name)      \
	F(set_pread_initialize) \
	F(poll)                 \
	F(get_size)             \
	F(get_block_size)       \
	F(is_read_only)         \
	F(can_flush)            \
	F(can_trim)             \
	F(aio_connect_socket)   \
	F(aio_is_connecting)    \
	F(aio_is_ready)         \
	F(aio_is_dead)          \
	F(aio_is_closed)        \
	F(aio_get_fd)           \
	F(aio_get_direction)    \
	F(aio_notify_read)      \
	F(aio_notify_write)     \
	F(aio_pread)            \
	F(aio_pwrite)           \
	F(aio_flush)            \
	F(aio_trim)

#define NBD_POINTER(name) __typeof__(nbd_##name) *name;
struct nbd_library {
	NBD_FUNCTIONS(NBD_POINTER)
};

/** nbd_library_load - 0, or -errno if it is not installed. */
int nbd_library_load(struct complaint *c);
/** nbd_library - NULL if it was not loaded. */
const struct nbd_library *nbd_library(void);

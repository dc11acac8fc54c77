/* SPDX-License-Identifier: MIT */
/*
 * Builds a guest's domain. Invariant: a build that fails leaves neither a domain nor a store
 * node behind. Runs on a worker thread with that thread's handles; touches no shared state.
 */
#pragma once

#include "daemon/hyper.h"
#include "lib/guest_file.h"

struct built {
	uint32_t domid;
	uint32_t console_port, store_port; /* the guest's ends */
	unsigned long console_mfn, store_mfn;
};

/**
 * build_domain - creates a paused domain from a guest file, with its store nodes, introduced.
 * @uuid: becomes the domain's handle and names its /vm node.
 *
 * Unpacking a kernel takes up to seconds. Returns 0, or -1 with an error: ERR_CONFIG when the
 * file is to blame (its place is given), ERR_NO_MEMORY, or ERR_HOST.
 */
int build_domain(struct hyper *h, const struct guest_file *g, const uint8_t uuid[16],
		 struct built *built, struct err *e);

/** build_undo - destroys a domain and removes its nodes; used by failed builds and destroys.
 *  @has_devices: it may have disks or networks, which are taken away first */
int build_undo(struct hyper *h, uint32_t domid, const uint8_t uuid[16], int has_devices,
	       struct err *e);

/**
 * build_least_bytes - memory that an image cannot do without.
 * @image_bytes: from the guest's address 0 to the end of the kernel
 * @ramdisk_bytes: ramdisk as it is handed over
 * @memory_bytes: the memory the guest is to have (its table of frames grows with it)
 *
 * As libxenguest lays a Linux guest out: kernel, start pages, tables; from the next 4 MiB border
 * on, ramdisk and table of frames. Rounded up to whole MiB.
 */
uint64_t build_least_bytes(uint64_t image_bytes, uint64_t ramdisk_bytes, uint64_t memory_bytes);

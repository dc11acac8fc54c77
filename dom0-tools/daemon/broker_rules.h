/* SPDX-License-Identifier: MIT */
/*
 * What a guest's back-end process may do in the store. The process is taken for an attacker: what
 * is not listed it may not. It may read what stands about its own devices, watch the states of
 * their front ends, and write what a back end tells about a device; not what domusd itself goes by
 * when it starts the next process (a disk's path, its mode), nor where the front end is.
 *
 *	/local/domain/0/backend/domus-vbd|domus-vif/N/HANDLE/...   read; some nodes: write
 *	/local/domain/N/device/vbd|vif/HANDLE/...                  read; state: watch
 *
 * Pure, no lock.
 */
#pragma once

#include <stdint.h>

enum broker_right { BROKER_READ = 1, BROKER_WRITE = 2, BROKER_WATCH = 4 };

/** A device of ours, as paths name it. */
struct broker_device {
	int is_disk;
	uint32_t handle;
};

/** broker_rights - what the process of a guest may do with the node at a path, as bits; *d: the
 *  device that it belongs to, if that is anything. */
unsigned int broker_rights(uint32_t domid, const char *path, struct broker_device *d);

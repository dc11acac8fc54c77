/* SPDX-License-Identifier: MIT */
/*
 * Disks and networks of a guest as values, and the texts that people write for parts of them.
 * Invariant: a handle names a device within its guest and its type, in the store and to back ends.
 * Pure, no lock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "schema.h"

/** Disks are named xvda to xvdz. */
#define GUEST_DISK_LIMIT 26
#define GUEST_NET_LIMIT  16

#define DISK_TARGET_BYTES  8
#define MAC_BYTES          6
#define MAC_TEXT_BYTES     18
#define LINK_NAME_BYTES    15 /* of a network device in Linux, without the zero byte */
#define RATE_LIMIT_BYTES_S (1ull << 40)
#define RATE_TEXT_BYTES    32

/** Whose back end serves a device: a process of ours, or dom0's kernel. */
enum device_backend { DEVICE_BY_DOMUS, DEVICE_BY_KERNEL };

/** How a disk is kept in its file; the order is that of schema_format_names. */
enum disk_format { DISK_RAW, DISK_QCOW2, DISK_VMDK, DISK_VDI, DISK_VHDX, DISK_VPC };

struct guest_disk {
	struct place at, path_at;
	char *path; /* of a file or a block device, or a URI; NULL: a drive without a medium */
	unsigned int index;  /* 0: xvda */
	unsigned int sector; /* bytes: 512 or 4096; 0: as the path has it */
	int has_target;      /* the file chose the index */
	int is_uri;
	int has_format; /* the file says it */
	enum disk_format format;
	int is_readonly, is_cdrom, is_discard;
	int is_shared; /* other guests may write it, too */
	enum device_backend backend;
};

struct guest_net {
	struct place at, bridge_at;
	char *bridge;
	unsigned int index; /* 0: the first */
	int has_mac;
	uint8_t mac[MAC_BYTES];
	unsigned int mtu;      /* 0: the bridge's */
	uint64_t rate_bytes_s; /* 0: no limit */
	enum device_backend backend;
};

/** disk_needs_storage - only QEMU's storage daemon can read it (daemon/storage.h). */
static inline int disk_needs_storage(const struct guest_disk *d)
{
	return d->path && (d->is_uri || d->format != DISK_RAW);
}

/** disk_handle - the number of a disk in the store: what guests make its name of. */
unsigned int disk_handle(unsigned int index);
/** disk_index - the inverse; -1 if the handle is none of a whole disk. */
int disk_index(unsigned int handle);
/** disk_target - "xvda"; returns buf. */
const char *disk_target(unsigned int index, char buf[DISK_TARGET_BYTES]);
/** disk_target_parse - the index of "xvda"; -1 if it names no disk. */
int disk_target_parse(const char *text);

/** mac_parse - "00:16:3e:12:34:56"; 0, or -1 if it is none that a single device may have. */
int mac_parse(const char *text, uint8_t mac[MAC_BYTES]);
/** mac_format - the inverse; returns buf. */
const char *mac_format(const uint8_t mac[MAC_BYTES], char buf[MAC_TEXT_BYTES]);
/** mac_derive - the address of a guest's network whose file names none: the same each time. */
void mac_derive(const uint8_t uuid[16], unsigned int index, uint8_t mac[MAC_BYTES]);

/** What hash_bytes() begins with. */
#define HASH_START 2166136261u
/** hash_bytes - goes on with a hash (FNV-1a) over some bytes. */
uint32_t hash_bytes(uint32_t hash, const void *data, size_t bytes);

/** rate_parse - "100Mbit/s" in bytes a second; 0, or -1 if it is none or too much. */
int rate_parse(const char *text, uint64_t *bytes_s);
/** rate_format - the inverse; returns buf. */
const char *rate_format(uint64_t bytes_s, char buf[RATE_TEXT_BYTES]);

/** link_name_valid - true if Linux takes the text as the name of a network device. */
int link_name_valid(const char *text);

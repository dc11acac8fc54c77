/* SPDX-License-Identifier: MIT */
/*
 * A guest's nodes in the store, laid out as guests and Xen's own tools expect them. Invariant:
 * they appear in one transaction; a guest can write only what is its own to say. No lock.
 */
#pragma once

#include "daemon/build.h"
#include "daemon/disks.h"

#define UUID_TEXT_BYTES 37

/** nodes_prepare - makes the folder that all guests' nodes share, so that a guest which comes and
 *  goes leaves the store as it was. */
void nodes_prepare(struct hyper *h);

/** nodes_write - writes a new domain's nodes and introduces it to the store.
 *  @media: of its disks, one each */
int nodes_write(struct hyper *h, const struct guest_file *g, const uint8_t uuid[16],
		const struct built *built, const struct disk_medium *media, struct err *e);

/** nodes_remove - takes a domain's nodes away; what is not there is no error. */
void nodes_remove(struct hyper *h, uint32_t domid, const uint8_t uuid[16]);

/** nodes_set - writes one node below the domain's folder; 0, or -1 with ERR_HOST. */
int nodes_set(struct hyper *h, uint32_t domid, const char *node, const char *value, struct err *e);

/** nodes_get - reads one node below the domain's folder; the caller frees it. NULL: none. */
char *nodes_get(struct hyper *h, uint32_t domid, const char *node);

/** nodes_count - nodes in the whole store (the root included), or -1 if it cannot be walked or
 *  has more than a million. */
long nodes_count(struct hyper *h);

/** uuid_format - 16 bytes as text with dashes; returns buf. */
const char *uuid_format(const uint8_t uuid[16], char buf[UUID_TEXT_BYTES]);

/** uuid_parse - the inverse; 0, or -1 if it is none. */
int uuid_parse(const char *text, uint8_t uuid[16]);

/* SPDX-License-Identifier: MIT */
/*
 * The addresses of disks that are elsewhere, as the storage daemon wants them told. No lock: pure.
 *
 *	nbd://HOST[:PORT]/EXPORT            nbd+unix:///EXPORT?socket=PATH
 *	http://..., https://...             iscsi://HOST[:PORT]/TARGET/LUN
 *	rbd:///POOL/IMAGE
 */
#pragma once

#include <jansson.h>

#include "err.h"

/** disk_uri_node - the storage daemon's description of what a URI names, without what holds for
 *  every disk; a new reference, or NULL with ERR_CONFIG. */
json_t *disk_uri_node(const char *uri, struct err *e);

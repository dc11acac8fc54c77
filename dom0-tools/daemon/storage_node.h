/* SPDX-License-Identifier: MIT */
/* A disk as QEMU's storage daemon wants it told. No lock: values. */
#pragma once

#include "daemon/disks.h"

/** storage_node - the argument of its --blockdev: a text of JSON, which the caller frees; NULL with
 *  an error. @m: the file, which tells whether it can be read past dom0's page cache */
char *storage_node(const struct guest_disk *disk, const struct disk_medium *m, struct err *e);

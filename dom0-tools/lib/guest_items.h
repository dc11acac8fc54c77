/* SPDX-License-Identifier: MIT */
/*
 * The disks and networks that a guest file lists, as they change while the guest runs. Invariant:
 * an item keeps its index, by which the guest knows the device. No lock: values belong to their
 * owners.
 */
#pragma once

#include <jansson.h>

#include "lib/guest_file.h"

/** guest_items_take - moves the items of one file to the end of another's lists; 0, or -1 without
 *  memory: nothing is moved then. */
int guest_items_take(struct guest_file *to, struct guest_file *from);

/** guest_items_lose_disk, guest_items_lose_net - takes an item away; none of that index is no
 *  error. */
void guest_items_lose_disk(struct guest_file *g, unsigned int index);
void guest_items_lose_net(struct guest_file *g, unsigned int index);

/** guest_items_json - both lists, in the words of guest files; NULL without memory. */
json_t *guest_items_json(const struct guest_file *g);
/** guest_items_load - the inverse: replaces both lists. 0, or -1 with an error: nothing changed. */
int guest_items_load(struct guest_file *g, const json_t *lists, struct err *e);

/* SPDX-License-Identifier: MIT */
/* What can be told about the host. Event loop's thread only. */
#pragma once

#include <jansson.h>

#include "daemon/hyper.h"

#define HOST_NAME_BYTES 64

/** host_domain_name - a domain's name: ours, the store's, or one made of its number. Returns buf.
 */
const char *host_domain_name(struct hyper *h, uint32_t domid, char buf[HOST_NAME_BYTES]);
/** host_info - CPUs, memory, hypervisor, and counts of what guests hold; NULL with ERR_HOST. */
json_t *host_info(struct hyper *h, struct err *e);
/** host_dmesg - the hypervisor's messages as {"text"}; NULL with ERR_HOST. */
json_t *host_dmesg(struct hyper *h, struct err *e);
/** host_version - versions of daemon and hypervisor; NULL with ERR_HOST. */
json_t *host_version(struct hyper *h, struct err *e);
/** host_list - all domains, ours with what we know of them, and ended guests; NULL: ERR_HOST. */
json_t *host_list(struct hyper *h, struct err *e);

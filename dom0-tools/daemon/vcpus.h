/* SPDX-License-Identifier: MIT */
/*
 * Virtual CPUs of all domains, dom0 and other tools' guests too: where they run and may run, how
 * many a guest has, and what share of the CPUs a domain gets. Event loop's thread only.
 */
#pragma once

#include <jansson.h>

#include "daemon/hyper.h"

/** vcpus_list - {"vcpus": [...]}, of one domain or (DOMID_INVALID) of all; NULL with ERR_HOST. */
json_t *vcpus_list(struct hyper *h, uint32_t domid, struct err *e);

/** vcpus_set - asks a guest to use that many of its vCPUs. -1 with ERR_USAGE or ERR_HOST. */
int vcpus_set(struct hyper *h, uint32_t domid, const char *count, struct err *e);

/** vcpus_pin - sets where a vCPU ("all": each of them) may run (hard) and runs if it can (soft);
 *  lists of CPUs, NULL: as it is. -1 with ERR_USAGE or ERR_HOST. */
int vcpus_pin(struct hyper *h, uint32_t domid, const char *vcpu, const char *hard, const char *soft,
	      struct err *e);

/** shares_list - {"shares": [{name, id, weight, cap}...]}, of one domain or of all. */
json_t *shares_list(struct hyper *h, uint32_t domid, struct err *e);

/** shares_set - sets a domain's weight (1 to 65535) and cap (percent of one CPU, 0: none); NULL:
 *  as it is. -1 with ERR_USAGE or ERR_HOST. */
int shares_set(struct hyper *h, uint32_t domid, const char *weight, const char *cap, struct err *e);

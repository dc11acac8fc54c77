/* SPDX-License-Identifier: MIT */
/* How guests look in JSON. Event loop's thread only; changes nothing. */
#pragma once

#include <jansson.h>

#include "daemon/guest.h"

/** view_guest - one line of the list; info: the domain as the hypervisor sees it, or NULL. */
json_t *view_guest(const struct guest *g, const xc_domaininfo_t *info);

/** view_foreign - the same for a domain that is none of ours (dom0, or another tool's). */
json_t *view_foreign(const char *name, const xc_domaininfo_t *info);

/** view_details - all there is to tell about a guest. */
json_t *view_details(const struct guest *g, const xc_domaininfo_t *info);

/* SPDX-License-Identifier: MIT */
/* Requests about the host's networks. Event loop's thread only. */
#pragma once

#include "daemon/http.h"

/** Handlers of routes; name: of the network, empty where the route has none. */
void route_networks_list(struct request *r, const char *name);
void route_networks_reload(struct request *r, const char *name);
void route_network_show(struct request *r, const char *name);
void route_network_start(struct request *r, const char *name);
void route_network_stop(struct request *r, const char *name);

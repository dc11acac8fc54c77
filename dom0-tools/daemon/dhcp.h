/* SPDX-License-Identifier: MIT */
/*
 * DHCP servers of the host's networks: a dnsmasq for each that wants one. Invariant: at most one
 * runs for a network, with the words that are wanted now or ended so that such a one can follow. It
 * outlives us; whoever comes next finds it by its number's file. Event loop's thread only.
 */
#pragma once

#include "lib/host_file.h"

/** dhcp_want - has a server run for the network as it is now, or none. */
void dhcp_want(const struct host_net *n);
/** dhcp_unwant - has none run for a network of that name. */
void dhcp_unwant(const char *network);
/** dhcp_pid - the number of the network's server; 0: none runs. */
int dhcp_pid(const char *network);

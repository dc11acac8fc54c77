/* SPDX-License-Identifier: MIT */
/*
 * What networks in which dom0 has an address need around them, as texts: the rules of dom0's
 * firewall, and the command line of a DHCP server. Pure, no lock.
 */
#pragma once

#include <stddef.h>

#include "lib/host_file.h"

#define DHCP_COMMAND_BYTES 1024

/** nat_rules - commands that replace the table "domus" of nftables, all at once, by what these
 *  networks need; those without an address need nothing. The caller frees it; NULL: no memory. */
char *nat_rules(const struct host_net *const *nets, size_t count);

/** nat_forwards - true if one of the networks is forwarded: dom0 must be a router. */
int nat_forwards(const struct host_net *const *nets, size_t count);

/** dhcp_command - the words of the network's DHCP server, each with a zero byte behind it, as
 *  /proc/PID/cmdline has them. Returns their length; 0: the network has none. */
size_t dhcp_command(const struct host_net *n, char buf[DHCP_COMMAND_BYTES]);
/** dhcp_leases_path - the file that the server keeps its leases in. */
void dhcp_leases_path(const char *network, char *buf, size_t bytes);
/** dhcp_pid_path - the file that the server writes its number to. */
void dhcp_pid_path(const char *network, char *buf, size_t bytes);

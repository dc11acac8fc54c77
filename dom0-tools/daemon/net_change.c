/* SPDX-License-Identifier: MIT */
/* Steps from what a network is to what it shall be; see net_change.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/dhcp.h"
#include "daemon/links.h"
#include "daemon/net_change.h"

enum { MTU_STANDARD = 1500 };

static void complain(struct err *e)
{
	char *text = e->what_count ? err_text(e, "domusd") : NULL;

	fputs(text ? text : "", stderr);
	free(text);
	err_free(e);
}

/* What is not there any more needs no removal. */
static void port_remove(struct network *n, unsigned int i)
{
	struct err e ERR_CLEANUP = {0};
	struct link_facts facts;
	link_name device;

	host_net_port(&n->is, i, device);
	if (link_ask(device, &facts) == 0) {
		if (n->is.vlan) {
			link_delete(device, &e);
		} else if (strcmp(facts.master, n->is.name) == 0) {
			link_leave(device, &e);
		}
	}
	complain(&e);
	n->is.port_count--;
	memmove(n->is.port[i], n->is.port[i + 1], (n->is.port_count - i) * sizeof(link_name));
}

static void address_remove(struct network *n)
{
	struct err e ERR_CLEANUP = {0};

	if (n->is.address.prefix) {
		link_address(n->is.name, &n->is.address, 0, &e);
		complain(&e);
		n->is.address.prefix = 0;
	}
}

/* Towards another state of the network; all zeroes: none. */
static void release(struct network *n, const struct host_net *want, void (*record)(void))
{
	link_name device;
	unsigned int i;

	for (i = n->is.port_count; i--;) {
		if (!host_net_has_port(want, host_net_port(&n->is, i, device))) {
			port_remove(n, i);
		}
	}
	if (n->is.address.address != want->address.address ||
	    n->is.address.prefix != want->address.prefix) {
		address_remove(n);
	}
	record();
}

void net_release(struct network *n, void (*record)(void))
{
	if (n->is_up) {
		release(n, &n->want, record);
	}
}

/* What would make a device useless to somebody if it were put on the bridge. */
static int carrier_check(const struct network *n, const char *port, const struct link_facts *facts,
			 struct err *e)
{
	int is_ours = strcmp(facts->master, n->is.name) == 0;

	if (facts->is_loopback) {
		return err_set(e, ERR_CONFIG, "%s leads nowhere", port);
	}
	if (n->want.mtu > facts->mtu) {
		err_set(e, ERR_CONFIG, "packets of %u bytes are too large for %s, which takes %u",
			n->want.mtu, port, facts->mtu);
		return err_fix(e, "raise its MTU where it is set up, or lower the network's");
	}
	if (n->want.vlan || is_ours) {
		return 0;
	}
	if (*facts->master) {
		return err_set(e, ERR_CONFIG, "%s is on %s already", port, facts->master);
	}
	if (facts->has_ipv4) {
		err_set(e, ERR_CONFIG, "%s has an address, which dom0 would lose", port);
		return err_fix(
			e, "take it away where it is set up, and give it to the network: address:");
	}
	return 0;
}

static int vlan_make(struct network *n, const char *port, const char *device, struct err *e)
{
	struct link_facts facts;

	if (link_ask(device, &facts)) {
		return vlan_add(device, port, n->is.vlan, e);
	}
	/* Ours, if it was made and the bridge not reached. */
	return 0;
}

static int port_add(struct network *n, unsigned int i, void (*record)(void), struct err *e)
{
	unsigned int vlan = n->want.vlan;
	struct link_facts facts;
	link_name device;
	const char *port = n->want.port[i];
	int is_known;

	if (link_ask(port, &facts)) {
		err_set(e, ERR_CONFIG, "dom0 has no network device %s", port);
		return err_fix(e, "see 'ip link'");
	}
	if (carrier_check(n, port, &facts, e)) {
		return -1;
	}
	host_net_port(&n->want, i, device);
	is_known = host_net_has_port(&n->is, device);
	if (vlan && !is_known && link_ask(device, &facts) == 0) {
		err_set(e, ERR_CONFIG, "there is a network device %s already", device);
		return err_fix(e, "remove it, or name it as the port and leave vlan out");
	}
	if (!is_known) {
		n->is.vlan = vlan;
		strcpy(n->is.port[n->is.port_count++], port);
		record();
	}
	if (vlan && vlan_make(n, port, device, e)) {
		return -1;
	}
	return link_ask(device, &facts) == 0 && strcmp(facts.master, n->is.name) == 0
		       ? 0
		       : link_join(device, n->is.name,
				   vlan && n->want.mtu ? n->want.mtu : LINK_MTU_KEEP, e);
}

/* The first port's: so dom0 keeps its address whoever comes to the bridge. Otherwise one made of
 * the name, since a bridge takes that of any guest if it has none of its own. */
static void mac_choose(const struct network *n, uint8_t mac[MAC_BYTES])
{
	uint8_t seed[LINK_NAME_BYTES + 1] = {0};
	struct link_facts facts;

	if (n->is.port_count && link_ask(n->is.port[0], &facts) == 0) {
		memcpy(mac, facts.mac, MAC_BYTES);
		return;
	}
	memcpy(seed, n->is.name, strlen(n->is.name));
	mac_derive(seed, 0, mac);
	mac[0] |= 2; /* nobody assigned it */
}

static unsigned int mtu_choose(const struct network *n)
{
	struct link_facts facts;

	if (n->want.mtu || !n->is.mtu) {
		return n->want.mtu;
	}
	/* It was told once, so the kernel does not choose it any more. */
	return n->is.port_count && link_ask(n->is.port[0], &facts) == 0 ? facts.mtu : MTU_STANDARD;
}

static int bridge_make(struct network *n, void (*record)(void), struct err *e)
{
	struct link_facts facts;

	if (link_ask(n->want.name, &facts) == 0) {
		err_set(e, ERR_CONFIG, "there is a network device %s already, which is not Domus's",
			n->want.name);
		return err_fix(e,
			       "leave it out of the file: guests may use a bridge of any origin");
	}
	n->is = (struct host_net){0};
	strcpy(n->is.name, n->want.name);
	n->is_up = 1;
	record();
	if (bridge_add(n->is.name, e)) {
		n->is_up = 0;
		record();
		return -1;
	}
	return 0;
}

static int steps(struct network *n, void (*record)(void), struct err *e)
{
	uint8_t mac[MAC_BYTES];
	unsigned int i;

	release(n, &n->want, record);
	for (i = 0; i < n->want.port_count; i++) {
		if (port_add(n, i, record, e)) {
			return -1;
		}
	}
	mac_choose(n, mac);
	if (link_set(n->is.name, mtu_choose(n), mac, e)) {
		return -1;
	}
	n->is.mtu = n->want.mtu;
	if (n->want.address.prefix && !n->is.address.prefix) {
		n->is.address = n->want.address;
		record();
		if (link_address(n->is.name, &n->is.address, 1, e)) {
			return -1;
		}
	}
	n->is.dhcp = n->want.dhcp;
	n->is.forward = n->want.forward;
	record();
	return 0;
}

static void lower(struct network *n, void (*record)(void), struct err *e)
{
	static const struct host_net none;
	struct link_facts facts;

	dhcp_unwant(n->is.name); /* while there is a bridge: it would complain */
	release(n, &none, record);
	if (link_ask(n->is.name, &facts) == 0) {
		link_delete(n->is.name, e);
	}
	n->is_up = 0;
	record();
}

int net_raise(struct network *n, const char *file, void (*record)(void), struct err *e)
{
	int was_up = n->is_up;
	struct err other ERR_CLEANUP = {0};

	if (!was_up && bridge_make(n, record, e)) {
		return host_net_blame(file, n->want.name_at, HOST_NET_NAME, e);
	}
	if (steps(n, record, e) == 0) {
		return 0;
	}
	if (e->class == ERR_CONFIG) {
		host_net_blame(file, n->want.ports_at, HOST_NET_PORTS, e);
	}
	if (!was_up) {
		lower(n, record, &other);
		complain(&other);
	}
	return -1;
}

unsigned int net_guest_links(const struct network *n, void (*each)(const char *name, void *arg),
			     void *arg)
{
	char path[64];
	const struct dirent *entry;
	unsigned int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/net/%s/brif", n->is.name);
	dir = n->is_up ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vif", 3) == 0) {
			count++;
			if (each) {
				each(entry->d_name, arg);
			}
		}
	}
	if (dir) {
		closedir(dir);
	}
	return count;
}

int net_lower(struct network *n, int force, void (*record)(void), struct err *e)
{
	unsigned int guests = net_guest_links(n, NULL, NULL);

	if (!n->is_up) {
		return 0;
	}
	if (guests && !force) {
		err_set(e, ERR_HOST, "%u network device%s of guests %s on it", guests,
			guests > 1 ? "s" : "", guests > 1 ? "are" : "is");
		return err_fix(
			e, "detach them (domus net detach), or use 'domus network stop --force'");
	}
	lower(n, record, e);
	return e->what_count ? -1 : 0;
}

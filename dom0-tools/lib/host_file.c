/* SPDX-License-Identifier: MIT */
/* Reads the host's file; what is to be right beyond its table is checked here. No lock. */
#include <stdlib.h>
#include <string.h>

#include "guest_file.h"
#include "host_file.h"
#include "reader.h"
#include "value.h"

const char *host_net_port(const struct host_net *n, unsigned int i, link_name out)
{
	int len = n->vlan ? snprintf(out, sizeof(link_name), "%s.%u", n->port[i], n->vlan)
			  : snprintf(out, sizeof(link_name), "%s", n->port[i]);

	if (len > LINK_NAME_BYTES) {
		*out = '\0';
	}
	return out;
}

int host_net_has_port(const struct host_net *n, const char *device)
{
	link_name name;
	unsigned int i = 0;

	while (i < n->port_count && strcmp(host_net_port(n, i, name), device) != 0) {
		i++;
	}
	return i < n->port_count;
}

int host_net_blame(const char *file, struct place at, enum host_key key, struct err *e)
{
	return err_at(e, file, at.line, at.column, host_schema[key].path);
}

static int blame(const struct reader *r, struct place at, enum host_key key)
{
	return host_net_blame(r->file, at, key, r->e);
}

static int item_add(struct reader *r, const struct schema_row *list, struct place at)
{
	struct host_file *h = r->value;
	struct host_net *nets = reallocarray(h->nets, h->net_count + 1, sizeof(*nets));

	(void)list;
	if (!nets) {
		return err_set(r->e, ERR_NO_MEMORY, "out of memory");
	}
	h->nets = nets;
	h->nets[h->net_count++] = (struct host_net){.at = at};
	return 0;
}

static int name_check(struct reader *r, const struct host_net *n, const struct host_net *other)
{
	if (strcmp(n->name, other->name) == 0) {
		err_set(r->e, ERR_CONFIG, "the network in line %u has this name, too",
			other->at.line);
		return blame(r, n->name_at, HOST_NET_NAME);
	}
	return 0;
}

static int ports_differ(struct reader *r, const struct host_net *n, const struct host_net *other)
{
	link_name name;
	unsigned int i;

	for (i = 0; i < n->port_count; i++) {
		if (host_net_has_port(other, host_net_port(n, i, name))) {
			err_set(r->e, ERR_CONFIG, "%s is a port of the network in line %u already",
				name, other->at.line);
			err_fix(r->e, "give each network a VLAN of its own there");
			return blame(r, n->ports_at, HOST_NET_PORTS);
		}
	}
	return 0;
}

static int addresses_differ(struct reader *r, const struct host_net *n,
			    const struct host_net *other)
{
	const struct ipv4 *a = &n->address, *b = &other->address;
	uint32_t mask = ipv4_mask(a->prefix < b->prefix ? a->prefix : b->prefix);

	if (a->prefix && b->prefix && !((a->address ^ b->address) & mask)) {
		err_set(r->e, ERR_CONFIG, "the network in line %u has some of these addresses",
			other->at.line);
		return blame(r, n->address_at, HOST_NET_ADDRESS);
	}
	return 0;
}

static int ports_check(struct reader *r, const struct host_net *n)
{
	link_name name;
	unsigned int i;

	if (n->vlan && !n->port_count) {
		err_set(r->e, ERR_CONFIG, "a VLAN is nothing without a port");
		err_fix(r->e, "add ports: the devices that carry it, such as [eth0]");
		return blame(r, r->at[HOST_NET_VLAN], HOST_NET_VLAN);
	}
	for (i = 0; i < n->port_count; i++) {
		if (!*host_net_port(n, i, name)) {
			err_set(r->e, ERR_CONFIG, "'%s.%u' is too long for a network device",
				n->port[i], n->vlan);
			err_fix(r->e, "Linux takes %d characters: give %s a shorter name",
				LINK_NAME_BYTES, n->port[i]);
			return blame(r, n->ports_at, HOST_NET_PORTS);
		}
	}
	return 0;
}

static int address_check(struct reader *r, const struct host_net *n)
{
	char text[IPV4_TEXT_BYTES];
	int needs = n->dhcp.last || n->forward != FORWARD_NONE;

	if (needs && !n->address.prefix) {
		enum host_key key = n->dhcp.last ? HOST_NET_DHCP : HOST_NET_FORWARD;

		err_set(r->e, ERR_CONFIG, "%s needs an address of dom0", host_schema[key].path);
		err_fix(r->e, "add address: such as 192.168.7.1/24");
		return blame(r, r->at[key], key);
	}
	if (n->dhcp.last &&
	    (!ipv4_holds(&n->address, n->dhcp.first) || !ipv4_holds(&n->address, n->dhcp.last))) {
		err_set(r->e, ERR_CONFIG, "the range is not in the network %s",
			ipv4_format_prefix(&n->address, 1, text));
		return blame(r, r->at[HOST_NET_DHCP], HOST_NET_DHCP);
	}
	if (n->dhcp.last && n->dhcp.first <= n->address.address &&
	    n->address.address <= n->dhcp.last) {
		err_set(r->e, ERR_CONFIG, "dom0's own address %s is in the range",
			ipv4_format(n->address.address, text));
		return blame(r, r->at[HOST_NET_DHCP], HOST_NET_DHCP);
	}
	return 0;
}

static int item_check(struct reader *r, const struct schema_row *list, struct place at)
{
	const struct host_file *h = r->value;
	const struct host_net *n = &h->nets[h->net_count - 1], *other;

	(void)list;
	(void)at;
	if (ports_check(r, n) || address_check(r, n)) {
		return -1;
	}
	for (other = h->nets; other < n; other++) {
		if (name_check(r, n, other) || ports_differ(r, n, other) ||
		    addresses_differ(r, n, other)) {
			return -1;
		}
	}
	return 0;
}

/* The name goes into rules and paths, where it must not mean more than itself. */
static int set_name(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		    struct host_net *n)
{
	const char *text = (const char *)node->data.scalar.value;

	if (!guest_name_valid(text) || !link_name_valid(text) ||
	    strlen(text) != node->data.scalar.length) {
		err_set(r->e, ERR_CONFIG, "'%.60s' cannot name a network", text);
		err_fix(r->e,
			"use at most %d letters, digits and . _ - inside, and not digits alone",
			LINK_NAME_BYTES);
		return reader_blame(r, node->start_mark, row->path);
	}
	snprintf(n->name, sizeof(link_name), "%s", text);
	return 0;
}

static int set_port(struct reader *r, const yaml_node_t *node, struct host_net *n)
{
	const char *text = (const char *)node->data.scalar.value;
	unsigned int i;

	if (node->type != YAML_SCALAR_NODE || !link_name_valid(text)) {
		err_set(r->e, ERR_CONFIG, "each of %s must be %s", host_schema[HOST_NET_PORTS].path,
			schema_type_name(SCHEMA_LINK));
		return reader_blame(r, node->start_mark, host_schema[HOST_NET_PORTS].path);
	}
	for (i = 0; i < n->port_count; i++) {
		if (strcmp(n->port[i], text) == 0) {
			err_set(r->e, ERR_CONFIG, "%s is named twice", text);
			return reader_blame(r, node->start_mark, host_schema[HOST_NET_PORTS].path);
		}
	}
	snprintf(n->port[n->port_count++], sizeof(link_name), "%s", text);
	return 0;
}

static int set_ports(struct reader *r, const struct schema_row *row, const yaml_node_t *list,
		     struct host_net *n)
{
	const yaml_node_item_t *item = list->data.sequence.items.start;

	if ((size_t)(list->data.sequence.items.top - item) > row->max) {
		err_set(r->e, ERR_CONFIG, "%s has more than %llu items", row->path, row->max);
		return reader_blame(r, list->start_mark, row->path);
	}
	for (; item < list->data.sequence.items.top; item++) {
		if (set_port(r, yaml_document_get_node(&r->doc, *item), n)) {
			return -1;
		}
	}
	return 0;
}

static int set_count(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		     unsigned int *out)
{
	uint64_t n = 0;
	int ret = value_number(r, row, node, (const char *)node->data.scalar.value, &n);

	*out = n;
	return ret;
}

static int set(struct reader *r, const struct schema_row *row, const yaml_node_t *node)
{
	struct host_file *h = r->value;
	struct host_net *n = h->net_count ? &h->nets[h->net_count - 1] : NULL;
	struct place at = {node->start_mark.line + 1, node->start_mark.column + 1};
	const char *text = (const char *)node->data.scalar.value;

	switch (row - host_schema) {
	case HOST_DOMUS:
		return value_number(r, row, node, text, NULL);
	case HOST_NET_NAME:
		n->name_at = at;
		return set_name(r, row, node, n);
	case HOST_NET_PORTS:
		n->ports_at = at;
		return set_ports(r, row, node, n);
	case HOST_NET_VLAN:
		return set_count(r, row, node, &n->vlan);
	case HOST_NET_MTU:
		return set_count(r, row, node, &n->mtu);
	case HOST_NET_ADDRESS:
		n->address_at = at;
		return ipv4_parse(text, &n->address) ? value_refuse(r, row, node, text) : 0;
	case HOST_NET_DHCP:
		return ipv4_range_parse(text, &n->dhcp) ? value_refuse(r, row, node, text) : 0;
	default:
		return value_word(r, row, node, text, &n->forward);
	}
}

static const struct reader_kind kind = {&host_file_schema, item_add, item_check, NULL, set};

int host_file_read(struct host_file *h, const char *file, const char *text, size_t bytes,
		   struct err *e)
{
	struct reader r = {.kind = &kind, .file = file, .value = h, .at = h->at, .e = e};

	memset(h, 0, sizeof(*h));
	h->file = strdup(file);
	return h->file ? reader_run(&r, NULL, text, bytes)
		       : err_set(e, ERR_NO_MEMORY, "out of memory");
}

void host_file_free(struct host_file *h)
{
	free(h->file);
	free(h->nets);
	memset(h, 0, sizeof(*h));
}

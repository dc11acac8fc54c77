/* SPDX-License-Identifier: MIT */
/* Writes rules for nftables and command lines of dnsmasq; see nat.h. Pure, no lock. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/nat.h"
#include "lib/paths.h"

enum { LEASE_MTU = 26 }; /* the option of DHCP that tells the MTU */

/* What is dropped on its way through dom0; what is not, other tables may still drop. Frames
 * between the guests of one bridge come by, too, where bridges are told to filter. */
static void forward_rules(FILE *f, const struct host_net *n)
{
	char net[IPV4_TEXT_BYTES];

	if (n->forward == FORWARD_NONE) {
		fprintf(f, "\t\tiifname \"%s\" oifname != \"%s\" drop\n", n->name, n->name);
		fprintf(f, "\t\tiifname != \"%s\" oifname \"%s\" drop\n", n->name, n->name);
	} else if (n->forward == FORWARD_NAT) {
		fprintf(f, "\t\tiifname \"%s\" oifname != \"%s\" meta nfproto ipv6 drop\n", n->name,
			n->name);
		fprintf(f, "\t\tiifname \"%s\" oifname != \"%s\" ip saddr != %s drop\n", n->name,
			n->name, ipv4_format_prefix(&n->address, 1, net));
		fprintf(f,
			"\t\tiifname != \"%s\" oifname \"%s\" ct state != { established, related } drop\n",
			n->name, n->name);
	}
}

static void masquerade_rule(FILE *f, const struct host_net *n)
{
	char net[IPV4_TEXT_BYTES];

	if (n->forward == FORWARD_NAT) {
		ipv4_format_prefix(&n->address, 1, net);
		fprintf(f, "\t\tip saddr %s ip daddr != %s masquerade\n", net, net);
	}
}

static void chain(FILE *f, const char *head, void (*rule)(FILE *f, const struct host_net *n),
		  const struct host_net *const *nets, size_t count)
{
	size_t i;

	fprintf(f, "\tchain %s; policy accept;\n", head);
	for (i = 0; i < count; i++) {
		if (nets[i]->address.prefix) {
			rule(f, nets[i]);
		}
	}
	fputs("\t}\n", f);
}

char *nat_rules(const struct host_net *const *nets, size_t count)
{
	char *text = NULL;
	size_t bytes, i, routed = 0;
	FILE *f = open_memstream(&text, &bytes);

	if (!f) {
		return NULL;
	}
	for (i = 0; i < count; i++) {
		routed += nets[i]->address.prefix != 0;
	}
	/* Only a table that is there can be deleted. */
	fputs("add table inet domus\ndelete table inet domus\n", f);
	if (routed) {
		fputs("table inet domus {\n", f);
		chain(f, "forward {\n\t\ttype filter hook forward priority filter", forward_rules,
		      nets, count);
		chain(f, "postrouting {\n\t\ttype nat hook postrouting priority srcnat",
		      masquerade_rule, nets, count);
		fputs("}\n", f);
	}
	return fclose(f) ? free(text), NULL : text;
}

int nat_forwards(const struct host_net *const *nets, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (nets[i]->forward != FORWARD_NONE) {
			return 1;
		}
	}
	return 0;
}

void dhcp_leases_path(const char *network, char *buf, size_t bytes)
{
	snprintf(buf, bytes, DOMUS_NETWORK_DIR "/%s.leases", network);
}

void dhcp_pid_path(const char *network, char *buf, size_t bytes)
{
	snprintf(buf, bytes, DOMUS_RUN_DIR "/dhcp-%s.pid", network);
}

struct words {
	char *buf;
	size_t bytes;
};

__attribute__((format(printf, 2, 3))) static void word(struct words *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	/* Words are short and few: the buffer holds all of them. */
	w->bytes += vsnprintf(w->buf + w->bytes, DHCP_COMMAND_BYTES - w->bytes, fmt, args) + 1;
	va_end(args);
}

/* Guests of a closed network are told no way out, and no names from outside. */
static void closed_words(struct words *w, const struct host_net *n)
{
	if (n->forward == FORWARD_NONE) {
		word(w, "--no-resolv");
		word(w, "--dhcp-option=option:router");
	}
}

size_t dhcp_command(const struct host_net *n, char buf[DHCP_COMMAND_BYTES])
{
	struct words w = {.buf = buf};
	char first[IPV4_TEXT_BYTES], last[IPV4_TEXT_BYTES], mask[IPV4_TEXT_BYTES], path[128];

	if (!n->dhcp.last) {
		return 0;
	}
	word(&w, DNSMASQ_PATH);
	word(&w, "--keep-in-foreground");
	word(&w, "--log-facility=-");
	word(&w, "--conf-file=");
	word(&w, "--no-hosts");
	word(&w, "--user=dnsmasq");
	dhcp_pid_path(n->name, path, sizeof(path));
	word(&w, "--pid-file=%s", path);
	/* Nothing but this bridge: other networks, and dom0 itself, may have servers of their own.
	 */
	word(&w, "--bind-interfaces");
	word(&w, "--interface=%s", n->name);
	word(&w, "--except-interface=lo");
	word(&w, "--dhcp-range=%s,%s,%s,1h", ipv4_format(n->dhcp.first, first),
	     ipv4_format(n->dhcp.last, last), ipv4_format(ipv4_mask(n->address.prefix), mask));
	word(&w, "--dhcp-lease-max=%u", n->dhcp.last - n->dhcp.first + 1);
	word(&w, "--dhcp-authoritative");
	word(&w, "--dhcp-no-override");
	dhcp_leases_path(n->name, path, sizeof(path));
	word(&w, "--dhcp-leasefile=%s", path);
	if (n->mtu) {
		word(&w, "--dhcp-option=%d,%u", LEASE_MTU, n->mtu);
	}
	closed_words(&w, n);
	return w.bytes;
}

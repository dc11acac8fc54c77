/* SPDX-License-Identifier: MIT */
/* The host's file: what is read, each refusal in its exact words, and the texts made of it. */
#include "unit.h"

#include "daemon/nat.h"
#include "lib/host_file.h"

#define START "domus: 1\nnetworks:\n"
#define NAT   "- {name: nat0, address: 10.1.2.1/24, dhcp: 10.1.2.10-10.1.2.99, forward: nat}\n"

static int parse(struct host_file *h, const char *text, struct err *e)
{
	return host_file_read(h, "/etc/domus/host.yaml", text, strlen(text), e);
}

static void networks(void **state)
{
	struct host_file h HOST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};
	link_name device;

	(void)state;
	assert_int_equal(
		parse(&h,
		      START "- name: lan\n  ports: [eth0, eth1]\n  mtu: 9000\n"
			    "- {name: dmz, ports: [eth0], vlan: 20, address: 172.16.0.1/16}\n" NAT
			    "- {name: closed}\n",
		      &e),
		0);
	assert_int_equal(h.net_count, 4);
	assert_string_equal(h.nets[0].name, "lan");
	assert_int_equal(h.nets[0].port_count, 2);
	assert_int_equal(h.nets[0].mtu, 9000);
	assert_string_equal(host_net_port(&h.nets[0], 1, device), "eth1");
	assert_string_equal(host_net_port(&h.nets[1], 0, device), "eth0.20");
	assert_true(host_net_has_port(&h.nets[1], "eth0.20"));
	assert_false(host_net_has_port(&h.nets[1], "eth0"));
	assert_int_equal(h.nets[2].address.address, 0x0a010201);
	assert_int_equal(h.nets[2].address.prefix, 24);
	assert_int_equal(h.nets[2].dhcp.first, 0x0a01020a);
	assert_int_equal(h.nets[2].dhcp.last, 0x0a010263);
	assert_int_equal(h.nets[2].forward, FORWARD_NAT);
	assert_int_equal(h.nets[2].name_at.line, 7);
	/* What is absent is as the schema says. */
	assert_string_equal(schema_forward_names[h.nets[3].forward],
			    host_schema[HOST_NET_FORWARD].standard);
	assert_int_equal(h.nets[3].address.prefix, 0);
}

static const struct refusal {
	const char *text, *message;
} refusals[] = {
	{"- a\n", "d: a host file must be a map of keys\n  at: /etc/domus/host.yaml:1:1\n"
		  "  do: start it with 'domus: 1'\n"},
	{"domus: 1\nnetwork: []\n", "d: unknown key 'network'\n"
				    "  at: /etc/domus/host.yaml:2:1, key network\n"
				    "  do: did you mean 'networks'?\n"},
	{START "- {ports: [eth0]}\n",
	 "d: the key networks.name is missing\n  at: /etc/domus/host.yaml:3:3, key networks.name\n"
	 "  do: add name: the name of a network device\n"},
	{START "- {name: 'a*'}\n",
	 "d: 'a*' cannot name a network\n  at: /etc/domus/host.yaml:3:10, key networks.name\n"
	 "  do: use at most 15 letters, digits and . _ - inside, and not digits alone\n"},
	{START "- {name: abcdefghijklmnop}\n",
	 "d: 'abcdefghijklmnop' cannot name a network\n"
	 "  at: /etc/domus/host.yaml:3:10, key networks.name\n"
	 "  do: use at most 15 letters, digits and . _ - inside, and not digits alone\n"},
	{START "- {name: a}\n- {name: a}\n",
	 "d: the network in line 3 has this name, too\n"
	 "  at: /etc/domus/host.yaml:4:10, key networks.name\n"},
	{START "- {name: a, ports: eth0}\n",
	 "d: networks.ports must be a list of network devices, such as [eth0], not a single value\n"
	 "  at: /etc/domus/host.yaml:3:20, key networks.ports\n"},
	{START "- {name: a, ports: [eth/0]}\n",
	 "d: each of networks.ports must be the name of a network device\n"
	 "  at: /etc/domus/host.yaml:3:21, key networks.ports\n"},
	{START "- {name: a, ports: [x, x]}\n",
	 "d: x is named twice\n  at: /etc/domus/host.yaml:3:24, key networks.ports\n"},
	{START "- {name: a, ports: [eth0]}\n- {name: b, ports: [eth0]}\n",
	 "d: eth0 is a port of the network in line 3 already\n"
	 "  at: /etc/domus/host.yaml:4:20, key networks.ports\n"
	 "  do: give each network a VLAN of its own there\n"},
	{START "- {name: a, vlan: 5}\n",
	 "d: a VLAN is nothing without a port\n  at: /etc/domus/host.yaml:3:19, key networks.vlan\n"
	 "  do: add ports: the devices that carry it, such as [eth0]\n"},
	{START "- {name: a, ports: [eth0], vlan: 4095}\n",
	 "d: networks.vlan must be between 1 and 4094, not 4095\n"
	 "  at: /etc/domus/host.yaml:3:34, key networks.vlan\n"},
	{START "- {name: a, ports: [enp0s31f6n123], vlan: 4094}\n",
	 "d: 'enp0s31f6n123.4094' is too long for a network device\n"
	 "  at: /etc/domus/host.yaml:3:20, key networks.ports\n"
	 "  do: Linux takes 15 characters: give enp0s31f6n123 a shorter name\n"},
	{START "- {name: a, address: 10.0.0.1}\n",
	 "d: networks.address must be an address such as 192.168.7.1/24, not '10.0.0.1'\n"
	 "  at: /etc/domus/host.yaml:3:22, key networks.address\n"},
	{START "- {name: a, address: 10.0.0.0/24}\n",
	 "d: networks.address must be an address such as 192.168.7.1/24, not '10.0.0.0/24'\n"
	 "  at: /etc/domus/host.yaml:3:22, key networks.address\n"},
	{START "- {name: a, address: 10.0.0.1/24}\n- {name: b, address: 10.0.0.129/25}\n",
	 "d: the network in line 3 has some of these addresses\n"
	 "  at: /etc/domus/host.yaml:4:22, key networks.address\n"},
	{START "- {name: a, dhcp: 10.0.0.2-10.0.0.9}\n",
	 "d: networks.dhcp needs an address of dom0\n"
	 "  at: /etc/domus/host.yaml:3:19, key networks.dhcp\n"
	 "  do: add address: such as 192.168.7.1/24\n"},
	{START "- {name: a, forward: nat}\n",
	 "d: networks.forward needs an address of dom0\n"
	 "  at: /etc/domus/host.yaml:3:22, key networks.forward\n"
	 "  do: add address: such as 192.168.7.1/24\n"},
	{START "- {name: a, address: 10.0.0.1/24, dhcp: 10.0.0.9-10.0.0.2}\n",
	 "d: networks.dhcp must be a range such as 192.168.7.100-192.168.7.200, not "
	 "'10.0.0.9-10.0.0.2'\n  at: /etc/domus/host.yaml:3:41, key networks.dhcp\n"},
	{START "- {name: a, address: 10.0.0.1/24, dhcp: 10.0.0.9-10.0.0.255}\n",
	 "d: the range is not in the network 10.0.0.0/24\n"
	 "  at: /etc/domus/host.yaml:3:41, key networks.dhcp\n"},
	{START "- {name: a, address: 10.0.0.5/24, dhcp: 10.0.0.2-10.0.0.9}\n",
	 "d: dom0's own address 10.0.0.5 is in the range\n"
	 "  at: /etc/domus/host.yaml:3:41, key networks.dhcp\n"},
	{START "- {name: a, forward: natt}\n",
	 "d: networks.forward must be one of none, nat and route, not 'natt'\n"
	 "  at: /etc/domus/host.yaml:3:22, key networks.forward\n  do: did you mean 'nat'?\n"},
};

static void refusals_in_exact_words(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct host_file h HOST_FILE_CLEANUP = {0};
		struct err e ERR_CLEANUP = {0};
		char *text;

		assert_int_equal(parse(&h, refusals[i].text, &e), -1);
		text = err_text(&e, "d");
		assert_string_equal(text, refusals[i].message);
		free(text);
	}
}

static void addresses(void **state)
{
	static const char *const bad[] = {"",
					  "10.0.0.1",
					  "10.0.0.1/",
					  "10.0.0.1/31",
					  "10.0.0.1/7",
					  "10.0.0.1/+8",
					  "10.0.0.0/24",
					  "10.0.0.255/24",
					  "127.0.0.1/8",
					  "224.0.0.1/8",
					  "0.0.0.1/8",
					  "10.0.0/24",
					  "10.0.0.1/024",
					  "10.0.0.1/24 ",
					  "100.200.100.200.1/24"};
	struct ipv4_range range;
	char buf[IPV4_TEXT_BYTES];
	struct ipv4 a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(ipv4_parse(bad[i], &a), -1);
	}
	assert_int_equal(ipv4_parse("255.255.255.254/30", &a), -1);
	assert_int_equal(ipv4_parse("192.168.100.254/30", &a), 0);
	assert_string_equal(ipv4_format_prefix(&a, 0, buf), "192.168.100.254/30");
	assert_string_equal(ipv4_format_prefix(&a, 1, buf), "192.168.100.252/30");
	assert_true(ipv4_holds(&a, a.address - 1));
	assert_false(ipv4_holds(&a, a.address + 1));
	assert_int_equal(ipv4_range_parse("1.2.3.4-1.2.3.4", &range), 0);
	assert_int_equal(ipv4_range_parse("1.2.3.4", &range), -1);
	assert_int_equal(ipv4_range_parse("1.2.3.4-", &range), -1);
	assert_int_equal(ipv4_range_parse("1.2.3.4-1.2.3.3", &range), -1);
}

static const char none_text[] = "add table inet domus\ndelete table inet domus\n";
static const char rules_text[] =
	"add table inet domus\ndelete table inet domus\n"
	"table inet domus {\n"
	"\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n"
	"\t\tiifname \"nat0\" oifname != \"nat0\" meta nfproto ipv6 drop\n"
	"\t\tiifname \"nat0\" oifname != \"nat0\" ip saddr != 10.1.2.0/24 drop\n"
	"\t\tiifname != \"nat0\" oifname \"nat0\" ct state != { established, related } drop\n"
	"\t\tiifname \"shut\" oifname != \"shut\" drop\n"
	"\t\tiifname != \"shut\" oifname \"shut\" drop\n"
	"\t}\n"
	"\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
	"\t\tip saddr 10.1.2.0/24 ip daddr != 10.1.2.0/24 masquerade\n"
	"\t}\n"
	"}\n";

static void rules(void **state)
{
	struct host_file h HOST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};
	const struct host_net *nets[4];
	char *text;
	size_t i;

	(void)state;
	assert_int_equal(parse(&h,
			       START "- {name: lan, ports: [eth0]}\n" NAT
				     "- {name: shut, address: 10.1.3.1/24}\n"
				     "- {name: open, address: 10.1.4.1/24, forward: route}\n",
			       &e),
			 0);
	for (i = 0; i < 4; i++) {
		nets[i] = &h.nets[i];
	}
	text = nat_rules(nets, 1);
	assert_string_equal(text, none_text);
	free(text);
	text = nat_rules(nets, 4);
	assert_string_equal(text, rules_text);
	free(text);
	assert_false(nat_forwards(nets, 1));
	assert_true(nat_forwards(nets, 2));
	assert_false(nat_forwards(nets + 2, 1));
	assert_true(nat_forwards(nets + 3, 1));
}

/* All words of a command, each in brackets. */
static const char *words(const struct host_net *n)
{
	static char out[DHCP_COMMAND_BYTES * 2];
	char buf[DHCP_COMMAND_BYTES];
	size_t bytes = dhcp_command(n, buf), at, len = 0;

	for (at = 0; at < bytes; at += strlen(buf + at) + 1) {
		len += snprintf(out + len, sizeof(out) - len, "[%s]", buf + at);
	}
	out[len] = '\0';
	return out;
}

#define COMMON(name)                                                                            \
	"[/usr/sbin/dnsmasq][--keep-in-foreground][--log-facility=-][--conf-file=][--no-hosts]" \
	"[--user=dnsmasq][--pid-file=/run/domus/dhcp-" name ".pid][--bind-interfaces]"          \
	"[--interface=" name "][--except-interface=lo]"

static void servers(void **state)
{
	struct host_file h HOST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};

	(void)state;
	assert_int_equal(parse(&h,
			       START "- {name: lan}\n" NAT "- {name: shut, address: 10.2.0.1/16, "
				     "mtu: 1400, dhcp: 10.2.1.0-10.2.1.0}\n",
			       &e),
			 0);
	assert_string_equal(words(&h.nets[0]), "");
	assert_string_equal(
		words(&h.nets[1]),
		COMMON("nat0") "[--dhcp-range=10.1.2.10,10.1.2.99,255.255.255.0,1h]"
			       "[--dhcp-lease-max=90][--dhcp-authoritative]"
			       "[--dhcp-no-override]"
			       "[--dhcp-leasefile=/var/lib/domus/networks/nat0.leases]");
	assert_string_equal(words(&h.nets[2]),
			    COMMON("shut") "[--dhcp-range=10.2.1.0,10.2.1.0,255.255.0.0,1h]"
					   "[--dhcp-lease-max=1][--dhcp-authoritative]"
					   "[--dhcp-no-override]"
					   "[--dhcp-leasefile=/var/lib/domus/networks/shut.leases]"
					   "[--dhcp-option=26,1400][--no-resolv]"
					   "[--dhcp-option=option:router]");
}

static void example_is_right(void **state)
{
	struct host_file h HOST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};
	FILE *f = fopen("config/host.yaml", "r");
	char text[4096];
	size_t bytes = f ? fread(text, 1, sizeof(text), f) : 0;

	(void)state;
	assert_true(bytes > 0 && bytes < sizeof(text));
	assert_int_equal(host_file_read(&h, "host.yaml", text, bytes, &e), 0);
	assert_true(h.net_count > 0);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks),  cmocka_unit_test(refusals_in_exact_words),
		cmocka_unit_test(addresses), cmocka_unit_test(rules),
		cmocka_unit_test(servers),   cmocka_unit_test(example_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Guest files: what is read, and each refusal with its place and its exact words. */
#include <glob.h>

#include "unit.h"

#include "lib/disk_uri.h"
#include "lib/guest_file.h"
#include "lib/host_schema.h"
#include "lib/reader.h"

#define SMALLEST "domus: 1\nname: web\nmemory: 64MiB\nboot:\n  kernel: /boot/vmlinuz\n"

static int parse(struct guest_file *g, const char *text, struct err *e)
{
	return guest_file_read(g, "/etc/domus/web.yaml", text, strlen(text), e);
}

static void smallest_file(void **state)
{
	struct guest_file g GUEST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};

	(void)state;
	assert_int_equal(parse(&g, SMALLEST, &e), 0);
	assert_string_equal(g.name, "web");
	assert_int_equal(g.memory_bytes, 64 << 20);
	assert_string_equal(g.kernel, "/boot/vmlinuz");
	assert_null(g.ramdisk);
	assert_null(g.cmdline);
	/* What is absent is as the schema says. */
	assert_int_equal(g.vcpus, atoi(guest_schema[KEY_VCPUS].standard));
	assert_string_equal(schema_action_names[g.on_poweroff],
			    guest_schema[KEY_POLICY_POWEROFF].standard);
	assert_string_equal(schema_action_names[g.on_reboot],
			    guest_schema[KEY_POLICY_REBOOT].standard);
	assert_string_equal(schema_action_names[g.on_crash],
			    guest_schema[KEY_POLICY_CRASH].standard);
}

static void full_file(void **state)
{
	struct guest_file g GUEST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};

	(void)state;
	assert_int_equal(
		parse(&g,
		      "# a comment\ndomus: 1\nname: 'db-1.example'\nmemory: 2 GiB\nvcpus: 4\n"
		      "boot:\n  kernel: vmlinuz\n  ramdisk: ../initrd.img\n"
		      "  cmdline: root=/dev/xvda1 console=hvc0\n"
		      "policy: {poweroff: preserve, reboot: destroy, crash: restart}\n",
		      &e),
		0);
	assert_string_equal(g.name, "db-1.example");
	assert_int_equal(g.memory_bytes, 2ull << 30);
	assert_int_equal(g.vcpus, 4);
	assert_string_equal(g.kernel, "/etc/domus/vmlinuz");
	assert_string_equal(g.ramdisk, "/etc/domus/../initrd.img");
	assert_string_equal(g.cmdline, "root=/dev/xvda1 console=hvc0");
	assert_int_equal(g.on_poweroff, END_PRESERVE);
	assert_int_equal(g.on_reboot, END_DESTROY);
	assert_int_equal(g.on_crash, END_RESTART);
	assert_int_equal(g.at[KEY_BOOT_KERNEL].line, 7);
	assert_int_equal(g.at[KEY_BOOT_KERNEL].column, 11);
}

static void devices(void **state)
{
	struct guest_file g GUEST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};

	(void)state;
	assert_int_equal(
		parse(&g,
		      SMALLEST
		      "disks:\n"
		      "  - path: root.img\n"
		      "  - {path: /dev/vg/data, target: xvda, sector: 4096, discard: false}\n"
		      "  - cdrom: true\n    target: xvdz\n"
		      "  - {path: /iso, readonly: true, backend: kernel}\n"
		      "networks:\n"
		      "  - bridge: br0\n"
		      "  - {bridge: lan, mac: '00:16:3E:00:00:ff', mtu: 9000, "
		      "rate: 100Mbit/s, backend: kernel}\n",
		      &e),
		0);
	assert_int_equal(g.disk_count, 4);
	assert_string_equal(g.disks[0].path, "/etc/domus/root.img");
	assert_int_equal(g.disks[0].index, 1);
	assert_int_equal(g.disks[0].sector, 0);
	assert_true(g.disks[0].is_discard && !g.disks[0].is_readonly);
	assert_int_equal(g.disks[0].path_at.line, 7);
	assert_int_equal(g.disks[0].path_at.column, 11);
	assert_int_equal(g.disks[1].index, 0);
	assert_int_equal(g.disks[1].sector, 4096);
	assert_false(g.disks[1].is_discard);
	assert_null(g.disks[2].path);
	assert_int_equal(g.disks[2].index, 25);
	assert_true(g.disks[2].is_readonly && g.disks[2].is_cdrom);
	assert_int_equal(g.disks[3].index, 2);
	assert_int_equal(g.disks[3].backend, DEVICE_BY_KERNEL);
	assert_int_equal(g.net_count, 2);
	assert_string_equal(g.nets[0].bridge, "br0");
	assert_false(g.nets[0].has_mac);
	assert_int_equal(g.nets[0].mtu, 0);
	assert_int_equal(g.nets[1].mac[2], 0x3e);
	assert_int_equal(g.nets[1].mac[5], 0xff);
	assert_int_equal(g.nets[1].mtu, 9000);
	assert_int_equal(g.nets[1].rate_bytes_s, 12500000);
	assert_int_equal(g.nets[1].index, 1);
	/* What is absent is as the schema says. */
	assert_string_equal(schema_backend_names[g.disks[0].backend],
			    guest_schema[KEY_DISK_BACKEND].standard);
	assert_string_equal(schema_backend_names[g.nets[0].backend],
			    guest_schema[KEY_NET_BACKEND].standard);
}

static void single_items(void **state)
{
	static const char disk[] = "{\"path\": \"/d\", \"target\": \"xvdc\", \"readonly\": true}";
	struct guest_file g GUEST_FILE_CLEANUP = {0}, bad GUEST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};

	(void)state;
	assert_int_equal(guest_file_read_item(&g, KEY_DISKS, disk, strlen(disk), &e), 0);
	assert_int_equal(g.disk_count, 1);
	assert_int_equal(g.disks[0].index, 2);
	assert_true(g.disks[0].is_readonly);
	assert_int_equal(guest_file_read_item(&bad, KEY_NETS, disk, strlen(disk), &e), -1);
	assert_string_equal(e.what[0], "unknown key 'path' in networks");
}

static void device_names(void **state)
{
	static const char *const bad_macs[] = {"",
					       "00:16:3e:00:00",
					       "01:16:3e:00:00:00",
					       "00:16:3e:00:00:0g",
					       "00:00:00:00:00:00",
					       "00-16-3e-00-00-00",
					       "00:16:3e:00:0:000",
					       " 0:16:3e:00:00:00"};
	uint8_t uuid[16] = {1, 2, 3}, mac[MAC_BYTES], other[MAC_BYTES];
	char buf[MAC_TEXT_BYTES];
	uint64_t rate;
	size_t i;

	(void)state;
	assert_int_equal(disk_handle(0), 51712);
	assert_int_equal(disk_handle(15), 51952);
	assert_int_equal(disk_handle(16), 268439552);
	for (i = 0; i < GUEST_DISK_LIMIT; i++) {
		assert_int_equal(disk_index(disk_handle(i)), i);
		assert_int_equal(disk_target_parse(disk_target(i, buf)), i);
	}
	assert_int_equal(disk_index(51713), -1);
	assert_int_equal(disk_target_parse("xvda1"), -1);
	assert_int_equal(disk_target_parse("sda"), -1);
	for (i = 0; i < sizeof(bad_macs) / sizeof(bad_macs[0]); i++) {
		assert_int_equal(mac_parse(bad_macs[i], mac), -1);
	}
	mac_derive(uuid, 0, mac);
	mac_derive(uuid, 1, other);
	assert_memory_not_equal(mac, other, MAC_BYTES);
	assert_int_equal(strncmp(mac_format(mac, buf), "00:16:3e:", 9), 0);
	assert_int_equal(mac_parse(buf, other), 0);
	assert_memory_equal(mac, other, MAC_BYTES);
	assert_int_equal(rate_parse("1 Gbit/s", &rate), 0);
	assert_int_equal(rate, 125000000);
	assert_int_equal(rate_parse("0Mbit/s", &rate), -1);
	assert_int_equal(rate_parse("99999999Gbit/s", &rate), -1);
	assert_int_equal(rate_parse("100", &rate), -1);
	assert_true(link_name_valid("br0.100"));
	assert_false(link_name_valid("br/0"));
	assert_false(link_name_valid("abcdefghijklmnop"));
	assert_false(link_name_valid(".."));
}

static const struct refusal {
	const char *text, *message;
} refusals[] = {
	{SMALLEST "vpcus: 2\n", "d: unknown key 'vpcus'\n  at: /etc/domus/web.yaml:6:1, key vpcus\n"
				"  do: did you mean 'vcpus'?\n"},
	{SMALLEST "policy:\n  crahs: restart\n",
	 "d: unknown key 'crahs' in policy\n  at: /etc/domus/web.yaml:7:3, key crahs\n"
	 "  do: did you mean 'crash'?\n"},
	{SMALLEST "cmdline: quiet\n",
	 "d: unknown key 'cmdline'\n  at: /etc/domus/web.yaml:6:1, key cmdline\n"
	 "  do: the key belongs elsewhere: boot.cmdline\n"},
	{SMALLEST "zzzzzzzz: 1\n",
	 "d: unknown key 'zzzzzzzz'\n  at: /etc/domus/web.yaml:6:1, key zzzzzzzz\n"},
	{"domus: 1\nname: web\nmemory: 512\nboot: {kernel: /k}\n",
	 "d: memory must be a size such as 512MiB, not '512'\n"
	 "  at: /etc/domus/web.yaml:3:9, key memory\n"
	 "  do: write a whole number with one of the units KiB, MiB, GiB, TiB\n"},
	{"domus: 1\nname: web\nmemory: 4KiB\nboot: {kernel: /k}\n",
	 "d: memory must be between 1MiB and 1TiB, in whole pages of 4KiB\n"
	 "  at: /etc/domus/web.yaml:3:9, key memory\n"},
	{"domus: 1\nname: web\nmemory: 1025KiB\nboot: {kernel: /k}\n",
	 "d: memory must be between 1MiB and 1TiB, in whole pages of 4KiB\n"
	 "  at: /etc/domus/web.yaml:3:9, key memory\n"},
	{SMALLEST "vcpus: two\n",
	 "d: vcpus must be a whole number, not 'two'\n  at: /etc/domus/web.yaml:6:8, key vcpus\n"},
	{SMALLEST "vcpus: '2'\n",
	 "d: vcpus must be a whole number, not the text '2'\n  at: /etc/domus/web.yaml:6:8, key vcpus\n"},
	{SMALLEST "vcpus: 0\n",
	 "d: vcpus must be between 1 and 128, not 0\n  at: /etc/domus/web.yaml:6:8, key vcpus\n"},
	{SMALLEST "vcpus: [1, 2]\n",
	 "d: vcpus must be a whole number, not a list\n  at: /etc/domus/web.yaml:6:8, key vcpus\n"},
	{SMALLEST "policy: restart\n", "d: policy must be a map of keys, not a single value\n"
				       "  at: /etc/domus/web.yaml:6:9, key policy\n"},
	{SMALLEST "policy:\n  crash: reboot\n",
	 "d: policy.crash must be one of destroy, restart and preserve, not 'reboot'\n"
	 "  at: /etc/domus/web.yaml:7:10, key policy.crash\n"},
	{SMALLEST "policy:\n  crash: restrat\n",
	 "d: policy.crash must be one of destroy, restart and preserve, not 'restrat'\n"
	 "  at: /etc/domus/web.yaml:7:10, key policy.crash\n  do: did you mean 'restart'?\n"},
	{"domus: 2\nname: web\nmemory: 64MiB\nboot: {kernel: /k}\n",
	 "d: domus must be 1, not 2\n  at: /etc/domus/web.yaml:1:8, key domus\n"},
	{"domus: 1\nname: 17\nmemory: 64MiB\nboot: {kernel: /k}\n",
	 "d: '17' cannot name a guest\n  at: /etc/domus/web.yaml:2:7, key name\n"
	 "  do: use letters, digits and . _ - inside, and not digits alone\n"},
	{"domus: 1\nname: ../etc\nmemory: 64MiB\nboot: {kernel: /k}\n",
	 "d: '../etc' cannot name a guest\n  at: /etc/domus/web.yaml:2:7, key name\n"
	 "  do: use letters, digits and . _ - inside, and not digits alone\n"},
	{"domus: 1\nname: web\nmemory: 64MiB\n",
	 "d: the key boot is missing\n  at: /etc/domus/web.yaml:1:1, key boot\n"
	 "  do: add boot: a map of keys\n"},
	{"domus: 1\nname: web\nmemory: 64MiB\nboot:\n  ramdisk: /r\n",
	 "d: the key boot.kernel is missing\n  at: /etc/domus/web.yaml:5:3, key boot.kernel\n"
	 "  do: add kernel: the path of a file\n"},
	{SMALLEST "name: again\n",
	 "d: name is given twice, first in line 2\n  at: /etc/domus/web.yaml:6:1, key name\n"},
	{SMALLEST "disks: {path: /d}\n", "d: disks must be a list, not a map of keys\n"
					 "  at: /etc/domus/web.yaml:6:8, key disks\n"},
	{SMALLEST "disks:\n  - /d\n", "d: each item of disks must be a map of keys\n"
				      "  at: /etc/domus/web.yaml:7:5, key disks\n"},
	{SMALLEST "disks:\n  - target: xvda\n",
	 "d: the key disks.path is missing\n  at: /etc/domus/web.yaml:7:5, key disks.path\n"
	 "  do: add path: the path of a file; or cdrom: true for an empty drive\n"},
	{SMALLEST "disks:\n  - {path: /d, format: qcow}\n",
	 "d: disks.format must be one of raw, qcow2, vmdk, vdi, vhdx and vpc, not 'qcow'\n"
	 "  at: /etc/domus/web.yaml:7:24, key disks.format\n  do: did you mean 'qcow2'?\n"},
	{SMALLEST "disks:\n  - {path: /d, format: qcow2, backend: kernel}\n",
	 "d: the kernel's back end serves raw files and devices only\n"
	 "  at: /etc/domus/web.yaml:7:40, key disks.backend\n"
	 "  do: write backend: domus, or leave it out\n"},
	{SMALLEST "disks:\n  - {path: /d, uri: nbd://a/b}\n",
	 "d: a disk has a path or a uri, not both\n  at: /etc/domus/web.yaml:7:21, key disks.uri\n"},
	{SMALLEST "disks:\n  - uri: ftp://a/b\n",
	 "d: 'ftp://a/b' begins with no scheme that is known\n"
	 "  at: /etc/domus/web.yaml:7:10, key disks.uri\n"
	 "  do: use nbd://, nbd+unix://, http://, https://, iscsi:// or rbd://\n"},
	{SMALLEST "disks:\n  - uri: nbd+unix:///b\n",
	 "d: 'nbd+unix:///b' is not the address of a disk\n"
	 "  at: /etc/domus/web.yaml:7:10, key disks.uri\n"
	 "  do: write it like nbd+unix:///export?socket=/run/server.sock\n"},
	{SMALLEST "disks:\n  - path: /d\n    targt: xvda\n",
	 "d: unknown key 'targt' in disks\n  at: /etc/domus/web.yaml:8:5, key targt\n"
	 "  do: did you mean 'target'?\n"},
	{SMALLEST "disks:\n  - {path: /d, target: sda}\n",
	 "d: disks.target must be a disk's name from xvda to xvdz, not 'sda'\n"
	 "  at: /etc/domus/web.yaml:7:24, key disks.target\n"},
	{SMALLEST "disks:\n  - {path: /d, target: xvdb}\n  - {path: /e, target: xvdb}\n",
	 "d: the disk in line 7 has this target, too\n"
	 "  at: /etc/domus/web.yaml:8:5, key disks.target\n"},
	{SMALLEST "disks:\n  - {path: /d, format: qcow2, shared: true}\n",
	 "d: a qcow2 image cannot be written by two guests\n"
	 "  at: /etc/domus/web.yaml:7:39, key disks.shared\n"
	 "  do: share a raw file or a block device, or leave shared out\n"},
	{SMALLEST "disks:\n  - {path: /d, sector: 1024}\n",
	 "d: disks.sector must be 512 or 4096, not '1024'\n"
	 "  at: /etc/domus/web.yaml:7:24, key disks.sector\n"},
	{SMALLEST "disks:\n  - {path: /d, readonly: yes}\n",
	 "d: disks.readonly must be true or false, not 'yes'\n"
	 "  at: /etc/domus/web.yaml:7:26, key disks.readonly\n"},
	{SMALLEST "disks:\n  - {path: /d, backend: kernal}\n",
	 "d: disks.backend must be one of domus and kernel, not 'kernal'\n"
	 "  at: /etc/domus/web.yaml:7:25, key disks.backend\n  do: did you mean 'kernel'?\n"},
	{SMALLEST "networks:\n  - mtu: 1500\n",
	 "d: the key networks.bridge is missing\n  at: /etc/domus/web.yaml:7:5, key networks.bridge\n"
	 "  do: add bridge: the name of a network device\n"},
	{SMALLEST "networks:\n  - {bridge: 'br 0'}\n",
	 "d: networks.bridge must be the name of a network device, not 'br 0'\n"
	 "  at: /etc/domus/web.yaml:7:14, key networks.bridge\n"},
	{SMALLEST "networks:\n  - {bridge: br0, mac: 01:00:5e:00:00:01}\n",
	 "d: networks.mac must be an address such as 00:16:3e:12:34:56, not '01:00:5e:00:00:01'\n"
	 "  at: /etc/domus/web.yaml:7:24, key networks.mac\n"},
	{SMALLEST "networks:\n  - {bridge: br0, rate: 100MB}\n",
	 "d: networks.rate must be a rate such as 100Mbit/s, not '100MB'\n"
	 "  at: /etc/domus/web.yaml:7:25, key networks.rate\n"
	 "  do: write a whole number with one of the units kbit/s, Mbit/s, Gbit/s\n"},
	{SMALLEST "networks:\n  - bridge: br0\n    bridge: br1\n",
	 "d: networks.bridge is given twice, first in line 7\n"
	 "  at: /etc/domus/web.yaml:8:5, key networks.bridge\n"},
	{"- a\n- b\n", "d: a guest file must be a map of keys\n  at: /etc/domus/web.yaml:1:1\n"
		       "  do: start it with 'domus: 1'\n"},
	{"", "d: a guest file must be a map of keys\n  at: /etc/domus/web.yaml:1:1\n"
	     "  do: start it with 'domus: 1'\n"},
	{"domus: 1\nname: {web\n",
	 "d: this is not YAML: did not find expected ',' or '}'\n  at: /etc/domus/web.yaml:3:1\n"},
	{"domus: 1\n\tname: web\n",
	 "d: this is not YAML: found a tab character that violates indentation\n"
	 "  at: /etc/domus/web.yaml:2:1\n"},
	{SMALLEST "? [a]\n: 1\n", "d: a key must be a word\n  at: /etc/domus/web.yaml:6:3\n"},
	{SMALLEST "---\ndomus: 1\n",
	 "d: a second document follows the first\n  at: /etc/domus/web.yaml:7:1\n"
	 "  do: put each guest into a file of its own\n"},
};

static void refusals_in_exact_words(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct guest_file g GUEST_FILE_CLEANUP = {0};
		struct err e ERR_CLEANUP = {0};
		char *text;

		assert_int_equal(parse(&g, refusals[i].text, &e), -1);
		assert_int_equal(e.class, ERR_CONFIG);
		text = err_text(&e, "d");
		assert_string_equal(text, refusals[i].message);
		free(text);
	}
}

static void too_large_or_cut_anywhere(void **state)
{
	static char large[SCHEMA_FILE_BYTES + 1];
	static const char text[] = SMALLEST "policy:\n  crash: restart\ndisks:\n  - path: /d\n"
					    "networks:\n  - {bridge: br0, mtu: 1500}\n";
	size_t n;

	(void)state;
	memset(large, '#', sizeof(large));
	for (n = 0; n <= sizeof(text); n++) {
		struct guest_file g GUEST_FILE_CLEANUP = {0};
		struct err e ERR_CLEANUP = {0};
		int ret = guest_file_read(&g, "x", n < sizeof(text) ? text : large,
					  n < sizeof(text) ? n : sizeof(large), &e);

		assert_true(ret == 0 || (ret == -1 && e.class == ERR_CONFIG && e.what_count > 0));
	}
}

static void names(void **state)
{
	char name[80];

	(void)state;
	assert_true(guest_name_valid("a"));
	assert_true(guest_name_valid("web-1.example_x"));
	assert_true(guest_name_valid("1a"));
	assert_false(guest_name_valid(""));
	assert_false(guest_name_valid("12"));
	assert_false(guest_name_valid(".a"));
	assert_false(guest_name_valid("a."));
	assert_false(guest_name_valid("a/b"));
	assert_false(guest_name_valid("a b"));
	memset(name, 'a', sizeof(name));
	name[SCHEMA_NAME_BYTES] = '\0';
	assert_true(guest_name_valid(name));
	name[SCHEMA_NAME_BYTES] = 'a';
	name[SCHEMA_NAME_BYTES + 1] = '\0';
	assert_false(guest_name_valid(name));
}

static void examples_are_right(void **state)
{
	glob_t found;
	size_t i;

	(void)state;
	assert_int_equal(glob("config/examples/*.yaml", 0, NULL, &found), 0);
	for (i = 0; i < found.gl_pathc; i++) {
		struct guest_file g GUEST_FILE_CLEANUP = {0};
		struct err e ERR_CLEANUP = {0};
		FILE *f = fopen(found.gl_pathv[i], "r");
		char text[4096];
		size_t bytes = f ? fread(text, 1, sizeof(text), f) : 0;

		assert_true(bytes > 0 && bytes < sizeof(text));
		assert_int_equal(guest_file_read(&g, found.gl_pathv[i], text, bytes, &e), 0);
		fclose(f);
	}
	globfree(&found);
}

/* A file for editors is made from its table; this is what keeps it so. */
static void check_schema_file(const char *path, const struct schema *schema)
{
	char *made = schema_json(schema), *kept = calloc(1, 65536);
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_true(fread(kept, 1, 65535, f) > 0);
	fclose(f);
	if (kept[0] && kept[strlen(kept) - 1] == '\n') {
		kept[strlen(kept) - 1] = '\0';
	}
	assert_string_equal(kept, made);
	free(made);
	free(kept);
}

static void schema_files_are_up_to_date(void **state)
{
	(void)state;
	check_schema_file("config/schema/guest.schema.json", &guest_file_schema);
	check_schema_file("config/schema/host.schema.json", &host_file_schema);
}

static void check_rows(const struct schema *schema)
{
	const struct schema_row *rows = schema->rows;
	size_t i, k;

	assert_true(schema->count <= READER_KEYS);
	for (i = 0; i < schema->count; i++) {
		const struct schema_row *row = &rows[i];
		char path[64];

		snprintf(path, sizeof(path), "%s%s%s", row->parent, *row->parent ? "." : "",
			 row->name);
		assert_string_equal(row->path, path);
		for (k = 0; *row->parent && k < i; k++) {
			if (strcmp(rows[k].path, row->parent) == 0) {
				break;
			}
		}
		assert_true(k < i || !*row->parent);
		assert_true(!*row->parent || rows[k].type == SCHEMA_MAP ||
			    rows[k].type == SCHEMA_LIST);
	}
}

static void schema_rows_fit_their_parents(void **state)
{
	(void)state;
	check_rows(&guest_file_schema);
	check_rows(&host_file_schema);
}

/* What only the storage daemon can read is served by domus, said or not. */
static void disks_of_other_kinds(void **state)
{
	struct guest_file g GUEST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};

	(void)state;
	assert_int_equal(parse(&g,
			       SMALLEST
			       "disks:\n"
			       "  - {path: web.qcow2, format: qcow2}\n"
			       "  - {uri: 'nbd://[fe80::1]:99/a b'}\n"
			       "  - {path: /d, format: raw, backend: kernel}\n"
			       "  - {uri: 'https://h/d.iso', cdrom: true, backend: domus}\n",
			       &e),
			 0);
	assert_string_equal(g.disks[0].path, "/etc/domus/web.qcow2");
	assert_int_equal(g.disks[0].format, DISK_QCOW2);
	assert_int_equal(g.disks[0].backend, DEVICE_BY_DOMUS);
	assert_true(disk_needs_storage(&g.disks[0]) && g.disks[0].has_format);
	assert_string_equal(g.disks[1].path, "nbd://[fe80::1]:99/a b");
	assert_true(disk_needs_storage(&g.disks[1]) && g.disks[1].is_uri);
	assert_int_equal(g.disks[1].backend, DEVICE_BY_DOMUS);
	assert_false(disk_needs_storage(&g.disks[2]));
	assert_int_equal(g.disks[2].backend, DEVICE_BY_KERNEL);
	assert_true(g.disks[3].is_uri && g.disks[3].is_readonly);
}

static const struct address {
	const char *uri, *json; /* NULL: refused */
} addresses[] = {
	{"nbd://h/", "{\"driver\":\"nbd\",\"reconnect-delay\":86400,\"export\":\"\","
		     "\"server\":{\"type\":\"inet\",\"host\":\"h\",\"port\":\"10809\"}}"},
	{"nbd://[::1]:7/x/y", "{\"driver\":\"nbd\",\"reconnect-delay\":86400,\"export\":\"x/y\","
			      "\"server\":{\"type\":\"inet\",\"host\":\"::1\",\"port\":\"7\"}}"},
	{"nbd+unix:///x?socket=/s",
	 "{\"driver\":\"nbd\",\"reconnect-delay\":86400,\"export\":\"x\","
	 "\"server\":{\"type\":\"unix\",\"path\":\"/s\"}}"},
	{"iscsi://h/iqn.a:b/3",
	 "{\"driver\":\"iscsi\",\"transport\":\"tcp\",\"target\":\"iqn.a:b\","
	 "\"lun\":3,\"portal\":\"h:3260\"}"},
	{"rbd:///pool/i", "{\"driver\":\"rbd\",\"pool\":\"pool\",\"image\":\"i\"}"},
	{"https://h/x?y", "{\"driver\":\"https\",\"url\":\"https://h/x?y\"}"},
	{"nbd:///x", NULL},
	{"nbd://h:/x", NULL},
	{"nbd://h:x/x", NULL},
	{"nbd://[::1/x", NULL},
	{"nbd+unix://h/x?socket=/s", NULL},
	{"nbd+unix:///x?socket=s", NULL},
	{"iscsi://h/iqn", NULL},
	{"iscsi://h/iqn/x", NULL},
	{"rbd://pool/i", NULL},
	{"rbd:///pool/", NULL},
	{"http://", NULL},
	{"file:///x", NULL},
	{"", NULL},
};

static void addresses_of_disks(void **state)
{
	const struct address *a = addresses;

	(void)state;
	for (; a < addresses + sizeof(addresses) / sizeof(addresses[0]); a++) {
		struct err e ERR_CLEANUP = {0};
		json_t *node = disk_uri_node(a->uri, &e);
		char *text = node ? json_dumps(node, JSON_COMPACT) : NULL;

		if (a->json) {
			assert_non_null(text);
			assert_string_equal(text, a->json);
		} else {
			assert_null(node);
			assert_int_equal(e.class, ERR_CONFIG);
			assert_non_null(e.fix);
		}
		free(text);
		json_decref(node);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smallest_file),
		cmocka_unit_test(full_file),
		cmocka_unit_test(devices),
		cmocka_unit_test(disks_of_other_kinds),
		cmocka_unit_test(addresses_of_disks),
		cmocka_unit_test(single_items),
		cmocka_unit_test(device_names),
		cmocka_unit_test(refusals_in_exact_words),
		cmocka_unit_test(too_large_or_cut_anywhere),
		cmocka_unit_test(names),
		cmocka_unit_test(examples_are_right),
		cmocka_unit_test(schema_files_are_up_to_date),
		cmocka_unit_test(schema_rows_fit_their_parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

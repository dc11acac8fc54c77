/* SPDX-License-Identifier: MIT */
/* Lists of disks and networks that change: what is taken, lost, and read again from a record. */
#include "unit.h"

#include <string.h>

#include "lib/guest_items.h"

#define HEAD                                                                   \
	"domus: 1\nname: web\nmemory: 64MiB\nboot:\n  kernel: /k\n"            \
	"disks:\n  - {path: /a}\n  - {path: /b, target: xvdf, shared: true}\n" \
	"networks:\n  - bridge: br0\n  - {bridge: br1, rate: 100Mbit/s}\n"

static void read_file(struct guest_file *g)
{
	struct err e ERR_CLEANUP = {0};

	assert_int_equal(guest_file_read(g, "/etc/web.yaml", HEAD, strlen(HEAD), &e), 0);
}

static void item_add(struct guest_file *g, enum guest_key list, const char *text)
{
	struct guest_file item GUEST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};

	assert_int_equal(guest_file_read_item(&item, list, text, strlen(text), &e), 0);
	assert_int_equal(guest_items_take(g, &item), 0);
	assert_int_equal(item.disk_count + item.net_count, 0);
}

static void items_come_and_go(void **state)
{
	struct guest_file g GUEST_FILE_CLEANUP = {0};

	(void)state;
	read_file(&g);
	item_add(&g, KEY_DISKS, "{path: /c, target: xvdb}");
	item_add(&g, KEY_NETS, "{bridge: br2}");
	assert_int_equal(g.disk_count, 3);
	assert_string_equal(g.disks[2].path, "/c");
	/* Its place was in a request: nobody shall look for it in the file. */
	assert_int_equal(g.disks[2].path_at.line, 0);
	assert_int_equal(g.net_count, 3);
	guest_items_lose_disk(&g, 0);
	guest_items_lose_disk(&g, 25);
	guest_items_lose_net(&g, 7);
	assert_int_equal(g.disk_count, 2);
	assert_string_equal(g.disks[0].path, "/b");
	assert_int_equal(g.disks[0].index, 5);
	assert_string_equal(g.disks[1].path, "/c");
	assert_int_equal(g.net_count, 3);
}

static const char *const disks[] = {
	"{path: /d/raw, format: raw, readonly: true, sector: 4096}",
	"{path: /d/q, format: qcow2, discard: false, target: xvdz}",
	"{uri: 'nbd://host/x', shared: true}",
	"{cdrom: true, backend: kernel}",
};

static const char *const nets[] = {
	"{bridge: br0, mac: 00:16:3e:00:00:07, mtu: 9000}",
	"{bridge: br1, rate: 3kbit/s, backend: kernel}",
};

/* Through JSON and back; what comes out is what went in, networks' numbers with gaps too. */
static void records_keep_all(void **state)
{
	struct guest_file g GUEST_FILE_CLEANUP = {0}, back GUEST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};
	json_t *once, *twice;
	size_t i;

	(void)state;
	read_file(&g);
	for (i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		item_add(&g, KEY_DISKS, disks[i]);
		g.disks[g.disk_count - 1].index = 10 + i;
	}
	for (i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		item_add(&g, KEY_NETS, nets[i]);
		g.nets[g.net_count - 1].index = 5 + 2 * i;
	}
	guest_items_lose_net(&g, 0);
	once = guest_items_json(&g);
	read_file(&back);
	assert_int_equal(guest_items_load(&back, once, &e), 0);
	twice = guest_items_json(&back);
	assert_true(json_equal(once, twice));
	assert_string_equal(back.name, "web");
	assert_int_equal(back.disk_count, 6);
	assert_true(back.disks[1].is_shared && back.disks[1].has_target);
	assert_true(back.disks[2].has_format && back.disks[2].is_readonly);
	assert_int_equal(back.disks[3].format, DISK_QCOW2);
	assert_true(back.disks[4].is_uri);
	assert_null(back.disks[5].path);
	assert_int_equal(back.disks[5].backend, DEVICE_BY_KERNEL);
	assert_int_equal(back.net_count, 3);
	assert_int_equal(back.nets[0].rate_bytes_s, 12500000);
	assert_int_equal(back.nets[1].index, 5);
	assert_int_equal(back.nets[1].mac[5], 7);
	assert_int_equal(back.nets[2].index, 7);
	assert_int_equal(back.nets[2].rate_bytes_s, 375);
	json_decref(once);
	json_decref(twice);
}

static void damaged_record_changes_nothing(void **state)
{
	json_t *lists = json_pack("{s:[{s:s}, {s:s}]}", "disks", "path", "/new", "pth", "/typo");
	struct guest_file g GUEST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};

	(void)state;
	read_file(&g);
	assert_int_equal(guest_items_load(&g, lists, &e), -1);
	assert_int_equal(e.class, ERR_CONFIG);
	assert_int_equal(g.disk_count, 2);
	assert_string_equal(g.disks[0].path, "/a");
	json_decref(lists);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_come_and_go),
		cmocka_unit_test(records_keep_all),
		cmocka_unit_test(damaged_record_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Disks of a program; see block_disks.h. */
#include "block_disks.h"

enum {
	NAMES_BYTES = 256,
	FRONTS_PAGES = (BLOCK_DISKS * sizeof(struct block_front) + PAGE_SIZE - 1) / PAGE_SIZE,
};
#define LOOK_NS (50 * 1000000ul)

struct block_front *block_disks;
u32 block_disk_count;

static void front_changed(struct block_front *f)
{
	thread_wake();
}

static int disk_start(struct block_front *f, const char *path)
{
	struct block_options options = {
		.queues = (u32)argument("queues", 1),
		.ring_order = (u32)argument("order", 0),
		.no_persistent = !argument("persistent", 1),
	};

	return block_start(f, path, &options, front_changed);
}

void block_disks_start(void)
{
	static char names[NAMES_BYTES];
	int bytes = store_list("device/vbd", names, sizeof(names));

	block_disks = platform_pages(FRONTS_PAGES);
	if (!block_disks) {
		kernel_panic("there is no memory for disks");
	}
	for (int i = 0; i < bytes && block_disk_count < BLOCK_DISKS;
	     i += (int)strlen(names + i) + 1) {
		char path[PLATFORM_VALUE_BYTES] = "device/vbd/";

		if (strlen(path) + strlen(names + i) < sizeof(path)) {
			memcpy(path + strlen(path), names + i, strlen(names + i) + 1);
			CHECK_EQ(disk_start(&block_disks[block_disk_count++], path), 0);
		}
	}
}

static void disk_restart(struct block_front *f)
{
	u64 end = system_time() + PATIENCE_NS;
	char path[PLATFORM_PATH_BYTES];

	memcpy(path, f->device.path, sizeof(path));
	while (disk_start(f, path) && system_time() < end) {
		thread_wait(system_time() + LOOK_NS);
	}
}

void block_disks_restart(void)
{
	for (u32 i = 0; i < block_disk_count; i++) {
		disk_restart(&block_disks[i]);
	}
}

void block_disks_stop(bool is_by_tools)
{
	u64 end = system_time() + PATIENCE_NS;

	for (u32 i = 0; i < block_disk_count; i++) {
		while (is_by_tools && block_disks[i].is_ready && system_time() < end) {
			thread_wait(end);
		}
		block_stop(&block_disks[i]);
	}
	for (u32 i = 0; i < block_disk_count; i++) {
		while (!block_disks[i].device.is_closed && system_time() < end) {
			thread_wait(end);
		}
		if (is_by_tools) {
			store_wait_removed(block_disks[i].device.path, end);
		}
	}
}

bool block_disk_wait(struct block_front *f)
{
	u64 end = system_time() + PATIENCE_NS;

	while (!f->is_ready && system_time() < end) {
		thread_wait(end);
	}
	return f->is_ready;
}

void block_disk_show(const struct block_front *f)
{
	const struct block_info *i = &f->info;

	print("disk %u: %lu sectors of %u bytes, %u queues, %u entries a ring, %u segments%s%s%s%s%s\n",
	      f->handle, i->sectors, i->sector_bytes, f->queue_count, f->queues[0].ring.slot_count,
	      i->segments, f->is_persistent ? ", persistent" : "",
	      i->is_read_only ? ", read-only" : "", i->has_flush ? ", flush" : "",
	      i->has_barrier ? ", barrier" : "", i->has_discard ? ", discard" : "");
}

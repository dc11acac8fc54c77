/* SPDX-License-Identifier: MIT */
/* The block front end's connection: what it publishes and what it believes; see front.h. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/io/blkif.h>
#include <xen/io/protocols.h>

#include "front.h"

static struct block_front *front_of(struct device *d)
{
	return (struct block_front *)d;
}

static uint32_t least(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/* The nodes of one queue: in the device's folder, or with several queues in folders of theirs. */
static int queue_publish(struct block_front *f, uint32_t index)
{
	struct block_queue *q = &f->queues[index];
	char prefix[PLATFORM_VALUE_BYTES] = "", name[PLATFORM_VALUE_BYTES];
	size_t length;
	int rc = 0;

	if (f->queue_count > 1) {
		device_name(prefix, "queue-", index, "/");
	}
	length = strlen(prefix);
	memcpy(prefix + length, "ring-ref", sizeof("ring-ref"));
	for (uint32_t i = 0; i < q->shared.count && !rc; i++) {
		rc = device_write(&f->device,
				  q->shared.count > 1 ? device_name(name, prefix, i, "") : prefix,
				  q->shared.refs[i]);
	}
	if (rc) {
		return rc;
	}
	memcpy(prefix + length, "event-channel", sizeof("event-channel"));
	return device_write(&f->device, prefix, q->port);
}

static int options_publish(struct block_front *f, uint32_t ring_order)
{
	struct device *d = &f->device;
	int rc = device_write_text(d, "protocol", XEN_IO_PROTO_ABI_X86_64);

	rc = rc ? rc : device_write(d, "feature-persistent", !f->options.no_persistent);
	if (!rc && ring_order) {
		rc = device_write(d, "ring-page-order", ring_order);
	}
	if (!rc && f->queue_count > 1) {
		rc = device_write(d, "multi-queue-num-queues", f->queue_count);
	}
	return rc;
}

static int publish(struct device *d)
{
	struct block_front *f = front_of(d);
	uint32_t order =
		least(f->options.ring_order, device_back_number(d, "max-ring-page-order", 0));
	uint32_t queues =
		least(f->options.queues, device_back_number(d, "multi-queue-max-queues", 1));
	int rc = 0;

	f->queue_count = queues ? queues : 1;
	memset(f->queues, 0, sizeof(f->queues));
	for (uint32_t i = 0; i < f->queue_count && !rc; i++) {
		rc = block_queue_open(f, &f->queues[i], 1u << order);
		rc = rc ? rc : queue_publish(f, i);
	}
	return rc ? rc : options_publish(f, order);
}

static void features_read(struct block_front *f)
{
	const struct device *d = &f->device;
	struct block_info *info = &f->info;

	info->segments =
		least(device_back_number(d, "feature-max-indirect-segments", 0), BLOCK_SEGMENTS);
	if (info->segments < BLKIF_MAX_SEGMENTS_PER_REQUEST) {
		info->segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;
	}
	info->has_flush = device_back_number(d, "feature-flush-cache", 0);
	info->has_barrier = device_back_number(d, "feature-barrier", 0);
	info->has_discard = device_back_number(d, "feature-discard", 0);
	info->discard_granularity =
		(uint32_t)device_back_number(d, "discard-granularity", info->sector_bytes);
	info->discard_alignment = (uint32_t)device_back_number(d, "discard-alignment", 0);
}

/* 0, or -EINVAL for a disk that cannot be. */
static int info_read(struct block_front *f)
{
	const struct device *d = &f->device;
	uint64_t sectors = device_back_number(d, "sectors", UINT64_MAX);
	uint64_t bytes = device_back_number(d, "sector-size", BLOCK_SECTOR_BYTES);
	uint64_t flags = device_back_number(d, "info", 0);

	if (sectors > INT64_MAX / BLOCK_SECTOR_BYTES || bytes < BLOCK_SECTOR_BYTES ||
	    bytes > PLATFORM_PAGE_BYTES || bytes & (bytes - 1)) {
		return -EINVAL;
	}
	f->info.sectors = sectors;
	f->info.sector_bytes = (uint32_t)bytes;
	f->info.is_read_only = flags & VDISK_READONLY;
	f->info.is_cdrom = flags & VDISK_CDROM;
	return 0;
}

static int connect(struct device *d)
{
	struct block_front *f = front_of(d);
	int rc = info_read(f);

	if (rc) {
		return rc;
	}
	features_read(f);
	/* Linux's back end says so only now; a front end that published it may do either. */
	f->is_persistent =
		!f->options.no_persistent && device_back_number(d, "feature-persistent", 0);
	f->is_ready = true;
	f->changed(f);
	return 0;
}

/* The disk was resized, or another medium is in the drive. */
static void changed(struct device *d)
{
	struct block_front *f = front_of(d);

	if (info_read(f)) {
		device_fail(d, "the disk's new size cannot be");
		f->is_ready = false;
	}
	f->changed(f);
}

static void disconnect(struct device *d)
{
	struct block_front *f = front_of(d);

	f->is_ready = false;
	for (uint32_t i = 0; i < f->queue_count; i++) {
		block_queue_close(&f->queues[i]);
	}
	block_copies_free(f);
	f->changed(f);
}

static void closed(struct device *d)
{
	front_of(d)->changed(front_of(d));
}

static const struct device_driver driver = {
	.publish = publish,
	.connect = connect,
	.changed = changed,
	.disconnect = disconnect,
	.closed = closed,
};

/* The device's number, which the path ends with. */
static uint16_t handle_of(const char *path)
{
	uint32_t handle = 0;

	for (const char *c = path; *c; c++) {
		handle = *c == '/' ? 0 : handle * 10 + (uint32_t)(*c - '0');
	}
	return (uint16_t)handle;
}

int block_start(struct block_front *f, const char *path, const struct block_options *options,
		void (*on_change)(struct block_front *f))
{
	memset(f, 0, sizeof(*f));
	f->options = *options;
	f->options.queues = least(f->options.queues, BLOCK_QUEUES);
	f->options.ring_order = least(f->options.ring_order, BLOCK_RING_ORDER);
	f->changed = on_change;
	f->handle = handle_of(path);
	return device_start(&f->device, &driver, path);
}

void block_stop(struct block_front *f)
{
	device_close(&f->device);
}

int block_resume(struct block_front *f)
{
	return device_resume(&f->device);
}

/* SPDX-License-Identifier: MIT */
/* A block device: its image, and what the store tells of it; see block.h. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/block.h"
#include "backend/kept.h"

/* Of files: what they are kept in. A guest that aligns its partitions to it is faster. */
#define FILE_SECTOR_BYTES 4096u
/* Of a disk's number in the store. */
#define HANDLE_BITS 29

static struct {
	struct block *list;
	struct loop_settler settler;
} blocks;

static void settle(struct loop_settler *s)
{
	struct block *b;

	(void)s;
	queues_run();
	jobs_copy();
	for (b = blocks.list; b; b = b->next) {
		queues_notify(b);
		if (b->is_stopped && !b->job_count) {
			queues_close(b);
		}
	}
}

int block_init(bool has_disks, struct complaint *c)
{
	int rc = jobs_init(has_disks);

	loop_settler_add(&blocks.settler, settle);
	return rc ? complain(c, -rc, "memory for data") : 0;
}

/* Looks at the image; what does not fill a sector at its end is not shown. */
static int image_measure(struct block *b, struct image *image, struct complaint *c)
{
	struct image_facts facts;
	int rc = image->type->look(image, &facts, c);

	if (rc) {
		return rc;
	}
	if (facts.align > b->disk.sector_bytes) {
		return complain(c, 0, "the image has sectors of %u bytes: give the disk such, too",
				facts.align);
	}
	if (facts.is_read_only && !b->disk.is_read_only) {
		return complain(c, 0, "the image cannot be written: give the disk readonly: true");
	}
	b->disk.can_discard &= facts.can_discard;
	b->disk.bytes = facts.bytes - facts.bytes % b->disk.sector_bytes;
	return 0;
}

static void put_size(const struct block *b)
{
	const char *folder = b->device->folder;
	uint32_t physical =
		b->disk.bytes % FILE_SECTOR_BYTES ? b->disk.sector_bytes : FILE_SECTOR_BYTES;

	store_write(folder, "sectors", "%llu",
		    (unsigned long long)b->disk.bytes / BLOCK_SECTOR_BYTES);
	store_write(folder, "sector-size", "%u", b->disk.sector_bytes);
	store_write(folder, "physical-sector-size", "%u", physical);
}

/* Makes an image of a descriptor that came along, which is taken; none is an empty drive. */
static int image_take(struct block *b, int *fd, struct image **image, struct complaint *c)
{
	int rc;

	*image = NULL;
	if (*fd < 0) {
		return 0;
	}
	*image = image_open(*fd, c);
	if (!*image) {
		return -EINVAL;
	}
	*fd = -1;
	rc = image_measure(b, *image, c);
	rc = rc ? rc : (*image)->type->lock(*image, b->disk.is_read_only || b->fence, b->fence, c);
	if (rc) {
		(*image)->type->close(*image);
		*image = NULL;
	}
	return rc;
}

static int record_open(struct block *b, int fd, struct complaint *c)
{
	b->record = kept_map(fd, sizeof(*b->record), c);
	return b->record ? 0 : -ENOMEM;
}

static int block_attach(struct device *d, const struct backend_request *request,
			int fds[DEVICE_FDS], struct complaint *c)
{
	struct block *b;
	int rc;

	if (request->sector_bytes != 512 && request->sector_bytes != 4096) {
		return complain(c, 0, "sectors have 512 or 4096 bytes, not %u",
				request->sector_bytes);
	}
	b = d->own = calloc(1, sizeof(*b));
	if (!b) {
		return complain(c, ENOMEM, "a block device");
	}
	b->device = d;
	if (request->flags & BACKEND_SHARED) {
		b->fence = (uint64_t)request->fence << HANDLE_BITS | request->handle;
	}
	b->is_cdrom = request->flags & BACKEND_CDROM;
	b->disk.sector_bytes = request->sector_bytes;
	b->disk.is_read_only = request->flags & BACKEND_READ_ONLY;
	b->disk.can_discard = request->flags & BACKEND_DISCARD && !b->disk.is_read_only;
	b->next = blocks.list;
	blocks.list = b;
	rc = record_open(b, fds[1], c);
	return rc ? rc : image_take(b, &fds[0], &b->image, c);
}

static void block_announce(struct device *d)
{
	const struct block *b = d->own;

	store_write(d->folder, "max-ring-page-order", "%u", BLOCK_RING_ORDER_MAX);
	store_write(d->folder, "multi-queue-max-queues", "%u", BLOCK_QUEUES_MAX);
	store_write(d->folder, "feature-max-indirect-segments", "%u", BLOCK_SEGMENTS_MAX);
	store_write(d->folder, "feature-flush-cache", "1");
	store_write(d->folder, "feature-barrier", "1");
	store_write(d->folder, "feature-persistent", "1");
	store_write(d->folder, "feature-discard", "%u", b->disk.can_discard);
	if (b->disk.can_discard) {
		store_write(d->folder, "discard-granularity", "%u", FILE_SECTOR_BYTES);
		store_write(d->folder, "discard-alignment", "0");
		store_write(d->folder, "discard-secure", "0");
	}
	store_write(d->folder, "info", "%u",
		    (b->is_cdrom ? VDISK_CDROM | VDISK_REMOVABLE : 0) |
			    (b->disk.is_read_only ? VDISK_READONLY : 0));
	put_size(b);
}

static int block_connect(struct device *d, bool is_successor, struct complaint *c)
{
	struct block *b = d->own;

	return queues_open(b, is_successor, c);
}

static void block_disconnect(struct device *d)
{
	struct block *b = d->own;

	b->is_stopped = true;
	if (!b->job_count) {
		queues_close(b);
	}
}

static bool block_is_busy(const struct device *d)
{
	const struct block *b = d->own;

	return b->job_count || b->queue_count;
}

/* With an image: another medium. */
static int block_resize(struct device *d, int fds[DEVICE_FDS], struct complaint *c)
{
	struct block *b = d->own;
	struct image *image;
	int rc = image_take(b, &fds[0], &image, c);

	if (!rc && !image && b->image) {
		rc = image_measure(b, b->image, c);
	} else if (!rc && image && !b->image) {
		b->image = image;
	} else if (!rc && image) {
		rc = image_replace(b->image, image, c);
		image->type->close(image);
	}
	if (!rc) {
		put_size(b);
	}
	return rc;
}

static void block_release(struct device *d)
{
	struct block *b = d->own, **at = &blocks.list;

	while (*at != b) {
		at = &(*at)->next;
	}
	*at = b->next;
	if (b->image) {
		b->image->type->close(b->image);
	}
	if (b->record) {
		munmap(b->record, sizeof(*b->record));
	}
	free(b);
}

const struct device_type block_device = {
	.number = BACKEND_BLOCK,
	.store_name = BACKEND_STORE_BLOCK,
	.attach = block_attach,
	.announce = block_announce,
	.connect = block_connect,
	.disconnect = block_disconnect,
	.is_busy = block_is_busy,
	.resize = block_resize,
	.release = block_release,
};

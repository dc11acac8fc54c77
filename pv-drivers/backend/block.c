/* SPDX-License-Identifier: MIT */
/* A block device: its image, and what the store tells of it; see block.h. */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/block.h"
#include "backend/kept.h"

/* Of files: what they are kept in. A guest that aligns its partitions to it is faster. */
#define FILE_SECTOR_BYTES 4096u
/* A disk that is slow to finish a predecessor's requests: ten seconds. */
#define LOCK_TRIES   1000
#define LOCK_WAIT_US 10000

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

int block_init(struct complaint *c)
{
	int rc = jobs_init();

	loop_settler_add(&blocks.settler, settle);
	return rc ? complain(c, -rc, "memory for data") : 0;
}

/* The least that the image can read or write when it is read directly. */
static uint32_t image_align(int fd, bool is_device)
{
	struct statx details;
	uint32_t bytes = BLOCK_SECTOR_BYTES;

	if (!(fcntl(fd, F_GETFL) & O_DIRECT)) {
		return bytes;
	}
	if (is_device) {
		ioctl(fd, BLKSSZGET, &bytes);
	} else if (!statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &details) &&
		   details.stx_mask & STATX_DIOALIGN && details.stx_dio_offset_align) {
		bytes = details.stx_dio_offset_align;
	}
	return bytes;
}

static int image_bytes(int fd, const struct stat *status, uint64_t *bytes)
{
	*bytes = (uint64_t)status->st_size;
	return S_ISBLK(status->st_mode) && ioctl(fd, BLKGETSIZE64, bytes) ? -errno : 0;
}

/* Looks at the image; what does not fill a sector at its end is not shown. */
static int image_measure(struct block *b, int fd, struct complaint *c)
{
	struct stat status;
	uint64_t bytes = 0;
	uint32_t align;

	if (fd < 0) {
		b->disk.bytes = 0;
		return 0;
	}
	if (fstat(fd, &status) || image_bytes(fd, &status, &bytes)) {
		return complain(c, errno, "the image's size");
	}
	if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
		return complain(c, 0, "the image is neither a file nor a block device");
	}
	align = image_align(fd, S_ISBLK(status.st_mode));
	if (align > b->disk.sector_bytes) {
		return complain(c, 0, "the image has sectors of %u bytes: give the disk such, too",
				align);
	}
	b->disk.bytes = bytes - bytes % b->disk.sector_bytes;
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

/*
 * Waits until nobody else writes the image. Requests of a killed predecessor hold its lock as long
 * as they can still reach the image, so none of them lands after one of ours: the fence before what
 * it left is done again. That takes that domusd opens the image anew for each process.
 */
static int image_lock(const struct block *b, int fd, struct complaint *c)
{
	int tries = 0, how = b->disk.is_read_only ? LOCK_SH : LOCK_EX;

	while (fd >= 0 && flock(fd, how | LOCK_NB)) {
		if (errno != EWOULDBLOCK || ++tries > LOCK_TRIES) {
			return complain(c, errno, "the image is in use by another program");
		}
		usleep(LOCK_WAIT_US);
	}
	return 0;
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
	b->fd = -1;
	b->is_cdrom = request->flags & BACKEND_CDROM;
	b->disk.sector_bytes = request->sector_bytes;
	b->disk.is_read_only = request->flags & BACKEND_READ_ONLY;
	b->disk.can_discard = request->flags & BACKEND_DISCARD && !b->disk.is_read_only;
	b->next = blocks.list;
	blocks.list = b;
	rc = image_measure(b, fds[0], c);
	rc = rc ? rc : record_open(b, fds[1], c);
	rc = rc ? rc : image_lock(b, fds[0], c);
	if (!rc) {
		b->fd = fds[0];
		fds[0] = -1;
	}
	return rc;
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

/* With an image: another medium. It takes the old one's number, for what is queued already. */
static int block_resize(struct device *d, int fds[DEVICE_FDS], struct complaint *c)
{
	struct block *b = d->own;
	int rc = image_lock(b, fds[0], c);

	rc = rc ? rc : image_measure(b, fds[0] >= 0 ? fds[0] : b->fd, c);
	if (!rc && fds[0] >= 0) {
		if (b->fd < 0) {
			b->fd = fds[0];
			fds[0] = -1;
		} else if (dup3(fds[0], b->fd, O_CLOEXEC) < 0) {
			rc = complain(c, errno, "the image cannot be replaced");
		}
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
	if (b->fd >= 0) {
		close(b->fd);
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

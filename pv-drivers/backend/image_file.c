/* SPDX-License-Identifier: MIT */
/* Raw files and block devices of dom0, read and written by io_uring; see image.h. */
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/image.h"

#define SECTOR_BYTES 512u
/* A disk that is slow to finish a predecessor's requests: ten seconds. */
#define LOCK_TRIES   1000
#define LOCK_WAIT_US 10000
#define FENCES_AT    (1ull << 62)

struct image *image_open(int fd, struct complaint *c)
{
	struct stat status;

	if (fstat(fd, &status)) {
		complain(c, errno, "the image");
		return NULL;
	}
	if (S_ISSOCK(status.st_mode)) {
		return image_nbd.open(fd, c);
	}
	if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
		complain(c, 0, "the image is neither a file nor a block device nor a server");
		return NULL;
	}
	return image_file.open(fd, c);
}

/* The new file takes the old one's number, for what is queued already. */
int image_replace(struct image *i, const struct image *by, struct complaint *c)
{
	if (i->type != &image_file || by->type != &image_file) {
		return complain(c, 0, "only a file can take a file's place");
	}
	return dup3(by->fd, i->fd, O_CLOEXEC) < 0
		       ? complain(c, errno, "the image cannot be replaced")
		       : 0;
}

static struct image *file_open(int fd, struct complaint *c)
{
	struct image *i = malloc(sizeof(*i));

	if (!i) {
		complain(c, ENOMEM, "an image");
		return NULL;
	}
	*i = (struct image){&image_file, fd};
	return i;
}

/* The least that the image can read or write when it is read directly. */
static uint32_t align_of(int fd, bool is_device)
{
	struct statx details;
	uint32_t bytes = SECTOR_BYTES;

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

static int file_look(struct image *i, struct image_facts *facts, struct complaint *c)
{
	struct stat status;
	bool is_device;

	if (fstat(i->fd, &status)) {
		return complain(c, errno, "the image's size");
	}
	is_device = S_ISBLK(status.st_mode);
	*facts = (struct image_facts){.bytes = (uint64_t)status.st_size, .can_discard = true};
	if (is_device && ioctl(i->fd, BLKGETSIZE64, &facts->bytes)) {
		return complain(c, errno, "the image's size");
	}
	facts->align = align_of(i->fd, is_device);
	facts->is_read_only = (fcntl(i->fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
	return 0;
}

/*
 * Waits until nobody else writes the image. Requests of a killed predecessor hold its locks as long
 * as they can still reach the image, so none of them lands after one of ours: the fence before what
 * it left is done again. That takes that domusd opens the image anew for each process. Where others
 * may write, too, the fence is a byte of the guest's own, behind all images' ends.
 */
static int file_lock(struct image *i, bool is_shared, uint64_t fence, struct complaint *c)
{
	struct flock own = {.l_type = F_WRLCK, .l_start = (off_t)(fence | FENCES_AT), .l_len = 1};
	int tries = 0;

	while (flock(i->fd, (is_shared ? LOCK_SH : LOCK_EX) | LOCK_NB) ||
	       (fence && fcntl(i->fd, F_OFD_SETLK, &own))) {
		if ((errno != EWOULDBLOCK && errno != EACCES) || ++tries > LOCK_TRIES) {
			return complain(c, errno, "the image is in use by another program");
		}
		usleep(LOCK_WAIT_US);
	}
	return 0;
}

static void prepare_read(struct io_uring_sqe *sqe, int fd, const struct image_request *r)
{
	if (r->is_fixed) {
		io_uring_prep_read_fixed(sqe, fd, r->data, (uint32_t)r->bytes, r->offset,
					 LOOP_FIXED);
	} else {
		io_uring_prep_read(sqe, fd, r->data, (uint32_t)r->bytes, r->offset);
	}
}

static void prepare_write(struct io_uring_sqe *sqe, int fd, const struct image_request *r)
{
	if (r->is_fixed) {
		io_uring_prep_write_fixed(sqe, fd, r->data, (uint32_t)r->bytes, r->offset,
					  LOOP_FIXED);
	} else {
		io_uring_prep_write(sqe, fd, r->data, (uint32_t)r->bytes, r->offset);
	}
}

static void file_submit(struct image *i, struct image_request *r)
{
	struct io_uring_sqe *sqe = loop_sqe(&r->event);

	switch (r->op) {
	case IMAGE_READ:
		prepare_read(sqe, i->fd, r);
		break;
	case IMAGE_WRITE:
		prepare_write(sqe, i->fd, r);
		break;
	case IMAGE_FLUSH:
		io_uring_prep_fsync(sqe, i->fd, IORING_FSYNC_DATASYNC);
		break;
	case IMAGE_DISCARD:
		io_uring_prep_fallocate(sqe, i->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					(off_t)r->offset, (off_t)r->bytes);
	}
}

static void file_close(struct image *i)
{
	close(i->fd);
	free(i);
}

const struct image_type image_file = {
	.open = file_open,
	.look = file_look,
	.lock = file_lock,
	.submit = file_submit,
	.close = file_close,
};

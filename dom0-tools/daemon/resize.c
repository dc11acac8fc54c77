/* SPDX-License-Identifier: MIT */
/* Makes disks larger; see resize.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/backends.h"
#include "daemon/resize.h"
#include "daemon/revival.h"
#include "daemon/storage.h"

enum { SECTOR_BYTES = 512 };

static int loop_resize(struct hyper *h, const struct device *d, struct err *e)
{
	char *numbers = device_get(h, d, 0, "physical-device"), path[32];
	unsigned int major = 0, minor = 0;
	int is_loop = numbers && sscanf(numbers, "%x:%x", &major, &minor) == 2 && major == 7, fd;

	free(numbers);
	if (!is_loop) {
		return 0;
	}
	snprintf(path, sizeof(path), "/dev/loop%u", minor);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, LOOP_SET_CAPACITY)) {
		err_set(e, ERR_HOST, "the loop device does not take its new size");
		err_errno(e, errno, path);
		is_loop = -1;
	}
	if (fd >= 0) {
		close(fd);
	}
	return is_loop < 0 ? -1 : 0;
}

/* Makes a file larger; a disk that shrinks would lose what the guest has at its end. */
static int file_grow(const char *path, uint64_t bytes, struct err *e)
{
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode)) {
		err_set(e, ERR_USAGE, "%s is no file whose size could be set", path);
		return err_fix(e, "resize what is behind it, then leave the size out");
	}
	if ((uint64_t)st.st_size > bytes) {
		return err_set(e, ERR_USAGE, "%s has %lld bytes, and can only be made larger", path,
			       (long long)st.st_size);
	}
	if (truncate(path, bytes)) {
		err_set(e, ERR_HOST, "%s cannot be made larger", path);
		return err_errno(e, errno, "truncate");
	}
	return 0;
}

/* A raw disk: its back end looks at the size again. */
static int raw_resize(struct hyper *h, const struct device *d, const char *path, uint64_t bytes,
		      struct err *e)
{
	if (bytes && file_grow(path, bytes, e)) {
		return -1;
	}
	/* The kernel's back end looks after the size by itself, ten times a second. */
	return d->backend == DEVICE_BY_KERNEL ? loop_resize(h, d, e) : backend_resize(d, e);
}

/*
 * A server shows the size that the disk had when it was started, and lets nobody else grow it. So
 * it ends, and with it the back end; the guest's requests wait for the next ones.
 */
static int served_resize(struct hyper *h, const char *name, const struct device *d,
			 const struct guest_disk *disk, uint64_t bytes, struct err *e)
{
	struct err second ERR_CLEANUP = {0};
	int ret;

	if (bytes && disk->is_uri) {
		err_set(e, ERR_USAGE, "the size of %s is not ours to set", disk->path);
		return err_fix(e, "resize what is behind it, then leave the size out");
	}
	backend_stop(d->domid);
	storage_stop(d);
	ret = bytes ? storage_grow(disk, bytes, e) : 0;
	if (revival_run(h, d->domid, name, &second) && ret == 0) {
		err_move(e, &second);
		return -1;
	}
	return ret ? ret : backend_resize(d, e);
}

int resize_disk(struct hyper *h, const char *name, const struct device *d, uint64_t bytes,
		struct err *e)
{
	struct guest_file item GUEST_FILE_CLEANUP = {0};
	const struct guest_disk *disk;

	if (device_read(h, d, &item, e)) {
		return -1;
	}
	disk = item.disks;
	if (!disk->path) {
		return err_set(e, ERR_GUEST, "there is no medium in this drive");
	}
	if (bytes % SECTOR_BYTES) {
		return err_set(e, ERR_USAGE, "a disk's size is a multiple of %d bytes",
			       SECTOR_BYTES);
	}
	return disk_needs_storage(disk) ? served_resize(h, name, d, disk, bytes, e)
					: raw_resize(h, d, disk->path, bytes, e);
}

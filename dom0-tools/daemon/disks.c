/* SPDX-License-Identifier: MIT */
/* Opens files and block devices, sets up loop devices; see disks.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "daemon/disks.h"
#include "daemon/storage.h"

enum {
	LOOP_TRIES = 64,  /* others take free loop devices, too */
	LOCK_TRIES = 100, /* a device that just ended lets go of its file a moment later */
	LOCK_WAIT_NS = 10000000,
	SECTOR_BYTES = 512,
	HEAD_BYTES = 4096, /* of a file, to tell what it is */
};

static int blame(const struct guest_file *g, const struct guest_disk *d, struct err *e)
{
	return guest_file_blame_at(g, d->path_at, KEY_DISK_PATH, e);
}

/* Writers want a file for themselves, or to share it with those that want that, too. Block devices
 * are left to whoever hands them out. */
static int file_lock(const struct guest_file *g, const struct guest_disk *d, int fd, struct err *e)
{
	int how = d->is_readonly || d->is_shared ? LOCK_SH : LOCK_EX;
	const struct timespec pause = {.tv_nsec = LOCK_WAIT_NS};
	int tries;

	for (tries = 0; flock(fd, how | LOCK_NB); tries++) {
		if (errno != EWOULDBLOCK || tries == LOCK_TRIES) {
			err_set(e, ERR_CONFIG, "%s is in use already", d->path);
			err_errno(e, errno, "flock");
			err_fix(e,
				"give each guest a file of its own, or all of them readonly: true, or shared: true");
			return blame(g, d, e);
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* For our back end: past the page cache, if what that asks for is no larger than a sector. */
static int medium_open(const struct guest_disk *d)
{
	int flags = (d->is_readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK, fd = -1;
	struct statx details;

	if (d->backend == DEVICE_BY_DOMUS) {
		fd = open(d->path, flags | O_DIRECT);
	}
	if (fd < 0) {
		return open(d->path, flags);
	}
	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &details) == 0 &&
	    details.stx_mask & STATX_DIOALIGN && S_ISREG(details.stx_mode) &&
	    details.stx_dio_offset_align > (d->sector ? d->sector : SECTOR_BYTES)) {
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_DIRECT);
	}
	return fd;
}

/*
 * A file that begins like an image of some format, in a guest file that does not say so. It is not
 * taken for one by itself: a guest may write such a beginning into its raw disk, and would then be
 * given the files that it names there.
 */
static int format_check(const struct guest_file *g, const struct guest_disk *d, int fd,
			struct err *e)
{
	static const struct magic {
		enum disk_format format;
		size_t offset;
		const char *bytes;
	} magics[] = {{DISK_QCOW2, 0, "QFI\xfb"},
		      {DISK_VMDK, 0, "KDMV"},
		      {DISK_VDI, 64, "\x7f\x10\xda\xbe"},
		      {DISK_VHDX, 0, "vhdxfile"},
		      {DISK_VPC, 0, "conectix"}};
	char head[HEAD_BYTES] __attribute__((aligned(HEAD_BYTES))) = "";
	const struct magic *m = magics, *end = magics + sizeof(magics) / sizeof(magics[0]);

	if (d->has_format || pread(fd, head, sizeof(head), 0) <= 0) {
		return 0;
	}
	while (m < end && memcmp(head + m->offset, m->bytes, strlen(m->bytes)) != 0) {
		m++;
	}
	if (m == end) {
		return 0;
	}
	err_set(e, ERR_CONFIG, "%s begins like a %s image", d->path,
		schema_format_names[m->format]);
	err_fix(e, "write format: %s; or format: raw, if its bytes are the disk's",
		schema_format_names[m->format]);
	return blame(g, d, e);
}

static int file_check(const struct guest_file *g, const struct guest_disk *d, int fd,
		      const struct stat *st, struct err *e)
{
	unsigned int sector = d->sector ? d->sector : SECTOR_BYTES;

	if (disk_needs_storage(d)) {
		return file_lock(g, d, fd, e);
	}
	if (format_check(g, d, fd, e)) {
		return -1;
	}
	if (st->st_size == 0 || st->st_size % sector) {
		err_set(e, ERR_CONFIG, "%s has %lld bytes, not some sectors of %u", d->path,
			(long long)st->st_size, sector);
		err_fix(e, "make it as large as the disk is to be: truncate -s 10G %s", d->path);
		return blame(g, d, e);
	}
	return file_lock(g, d, fd, e);
}

static int device_check(const struct guest_file *g, const struct guest_disk *d,
			struct disk_medium *m, struct err *e)
{
	int sector = 0;

	if (disk_needs_storage(d)) {
		return 0;
	}
	if (ioctl(m->fd, BLKSSZGET, &sector) || (d->sector && (unsigned int)sector != d->sector)) {
		err_set(e, ERR_CONFIG, "%s has sectors of %d bytes, not %u", d->path, sector,
			d->sector);
		return guest_file_blame_at(g, d->at, KEY_DISK_SECTOR, e);
	}
	m->sector = sector;
	return 0;
}

/* Binds a file to the loop device of a number; its descriptor, or -1 with errno. */
static int loop_bind(const struct guest_disk *d, int number, int fd)
{
	struct loop_config config = {
		.fd = fd,
		.block_size = d->sector,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO |
				 (d->is_readonly ? LO_FLAGS_READ_ONLY : 0),
	};
	char path[32];
	int device, errnum;

	snprintf(path, sizeof(path), "/dev/loop%d", number);
	/* What `losetup -l` shows; the kernel needs no more of it. */
	snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s", d->path);
	device = open(path, (d->is_readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (device >= 0 && ioctl(device, LOOP_CONFIGURE, &config)) {
		errnum = errno;
		close(device);
		errno = errnum;
		return -1;
	}
	return device;
}

static int loop_make(const struct guest_file *g, const struct guest_disk *d, struct disk_medium *m,
		     struct err *e)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), number = -1, tries, errnum;

	for (tries = 0; control >= 0 && tries < LOOP_TRIES && m->device < 0; tries++) {
		number = ioctl(control, LOOP_CTL_GET_FREE);
		m->device = number < 0 ? -1 : loop_bind(d, number, m->fd);
		if (number < 0 || (m->device < 0 && errno != EBUSY)) {
			break;
		}
	}
	errnum = errno;
	if (control >= 0) {
		close(control);
	}
	if (m->device < 0) {
		err_set(e, ERR_HOST, "%s gets no loop device", d->path);
		err_errno(e, errnum, control < 0 ? "open /dev/loop-control" : "LOOP_CONFIGURE");
		err_fix(e, "load the module loop (modprobe loop)");
		return blame(g, d, e);
	}
	m->minor = number;
	m->major = LOOP_MAJOR;
	return 0;
}

int disk_open(const struct guest_file *g, const struct guest_disk *d, struct disk_medium *m,
	      struct err *e)
{
	struct stat st = {0};
	int is_block;

	m->fd = -1;
	m->device = -1;
	m->sector = d->sector ? d->sector : SECTOR_BYTES;
	if (!d->path) {
		return 0;
	}
	if (disk_needs_storage(d) && storage_check(g, d, e)) {
		return -1;
	}
	if (d->is_uri) {
		return 0;
	}
	m->fd = medium_open(d);
	if (m->fd < 0 || fstat(m->fd, &st)) {
		err_set(e, ERR_CONFIG, "%s cannot be opened", d->path);
		err_errno(e, errno, "open");
		return blame(g, d, e);
	}
	is_block = S_ISBLK(st.st_mode);
	if (!is_block && !S_ISREG(st.st_mode)) {
		err_set(e, ERR_CONFIG, "%s is neither a file nor a block device", d->path);
		return blame(g, d, e);
	}
	if (is_block ? device_check(g, d, m, e) : file_check(g, d, m->fd, &st, e)) {
		return -1;
	}
	m->major = major(st.st_rdev);
	m->minor = minor(st.st_rdev);
	return d->backend == DEVICE_BY_KERNEL && !is_block ? loop_make(g, d, m, e) : 0;
}

void disk_close(struct disk_medium *m)
{
	if (m->device >= 0) {
		close(m->device);
	}
	if (m->fd >= 0) {
		close(m->fd);
	}
	m->device = -1;
	m->fd = -1;
}

/* SPDX-License-Identifier: MIT */
/*
 * Measures of a disk, past the page cache: in order by 1 MiB, at random by 4 KiB, one request at a
 * time or many. The device is the program's argument. One thread, no lock.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "micro.h"

enum { MIB = 1 << 20, SMALL = 4096, IN_ORDER = 64, AT_RANDOM = 2000, DEPTH = 32 };

static char *buffer;    /* 1 MiB, aligned for direct I/O */
static uint64_t smalls; /* 4 KiB blocks of the device */
static uint32_t at = 1; /* of the generator: the same places on every run */

static int disk_open(int flags)
{
	const char *path = argument();
	int fd = open(path, flags | O_DIRECT);
	uint64_t bytes;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes) || bytes < IN_ORDER * MIB ||
	    posix_memalign((void **)&buffer, SMALL, MIB)) {
		fail(path);
	}
	memset(buffer, 'd', MIB);
	smalls = bytes / SMALL;
	return fd;
}

static off_t somewhere(void)
{
	at = at * 1664525u + 1013904223u;
	return (off_t)((at >> 8) % smalls) * SMALL;
}

uint64_t measure_disk_read(void)
{
	int fd = disk_open(O_RDONLY);

	begin();
	for (unsigned int i = 0; i < IN_ORDER; i++) {
		if (pread(fd, buffer, MIB, (off_t)i * MIB) != MIB) {
			fail("read");
		}
	}
	return end(IN_ORDER);
}

uint64_t measure_disk_write(void)
{
	int fd = disk_open(O_RDWR);

	begin();
	for (unsigned int i = 0; i < IN_ORDER; i++) {
		if (pwrite(fd, buffer, MIB, (off_t)i * MIB) != MIB) {
			fail("write");
		}
	}
	return end(IN_ORDER);
}

uint64_t measure_disk_random(void)
{
	int fd = disk_open(O_RDONLY);

	begin();
	for (unsigned int i = 0; i < AT_RANDOM; i++) {
		if (pread(fd, buffer, SMALL, somewhere()) != SMALL) {
			fail("read");
		}
	}
	return end(AT_RANDOM);
}

static void submit(aio_context_t context, int fd, struct iocb *cb, unsigned int slot)
{
	memset(cb, 0, sizeof(*cb));
	cb->aio_lio_opcode = IOCB_CMD_PREAD;
	cb->aio_fildes = (uint32_t)fd;
	cb->aio_buf = (uint64_t)(buffer + slot * SMALL);
	cb->aio_nbytes = SMALL;
	cb->aio_offset = somewhere();
	cb->aio_data = slot;
	if (syscall(SYS_io_submit, context, 1, &cb) != 1) {
		fail("io_submit");
	}
}

uint64_t measure_disk_deep(void)
{
	int fd = disk_open(O_RDONLY), n;
	aio_context_t context = 0;
	struct iocb cbs[DEPTH];
	struct io_event events[DEPTH];
	unsigned int started = 0, ended = 0;

	if (syscall(SYS_io_setup, DEPTH, &context)) {
		fail("io_setup");
	}
	begin();
	while (started < DEPTH) {
		submit(context, fd, &cbs[started], started);
		started++;
	}
	while (ended < AT_RANDOM) {
		n = (int)syscall(SYS_io_getevents, context, 1, DEPTH, events, NULL);
		for (int i = 0; i < n; i++, ended++) {
			unsigned int slot = (unsigned int)events[i].data;

			if (events[i].res != SMALL) {
				fail("read");
			}
			if (started < AT_RANDOM) {
				submit(context, fd, &cbs[slot], slot);
				started++;
			}
		}
	}
	return end(AT_RANDOM);
}

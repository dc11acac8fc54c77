/* SPDX-License-Identifier: MIT */
/*
 * records DISK COUNT: writes numbered records to a disk, each followed by fdatasync, and says
 * "record N" once the system said that it is on the disk. Record N is the block of 4 KiB at
 * N * 7919 modulo the number of blocks: eight bytes of N, again and again. A second thread writes
 * further blocks behind them all the time and never asks for a flush. No lock.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <linux/fs.h>
#include <unistd.h>

enum { BLOCK = 4096, STEP = 7919, NOISE_BLOCKS = 1024 };

static const char *path;
static uint64_t blocks; /* that records may use */

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t *block_of(uint64_t n)
{
	uint64_t *block;

	if (posix_memalign((void **)&block, BLOCK, BLOCK)) {
		fail("memory");
	}
	for (unsigned int i = 0; i < BLOCK / sizeof(*block); i++) {
		block[i] = n;
	}
	return block;
}

static void *noise(void *unused)
{
	int fd = open(path, O_WRONLY | O_DIRECT);
	uint64_t *block = block_of(~0ull);

	(void)unused;
	for (uint64_t i = 0;; i++) {
		if (pwrite(fd, block, BLOCK, (off_t)(blocks + i % NOISE_BLOCKS) * BLOCK) != BLOCK) {
			fail("noise");
		}
		usleep(1000);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t bytes, count = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	pthread_t thread;
	int fd;

	path = argc == 3 ? argv[1] : "";
	fd = open(path, O_WRONLY | O_DIRECT);
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes) || bytes < 16ull << 20) {
		fail("usage: records DISK COUNT, a disk of 16 MiB or more");
	}
	blocks = bytes / BLOCK - NOISE_BLOCKS;
	if (pthread_create(&thread, NULL, noise, NULL)) {
		fail("thread");
	}
	for (uint64_t n = 1; n <= count; n++) {
		uint64_t *block = block_of(n);

		if (pwrite(fd, block, BLOCK, (off_t)(n * STEP % blocks) * BLOCK) != BLOCK ||
		    fdatasync(fd)) {
			fail("record");
		}
		free(block);
		printf("record %" PRIu64 "\n", n);
		fflush(stdout);
	}
	return 0;
}

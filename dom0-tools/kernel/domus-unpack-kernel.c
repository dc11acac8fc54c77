/* SPDX-License-Identifier: MIT */
/*
 * domus-unpack-kernel VMLINUZ OUTPUT: unpacks a Linux bzImage once, at install or image time, to
 * the plain ELF that Domus boots as dom0; an ELF is copied. Boot code decompresses nothing.
 * Invariant: OUTPUT appears whole or not at all (written beside it, then renamed). No lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unpack.h"

enum { EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_HOST = 6 };

static int fail(int code, const char *path, const char *why)
{
	fprintf(stderr, "domus-unpack-kernel: %s: %s\n", path, why);
	return code;
}

static int file_map(const char *path, struct span *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		errno = S_ISREG(st.st_mode) && st.st_size > 0 ? 0 : EINVAL;
		if (!errno) {
			p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		}
	}
	if (fd >= 0) {
		int saved = errno;

		close(fd);
		errno = saved;
	}
	if (p == MAP_FAILED) {
		return -1;
	}
	*file = (struct span){p, st.st_size};
	return 0;
}

static int write_all(int fd, struct span data)
{
	while (data.bytes) {
		ssize_t n = write(fd, data.data, data.bytes);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -1;
		}
		data.data += n;
		data.bytes -= n;
	}
	return 0;
}

static int file_write(const char *path, struct span data)
{
	char *tmp;
	int fd, ret = -1;

	if (asprintf(&tmp, "%s.new-%ld", path, (long)getpid()) < 0) {
		return -1;
	}
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0) {
		ret = write_all(fd, data);
		ret = close(fd) || ret ? -1 : rename(tmp, path);
		if (ret) {
			int saved = errno;

			unlink(tmp);
			errno = saved;
		}
	}
	free(tmp);
	return ret;
}

int main(int argc, char **argv)
{
	struct span file, payload, elf;
	uint8_t *out = NULL;
	const char *why;
	size_t bytes;

	if (argc != 3) {
		fputs("usage: domus-unpack-kernel VMLINUZ OUTPUT\n", stderr);
		return EXIT_USAGE;
	}
	if (file_map(argv[1], &file)) {
		return fail(EXIT_INPUT, argv[1], strerror(errno));
	}
	elf = file;
	if (!unpack_is_elf(file)) {
		if (unpack_find_payload(file, &payload, &why) ||
		    unpack_payload(payload, &out, &bytes, &why)) {
			return fail(EXIT_INPUT, argv[1], why);
		}
		elf = (struct span){out, bytes};
	}
	elf.bytes = unpack_elf_bytes(elf);
	if (!elf.bytes) {
		free(out);
		return fail(EXIT_INPUT, argv[1], "its payload is no whole 64-bit x86 ELF kernel");
	}
	if (file_write(argv[2], elf)) {
		free(out);
		return fail(EXIT_HOST, argv[2], strerror(errno));
	}
	free(out);
	return 0;
}

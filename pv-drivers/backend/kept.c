/* SPDX-License-Identifier: MIT */
/* Maps domusd's files; see kept.h. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/kept.h"

void *kept_map(int fd, size_t bytes, struct complaint *c)
{
	struct stat status;
	void *at;

	/* Never smaller: a file that shrinks under a mapping kills the process. */
	if (fd >= 0 && !fstat(fd, &status) && status.st_size < (off_t)bytes &&
	    ftruncate(fd, (off_t)bytes)) {
		complain(c, errno, "the record of requests cannot be made large enough");
		return NULL;
	}
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		  fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		complain(c, errno, "the record of requests cannot be mapped");
		return NULL;
	}
	return at;
}

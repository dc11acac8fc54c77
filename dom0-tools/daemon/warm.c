/* SPDX-License-Identifier: MIT */
/* One job for a worker, once; see warm.h. No lock: nothing is shared. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <xen/sys/gntdev.h>

#include "daemon/warm.h"
#include "daemon/worker.h"

/*
 * Back ends let packets be copied to pages that dom0 grants to itself (own_pages.h), 82 a guest;
 * the kernel's limit is 1024 for all of them. This is for 300 guests, and leaves a quarter of
 * dom0's grant table to others. Without the module there is nothing to raise.
 */
static void own_grants_raise(void)
{
	int fd = open("/sys/module/xen_gntalloc/parameters/limit", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, "24600", 5);
		close(fd);
	}
}

/* Registers a grant for mapping and never maps it: that is what makes the kernel get its room. */
static void run(struct job *job, struct hyper *h)
{
	struct ioctl_gntdev_map_grant_ref map = {.count = 1};
	int fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);

	(void)job;
	(void)h;
	own_grants_raise();
	/* Closing undoes it; a failure costs the first guest time and nothing else. */
	if (fd >= 0) {
		(void)ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, &map);
		close(fd);
	}
}

static void done(struct job *job)
{
	free(job);
}

void warm_up(void)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job) {
		job->run = run;
		job->done = done;
		worker_submit(job);
	}
}

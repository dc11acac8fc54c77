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

/* Registers a grant for mapping and never maps it: that is what makes the kernel get its room. */
static void run(struct job *job, struct hyper *h)
{
	struct ioctl_gntdev_map_grant_ref map = {.count = 1};
	int fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);

	(void)job;
	(void)h;
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

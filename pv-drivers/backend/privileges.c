/* SPDX-License-Identifier: MIT */
/* A user of its own for each guest's process, and bounds; see privileges.h. No lock. */
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backend/privileges.h"

/* Users that nobody else has: processes of different guests cannot even send signals. */
#define USER_BASE 13631488u
/* Room for buffers, rings and libraries, several times over; a leak ends here and not in dom0. */
#define MEMORY_BYTES (512ul << 20)

static int bound(int resource, rlim_t most)
{
	return setrlimit(resource, &(struct rlimit){most, most});
}

int privileges_drop(uint16_t domid, struct complaint *c)
{
	uid_t user = USER_BASE + domid;

	if (bound(RLIMIT_AS, MEMORY_BYTES) || bound(RLIMIT_CORE, 0)) {
		return complain(c, errno, "memory cannot be limited");
	}
	/* Leaving root takes all capabilities along. */
	if (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user)) {
		return complain(c, errno, "privileges cannot be dropped");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) {
		return complain(c, errno, "privileges cannot be given up for good");
	}
	return 0;
}

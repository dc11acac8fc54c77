/* SPDX-License-Identifier: MIT */
/* A filter by libseccomp; see syscalls.h. No lock: it is set once, at the start. */
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <xen/grant_table.h>
#include <xen/evtchn.h>
#include <xen/gntalloc.h>
#include <xen/gntdev.h>

#include "backend/syscalls.h"

/* Those of the event loop come first, then the store's, images', the C library's. */
static const int any[] = {
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(poll), /* this and the next one: of sockets to images' servers */
	SCMP_SYS(shutdown),
	SCMP_SYS(futex),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(fcntl),
	SCMP_SYS(flock),
	SCMP_SYS(ftruncate),
	SCMP_SYS(dup3),
	SCMP_SYS(close),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(sched_getaffinity), /* what malloc() asks for its threads */
	SCMP_SYS(getrandom),
	SCMP_SYS(exit_group),
};

static const unsigned long ioctls[] = {
	IOCTL_GNTDEV_GRANT_COPY,
	IOCTL_EVTCHN_NOTIFY,
	IOCTL_GNTDEV_MAP_GRANT_REF,
	IOCTL_GNTALLOC_ALLOC_GREF,
	IOCTL_GNTALLOC_DEALLOC_GREF,
	IOCTL_GNTDEV_UNMAP_GRANT_REF,
	IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR,
	IOCTL_EVTCHN_BIND_INTERDOMAIN,
	IOCTL_EVTCHN_UNBIND,
	TUNGETIFF,
	TUNSETVNETHDRSZ,
	TUNSETOFFLOAD,
	TUNSETCARRIER,
	BLKSSZGET,
	BLKGETSIZE64,
};

/* Memory is made and changed as long as it cannot be run. */
static const int mappings[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int rules_add(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < COUNT(any); i++) {
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, any[i], 0);
	}
	for (size_t i = 0; !rc && i < COUNT(ioctls); i++) {
		/* The kernel looks at 32 bits of the number, and so does this. */
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				      SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, ioctls[i]));
	}
	for (size_t i = 0; !rc && i < COUNT(mappings); i++) {
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, mappings[i], 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	}
	return rc;
}

int syscalls_limit(struct complaint *c)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = filter ? 0 : -ENOMEM;

	/* A tree, in which what is asked often is found soon. */
	rc = rc ? rc : seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	rc = rc ? rc : rules_add(filter);
	rc = rc ? rc : seccomp_load(filter);
	if (filter) {
		seccomp_release(filter);
	}
	return rc ? complain(c, -rc, "system calls cannot be limited") : 0;
}

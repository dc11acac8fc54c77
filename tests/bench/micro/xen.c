/* SPDX-License-Identifier: MIT */
/*
 * A null hypercall and an event's round trip, from dom0's user space, through the kernel's
 * privcmd and evtchn devices. One thread, and one child for the round trip; no lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/xen.h>
#define __user /* the kernel's mark, in the headers that follow */
#include <xen/sys/evtchn.h>
#include <xen/sys/privcmd.h>

#include "micro.h"

#define PRIVCMD_UNKNOWN _IOC(_IOC_NONE, 'P', 99, 0)

enum { CALLS = 5000, TRIPS = 1000, HYPERCALL_VERSION = 17 };

static int open_device(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0) {
		fail(path);
	}
	return fd;
}

/* xen_version without arguments, less the ioctl around it (one that the driver does not know). */
uint64_t measure_hypercall(void)
{
	struct privcmd_hypercall call = {.op = HYPERCALL_VERSION};
	int fd = open_device("/dev/xen/privcmd");
	uint64_t with, without;
	int i;

	begin();
	for (i = 0; i < CALLS; i++) {
		if (ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call) < 0) {
			fail("hypercall");
		}
	}
	with = end(CALLS);
	begin();
	for (i = 0; i < CALLS; i++) {
		if (ioctl(fd, PRIVCMD_UNKNOWN, &call) == 0) {
			fail("an unknown ioctl succeeded");
		}
	}
	without = end(CALLS);
	return with > without ? with - without : 0;
}

/* Waits for an event and lets the next one come. */
static void take(int fd)
{
	uint32_t port;

	if (read(fd, &port, sizeof(port)) != sizeof(port) ||
	    write(fd, &port, sizeof(port)) != sizeof(port)) {
		fail("event channel");
	}
}

static void answer(int fd, unsigned int port, unsigned int count)
{
	struct ioctl_evtchn_notify notify = {.port = port};

	while (count--) {
		take(fd);
		ioctl(fd, IOCTL_EVTCHN_NOTIFY, &notify);
	}
	_exit(0);
}

/* A channel from this domain to itself. */
struct channel {
	int near, far;
	unsigned int near_port, far_port;
};

/* A new channel is born pending on one side; both ends start quiet, and do not wait. */
static struct channel channel_open(void)
{
	struct channel c = {open_device("/dev/xen/evtchn"), open_device("/dev/xen/evtchn"), 0, 0};
	struct ioctl_evtchn_bind_unbound_port unbound = {0};
	struct ioctl_evtchn_bind_interdomain bound = {0};
	int i;

	c.near_port = bound.remote_port =
		(unsigned int)ioctl(c.near, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &unbound);
	i = ioctl(c.far, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bound);
	if (i < 0) {
		fail("bind");
	}
	c.far_port = (unsigned int)i;
	for (i = 0; i < 2; i++) {
		int fd = i ? c.near : c.far;
		uint32_t port;

		fcntl(fd, F_SETFL, O_NONBLOCK);
		if (read(fd, &port, sizeof(port)) == sizeof(port) &&
		    write(fd, &port, sizeof(port)) != sizeof(port)) {
			fail("event channel");
		}
	}
	return c;
}

/* dom0 to itself: notify, wake, notify, wake. */
uint64_t measure_evtchn(void)
{
	struct channel c = channel_open();
	struct ioctl_evtchn_notify notify = {.port = c.near_port};
	uint64_t time;
	int i;

	fcntl(c.near, F_SETFL, 0);
	fcntl(c.far, F_SETFL, 0);
	if (fork() == 0) {
		answer(c.far, c.far_port, TRIPS);
	}
	begin();
	for (i = 0; i < TRIPS; i++) {
		ioctl(c.near, IOCTL_EVTCHN_NOTIFY, &notify);
		take(c.near);
	}
	time = end(TRIPS);
	wait(NULL);
	return time;
}

/*
 * A notification and its delivery to the sender itself, less the system calls around it: the same
 * ones again, without effect.
 */
uint64_t measure_notify(void)
{
	struct channel c = channel_open();
	struct ioctl_evtchn_notify notify = {.port = c.near_port};
	uint64_t with, without;
	uint32_t port;
	int i;

	begin();
	for (i = 0; i < TRIPS; i++) {
		ioctl(c.near, IOCTL_EVTCHN_NOTIFY, &notify);
		take(c.far);
	}
	with = end(TRIPS);
	begin();
	for (i = 0; i < TRIPS; i++) {
		if (ioctl(c.near, PRIVCMD_UNKNOWN, &notify) == 0 ||
		    read(c.far, &port, sizeof(port)) >= 0 || write(c.far, &port, 0) != 0) {
			fail("an event from nowhere");
		}
	}
	without = end(TRIPS);
	return with > without ? with - without : 0;
}

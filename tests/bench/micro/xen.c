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

/* xen_version without arguments, less the ioctl around it (one that the driver does not know). */
uint64_t measure_hypercall(void)
{
	struct privcmd_hypercall call = {.op = HYPERCALL_VERSION};
	int fd = open("/dev/xen/privcmd", O_RDWR);
	uint64_t start, with, without;
	int i;

	if (fd < 0) {
		fail("/dev/xen/privcmd");
	}
	start = tsc();
	for (i = 0; i < CALLS; i++) {
		if (ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call) < 0) {
			fail("hypercall");
		}
	}
	with = tsc() - start;
	start = tsc();
	for (i = 0; i < CALLS; i++) {
		if (ioctl(fd, PRIVCMD_UNKNOWN, &call) == 0) {
			fail("an unknown ioctl succeeded");
		}
	}
	without = tsc() - start;
	return with > without ? (with - without) / CALLS : 0;
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

/* dom0 to itself: notify, wake, notify, wake. */
uint64_t measure_evtchn(void)
{
	int near = open("/dev/xen/evtchn", O_RDWR), far = open("/dev/xen/evtchn", O_RDWR);
	struct ioctl_evtchn_bind_unbound_port unbound = {0};
	struct ioctl_evtchn_bind_interdomain bound = {0};
	struct ioctl_evtchn_notify notify;
	uint64_t start;
	int i;

	if (near < 0 || far < 0) {
		fail("/dev/xen/evtchn");
	}
	bound.remote_port = (unsigned int)ioctl(near, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &unbound);
	notify.port = bound.remote_port;
	i = ioctl(far, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bound);
	if (i < 0) {
		fail("bind");
	}
	/* A new channel is born pending on one side; both start quiet. */
	fcntl(near, F_SETFL, O_NONBLOCK);
	fcntl(far, F_SETFL, O_NONBLOCK);
	for (start = 0; start < 2; start++) {
		uint32_t port;
		int fd = start ? near : far;

		if (read(fd, &port, sizeof(port)) == sizeof(port) &&
		    write(fd, &port, sizeof(port)) != sizeof(port)) {
			fail("event channel");
		}
		fcntl(fd, F_SETFL, 0);
	}
	if (fork() == 0) {
		answer(far, (unsigned int)i, TRIPS);
	}
	start = tsc();
	for (i = 0; i < TRIPS; i++) {
		ioctl(near, IOCTL_EVTCHN_NOTIFY, &notify);
		take(near);
	}
	start = (tsc() - start) / TRIPS;
	wait(NULL);
	return start;
}

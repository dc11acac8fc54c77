/* SPDX-License-Identifier: MIT */
/*
 * What dom0's own kernel offers: whether it runs on Xen's interface, and the page and port by which
 * it reaches the store. No state, no lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/sys/xenbus_dev.h>

#include "hostpage.h"
#include "util.h"
#include "xenio.h"

#define PAGE_BYTES 4096

static void file_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, size - 1);

	text[len > 0 ? len : 0] = '\0';
	if (fd >= 0) {
		close(fd);
	}
}

bool xenio_present(void)
{
	char type[16];

	file_text("/sys/hypervisor/type", type, sizeof(type));
	return strncmp(type, "xen", 3) == 0 || access("/proc/xen", F_OK) == 0;
}

/* dom0's page and port by the device for that. */
static int host_by_device(void **page)
{
	int fd = open("/dev/xen/xenbus_backend", O_RDWR | O_CLOEXEC), port, err = 0;

	if (fd < 0) {
		return -errno;
	}
	port = ioctl(fd, IOCTL_XENBUS_BACKEND_EVTCHN);
	if (port < 0) {
		err = -errno;
	} else {
		*page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		err = *page == MAP_FAILED ? -errno : port;
	}
	close(fd);
	return err;
}

/* The same by xenfs, as older kernels have it. */
static int host_by_xenfs(void **page)
{
	char text[32];
	int fd, port;

	file_text("/proc/xen/xsd_port", text, sizeof(text));
	port = atoi(text);
	if (port <= 0) {
		return -ENODEV;
	}
	fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	*page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return *page == MAP_FAILED ? -errno : port;
}

int hostpage_map(void **page)
{
	int by_device = host_by_device(page), port;

	port = by_device < 0 ? host_by_xenfs(page) : by_device;
	if (port < 0) {
		log_line(LOG_LEVEL_ERROR,
			 "dom0's kernel offers no store page: /dev/xen/xenbus_backend: %s; "
			 "/proc/xen: %s",
			 strerror(-by_device), strerror(-port));
	}
	return port;
}

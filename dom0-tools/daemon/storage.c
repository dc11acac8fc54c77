/* SPDX-License-Identifier: MIT */
/* Starts and stops storage daemons; see storage.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend.h"
#include "daemon/pidfile.h"
#include "daemon/program.h"
#include "daemon/storage.h"
#include "daemon/storage_node.h"
#include "lib/paths.h"

enum {
	END_MS = 5000,
	BUSY_TRIES = 50, /* requests of a killed process are still on their way to the image */
	BUSY_WAIT_US = 100000,
	WORDS_BYTES = 1024,
};

static int path_of(const struct device *d, const char *what, char path[64])
{
	return snprintf(path, 64, DOMUS_RUN_DIR "/storage-%u-%u.%s", d->domid, d->handle, what);
}

int storage_check(const struct guest_file *g, const struct guest_disk *disk, struct err *e)
{
	if (access(DOMUS_STORAGE_PATH, X_OK) == 0) {
		return 0;
	}
	err_set(e, ERR_HOST, "what serves %s disks is not installed: " DOMUS_STORAGE_PATH,
		disk->is_uri ? "remote" : schema_format_names[disk->format]);
	err_fix(e, "apt install qemu-system-common");
	return guest_file_blame_at(g, disk->path_at, KEY_DISK_FORMAT, e);
}

void storage_stop(const struct device *d)
{
	char path[64];

	path_of(d, "pid", path);
	pidfile_end(path, END_MS);
	path_of(d, "sock", path);
	unlink(path);
}

/* What it says ends in the reason, behind its own option. */
static const char *reason_of(const char *words)
{
	const char *at = strstr(words, "}: ");

	return at ? at + strlen("}: ") : words;
}

/* Runs until it has the image open; an image that is still in use is waited for. */
static int daemon_run(char *const argv[], int lock, char words[WORDS_BYTES])
{
	int tries = 0, status;

	while ((status = program_run(argv, NULL, lock, words, WORDS_BYTES)) > 0 &&
	       ++tries < BUSY_TRIES && strstr(words, "Failed to get") && strstr(words, "lock")) {
		usleep(BUSY_WAIT_US);
	}
	return status;
}

static int daemon_start(const struct device *d, const struct guest_disk *disk,
			const struct disk_medium *m, struct err *e)
{
	static const char export[] =
		"type=nbd,id=" BACKEND_EXPORT ",node-name=" BACKEND_EXPORT ",name=" BACKEND_EXPORT;
	char pid[64], socket[64], server[128], exported[96], words[WORDS_BYTES];
	char *node = storage_node(disk, m, e);
	char *const argv[] = {
		DOMUS_STORAGE_PATH, "--daemonize", "--pidfile", pid,      "--blockdev", node,
		"--nbd-server",     server,        "--export",  exported, NULL};
	int status;

	if (!node) {
		return -1;
	}
	path_of(d, "pid", pid);
	path_of(d, "sock", socket);
	snprintf(server, sizeof(server), "addr.type=unix,addr.path=%s,max-connections=1", socket);
	snprintf(exported, sizeof(exported), "%s,writable=%s", export,
		 disk->is_readonly ? "off" : "on");
	status = daemon_run(argv, m->fd, words);
	free(node);
	if (status == 0) {
		return 0;
	}
	err_set(e, status < 0 ? ERR_HOST : ERR_CONFIG, "%s cannot be served", disk->path);
	return status < 0 ? err_errno(e, errno, DOMUS_STORAGE_PATH)
			  : err_why(e, "%s", reason_of(words));
}

static int connection(const struct device *d)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	path_of(d, "sock", address.sun_path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		fd = -1;
	}
	unlink(address.sun_path); /* there is no second client */
	return fd;
}

int storage_start(const struct device *d, const struct guest_disk *disk,
		  const struct disk_medium *m, int *fd, struct err *e)
{
	storage_stop(d);
	if (daemon_start(d, disk, m, e)) {
		return -1;
	}
	*fd = connection(d);
	if (*fd < 0) {
		err_set(e, ERR_HOST, "the server of %s does not answer", disk->path);
		return err_errno(e, errno, "connect");
	}
	return 0;
}

int storage_grow(const struct guest_disk *disk, uint64_t bytes, struct err *e)
{
	char size[24], words[WORDS_BYTES];
	char *const argv[] = {
		DOMUS_IMAGE_PATH, "resize", "-q", "-f", (char *)schema_format_names[disk->format],
		disk->path,       size,     NULL};
	int status;

	snprintf(size, sizeof(size), "%llu", (unsigned long long)bytes);
	status = program_run(argv, NULL, -1, words, sizeof(words));
	if (status == 0) {
		return 0;
	}
	err_set(e, ERR_HOST, "%s cannot be made larger", disk->path);
	if (status < 0) {
		err_errno(e, errno, DOMUS_IMAGE_PATH);
		return err_fix(e, "apt install qemu-utils");
	}
	return err_why(e, "%s", words);
}

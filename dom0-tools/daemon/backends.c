/* SPDX-License-Identifier: MIT */
/* Keeps the list of back-end processes and talks to them; see backends.h. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/backends.h"
#include "daemon/links.h"
#include "daemon/spawn.h"
#include "daemon/storage.h"

enum {
	ANSWER_MS = 15000, /* it may wait for a predecessor's last write */
	END_MS = 5000,
	FDS = 2,
};

struct backend {
	struct backend *next;
	uint32_t domid;
	pid_t pid;
	int fd;      /* of the conversation */
	int has_nbd; /* it can speak to servers of disks */
};

static struct {
	pthread_mutex_t lock; /* guards the list */
	struct backend *list;
} backends = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct backend *backend_find(uint32_t domid)
{
	struct backend *b;

	pthread_mutex_lock(&backends.lock);
	b = backends.list;
	while (b && b->domid != domid) {
		b = b->next;
	}
	pthread_mutex_unlock(&backends.lock);
	return b;
}

static void backend_unlink(struct backend *b)
{
	struct backend **at = &backends.list;

	pthread_mutex_lock(&backends.lock);
	while (*at != b) {
		at = &(*at)->next;
	}
	*at = b->next;
	pthread_mutex_unlock(&backends.lock);
}

/* The guest's process, started if need be; NULL with an error. @needs: of one that is started */
static struct backend *backend_get(uint32_t domid, const char *name, enum backend_needs needs,
				   struct err *e)
{
	struct backend *b = backend_find(domid);

	if (b) {
		return b;
	}
	b = calloc(1, sizeof(*b));
	if (!b || spawn_backend(domid, name, needs, &b->pid, &b->fd, e)) {
		if (!b) {
			err_set(e, ERR_NO_MEMORY, "out of memory");
		}
		free(b);
		return NULL;
	}
	b->domid = domid;
	b->has_nbd = needs == BACKEND_NBD;
	pthread_mutex_lock(&backends.lock);
	b->next = backends.list;
	backends.list = b;
	pthread_mutex_unlock(&backends.lock);
	return b;
}

static int request_send(struct backend *b, const struct backend_request *request, const int *fds,
			unsigned int fd_count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(FDS * sizeof(int))];
	} parts = {0};
	struct iovec data = {(void *)request, sizeof(*request)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd_count) {
		message.msg_control = &parts;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		parts.header.cmsg_level = SOL_SOCKET;
		parts.header.cmsg_type = SCM_RIGHTS;
		parts.header.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&parts.header), fds, fd_count * sizeof(int));
	}
	return sendmsg(b->fd, &message, MSG_NOSIGNAL) == sizeof(*request) ? 0 : -1;
}

/* The answer to a request; 0, or -1 with errno. */
static int answer_take(struct backend *b, const struct backend_request *request,
		       struct backend_answer *answer)
{
	struct pollfd p = {.fd = b->fd, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, ANSWER_MS) == 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	n = recv(b->fd, answer, sizeof(*answer), MSG_DONTWAIT);
	if (n != sizeof(*answer) || answer->op != request->op || answer->type != request->type ||
	    answer->handle != request->handle) {
		errno = n == 0 ? EPIPE : n < 0 ? errno : EPROTO;
		return -1;
	}
	answer->text[sizeof(answer->text) - 1] = '\0';
	return 0;
}

/* What the process answers, as status and text; 0, or -1 with ERR_HOST: it does not. */
static int ask(struct backend *b, const struct backend_request *request, const int *fds,
	       unsigned int fd_count, struct backend_answer *answer, struct err *e)
{
	if (request_send(b, request, fds, fd_count)) {
		err_set(e, ERR_HOST, "the guest's back end does not take requests");
		return err_errno(e, errno, "sendmsg");
	}
	if (answer_take(b, request, answer)) {
		err_set(e, ERR_HOST, "the guest's back end does not answer");
		err_errno(e, errno, "domus-backend");
		/* An answer that came later would be taken for another one's. */
		shutdown(b->fd, SHUT_RDWR);
		return -1;
	}
	return 0;
}

static int call(struct backend *b, const struct backend_request *request, const int *fds,
		unsigned int fd_count, struct err *e)
{
	struct backend_answer answer;

	if (ask(b, request, fds, fd_count, &answer, e)) {
		return -1;
	}
	if (answer.status) {
		err_set(e, ERR_HOST, "the guest's back end refuses");
		return err_why(e, "%s", answer.text);
	}
	return 0;
}

static uint32_t type_of(const struct device *d)
{
	return d->is_disk ? BACKEND_BLOCK : BACKEND_NET;
}

/* A number of the guest that stays with it. */
static uint32_t name_hash(const char *name)
{
	return hash_bytes(HASH_START, name, strlen(name));
}

int backend_attach_disk(uint32_t domid, const char *name, const struct guest_disk *disk,
			const struct disk_medium *m, int is_new, struct err *e)
{
	struct device d = device_of_disk(domid, disk);
	struct backend_request request = {
		.op = BACKEND_ATTACH,
		.type = BACKEND_BLOCK,
		.handle = d.handle,
		.flags = (disk->is_readonly ? BACKEND_READ_ONLY : 0) |
			 (disk->is_cdrom ? BACKEND_CDROM : 0) |
			 (disk->is_discard ? BACKEND_DISCARD : 0) |
			 (disk->is_shared && !disk->is_readonly ? BACKEND_SHARED : 0),
		.sector_bytes = m->sector,
		.fence = name_hash(name),
	};
	int is_served = disk_needs_storage(disk), ret = 0;
	int fds[FDS] = {m->fd, -1};
	struct backend *b = backend_get(domid, name, is_served ? BACKEND_NBD : BACKEND_DISKS, e);

	if (!b || (is_served && storage_start(&d, disk, m, &fds[0], e))) {
		return -1;
	}
	/* An empty drive has no requests, and no record of them. */
	if (fds[0] >= 0) {
		fds[1] = spawn_record(&d, is_new, e);
		ret = fds[1] < 0 ? -1 : 0;
	}
	ret = ret ? ret : call(b, &request, fds, fds[0] >= 0 ? FDS : 0, e);
	if (fds[1] >= 0) {
		close(fds[1]);
	}
	if (is_served) {
		close(fds[0]);
	}
	return ret;
}

int backend_attach_net(uint32_t domid, const char *name, const struct guest_net *net, int is_new,
		       struct err *e)
{
	struct device d = device_of_net(domid, net);
	struct backend_request request = {
		.op = BACKEND_ATTACH,
		.type = BACKEND_NET,
		.handle = d.handle,
		.rate_bytes = net->rate_bytes_s,
	};
	struct backend *b = backend_get(domid, name, BACKEND_NETS, e);
	char name_here[LINK_NAME_BYTES + 1];
	int fds[FDS], ret = -1;

	fds[0] = b ? link_tap(device_link(&d, name_here), net->bridge, net->mtu, e) : -1;
	if (fds[0] < 0) {
		return -1;
	}
	fds[1] = spawn_record(&d, is_new, e);
	if (fds[1] >= 0) {
		ret = call(b, &request, fds, FDS, e);
		close(fds[1]);
	}
	close(fds[0]);
	return ret;
}

int backend_detach(const struct device *d, int force, struct err *e)
{
	struct backend *b = backend_find(d->domid);
	struct backend_request request = {.op = BACKEND_DETACH,
					  .type = type_of(d),
					  .handle = d->handle,
					  .flags = force ? BACKEND_FORCE : 0};
	struct backend_answer answer;

	if (!b) {
		/* Between two processes: what the guest says is heard by the next one. */
		return !force;
	}
	if (ask(b, &request, NULL, 0, &answer, e)) {
		return -1;
	}
	return answer.status == -EBUSY;
}

int backend_resize(const struct device *d, struct err *e)
{
	struct backend *b = backend_find(d->domid);
	struct backend_request request = {
		.op = BACKEND_RESIZE, .type = type_of(d), .handle = d->handle};

	return b ? call(b, &request, NULL, 0, e)
		 : err_set(e, ERR_HOST, "the guest's back end is just restarted");
}

/* It ends by itself once what is in flight has ended; one that hangs is killed. */
static void reap(pid_t pid)
{
	int pidfd = pidfd_open(pid, 0);
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0 || poll(&p, 1, END_MS) != 1) {
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
	if (pidfd >= 0) {
		close(pidfd);
	}
}

void backend_stop(uint32_t domid)
{
	struct backend *b = backend_find(domid);

	if (b) {
		backend_unlink(b);
		close(b->fd);
		reap(b->pid);
		free(b);
	}
}

void backend_forget(const struct device *d)
{
	spawn_record_remove(d);
	if (d->is_disk && d->backend == DEVICE_BY_DOMUS) {
		storage_stop(d);
	}
}

int backend_pidfd(uint32_t domid)
{
	struct backend *b = backend_find(domid);

	return b ? pidfd_open(b->pid, 0) : -1;
}

int backend_start_nbd(uint32_t domid, const char *name, struct err *e)
{
	return backend_get(domid, name, BACKEND_NBD, e) ? 0 : -1;
}

int backend_has_nbd(uint32_t domid)
{
	struct backend *b = backend_find(domid);

	return b ? b->has_nbd : -1;
}

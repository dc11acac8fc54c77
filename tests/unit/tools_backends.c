/* SPDX-License-Identifier: MIT */
/*
 * What domusd says to a back-end process, against one that follows a script: answers, wrong and
 * missing ones, a process that is gone. The process is a thread at the other end of the socket.
 */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/backends.h"
#include "daemon/links.h"
#include "daemon/spawn.h"
#include "daemon/storage.h"

enum { DOMID = 7 };

static int peer = -1;

/* A real process, to be reaped and waited for; the conversation is the test's own. */
int spawn_backend(uint32_t domid, const char *name, enum backend_needs needs, pid_t *pid, int *fd,
		  struct err *e)
{
	int ends[2];

	(void)e;
	(void)needs;
	assert_int_equal(domid, DOMID);
	assert_string_equal(name, "web");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	*pid = fork();
	if (*pid == 0) {
		_exit(0);
	}
	*fd = ends[0];
	peer = ends[1];
	return 0;
}

int spawn_record(const struct device *d, int is_new, struct err *e)
{
	(void)d;
	(void)is_new;
	(void)e;
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int storage_start(const struct device *d, const struct guest_disk *disk,
		  const struct disk_medium *m, int *fd, struct err *e)
{
	(void)d;
	(void)m;
	if (disk->format == DISK_VPC) {
		return err_set(e, ERR_CONFIG, "it cannot be served");
	}
	*fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return 0;
}

void storage_stop(const struct device *d)
{
	(void)d;
}

void spawn_record_remove(const struct device *d)
{
	(void)d;
}

char *device_link(const struct device *d, char *name)
{
	(void)d;
	return name;
}

int link_tap(const char *name, const char *bridge, unsigned int mtu, struct err *e)
{
	(void)name;
	(void)bridge;
	(void)mtu;
	return err_set(e, ERR_HOST, "unused");
}

struct device device_of_disk(uint32_t domid, const struct guest_disk *d)
{
	return (struct device){domid, 1, d->backend, disk_handle(d->index)};
}

struct device device_of_net(uint32_t domid, const struct guest_net *n)
{
	return (struct device){domid, 0, n->backend, n->index};
}

int device_read(struct hyper *h, const struct device *d, struct guest_file *item, struct err *e)
{
	(void)h;
	(void)d;
	(void)item;
	return err_set(e, ERR_HOST, "unused");
}

void devices_each(struct hyper *h, uint32_t domid,
		  void (*visit)(struct hyper *h, const struct device *d, void *arg), void *arg)
{
	(void)h;
	(void)domid;
	(void)visit;
	(void)arg;
}

int disk_open(const struct guest_file *g, const struct guest_disk *d, struct disk_medium *m,
	      struct err *e)
{
	(void)g;
	(void)d;
	(void)m;
	return err_set(e, ERR_HOST, "unused");
}

void guest_file_free(struct guest_file *g)
{
	(void)g;
}

void disk_close(struct disk_medium *m)
{
	(void)m;
}

static struct backend_request request_take(int *fd_count)
{
	struct backend_request request;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} parts;
	struct iovec data = {&request, sizeof(request)};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &parts,
				 .msg_controllen = sizeof(parts)};
	int fds[4], i;

	assert_int_equal(recvmsg(peer, &message, MSG_CMSG_CLOEXEC), sizeof(request));
	*fd_count =
		message.msg_controllen ? (parts.header.cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	memcpy(fds, CMSG_DATA(&parts.header), *fd_count * sizeof(int));
	for (i = 0; i < *fd_count; i++) {
		close(fds[i]);
	}
	return request;
}

static void answer_give(uint32_t op, uint32_t handle, int status, const char *text)
{
	struct backend_answer answer = {
		.op = op, .type = BACKEND_BLOCK, .handle = handle, .status = status};

	snprintf(answer.text, sizeof(answer.text), "%s", text);
	assert_int_equal(send(peer, &answer, sizeof(answer), 0), sizeof(answer));
}

/* Attaches by a thread, for the process is first there with the first request. */
static void *answer_first(void *arg)
{
	int fd_count;

	(void)arg;
	while (__atomic_load_n(&peer, __ATOMIC_ACQUIRE) < 0) {
		usleep(1000);
	}
	(void)request_take(&fd_count);
	answer_give(BACKEND_ATTACH, disk_handle(0), 0, "");
	return NULL;
}

static const struct guest_disk disk = {.index = 0, .is_readonly = 1};
static const struct device device = {DOMID, 1, DEVICE_BY_DOMUS, 51712};
static const struct device other = {DOMID, 1, DEVICE_BY_DOMUS, 51728};

static int start(void **state)
{
	struct disk_medium m = {.fd = STDIN_FILENO, .sector = 512};
	struct err e ERR_CLEANUP = {0};
	pthread_t thread;

	(void)state;
	peer = -1;
	pthread_create(&thread, NULL, answer_first, NULL);
	assert_int_equal(backend_attach_disk(DOMID, "web", &disk, &m, 1, &e), 0);
	pthread_join(thread, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	backend_stop(DOMID);
	close(peer);
	return 0;
}

static void attach_carries_all(void **state)
{
	struct guest_disk more = {.index = 1, .is_discard = 1, .is_cdrom = 1};
	struct disk_medium m = {.fd = STDIN_FILENO, .sector = 4096}, none = {.fd = -1};
	struct err e ERR_CLEANUP = {0};
	struct backend_request request;
	int fd_count;

	(void)state;
	answer_give(BACKEND_ATTACH, disk_handle(1), -EIO, "no good");
	assert_int_equal(backend_attach_disk(DOMID, "web", &more, &m, 1, &e), -1);
	assert_string_equal(e.why, "no good");
	request = request_take(&fd_count);
	assert_int_equal(request.op, BACKEND_ATTACH);
	assert_int_equal(request.type, BACKEND_BLOCK);
	assert_int_equal(request.handle, 51728);
	assert_int_equal(request.flags, BACKEND_CDROM | BACKEND_DISCARD);
	assert_int_equal(request.sector_bytes, 4096);
	assert_int_equal(fd_count, 2);
	err_free(&e);
	answer_give(BACKEND_ATTACH, disk_handle(1), 0, "");
	assert_int_equal(backend_attach_disk(DOMID, "web", &more, &none, 1, &e), 0);
	request_take(&fd_count);
	assert_int_equal(fd_count, 0);
}

/* What the back end gets is a connection; a disk that is not served is not attached. */
static void attach_of_what_is_served(void **state)
{
	struct guest_disk more = {.index = 1, .format = DISK_QCOW2, .path = (char *)"/d"};
	struct disk_medium none = {.fd = -1, .sector = 512};
	struct err e ERR_CLEANUP = {0};
	int fd_count;

	(void)state;
	answer_give(BACKEND_ATTACH, disk_handle(1), 0, "");
	assert_int_equal(backend_attach_disk(DOMID, "web", &more, &none, 1, &e), 0);
	request_take(&fd_count);
	assert_int_equal(fd_count, 2);
	more.format = DISK_VPC;
	assert_int_equal(backend_attach_disk(DOMID, "web", &more, &none, 1, &e), -1);
	assert_int_equal(e.class, ERR_CONFIG);
}

/* Whether the device is gone is asked again; others are not kept waiting by a guest that keeps it.
 */
static void detach_is_asked_again(void **state)
{
	struct err e ERR_CLEANUP = {0};
	struct backend_request request;
	int fd_count;

	(void)state;
	answer_give(BACKEND_DETACH, 51712, -EBUSY, "");
	assert_int_equal(backend_detach(&device, 0, &e), 1);
	answer_give(BACKEND_RESIZE, 51728, 0, "");
	assert_int_equal(backend_resize(&other, &e), 0);
	answer_give(BACKEND_DETACH, 51712, -EBUSY, "");
	assert_int_equal(backend_detach(&device, 1, &e), 1);
	answer_give(BACKEND_DETACH, 51712, 0, "");
	assert_int_equal(backend_detach(&device, 1, &e), 0);
	assert_int_equal(request_take(&fd_count).flags, 0);
	assert_int_equal(request_take(&fd_count).op, BACKEND_RESIZE);
	request = request_take(&fd_count);
	assert_int_equal(request.op, BACKEND_DETACH);
	assert_int_equal(request.flags, BACKEND_FORCE);
}

static void answers_to_others_end_it(void **state)
{
	struct err e ERR_CLEANUP = {0};
	struct backend_request request;

	(void)state;
	answer_give(BACKEND_RESIZE, 51712, 0, "");
	assert_int_equal(backend_resize(&other, &e), -1);
	assert_int_equal(e.class, ERR_HOST);
	/* The process hears of it, and ends. */
	assert_int_equal(recv(peer, &request, sizeof(request), 0), sizeof(request));
	assert_int_equal(recv(peer, &request, sizeof(request), 0), 0);
}

static void process_that_is_gone(void **state)
{
	struct err e ERR_CLEANUP = {0};

	(void)state;
	shutdown(peer, SHUT_RDWR);
	assert_int_equal(backend_detach(&device, 0, &e), -1);
	assert_int_equal(e.class, ERR_HOST);
	backend_stop(DOMID);
	err_free(&e);
	/* The next one will hear what the guest says, but with force it is not waited for. */
	assert_int_equal(backend_detach(&device, 0, &e), 1);
	assert_int_equal(backend_detach(&device, 1, &e), 0);
	assert_int_equal(backend_resize(&device, &e), -1);
	assert_int_equal(backend_pidfd(DOMID), -1);
}

static void shared_image_has_a_fence(void **state)
{
	struct guest_disk more = {.index = 1, .is_shared = 1};
	struct disk_medium m = {.fd = STDIN_FILENO, .sector = 512};
	struct err e ERR_CLEANUP = {0};
	struct backend_request request;
	uint32_t fence;
	int fd_count;

	(void)state;
	answer_give(BACKEND_ATTACH, disk_handle(1), 0, "");
	assert_int_equal(backend_attach_disk(DOMID, "web", &more, &m, 1, &e), 0);
	request = request_take(&fd_count);
	fence = request.fence;
	assert_int_equal(request.flags, BACKEND_SHARED);
	answer_give(BACKEND_ATTACH, disk_handle(1), 0, "");
	assert_int_equal(backend_attach_disk(DOMID, "mail", &more, &m, 1, &e), 0);
	assert_int_not_equal(request_take(&fd_count).fence, fence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(attach_carries_all, start, stop),
		cmocka_unit_test_setup_teardown(attach_of_what_is_served, start, stop),
		cmocka_unit_test_setup_teardown(detach_is_asked_again, start, stop),
		cmocka_unit_test_setup_teardown(answers_to_others_end_it, start, stop),
		cmocka_unit_test_setup_teardown(process_that_is_gone, start, stop),
		cmocka_unit_test_setup_teardown(shared_image_has_a_fence, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

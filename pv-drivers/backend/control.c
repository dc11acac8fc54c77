/* SPDX-License-Identifier: MIT */
/* Requests in, answers out; see control.h. */
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend.h"
#include "backend/control.h"
#include "backend/device.h"
#include "backend/loop.h"

static struct loop_watch watch;

static void request_do(const struct backend_request *request, int fds[DEVICE_FDS])
{
	struct backend_answer answer = {request->op, request->type, request->handle, 0, ""};
	struct complaint c = {""};

	switch (request->op) {
	case BACKEND_ATTACH:
		answer.status = device_attach(request, fds, &c);
		break;
	case BACKEND_DETACH:
		answer.status = device_detach(request) ? -EBUSY : 0;
		break;
	case BACKEND_RESIZE:
		answer.status = device_resize(request, fds, &c);
		break;
	default:
		answer.status = complain(&c, 0, "there is no request %u", request->op);
	}
	memcpy(answer.text, c.text, sizeof(answer.text));
	/* Should domusd be gone, end of file tells. */
	send(BACKEND_FD, &answer, sizeof(answer), MSG_NOSIGNAL);
}

static void fds_take(struct msghdr *message, int fds[DEVICE_FDS])
{
	struct cmsghdr *part;

	for (part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS) {
			memcpy(fds, CMSG_DATA(part), part->cmsg_len - CMSG_LEN(0));
		}
	}
}

/* One message; false: there is none now. */
static bool request_take(void)
{
	struct backend_request request;
	int fds[DEVICE_FDS] = {-1, -1}, i;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} parts;
	struct iovec data = {&request, sizeof(request)};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &parts,
				 .msg_controllen = sizeof(parts)};
	ssize_t n = recvmsg(BACKEND_FD, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return false;
	}
	if (n <= 0) {
		watch.fd = -1;
		device_stop_all();
		return false;
	}
	fds_take(&message, fds);
	if (n == sizeof(request)) {
		request_do(&request, fds);
	}
	for (i = 0; i < DEVICE_FDS; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
	return true;
}

static void socket_ready(struct loop_watch *w)
{
	(void)w;
	while (request_take()) {
	}
}

int control_socket_check(int fd, struct complaint *c)
{
	int type;
	socklen_t bytes = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) || type != SOCK_SEQPACKET) {
		return complain(c, 0,
				"descriptor %d is not domusd's socket: domusd starts this program",
				fd);
	}
	return 0;
}

int control_open(struct complaint *c)
{
	int rc = control_socket_check(BACKEND_FD, c);

	if (!rc) {
		loop_watch(&watch, BACKEND_FD, socket_ready);
	}
	return rc;
}

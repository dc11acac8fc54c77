/* SPDX-License-Identifier: MIT */
/* Requests in, answers out; see control.h. */
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend.h"
#include "backend/control.h"
#include "backend/device.h"
#include "backend/loop.h"

/* Answers that wait. domusd asks for little at once; what is more it finds in its socket. */
enum { PENDING_MAX = 32 };

static struct {
	struct loop_watch watch;
	struct backend_answer answers[PENDING_MAX]; /* from first on, in order */
	bool is_ready[PENDING_MAX];
	unsigned int first, count;
} control;

static void answers_send(void)
{
	while (control.count && control.is_ready[control.first]) {
		/* Should domusd be gone, end of file tells. */
		send(BACKEND_FD, &control.answers[control.first], sizeof(struct backend_answer),
		     MSG_NOSIGNAL);
		control.first = (control.first + 1) % PENDING_MAX;
		control.count--;
	}
}

void control_gone(uint32_t type, uint32_t handle)
{
	unsigned int i, at;

	for (i = 0; i < control.count; i++) {
		at = (control.first + i) % PENDING_MAX;
		if (control.answers[at].op == BACKEND_DETACH && control.answers[at].type == type &&
		    control.answers[at].handle == handle) {
			control.is_ready[at] = true;
		}
	}
	answers_send();
}

static void request_do(const struct backend_request *request, int fds[DEVICE_FDS])
{
	unsigned int at = (control.first + control.count++) % PENDING_MAX;
	struct backend_answer *answer = &control.answers[at];
	struct complaint c = {""};

	*answer = (struct backend_answer){request->op, request->type, request->handle, 0, ""};
	control.is_ready[at] = true;
	switch (request->op) {
	case BACKEND_ATTACH:
		answer->status = device_attach(request, fds, &c);
		break;
	case BACKEND_DETACH: /* answered when it is gone; which it may be already */
		control.is_ready[at] = !device_detach(request);
		break;
	case BACKEND_RESIZE:
		answer->status = device_resize(request, fds, &c);
		break;
	default:
		answer->status = complain(&c, 0, "there is no request %u", request->op);
	}
	memcpy(answer->text, c.text, sizeof(answer->text));
	answers_send();
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
		control.watch.fd = -1;
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
	while (control.count < PENDING_MAX && request_take()) {
	}
}

int control_open(struct complaint *c)
{
	int type;
	socklen_t bytes = sizeof(type);

	if (getsockopt(BACKEND_FD, SOL_SOCKET, SO_TYPE, &type, &bytes) || type != SOCK_SEQPACKET) {
		return complain(c, 0,
				"descriptor %d is not domusd's socket: domusd starts this program",
				BACKEND_FD);
	}
	loop_watch(&control.watch, BACKEND_FD, socket_ready);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Speaks the store's wire protocol, many requests at a time; see batch.h. No lock. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenstore_lib.h>
#include <xen/io/xs_wire.h>

#include "daemon/batch.h"

static int failed(struct batch *b, const char *path, int errnum)
{
	if (!b->errnum) {
		b->errnum = errnum;
		snprintf(b->failed, sizeof(b->failed), "%s", path);
	}
	return -1;
}

void batch_add(struct batch *b, uint32_t type, const char *path, const void *data, size_t bytes)
{
	size_t path_bytes = strlen(path) + 1,
	       size = sizeof(struct xsd_sockmsg) + path_bytes + bytes;
	struct xsd_sockmsg header = {
		.type = type, .req_id = b->count, .tx_id = b->tx, .len = path_bytes + bytes};
	char *p;

	if (path_bytes + bytes > XENSTORE_PAYLOAD_MAX) {
		failed(b, path, E2BIG);
		return;
	}
	if (b->bytes + size > b->room) {
		p = realloc(b->data, b->bytes + size + XENSTORE_PAYLOAD_MAX);
		if (!p) {
			failed(b, path, ENOMEM);
			return;
		}
		b->data = p;
		b->room = b->bytes + size + XENSTORE_PAYLOAD_MAX;
	}
	p = b->data + b->bytes;
	memcpy(p, &header, sizeof(header));
	memcpy(p + sizeof(header), path, path_bytes);
	memcpy(p + sizeof(header) + path_bytes, data ? data : "", bytes);
	b->bytes += size;
	b->count++;
}

static int dial(int *fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (*fd >= 0) {
		return 0;
	}
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", xs_daemon_socket());
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return *fd < 0 || connect(*fd, (struct sockaddr *)&addr, sizeof(addr)) ? -1 : 0;
}

static int send_all(int fd, const char *data, size_t bytes)
{
	while (bytes) {
		ssize_t n = send(fd, data, bytes, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR) {
			return -1;
		}
		data += n > 0 ? n : 0;
		bytes -= n > 0 ? n : 0;
	}
	return 0;
}

/* Answers as they come: one read brings many. */
struct input {
	int fd;
	char data[4096];
	size_t start, end;
};

/* Takes bytes off the input; beyond room they are dropped. */
static int take(struct input *in, void *to, size_t room, size_t bytes)
{
	size_t kept = 0;

	while (bytes) {
		size_t n = in->end - in->start;

		if (n == 0) {
			ssize_t got = recv(in->fd, in->data, sizeof(in->data), 0);

			if (got < 0 && errno == EINTR) {
				continue;
			}
			if (got <= 0) {
				errno = got ? errno : EPIPE;
				return -1;
			}
			in->start = 0;
			in->end = got;
			continue;
		}
		n = n < bytes ? n : bytes;
		if (kept < room) {
			size_t keep = n < room - kept ? n : room - kept;

			memcpy((char *)to + kept, in->data + in->start, keep);
			kept += keep;
		}
		in->start += n;
		bytes -= n;
	}
	return 0;
}

static int error_number(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
		if (strcmp(name, xsd_errors[i].errstring) == 0) {
			return xsd_errors[i].errnum;
		}
	}
	return EINVAL;
}

/* The path of the request at an offset of the batch; *offset moves on to the next one. */
static const char *request_path(const struct batch *b, size_t *offset)
{
	struct xsd_sockmsg header;
	const char *path = b->data + *offset + sizeof(header);

	memcpy(&header, b->data + *offset, sizeof(header));
	*offset += sizeof(header) + header.len;
	return path;
}

static int exchange(struct batch *b)
{
	struct input in = {.start = 0};
	struct xsd_sockmsg header;
	size_t offset = 0;
	unsigned int i;

	if (dial(b->fd) || send_all(*b->fd, b->data, b->bytes)) {
		return -1;
	}
	in.fd = *b->fd;
	for (i = 0; i < b->count; i++) {
		const char *path = request_path(b, &offset);

		memset(b->answer, 0, sizeof(b->answer));
		if (take(&in, &header, sizeof(header), sizeof(header))) {
			return -1;
		}
		if (header.req_id != i || header.len > XENSTORE_PAYLOAD_MAX) {
			errno = EPROTO;
			return -1;
		}
		if (take(&in, b->answer, sizeof(b->answer) - 1, header.len)) {
			return -1;
		}
		if (header.type == XS_ERROR) {
			failed(b, path, error_number(b->answer));
		}
	}
	return 0;
}

int batch_run(struct batch *b)
{
	if (!b->errnum && exchange(b)) {
		failed(b, "(connection)", errno);
		if (*b->fd >= 0) {
			close(*b->fd);
			*b->fd = -1;
		}
	}
	b->bytes = 0;
	b->count = 0;
	return b->errnum;
}

void batch_free(struct batch *b)
{
	free(b->data);
	b->data = NULL;
}

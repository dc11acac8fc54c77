/* SPDX-License-Identifier: MIT */
/* Sends requests to domusd and takes its answers; see client.h for why it is our own. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/client.h"
#include "lib/http_parse.h"

enum { PIECE_BYTES = 16384 };

char *client_encode(const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	char *out = malloc(strlen(text) * 3 + 1), *p = out;

	for (; out && *text; text++) {
		unsigned char c = *text;

		if (isalnum(c) || strchr("-._~/", c)) {
			*p++ = c;
		} else {
			*p++ = '%';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	if (out) {
		*p = '\0';
	}
	return out;
}

static int dial(const char *path, struct err *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		return err_set(e, ERR_USAGE, "the socket's path %s is too long", path);
	}
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		int errnum = errno;

		if (fd >= 0) {
			close(fd);
		}
		err_set(e, ERR_HOST, "domusd does not answer on %s", path);
		err_errno(e, errnum, "connect");
		err_fix(e, errnum == EACCES ? "use domus as root"
					    : "start it: systemctl start domusd");
		return -1;
	}
	return fd;
}

static int send_all(int fd, const char *data, size_t bytes)
{
	while (bytes) {
		ssize_t n = send(fd, data, bytes, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR) {
			return -1;
		}
		if (n > 0) {
			data += n;
			bytes -= n;
		}
	}
	return 0;
}

/* Head and body leave together: one wake-up of the daemon, not two. */
static int send_request(int fd, const char *method, const char *target, const char *upgrade,
			const char *body, size_t bytes)
{
	char *head, *all;
	int len =
		asprintf(&head,
			 "%s %s HTTP/1.1\r\nHost: domusd\r\nConnection: %s\r\n%s%s%s"
			 "Content-Length: %zu\r\n\r\n",
			 method, target, upgrade ? "Upgrade" : "close", upgrade ? "Upgrade: " : "",
			 upgrade ? upgrade : "", upgrade ? "\r\n" : "", bytes);
	int ret = -1;

	if (len < 0) {
		return -1;
	}
	all = realloc(head, len + bytes + 1);
	if (all) {
		memcpy(all + len, body ? body : "", bytes);
		ret = send_all(fd, all, len + bytes);
	}
	free(all ? all : head);
	return ret;
}

/* Reads until the answer is whole; what follows it is left in piece. */
static int receive(int fd, struct http_parse *p, char *piece, size_t *rest)
{
	ssize_t n;
	size_t used;

	*rest = 0;
	while (p->state != HTTP_DONE && p->state != HTTP_BAD) {
		n = recv(fd, piece, PIECE_BYTES, 0);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			http_parse_end(p);
			break;
		}
		used = http_parse(p, piece, n);
		*rest = n - used;
		memmove(piece, piece + used, *rest);
	}
	return p->state == HTTP_DONE ? 0 : -1;
}

static json_t *answer_json(const struct http_parse *p, struct err *e)
{
	json_t *o = json_loadb(p->body ? p->body : "", p->body_bytes, 0, NULL);

	if (o && p->status < 400) {
		return o;
	}
	if (!o || err_from_json(e, o)) {
		err_set(e, ERR_HOST, "domusd gave an answer that makes no sense (HTTP status %d)",
			p->status);
		err_fix(e, "use domus and domusd of the same version");
	}
	json_decref(o);
	return NULL;
}

static int exchange(int fd, const char *method, const char *target, const char *upgrade,
		    const char *body, size_t bytes, struct http_parse *p, char *piece, size_t *rest,
		    struct err *e)
{
	/* A daemon that refuses early has answered all the same: read before giving up. */
	int is_sent = send_request(fd, method, target, upgrade, body, bytes) == 0;

	if (receive(fd, p, piece, rest)) {
		err_set(e, ERR_HOST, "domusd broke the connection off");
		err_why(e, is_sent ? "its answer is not whole" : "it did not take the request");
		return err_fix(e, "see its messages: journalctl -u domusd");
	}
	return 0;
}

json_t *client_call(const char *socket_path, const char *method, const char *target,
		    const char *body, size_t bytes, struct err *e)
{
	struct http_parse *p = calloc(1, sizeof(*p));
	char piece[PIECE_BYTES];
	json_t *o = NULL;
	size_t rest;
	int fd = p ? dial(socket_path, e) : err_set(e, ERR_NO_MEMORY, "out of memory");

	if (fd >= 0) {
		if (exchange(fd, method, target, NULL, body, bytes, p, piece, &rest, e) == 0) {
			o = answer_json(p, e);
		}
		close(fd);
		http_parse_free(p);
	}
	free(p);
	return o;
}

int client_upgrade(const char *socket_path, const char *target, const char *protocol, char *early,
		   size_t room, size_t *early_bytes, struct err *e)
{
	struct http_parse *p = calloc(1, sizeof(*p));
	char piece[PIECE_BYTES];
	size_t rest = 0;
	int fd = p ? dial(socket_path, e) : err_set(e, ERR_NO_MEMORY, "out of memory");
	int ok = fd >= 0 && exchange(fd, "GET", target, protocol, NULL, 0, p, piece, &rest, e) == 0;

	if (ok && (p->status != 101 || rest > room)) {
		json_decref(answer_json(p, e));
		ok = 0;
	}
	if (ok) {
		memcpy(early, piece, rest);
		*early_bytes = rest;
	} else if (fd >= 0) {
		close(fd);
	}
	if (p) {
		http_parse_free(p);
	}
	free(p);
	return ok ? fd : -1;
}

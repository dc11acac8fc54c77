/* SPDX-License-Identifier: MIT */
/*
 * The glue between libmicrohttpd and the event loop. A request that is not answered when its
 * route returns is suspended; the answer resumes it, and the library then asks for it again.
 * Event loop's thread only.
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/http.h"
#include "daemon/loop.h"

enum { SYSTEMD_FIRST_FD = 3, CONNECTION_LIMIT = 256, IDLE_ROUNDS = 4 };

struct request {
	struct MHD_Connection *connection;
	const char *method, *path;
	char *body;
	size_t body_bytes;
	int is_routed, is_suspended, is_too_large;
	unsigned int status;
	struct MHD_Response *response;
};

struct upgrade {
	void *arg;
	void (*ready)(void *arg, int fd, const char *early, size_t bytes, void *handle);
};

static struct {
	struct MHD_Daemon *mhd;
	struct loop_source source;
	void (*route)(struct request *r);
	int must_run;
} http;

const char *http_method(const struct request *r)
{
	return r->method;
}

const char *http_path(const struct request *r)
{
	return r->path;
}

const char *http_query(const struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_body(const struct request *r, size_t *bytes)
{
	*bytes = r->body_bytes;
	return r->body ? r->body : "";
}

static void reply(struct request *r, unsigned int status, struct MHD_Response *response)
{
	if (r->response) {
		MHD_destroy_response(response);
		return;
	}
	r->status = status;
	r->response = response;
	if (r->is_suspended) {
		r->is_suspended = 0;
		MHD_resume_connection(r->connection);
		http.must_run = 1;
	}
}

void http_reply(struct request *r, unsigned int status, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);
	struct MHD_Response *response;

	json_decref(body);
	response = MHD_create_response_from_buffer(text ? strlen(text) : 0, text,
						   MHD_RESPMEM_MUST_FREE);
	MHD_add_response_header(response, "Content-Type", "application/json");
	reply(r, status, response);
}

void http_reply_error(struct request *r, const struct err *e)
{
	static const unsigned int status[ERR_CLASS_COUNT] = {
		[ERR_USAGE] = 400,     [ERR_CONFIG] = 422, [ERR_NOT_FOUND] = 404,
		[ERR_NO_MEMORY] = 507, [ERR_REMOTE] = 502, [ERR_GUEST] = 409,
		[ERR_TIMEOUT] = 504,
	};

	http_reply(r, status[e->class] ? status[e->class] : 500, err_json(e));
}

static void upgraded(void *cls, struct MHD_Connection *connection, void *con_cls, const char *early,
		     size_t bytes, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
	struct upgrade *u = cls;

	(void)connection;
	(void)con_cls;
	u->ready(u->arg, fd, early, bytes, handle);
	free(u);
}

void http_reply_upgrade(struct request *r, const char *protocol, void *arg,
			void (*ready)(void *arg, int fd, const char *early, size_t bytes,
				      void *handle))
{
	struct upgrade *u = malloc(sizeof(*u));
	struct MHD_Response *response = u ? MHD_create_response_for_upgrade(upgraded, u) : NULL;
	struct err e ERR_CLEANUP = {0};

	if (!response) {
		free(u);
		err_set(&e, ERR_NO_MEMORY, "out of memory");
		http_reply_error(r, &e);
		return;
	}
	*u = (struct upgrade){.arg = arg, .ready = ready};
	MHD_add_response_header(response, "Upgrade", protocol);
	reply(r, 101, response);
}

void http_upgrade_close(void *handle)
{
	MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
	http.must_run = 1;
}

static void take_body(struct request *r, const char *data, size_t bytes)
{
	char *grown;

	if (r->body_bytes + bytes > HTTP_BODY_LIMIT_BYTES) {
		r->is_too_large = 1;
		return;
	}
	grown = realloc(r->body, r->body_bytes + bytes + 1);
	if (!grown) {
		r->is_too_large = 1;
		return;
	}
	memcpy(grown + r->body_bytes, data, bytes);
	r->body = grown;
	r->body_bytes += bytes;
	r->body[r->body_bytes] = '\0';
}

static void route(struct request *r)
{
	struct err e ERR_CLEANUP = {0};

	r->is_routed = 1;
	if (r->is_too_large) {
		err_set(&e, ERR_USAGE, "the request's body is too large");
		http_reply_error(r, &e);
	} else {
		http.route(r);
	}
	if (!r->response) {
		r->is_suspended = 1;
		MHD_suspend_connection(r->connection);
	}
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *bytes, void **con_cls)
{
	struct request *r = *con_cls;

	(void)cls;
	(void)version;
	if (!r) {
		r = calloc(1, sizeof(*r));
		*con_cls = r;
		return r ? MHD_YES : MHD_NO;
	}
	r->connection = connection;
	r->method = method;
	r->path = url;
	if (*bytes) {
		take_body(r, data, *bytes);
		*bytes = 0;
		return MHD_YES;
	}
	if (!r->is_routed) {
		route(r);
	}
	return r->response ? MHD_queue_response(connection, r->status, r->response) : MHD_YES;
}

static void completed(void *cls, struct MHD_Connection *connection, void **con_cls,
		      enum MHD_RequestTerminationCode code)
{
	struct request *r = *con_cls;

	(void)cls;
	(void)connection;
	(void)code;
	if (r) {
		if (r->response) {
			MHD_destroy_response(r->response);
		}
		free(r->body);
		free(r);
		*con_cls = NULL;
	}
}

static void http_ready(struct loop_source *s, uint32_t events)
{
	(void)s;
	(void)events;
	MHD_run(http.mhd);
}

/* How long the loop may wait: not at all while the library has work that no event announces. */
static int http_idle(void)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;
	int rounds;

	for (rounds = 0; rounds < IDLE_ROUNDS; rounds++) {
		if (!http.must_run && (MHD_get_timeout(http.mhd, &ms) != MHD_YES || ms)) {
			return -1; /* no connection has a time limit */
		}
		http.must_run = 0;
		MHD_run(http.mhd);
	}
	return 0;
}

/* systemd passes sockets from number 3 on and names their receiver. */
static int socket_inherited(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

	return pid && count && atol(pid) == getpid() && atoi(count) == 1 ? SYSTEMD_FIRST_FD : -1;
}

static int socket_listen(const char *path, struct err *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket_inherited();
	mode_t old;

	if (fd >= 0) {
		return fd;
	}
	if (strlen(path) >= sizeof(addr.sun_path)) {
		return err_set(e, ERR_USAGE, "the socket's path %s is too long", path);
	}
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(path);
	old = umask(0177);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 64)) {
		err_set(e, ERR_HOST, "domusd cannot listen on %s", path);
		err_errno(e, errno, "bind");
		umask(old);
		if (fd >= 0) {
			close(fd);
		}
		return -1;
	}
	umask(old);
	return fd;
}

int http_init(const char *socket_path, void (*route_request)(struct request *r), struct err *e)
{
	const union MHD_DaemonInfo *info;
	int fd = socket_listen(socket_path, e);

	if (fd < 0) {
		return -1;
	}
	http.route = route_request;
	http.mhd = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG, 0,
		NULL, NULL, handle, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		CONNECTION_LIMIT, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	info = http.mhd ? MHD_get_daemon_info(http.mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info || loop_add(&http.source, info->epoll_fd, EPOLLIN, http_ready)) {
		return err_set(e, ERR_HOST, "the HTTP server does not start");
	}
	loop_on_idle(http_idle);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Images behind an NBD server, through libnbd's asynchronous calls; see image.h. Data goes between
 * the socket and the requests' own memory. domusd starts the server and connects to it
 * (include/backend.h); that no predecessor's write can still land there is its business, too.
 *
 *	image_submit --> libnbd --socket--> server
 *	                        <---------- poll: in_ready() --> requests that ended --> done
 *
 * libnbd completes requests out of its own calls, and those must not be nested: what ended is
 * listed, and told when libnbd has returned.
 *
 * A server that is gone cannot be asked what it has done. What it did not answer is in the record
 * of requests, so this process ends without an answer for it, as if it were killed; domusd starts
 * server and process afresh, and the requests are done again.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"
#include "backend/image.h"
#include "backend/nbd_library.h"

#define GREETING_MS 10000
/* Pieces of answers that are taken before what they ended goes on. */
#define ANSWERS_MAX 64
/* The protocol has 32 bits for the length of a discard. */
#define DISCARD_BYTES (1ull << 30)

struct wait {
	struct loop_event event; /* first: the handler casts */
	struct nbd_image *image;
	bool is_armed;
};

struct nbd_image {
	struct image image; /* first: operations cast */
	struct nbd_handle *handle;
	struct wait in, out;
	struct image_request *ended, **ended_last;
	bool is_closed, is_lost;
};

static const struct nbd_library *nbd;

static struct nbd_image *nbd_of(struct image *i)
{
	return (struct nbd_image *)i;
}

static void wait_arm(struct wait *w, short events)
{
	if (!w->is_armed) {
		w->is_armed = true;
		io_uring_prep_poll_add(loop_sqe(&w->event), nbd->aio_get_fd(w->image->handle),
				       events);
	}
}

/* Input is always waited for, room for output only while it lacks. */
static void waits_arm(struct nbd_image *n)
{
	wait_arm(&n->in, POLLIN);
	if (nbd->aio_get_direction(n->handle) & LIBNBD_AIO_DIRECTION_WRITE) {
		wait_arm(&n->out, POLLOUT);
	}
}

static void lose(struct nbd_image *n)
{
	if (!n->is_lost) {
		n->is_lost = true;
		fputs("domus-backend: the server of a disk's image is gone\n", stderr);
		loop_fail(-ENOTCONN);
	}
}

static bool is_alive(struct nbd_image *n)
{
	if (nbd->aio_is_dead(n->handle) || nbd->aio_is_closed(n->handle)) {
		lose(n);
	}
	return !n->is_lost;
}

static void free_if_idle(struct nbd_image *n)
{
	if (n->is_closed && !n->in.is_armed && !n->out.is_armed) {
		nbd->close(n->handle);
		free(n);
	}
}

/* Called by libnbd; 1: it may forget the request. */
static int request_ended(void *data, int *error)
{
	struct image_request *r = data;
	struct nbd_image *n = nbd_of(r->image);
	bool is_data = r->op == IMAGE_READ || r->op == IMAGE_WRITE;

	if (*error == ESHUTDOWN) {
		lose(n); /* it says good-bye, and has not done it */
	}
	r->result = *error ? -*error : is_data ? (int32_t)r->bytes : 0;
	r->next = NULL;
	*n->ended_last = r;
	n->ended_last = &r->next;
	return 1;
}

static uint64_t discard_part(const struct image_request *r)
{
	return r->bytes < DISCARD_BYTES ? r->bytes : DISCARD_BYTES;
}

static void nbd_submit(struct image *i, struct image_request *r)
{
	struct nbd_image *n = nbd_of(i);
	nbd_completion_callback end = {.callback = request_ended, .user_data = r};
	int64_t cookie = -1;

	r->image = i;
	switch (r->op) {
	case IMAGE_READ:
		cookie = nbd->aio_pread(n->handle, r->data, r->bytes, r->offset, end, 0);
		break;
	case IMAGE_WRITE:
		cookie = nbd->aio_pwrite(n->handle, r->data, r->bytes, r->offset, end, 0);
		break;
	case IMAGE_FLUSH:
		cookie = nbd->aio_flush(n->handle, end, 0);
		break;
	case IMAGE_DISCARD:
		cookie = nbd->aio_trim(n->handle, discard_part(r), r->offset, end, 0);
	}
	/* Requests are sane and memory is there: it is the connection that failed. */
	if (cookie < 0) {
		lose(n);
	} else if (is_alive(n)) {
		waits_arm(n);
	}
}

/* Tells of what ended, or goes on with the rest of a large discard. */
static void ended_tell(struct nbd_image *n)
{
	struct image_request *r;
	uint64_t part;

	while ((r = n->ended) && !n->is_lost) {
		n->ended = r->next;
		n->ended_last = n->ended ? n->ended_last : &n->ended;
		part = r->op == IMAGE_DISCARD && !r->result ? discard_part(r) : r->bytes;
		r->offset += part;
		r->bytes -= part;
		if (r->bytes) {
			nbd_submit(&n->image, r);
		} else {
			r->event.done(&r->event, r->result);
		}
	}
}

/* libnbd must not be told of input that is not there: it would forget what it is sending. */
static bool has_input(struct nbd_image *n)
{
	struct pollfd p = {.fd = nbd->aio_get_fd(n->handle), .events = POLLIN};

	return is_alive(n) && poll(&p, 1, 0) == 1;
}

static void in_ready(struct loop_event *e, int32_t result)
{
	struct nbd_image *n = ((struct wait *)e)->image;
	unsigned int answers = 0;

	(void)result; /* an error shows when the socket is read */
	n->in.is_armed = false;
	if (n->is_closed) {
		free_if_idle(n);
		return;
	}
	/* One call takes one answer, and more may be there. */
	while (has_input(n) && answers++ < ANSWERS_MAX) {
		if (nbd->aio_get_direction(n->handle) & LIBNBD_AIO_DIRECTION_READ) {
			nbd->aio_notify_read(n->handle);
		}
	}
	ended_tell(n);
	if (is_alive(n) && !n->is_closed) {
		waits_arm(n);
	}
}

static void out_ready(struct loop_event *e, int32_t result)
{
	struct nbd_image *n = ((struct wait *)e)->image;

	(void)result;
	n->out.is_armed = false;
	if (n->is_closed) {
		free_if_idle(n);
		return;
	}
	if (nbd->aio_get_direction(n->handle) & LIBNBD_AIO_DIRECTION_WRITE) {
		nbd->aio_notify_write(n->handle);
	}
	if (is_alive(n)) {
		waits_arm(n);
	}
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The server is there and has no other client: this takes no time to speak of. */
static int greet(struct nbd_handle *h, int fd, struct complaint *c)
{
	uint64_t until = now_ms() + GREETING_MS;
	int rc = nbd->set_export_name(h, BACKEND_EXPORT);

	/* Its memory is overwritten by what is read, or not shown. */
	rc = rc ? rc : nbd->set_pread_initialize(h, false);
	rc = rc ? rc : nbd->aio_connect_socket(h, fd);
	while (rc >= 0 && nbd->aio_is_connecting(h) && now_ms() < until) {
		rc = nbd->poll(h, GREETING_MS);
	}
	if (rc < 0) {
		return complain(c, 0, "the image's server: %s", nbd->get_error());
	}
	return nbd->aio_is_ready(h) ? 0 : complain(c, ETIMEDOUT, "the image's server");
}

static void nbd_close_image(struct image *i)
{
	struct nbd_image *n = nbd_of(i);

	n->is_closed = true;
	/* Ends the waits for it. Nothing is in flight that a farewell would have to wait for. */
	if (!n->is_lost) {
		shutdown(nbd->aio_get_fd(n->handle), SHUT_RDWR);
	}
	free_if_idle(n);
}

static struct nbd_image *nbd_make(struct complaint *c)
{
	struct nbd_image *n = calloc(1, sizeof(*n));

	if (n) {
		n->image = (struct image){&image_nbd, -1};
		n->in = (struct wait){{in_ready}, n, false};
		n->out = (struct wait){{out_ready}, n, false};
		n->ended_last = &n->ended;
		n->handle = nbd->create();
	}
	if (!n || !n->handle) {
		complain(c, ENOMEM, "an image");
		free(n);
		n = NULL;
	}
	return n;
}

static struct image *nbd_open_image(int fd, struct complaint *c)
{
	struct nbd_image *n;

	nbd = nbd_library();
	if (!nbd) {
		complain(c, 0, "this process was started without libnbd");
		return NULL;
	}
	n = nbd_make(c);
	if (!n) {
		return NULL;
	}
	/* libnbd closes the descriptor that it gets, whatever comes; the caller keeps its own. */
	if (greet(n->handle, fcntl(fd, F_DUPFD_CLOEXEC, 0), c)) {
		nbd->close(n->handle);
		free(n);
		return NULL;
	}
	close(fd);
	waits_arm(n);
	return &n->image;
}

static int nbd_look(struct image *i, struct image_facts *facts, struct complaint *c)
{
	struct nbd_handle *h = nbd_of(i)->handle;
	int64_t bytes = nbd->get_size(h), align = nbd->get_block_size(h, LIBNBD_SIZE_MINIMUM);
	int read_only = nbd->is_read_only(h);

	if (bytes < 0 || align < 0 || read_only < 0) {
		return complain(c, 0, "the image's server: %s", nbd->get_error());
	}
	if (!read_only && nbd->can_flush(h) != 1) {
		return complain(c, 0, "the image's server cannot flush: nothing would be durable");
	}
	*facts = (struct image_facts){
		.bytes = (uint64_t)bytes,
		.align = (uint32_t)align,
		.is_read_only = read_only,
		.can_discard = nbd->can_trim(h) == 1,
	};
	return 0;
}

static int nbd_lock(struct image *i, bool is_shared, uint64_t fence, struct complaint *c)
{
	(void)i;
	(void)is_shared;
	(void)fence;
	(void)c;
	return 0;
}

const struct image_type image_nbd = {
	.open = nbd_open_image,
	.look = nbd_look,
	.lock = nbd_lock,
	.submit = nbd_submit,
	.close = nbd_close_image,
};

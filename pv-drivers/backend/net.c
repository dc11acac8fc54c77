/* SPDX-License-Identifier: MIT */
/* A network device: its tap, its waits, and what the store tells of it; see net.h. */
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "backend/kept.h"
#include "backend/net.h"

static struct {
	struct net_device *list;
	struct loop_settler settler;
} nets;

/* --- Waits --- */

static void wait_done(struct loop_event *e, int32_t result)
{
	struct net_wait *w = (struct net_wait *)e;

	(void)result; /* broken off, or over: what there is to be done shows then */
	w->is_waiting = false;
	w->is_over = true;
}

static void wait_start(struct net_wait *w)
{
	w->is_waiting = true;
	w->is_over = false;
}

static void wait_tap(struct net_device *n)
{
	if (!n->tap_wait.is_waiting) {
		wait_start(&n->tap_wait);
		io_uring_prep_poll_add(loop_sqe(&n->tap_wait.event), n->tap, POLLIN);
	}
}

static void wait_rate(struct net_device *n, uint64_t ns)
{
	if (!n->rate_wait.is_waiting) {
		wait_start(&n->rate_wait);
		n->rate_time.tv_sec = (int64_t)(ns / NET_RATE_SECOND_NS);
		n->rate_time.tv_nsec = (long long)(ns % NET_RATE_SECOND_NS);
		io_uring_prep_timeout(loop_sqe(&n->rate_wait.event), &n->rate_time, 0, 0);
	}
}

/* Nobody is told of the breaking off, but of the wait's end. */
static void nothing_done(struct loop_event *e, int32_t result)
{
	(void)e;
	(void)result;
}

static void wait_stop(struct net_wait *w)
{
	static struct loop_event nothing = {nothing_done};

	if (w->is_waiting) {
		io_uring_prep_cancel(loop_sqe(&nothing), &w->event, 0);
	}
}

/* --- Work --- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NET_RATE_SECOND_NS + (uint64_t)t.tv_nsec;
}

/* From the guest; what the rate does not allow yet waits in its rings. */
static void net_send(struct net_device *n)
{
	uint64_t wait = 0;

	net_rate_fill(&n->rate, n->rate.bytes_per_s ? now_ns() : 0);
	for (uint32_t i = 0; i < n->queue_count && n->is_connected; i++) {
		struct net_queue *q = &n->queues[i];

		if (q->is_tx_woken || n->rate_wait.is_over) {
			net_queue_take(q);
		}
		if (q->back.beyond_bytes) {
			wait = net_rate_wait_ns(&n->rate, q->back.beyond_bytes);
		}
	}
	n->rate_wait.is_over = false;
	if (wait && n->is_connected) {
		wait_rate(n, wait);
	}
}

/* To the guest; while one packet waits for buffers no more are read. */
static void net_receive(struct net_device *n)
{
	bool has_more;

	if (n->held.bytes ? !n->is_rx_woken : !n->tap_wait.is_over) {
		return;
	}
	n->is_rx_woken = n->tap_wait.is_over = false;
	has_more = net_device_receive(n);
	if (has_more && n->is_connected) {
		n->tap_wait.is_over = true;
		loop_again();
	} else if (!n->held.bytes && n->is_connected) {
		wait_tap(n);
	}
}

static void settle(struct loop_settler *s)
{
	struct net_device *n;

	(void)s;
	for (n = nets.list; n; n = n->next) {
		if (n->is_connected) {
			net_send(n);
		}
		if (n->is_connected) {
			net_receive(n);
		}
	}
}

void net_init(void)
{
	loop_settler_add(&nets.settler, settle);
}

/* --- The device --- */

static int net_attach(struct device *d, const struct backend_request *request, int fds[DEVICE_FDS],
		      struct complaint *c)
{
	struct net_device *n = d->own = calloc(1, sizeof(*n));
	int rc;

	if (!n) {
		return complain(c, ENOMEM, "a network device");
	}
	n->device = d;
	n->tap = -1;
	n->tap_wait = n->rate_wait = (struct net_wait){.event = {wait_done}, .net = n};
	net_rate_init(&n->rate, request->rate_bytes, now_ns());
	n->next = nets.list;
	nets.list = n;
	n->record = kept_map(fds[1], NET_QUEUES_MAX * sizeof(*n->record), c);
	rc = n->record ? tap_check(fds[0], c) : -ENOMEM;
	if (!rc && net_room_init()) {
		rc = complain(c, ENOMEM, "memory for packets");
	}
	if (!rc) {
		n->tap = fds[0];
		fds[0] = -1;
	}
	return rc;
}

static void net_announce(struct device *d)
{
	static const char *const features[] = {
		"feature-rx-copy",           "feature-sg",
		"feature-gso-tcpv4",         "feature-gso-tcpv6",
		"feature-ipv6-csum-offload", "feature-split-event-channels",
		"feature-multicast-control",
	};

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		store_write(d->folder, features[i], "1");
	}
	store_write(d->folder, "feature-rx-flip", "0");
	store_write(d->folder, "multi-queue-max-queues", "%u", NET_QUEUES_MAX);
}

static bool front_has(const struct device *d, const char *node)
{
	return store_number_or(d->front, node, UINT32_MAX, 0);
}

static void features_read(struct net_device *n)
{
	const struct device *d = n->device;
	struct tap_features *f = &n->features;

	f->csum_v4 = !front_has(d, "feature-no-csum-offload");
	f->csum_v6 = front_has(d, "feature-ipv6-csum-offload");
	f->gso_v4 = f->csum_v4 && front_has(d, "feature-gso-tcpv4");
	f->gso_v6 = f->csum_v6 && front_has(d, "feature-gso-tcpv6");
	n->multicast =
		(struct net_multicast){.is_active = front_has(d, "request-multicast-control")};
	for (uint32_t i = 0; i < n->queue_count; i++) {
		n->queues[i].back.is_sg_refused = !front_has(d, "feature-sg");
	}
}

static int net_connect(struct device *d, bool is_successor, struct complaint *c)
{
	struct net_device *n = d->own;
	int rc;

	if (!front_has(d, "request-rx-copy")) {
		return complain(c, 0, "the guest's driver does not let packets be copied to it");
	}
	rc = net_queues_open(n, is_successor, c);
	if (!rc) {
		features_read(n);
		/* What a predecessor was asked for is not known any more: the guest gets all. */
		n->multicast.is_active &= !is_successor;
		n->held.bytes = 0;
		n->is_connected = true;
		tap_connect(n->tap, &n->features);
		wait_tap(n);
	}
	return rc;
}

static void net_disconnect(struct device *d)
{
	struct net_device *n = d->own;

	n->is_connected = false;
	tap_connect(n->tap, NULL);
	wait_stop(&n->tap_wait);
	wait_stop(&n->rate_wait);
	net_queues_close(n);
}

static bool net_is_busy(const struct device *d)
{
	const struct net_device *n = d->own;

	return !n->is_connected && (n->tap_wait.is_waiting || n->rate_wait.is_waiting);
}

static void net_release(struct device *d)
{
	struct net_device *n = d->own, **at = &nets.list;

	while (*at != n) {
		at = &(*at)->next;
	}
	*at = n->next;
	if (n->tap >= 0) {
		close(n->tap);
	}
	if (n->record) {
		munmap(n->record, NET_QUEUES_MAX * sizeof(*n->record));
	}
	free(n);
}

const struct device_type net_device = {
	.number = BACKEND_NET,
	.store_name = BACKEND_STORE_NET,
	.attach = net_attach,
	.announce = net_announce,
	.connect = net_connect,
	.disconnect = net_disconnect,
	.is_busy = net_is_busy,
	.release = net_release,
};

/* SPDX-License-Identifier: MIT */
/*
 * The store client: one ring for requests, one for what comes back, both of 1024 bytes, which
 * messages of up to 4 KiB pass through piece by piece:
 *
 *	header {type, req_id, tx_id, length} | length bytes, most often strings with a zero byte
 *
 * What comes back is the answer to the one request that is under way, or tells of a watch. Whoever
 * waits for an answer takes in what comes; otherwise the store's thread does, and it alone calls
 * the handlers of watches, so they may ask the store.
 *
 * Invariant: `is_busy` while a request is under way; the rings' indexes of the other end are
 * checked before they are used, and a store that breaks them ends the kernel: nothing works then.
 */
#include "kernel.h"
#include <errno.h>
#include <xen/io/xs_wire.h>

enum { WATCHES = 16, TOKEN_BYTES = 4 };
#define LOOK_NS (50 * 1000000ul)

static struct xenstore_domain_interface *ring;
static bool is_busy;
static u32 request_id;

/* The message that is coming in: its header, then its data, of which so many bytes are here. */
static struct {
	struct xsd_sockmsg header;
	char data[XENSTORE_PAYLOAD_MAX + 1];
	u32 bytes;
} in;

static struct watch {
	char path[PLATFORM_PATH_BYTES];
	void (*handler)(void *arg); /* NULL: unused */
	void *arg;
	bool is_pending;
} watches[WATCHES];

/* --- Bytes through the rings --- */

static u32 used_bytes(u32 prod, u32 cons)
{
	if (prod - cons > XENSTORE_RING_SIZE) {
		kernel_panic("the store's ring is damaged");
	}
	return prod - cons;
}

static void put(const void *data, size_t bytes)
{
	const char *from = data;

	while (bytes) {
		u32 prod = ring->req_prod;
		u32 cons = __atomic_load_n(&ring->req_cons, __ATOMIC_ACQUIRE);
		u32 room = XENSTORE_RING_SIZE - used_bytes(prod, cons);

		for (; room && bytes; room--, bytes--) {
			ring->req[MASK_XENSTORE_IDX(prod++)] = *from++;
		}
		__atomic_store_n(&ring->req_prod, prod, __ATOMIC_RELEASE);
		platform_notify(start_info_ptr->store_evtchn);
		if (bytes) {
			thread_wait(FOREVER);
		}
	}
}

/* At most so many bytes of what is there. */
static u32 get(char *to, u32 bytes)
{
	u32 cons = ring->rsp_cons;
	u32 prod = __atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE);
	u32 there = used_bytes(prod, cons), n;

	for (n = 0; n < there && n < bytes; n++) {
		to[n] = ring->rsp[MASK_XENSTORE_IDX(cons++)];
	}
	__atomic_store_n(&ring->rsp_cons, cons, __ATOMIC_RELEASE);
	if (n) {
		platform_notify(start_info_ptr->store_evtchn); /* there is room again */
	}
	return n;
}

/* --- Messages --- */

/* Takes in what is there of the next message; true once it is complete. */
static bool message_take(void)
{
	const u32 head = sizeof(in.header);

	if (in.bytes < head) {
		in.bytes += get((char *)&in.header + in.bytes, head - in.bytes);
	}
	if (in.bytes >= head) {
		if (in.header.len > XENSTORE_PAYLOAD_MAX) {
			kernel_panic("the store sends more than a message holds");
		}
		in.bytes += get(in.data + in.bytes - head, in.header.len - (in.bytes - head));
	}
	if (in.bytes < head || in.bytes < head + in.header.len) {
		return false;
	}
	in.data[in.header.len] = 0;
	in.bytes = 0;
	return true;
}

/* A watch's token is its place among them, as a letter. */
static void watch_fired(void)
{
	size_t path_bytes = strlen(in.data) + 1;
	u32 i = path_bytes < in.header.len ? (u32)(in.data[path_bytes] - 'a') : WATCHES;

	if (i < WATCHES) {
		watches[i].is_pending = true;
		thread_wake();
	}
}

/* Takes in all that is there, up to an answer; true if there is one. */
static bool answer_take(void)
{
	while (message_take()) {
		if (in.header.type != XS_WATCH_EVENT) {
			return true;
		}
		watch_fired();
	}
	return false;
}

static int error_number(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(xsd_errors); i++) {
		if (!strcmp(xsd_errors[i].errstring, name)) {
			return -xsd_errors[i].errnum;
		}
	}
	return -EIO;
}

/* Sends a request of two parts and waits; the answer is copied. Its length, or -errno. */
static int request(u32 type, const char *one, size_t one_bytes, const char *two, size_t two_bytes,
		   char *answer, size_t answer_bytes)
{
	struct xsd_sockmsg header = {.type = type, .len = (u32)(one_bytes + two_bytes)};
	int rc;

	while (is_busy) {
		thread_wait(FOREVER);
	}
	is_busy = true;
	header.req_id = ++request_id;
	put(&header, sizeof(header));
	put(one, one_bytes);
	put(two, two_bytes);
	do {
		while (!answer_take()) {
			thread_wait(FOREVER);
		}
	} while (in.header.req_id != request_id);
	rc = (int)in.header.len;
	if (in.header.type == XS_ERROR) {
		rc = error_number(in.data);
	} else if (answer && in.header.len >= answer_bytes) {
		rc = -E2BIG;
	} else if (answer) {
		memcpy(answer, in.data, in.header.len + 1); /* and a zero byte */
	}
	is_busy = false;
	thread_wake();
	return rc;
}

/* --- What the kernel asks --- */

int platform_store_read(const char *path, char *value, size_t bytes)
{
	return request(XS_READ, path, strlen(path) + 1, NULL, 0, value, bytes);
}

int store_list(const char *path, char *names, size_t bytes)
{
	return request(XS_DIRECTORY, path, strlen(path) + 1, NULL, 0, names, bytes);
}

/* Looks again and again: what is removed was watched for what it held, by somebody else. */
void store_wait_removed(const char *path, u64 deadline_ns)
{
	char value[PLATFORM_VALUE_BYTES];

	while (platform_store_read(path, value, sizeof(value)) >= 0 &&
	       system_time() < deadline_ns) {
		thread_wait(system_time() + LOOK_NS);
	}
}

int platform_store_write(const char *path, const char *value)
{
	int rc = request(XS_WRITE, path, strlen(path) + 1, value, strlen(value), NULL, 0);

	return rc < 0 ? rc : 0;
}

static int watch_request(u32 type, const struct watch *w)
{
	const char token[] = {(char)('a' + (w - watches)), 0};
	int rc = request(type, w->path, strlen(w->path) + 1, token, sizeof(token), NULL, 0);

	return rc < 0 ? rc : 0;
}

int platform_store_watch(const char *path, void (*handler)(void *arg), void *arg)
{
	for (struct watch *w = watches; w < watches + WATCHES; w++) {
		if (w->handler) {
			continue;
		}
		if (strlen(path) >= sizeof(w->path)) {
			return -ENAMETOOLONG;
		}
		memcpy(w->path, path, strlen(path) + 1);
		w->handler = handler;
		w->arg = arg;
		return watch_request(XS_WATCH, w);
	}
	return -ENOSPC;
}

static struct watch *watch_find(const char *path, const void *arg)
{
	for (struct watch *w = watches; w < watches + WATCHES; w++) {
		if (w->handler && w->arg == arg && !strcmp(w->path, path)) {
			return w;
		}
	}
	kernel_panic("a watch is not there");
}

void platform_store_unwatch(const char *path, void *arg)
{
	struct watch *w = watch_find(path, arg);

	watch_request(XS_UNWATCH, w);
	memset(w, 0, sizeof(*w));
}

void platform_store_again(const char *path, void *arg)
{
	watch_find(path, arg)->is_pending = true;
	thread_wake();
}

/* --- The store's thread --- */

/* True if there was one. Others may have fired meanwhile, also such that the loop was past. */
static bool watches_run(void)
{
	bool is_any = false;

	for (struct watch *w = watches; w < watches + WATCHES; w++) {
		if (w->is_pending) {
			w->is_pending = false;
			is_any = true;
			if (w->handler) {
				w->handler(w->arg);
			}
		}
	}
	return is_any;
}

static void store_thread(void *arg)
{
	for (;;) {
		if (!is_busy) {
			answer_take(); /* an answer that nobody asked for is none */
		}
		/* What a handler woke us for while it ran, no event tells again. */
		thread_wait(watches_run() ? 0 : FOREVER);
	}
}

/* The threads that wait look themselves. */
static void store_event(void *arg)
{
}

static void store_attach(void)
{
	ring = page_of_machine(start_info_ptr->store_mfn);
	event_handle(start_info_ptr->store_evtchn, store_event, NULL);
}

void store_init(void)
{
	store_attach();
	if (thread_start(store_thread, NULL)) {
		kernel_panic("no memory for the store's thread");
	}
}

void store_suspend(void)
{
	while (is_busy) {
		thread_wait(FOREVER);
	}
	is_busy = true;
}

void store_resume(bool is_other)
{
	if (is_other) {
		store_attach();
		/* Of a message that was coming in, the rest will not come. */
		in.bytes = 0;
		ring->rsp_cons = ring->rsp_prod;
	}
	is_busy = false;
	for (struct watch *w = watches; is_other && w < watches + WATCHES; w++) {
		if (w->handler) {
			watch_request(XS_WATCH, w);
		}
	}
}

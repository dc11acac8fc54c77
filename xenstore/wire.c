/* SPDX-License-Identifier: MIT */
/*
 * Message framing and output queue; see wire.h for the invariant. No lock: one thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "wire.h"

struct wire_msg {
	struct wire_msg *next;
	size_t len;
	uint64_t hash; /* of an event's payload */
	struct xsd_sockmsg header;
	char payload[];
};

char *wire_in_room(struct wire_in *in, size_t *size)
{
	if (in->start) {
		memmove(in->bytes, in->bytes + in->start, in->end - in->start);
		in->end -= in->start;
		in->start = 0;
	}
	*size = sizeof(in->bytes) - in->end;
	return in->bytes + in->end;
}

void wire_in_filled(struct wire_in *in, size_t size)
{
	in->end += size;
}

int wire_in_next(struct wire_in *in, struct xsd_sockmsg *header, const char **payload)
{
	size_t have = in->end - in->start;

	if (have < sizeof(*header)) {
		return 0;
	}
	memcpy(header, in->bytes + in->start, sizeof(*header));
	if (header->len > XENSTORE_PAYLOAD_MAX) {
		return -EPROTO;
	}
	if (have < sizeof(*header) + header->len) {
		return 0;
	}
	*payload = in->bytes + in->start + sizeof(*header);
	in->start += sizeof(*header) + header->len;
	return 1;
}

void wire_out_init(struct wire_out *out)
{
	*out = (struct wire_out){.tail = &out->head};
}

static size_t msg_cost(const struct wire_msg *m)
{
	return sizeof(*m) + m->header.len;
}

void wire_out_clear(struct wire_out *out)
{
	while (out->head) {
		struct wire_msg *m = out->head;

		out->head = m->next;
		free(m);
	}
	wire_out_init(out);
}

static struct wire_msg *msg_new(uint32_t type, size_t len)
{
	struct wire_msg *m = mem_alloc(sizeof(*m) + len);

	m->header = (struct xsd_sockmsg){.type = type, .len = len};
	m->len = sizeof(m->header) + len;
	return m;
}

static void msg_append(struct wire_out *out, struct wire_msg *m)
{
	*out->tail = m;
	out->tail = &m->next;
	out->bytes += msg_cost(m);
	out->replies += m->header.type != XS_WATCH_EVENT;
}

void wire_out_reply(struct wire_out *out, const struct xsd_sockmsg *header, const void *payload,
		    size_t len)
{
	struct wire_msg *m = msg_new(header->type, len);

	m->header.req_id = header->req_id;
	m->header.tx_id = header->tx_id;
	memcpy(m->payload, payload, len);
	msg_append(out, m);
}

/* Looks behind the head, which may be on its way already. */
static bool waiting(const struct wire_out *out, const struct wire_msg *event)
{
	const struct wire_msg *m = out->head;

	for (m = m ? m->next : NULL; m; m = m->next) {
		if (m->hash == event->hash && m->header.type == XS_WATCH_EVENT &&
		    m->header.len == event->header.len &&
		    memcmp(m->payload, event->payload, m->header.len) == 0) {
			return true;
		}
	}
	return false;
}

bool wire_out_event(struct wire_out *out, const char *path, const char *token, bool once)
{
	size_t path_size = strlen(path) + 1, token_size = strlen(token) + 1;
	struct wire_msg *m;

	if (path_size + token_size > XENSTORE_PAYLOAD_MAX) {
		return false;
	}
	m = msg_new(XS_WATCH_EVENT, path_size + token_size);
	memcpy(m->payload, path, path_size);
	memcpy(m->payload + path_size, token, token_size);
	m->hash = once ? hash_bytes(m->payload, m->header.len) : 0;
	if (once && waiting(out, m)) {
		free(m);
		return true;
	}
	msg_append(out, m);
	return true;
}

size_t wire_out_gather(const struct wire_out *out, char *to, size_t room)
{
	size_t done = 0, skip = out->sent;

	for (const struct wire_msg *m = out->head; m && done < room; m = m->next) {
		size_t len = m->len - skip < room - done ? m->len - skip : room - done;

		memcpy(to + done, (const char *)&m->header + skip, len);
		done += len;
		skip = 0;
	}
	return done;
}

void wire_out_sent(struct wire_out *out, size_t len)
{
	out->sent += len;
	while (out->head && out->sent >= out->head->len) {
		struct wire_msg *m = out->head;

		out->sent -= m->len;
		out->bytes -= msg_cost(m);
		out->replies -= m->header.type != XS_WATCH_EVENT;
		out->head = m->next;
		free(m);
	}
	if (!out->head) {
		out->tail = &out->head;
	}
}

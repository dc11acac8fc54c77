/* SPDX-License-Identifier: MIT */
/*
 * Bytes to messages and back. Invariant: at most one maximal message is kept of the input, and
 * a message is only handed out when it is complete and its length legal. The output is a queue
 * that its owner bounds; what has been sent in part cannot be taken back. No lock: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#define WIRE_MESSAGE_MAX (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

struct wire_in {
	size_t start, end; /* bytes[start, end) have not been looked at */
	char bytes[WIRE_MESSAGE_MAX];
};

struct wire_msg;

struct wire_out {
	struct wire_msg *head, **tail;
	size_t sent;      /* bytes of the head that are out */
	size_t bytes;     /* of all messages in the queue, with what they cost in memory */
	uint32_t replies; /* messages in the queue that are not events */
};

/** Where to put more input; *size is never 0 unless a complete message is waiting. */
char *wire_in_room(struct wire_in *in, size_t *size);
/** Tells that size bytes were put there. */
void wire_in_filled(struct wire_in *in, size_t size);
/**
 * The next message: 1 with its header and its payload (valid until the next wire_in_room()),
 * 0 if it is not complete, -EPROTO if it claims a longer payload than is legal.
 */
int wire_in_next(struct wire_in *in, struct xsd_sockmsg *header, const char **payload);

void wire_out_init(struct wire_out *out);
/** Drops all that is queued. */
void wire_out_clear(struct wire_out *out);
/** Queues a reply. len is at most XENSTORE_PAYLOAD_MAX. */
void wire_out_reply(struct wire_out *out, const struct xsd_sockmsg *header, const void *payload,
		    size_t len);
/**
 * Queues a watch event. With `once`, not if an equal one is waiting behind what is being sent.
 * Returns false if the event is too long for a message.
 */
bool wire_out_event(struct wire_out *out, const char *path, const char *token, bool once);
/** Copies the bytes to send next, of as many messages as fit; returns their count, 0 for none. */
size_t wire_out_gather(const struct wire_out *out, char *to, size_t room);
/** Tells that len of these bytes are sent. */
void wire_out_sent(struct wire_out *out, size_t len);

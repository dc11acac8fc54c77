/* SPDX-License-Identifier: MIT */
/*
 * Reads one HTTP/1.1 answer from a stream that comes in pieces of any size. Invariant: bounded;
 * a head beyond HTTP_HEAD_LIMIT or a body beyond HTTP_ANSWER_LIMIT is an error. No lock.
 */
#pragma once

#include <stddef.h>

#define HTTP_HEAD_LIMIT   8192
#define HTTP_ANSWER_LIMIT (64u << 20)

enum http_state {
	HTTP_HEAD,
	HTTP_BODY_LENGTH, /* a known number of bytes is left */
	HTTP_BODY_TO_END, /* all until the connection closes */
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_END,
	HTTP_TRAILER,
	HTTP_DONE,
	HTTP_BAD
};

struct http_parse {
	enum http_state state;
	int status;
	char head[HTTP_HEAD_LIMIT + 1];
	size_t head_bytes;
	size_t left; /* of the body or of this chunk */
	char line[32];
	size_t line_bytes;
	char *body; /* ends in a zero byte that is not counted; NULL while empty */
	size_t body_bytes;
};

/**
 * http_parse - takes a piece.
 *
 * Returns how much of it belongs to the answer: less than bytes once state is HTTP_DONE (after
 * an upgrade the rest is the new protocol's) or HTTP_BAD. The parser starts as all zeroes.
 */
size_t http_parse(struct http_parse *p, const char *data, size_t bytes);

/** http_parse_end - tells that the connection was closed; state is HTTP_DONE or HTTP_BAD. */
void http_parse_end(struct http_parse *p);

/** http_parse_free - releases the body. */
void http_parse_free(struct http_parse *p);

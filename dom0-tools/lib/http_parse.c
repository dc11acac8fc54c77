/* SPDX-License-Identifier: MIT */
/* A small state machine over an HTTP answer; see http_parse.h. No lock. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/http_parse.h"

static void body_add(struct http_parse *p, const char *data, size_t bytes)
{
	char *grown;

	if (bytes > HTTP_ANSWER_LIMIT - p->body_bytes) {
		p->state = HTTP_BAD;
		return;
	}
	grown = realloc(p->body, p->body_bytes + bytes + 1);
	if (!grown) {
		p->state = HTTP_BAD;
		return;
	}
	memcpy(grown + p->body_bytes, data, bytes);
	p->body = grown;
	p->body_bytes += bytes;
	grown[p->body_bytes] = '\0';
}

/* The value of a header field, or NULL; it ends at the line's end. */
static const char *field(const struct http_parse *p, const char *name)
{
	size_t len = strlen(name);
	const char *line = strchr(p->head, '\n');

	for (; line; line = strchr(line, '\n')) {
		line++;
		if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
			line += len + 1;
			return line + strspn(line, " \t");
		}
	}
	return NULL;
}

static void head_done(struct http_parse *p)
{
	const char *length, *coding;
	char *end;

	p->head[p->head_bytes] = '\0';
	if (strncmp(p->head, "HTTP/1.", 7) != 0 || strlen(p->head) < 12) {
		p->state = HTTP_BAD;
		return;
	}
	p->status = atoi(p->head + 9);
	length = field(p, "Content-Length");
	coding = field(p, "Transfer-Encoding");
	if (p->status < 100 || p->status > 599) {
		p->state = HTTP_BAD;
	} else if (p->status < 200 || p->status == 204) {
		p->state = HTTP_DONE;
	} else if (coding && strncasecmp(coding, "chunked", 7) == 0) {
		p->state = HTTP_CHUNK_SIZE;
	} else if (length) {
		p->left = strtoul(length, &end, 10);
		p->state = !isdigit((unsigned char)*length) || p->left > HTTP_ANSWER_LIMIT
				   ? HTTP_BAD
			   : p->left ? HTTP_BODY_LENGTH
				     : HTTP_DONE;
	} else {
		p->state = HTTP_BODY_TO_END;
	}
}

static size_t take_head(struct http_parse *p, const char *data)
{
	if (p->head_bytes == HTTP_HEAD_LIMIT) {
		p->state = HTTP_BAD;
		return 0;
	}
	p->head[p->head_bytes++] = *data;
	if (*data == '\n' && p->head_bytes >= 4 &&
	    memcmp(p->head + p->head_bytes - 4, "\r\n\r\n", 4) == 0) {
		head_done(p);
	}
	return 1;
}

static size_t take_data(struct http_parse *p, const char *data, size_t bytes, enum http_state then)
{
	size_t n = bytes < p->left ? bytes : p->left;

	body_add(p, data, n);
	p->left -= n;
	if (p->left == 0 && p->state != HTTP_BAD) {
		p->state = then;
	}
	return n;
}

/* A line of the chunked coding is complete. */
static void line_done(struct http_parse *p)
{
	char *end;

	p->line[p->line_bytes] = '\0';
	if (p->state == HTTP_CHUNK_SIZE) {
		p->left = strtoul(p->line, &end, 16);
		if (!isxdigit((unsigned char)p->line[0]) || p->left > HTTP_ANSWER_LIMIT) {
			p->state = HTTP_BAD;
		} else {
			p->state = p->left ? HTTP_CHUNK_DATA : HTTP_TRAILER;
		}
	} else if (p->state == HTTP_CHUNK_END) {
		p->state = p->line_bytes ? HTTP_BAD : HTTP_CHUNK_SIZE;
	} else if (p->line_bytes == 0) {
		p->state = HTTP_DONE;
	}
	p->line_bytes = 0;
}

static size_t take_line(struct http_parse *p, const char *data)
{
	if (*data == '\n') {
		line_done(p);
	} else if (*data != '\r') {
		if (p->line_bytes == sizeof(p->line) - 1) {
			p->state = HTTP_BAD;
			return 0;
		}
		p->line[p->line_bytes++] = *data;
	}
	return 1;
}

size_t http_parse(struct http_parse *p, const char *data, size_t bytes)
{
	size_t at = 0;

	while (at < bytes && p->state != HTTP_DONE && p->state != HTTP_BAD) {
		switch (p->state) {
		case HTTP_HEAD:
			at += take_head(p, data + at);
			break;
		case HTTP_BODY_LENGTH:
			at += take_data(p, data + at, bytes - at, HTTP_DONE);
			break;
		case HTTP_BODY_TO_END:
			body_add(p, data + at, bytes - at);
			at = bytes;
			break;
		case HTTP_CHUNK_DATA:
			at += take_data(p, data + at, bytes - at, HTTP_CHUNK_END);
			break;
		default:
			at += take_line(p, data + at);
			break;
		}
	}
	return at;
}

void http_parse_end(struct http_parse *p)
{
	if (p->state != HTTP_DONE) {
		p->state = p->state == HTTP_BODY_TO_END ? HTTP_DONE : HTTP_BAD;
	}
}

void http_parse_free(struct http_parse *p)
{
	free(p->body);
	p->body = NULL;
	p->body_bytes = 0;
}

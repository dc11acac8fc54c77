/* SPDX-License-Identifier: MIT */
/*
 * streams: sends back what TCP connections to the echo port send.
 *
 * streams ADDRESS FLOWS BYTES: so many connections at a time send data, each other ones, and
 * compare what comes back; then new connections do, until there is a file /stop, and twice at
 * least. Prints what is wrong, and how often all went round.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { FLOWS_MAX = 64, PIECE = 16384, PORT_ECHO = 7, ROUNDS_MIN = 2, PATIENCE_S = 200 };

static struct sockaddr_in there = {.sin_family = AF_INET};
static uint32_t stream_bytes;

static struct flow {
	pthread_t thread;
	uint32_t number, rounds;
} flows[FLOWS_MAX];

/* All of it; 0, or -1. */
static int move_all(int s, uint8_t *data, size_t bytes, int is_send)
{
	while (bytes) {
		ssize_t n = is_send ? send(s, data, bytes, MSG_NOSIGNAL) : recv(s, data, bytes, 0);

		if (n <= 0) {
			return -1;
		}
		data += n;
		bytes -= (size_t)n;
	}
	return 0;
}

static void fill(const struct flow *f, uint8_t *piece, uint32_t at)
{
	uint64_t x = ((uint64_t)f->number << 48 | (uint64_t)f->rounds << 32 | at) + 1;

	for (uint32_t i = 0; i < PIECE; i += sizeof(x)) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		memcpy(piece + i, &x, sizeof(x));
	}
}

/* What is wrong; NULL: nothing. */
static const char *stream_run(const struct flow *f, int s)
{
	uint8_t out[PIECE], in[PIECE];

	if (s < 0 || connect(s, (struct sockaddr *)&there, sizeof(there))) {
		return "no connection";
	}
	for (uint32_t at = 0; at < stream_bytes; at += PIECE) {
		fill(f, out, at);
		if (move_all(s, out, PIECE, 1) || move_all(s, in, PIECE, 0)) {
			return "the connection broke";
		}
		if (memcmp(in, out, PIECE)) {
			return "wrong data";
		}
	}
	return NULL;
}

static void *flow_run(void *arg)
{
	struct timeval patience = {.tv_sec = PATIENCE_S};
	struct flow *f = arg;
	const char *why = NULL;

	while (!why && (f->rounds < ROUNDS_MIN || access("/stop", F_OK))) {
		int s = socket(AF_INET, SOCK_STREAM, 0);

		setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		why = stream_run(f, s);
		close(s);
		f->rounds++;
	}
	if (why) {
		printf("net: %s, flow %u, round %u\n", why, f->number, f->rounds);
	}
	return NULL;
}

static int client(uint32_t count)
{
	uint32_t least = UINT32_MAX;

	for (uint32_t i = 0; i < count; i++) {
		flows[i].number = i;
		if (pthread_create(&flows[i].thread, NULL, flow_run, &flows[i])) {
			return 1;
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		pthread_join(flows[i].thread, NULL);
		least = flows[i].rounds < least ? flows[i].rounds : least;
	}
	printf("net: %u rounds\n", least);
	return 0;
}

static void *echo_run(void *arg)
{
	int s = (int)(intptr_t)arg;
	uint8_t data[PIECE];
	ssize_t n;

	while ((n = recv(s, data, sizeof(data), 0)) > 0 && !move_all(s, data, (size_t)n, 1)) {
	}
	close(s);
	return NULL;
}

static int server(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT_ECHO)};
	int s = socket(AF_INET, SOCK_STREAM, 0), on = 1, c;
	pthread_t thread;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s, (struct sockaddr *)&here, sizeof(here)) || listen(s, FLOWS_MAX)) {
		perror("streams");
		return 1;
	}
	while ((c = accept(s, NULL, NULL)) >= 0) {
		if (pthread_create(&thread, NULL, echo_run, (void *)(intptr_t)c)) {
			close(c);
		} else {
			pthread_detach(thread);
		}
	}
	return 1;
}

int main(int argc, char **argv)
{
	uint32_t count = argc == 4 ? (uint32_t)atoi(argv[2]) : 0;

	if (argc == 1) {
		return server();
	}
	if (!count || count > FLOWS_MAX || inet_pton(AF_INET, argv[1], &there.sin_addr) != 1) {
		fprintf(stderr, "usage: streams [ADDRESS FLOWS BYTES], at most %d flows\n",
			FLOWS_MAX);
		return 2;
	}
	there.sin_port = htons(PORT_ECHO);
	stream_bytes = (uint32_t)atoi(argv[3]);
	return client(count);
}

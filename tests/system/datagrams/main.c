/* SPDX-License-Identifier: MIT */
/*
 * datagrams ADDRESS COUNT BYTES WINDOW: sends datagrams to the echo port of an address, so many on
 * their way at a time, and compares what comes back byte for byte. Prints what was lost, how long
 * it took and the largest round trip; 0 if nothing was lost and nothing was wrong.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { BYTES_MAX = 65507, PORT_ECHO = 7 };

static struct {
	int socket;
	uint32_t count, bytes, window;
	uint32_t sent, answered, wrong;
	uint64_t slowest_us;
} run;

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The datagram's number and time, then bytes that follow from the number. */
struct datagram {
	uint32_t number;
	uint64_t sent_us;
	uint8_t rest[BYTES_MAX];
} __attribute__((packed));

static void fill(struct datagram *d, uint32_t number)
{
	d->number = number;
	for (uint32_t i = 0; i + 12 < run.bytes; i++) {
		d->rest[i] = (uint8_t)(number * 7 + i * 3);
	}
}

static int send_one(void)
{
	static struct datagram d;

	fill(&d, run.sent);
	d.sent_us = now_us();
	if (send(run.socket, &d, run.bytes, 0) != run.bytes) {
		perror("datagrams: send");
		return -1;
	}
	run.sent++;
	return 0;
}

/* 0; -1: nothing came for a second. */
static int receive_one(void)
{
	static struct datagram d, expected;
	ssize_t n = recv(run.socket, &d, sizeof(d), 0);
	uint64_t took;

	if (n < 0) {
		return -1;
	}
	fill(&expected, d.number);
	run.wrong += n != run.bytes || d.number >= run.sent ||
		     memcmp(d.rest, expected.rest, run.bytes - 12);
	took = now_us() - d.sent_us;
	run.slowest_us = took > run.slowest_us ? took : run.slowest_us;
	run.answered++;
	return 0;
}

static int open_to(const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT_ECHO)};
	struct timeval patience = {.tv_sec = 1};
	int bytes = 4 << 20;

	run.socket = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(run.socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(run.socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	return inet_pton(AF_INET, address, &to.sin_addr) == 1
		       ? connect(run.socket, (struct sockaddr *)&to, sizeof(to))
		       : -1;
}

int main(int argc, char **argv)
{
	uint64_t start, took;

	if (argc != 5 || open_to(argv[1])) {
		fprintf(stderr, "usage: datagrams ADDRESS COUNT BYTES WINDOW\n");
		return 2;
	}
	run.count = (uint32_t)atoi(argv[2]);
	run.bytes = (uint32_t)atoi(argv[3]);
	run.window = (uint32_t)atoi(argv[4]);
	if (run.bytes < 12 || run.bytes > BYTES_MAX) {
		fprintf(stderr, "datagrams: 12 to %d bytes\n", BYTES_MAX);
		return 2;
	}
	start = now_us();
	while (run.answered < run.count) {
		while (run.sent < run.count && run.sent - run.answered < run.window) {
			if (send_one()) {
				return 1;
			}
		}
		if (receive_one()) {
			break;
		}
	}
	took = now_us() - start;
	printf("datagrams: %u of %u came back, %u wrong, %lu us, the slowest %lu us\n",
	       run.answered, run.count, run.wrong, (unsigned long)took,
	       (unsigned long)run.slowest_us);
	return run.answered != run.count || run.wrong;
}

/* SPDX-License-Identifier: MIT */
/*
 * Measures of a network: a server answers on one end, `micro serve`, and the measures run against
 * its address, the program's argument. The first byte of a TCP connection says what it is for; a
 * datagram of one byte asks how many longer ones came since the last such question. No lock.
 */
#include <arpa/inet.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "micro.h"

enum {
	PORT = 7000,
	CHUNK = 64 << 10,
	STREAM_CHUNKS = 512, /* 32 MiB */
	TRIPS = 1000,
	DATAGRAMS = 20000,
	DATAGRAM_BYTES = 64,
	PINGS = 200,
};

static char chunk[CHUNK];

static struct sockaddr_in address_of(const char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1) {
		fail(text);
	}
	return a;
}

static void all(int fd, ssize_t (*move)(int, void *, size_t), size_t bytes)
{
	while (bytes) {
		ssize_t n = move(fd, chunk, bytes < CHUNK ? bytes : CHUNK);

		if (n <= 0) {
			fail("stream");
		}
		bytes -= (size_t)n;
	}
}

static ssize_t put(int fd, void *from, size_t bytes)
{
	return write(fd, from, bytes);
}

static void serve_stream(int fd)
{
	char what;
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (read(fd, &what, 1) != 1) {
		exit(1);
	}
	switch (what) {
	case 'o': /* comes out of the client */
		all(fd, read, (size_t)CHUNK * STREAM_CHUNKS);
		all(fd, put, 1);
		break;
	case 'i':
		all(fd, put, (size_t)CHUNK * STREAM_CHUNKS);
		break;
	default:
		while (read(fd, &what, 1) == 1 && write(fd, &what, 1) == 1) {
		}
	}
	exit(0);
}

static void serve_datagrams(int fd)
{
	struct sockaddr_in from;
	socklen_t length;
	uint32_t count = 0;

	for (;;) {
		length = sizeof(from);
		if (recvfrom(fd, chunk, CHUNK, 0, (struct sockaddr *)&from, &length) > 1) {
			count++;
		} else {
			sendto(fd, &count, sizeof(count), 0, (struct sockaddr *)&from, length);
			count = 0;
		}
	}
}

uint64_t measure_serve(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int stream = socket(AF_INET, SOCK_STREAM, 0), datagrams = socket(AF_INET, SOCK_DGRAM, 0);
	int one = 1, room = 8 << 20, fd;

	signal(SIGCHLD, SIG_IGN);
	setsockopt(stream, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(datagrams, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(stream, (struct sockaddr *)&any, sizeof(any)) || listen(stream, 8) ||
	    bind(datagrams, (struct sockaddr *)&any, sizeof(any))) {
		fail("bind");
	}
	if (!fork()) {
		serve_datagrams(datagrams);
	}
	while ((fd = accept(stream, NULL, NULL)) >= 0) {
		if (!fork()) {
			serve_stream(fd);
		}
		close(fd);
	}
	fail("accept");
}

static int stream_open(char what)
{
	struct sockaddr_in a = address_of(argument());
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) || write(fd, &what, 1) != 1) {
		fail("connect");
	}
	return fd;
}

/* The time of 1 MiB. */
uint64_t measure_tcp_out(void)
{
	int fd = stream_open('o');

	begin();
	all(fd, put, (size_t)CHUNK * STREAM_CHUNKS);
	all(fd, read, 1); /* all of it arrived */
	return end(CHUNK * (uint64_t)STREAM_CHUNKS >> 20);
}

uint64_t measure_tcp_in(void)
{
	int fd = stream_open('i');

	begin();
	all(fd, read, (size_t)CHUNK * STREAM_CHUNKS);
	return end(CHUNK * (uint64_t)STREAM_CHUNKS >> 20);
}

uint64_t measure_tcp_echo(void)
{
	int fd = stream_open('e');
	char byte = 'e';

	begin();
	for (unsigned int i = 0; i < TRIPS; i++) {
		if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1) {
			fail("echo");
		}
	}
	return end(TRIPS);
}

/* How many datagrams came since the last question. */
static uint32_t arrived(int fd)
{
	struct timeval wait = {.tv_sec = 1};
	uint32_t count;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	for (unsigned int i = 0; i < 5; i++) {
		if (send(fd, "", 1, 0) == 1 &&
		    recv(fd, &count, sizeof(count), 0) == sizeof(count)) {
			return count;
		}
	}
	fail("no answer to a datagram");
}

/* The time of a datagram that arrived; what was lost on the way took its time for nothing. */
uint64_t measure_udp_out(void)
{
	struct sockaddr_in a = address_of(argument());
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint32_t count;

	if (connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		fail("connect");
	}
	arrived(fd);
	begin();
	for (unsigned int i = 0; i < DATAGRAMS; i++) {
		send(fd, chunk, DATAGRAM_BYTES, 0);
	}
	count = arrived(fd);
	return end(count ? count : 1);
}

static uint16_t checksum(const void *data, size_t bytes)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes / 2; i++) {
		sum += words[i];
	}
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t) ~(sum + (sum >> 16));
}

uint64_t measure_ping(void)
{
	struct sockaddr_in a = address_of(argument());
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	struct {
		struct icmphdr head;
		char data[56];
	} ping = {.head = {.type = ICMP_ECHO}};
	const struct icmphdr *answer = (const struct icmphdr *)(chunk + sizeof(struct iphdr));

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		fail("raw socket");
	}
	begin();
	for (uint16_t i = 0; i < PINGS; i++) {
		ping.head.un.echo.sequence = i;
		ping.head.checksum = 0;
		ping.head.checksum = checksum(&ping, sizeof(ping));
		if (send(fd, &ping, sizeof(ping), 0) != sizeof(ping)) {
			fail("ping");
		}
		do {
			if (recv(fd, chunk, CHUNK, 0) < 0) {
				fail("ping");
			}
		} while (answer->type != ICMP_ECHOREPLY || answer->un.echo.sequence != i);
	}
	return end(PINGS);
}

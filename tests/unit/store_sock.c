/* SPDX-License-Identifier: MIT */
/*
 * The real socket and the real event loop, end to end in one process: a client writes its bytes
 * to a Unix socket, the loop turns, the answer comes back.
 */
#include "store_peer.h"
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"
#include "sock.h"

static struct server server;
static struct loop loop;
static struct listener listener;
static char folder[] = "store-sock-XXXXXX", path[64];

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "store-sock-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	server_init(&server, NULL, NULL);
	assert_int_equal(loop_init(&loop), 0);
	return sock_listen(&listener, &loop, &server, path, 3);
}

static int teardown(void **state)
{
	(void)state;
	sock_close(&listener);
	server_free(&server);
	loop_close(&loop);
	assert_int_equal(access(path, F_OK), -1);
	return rmdir(folder);
}

/* As the daemon's main loop, until nothing has happened for a while. */
static void pump(void)
{
	for (int i = 0; i < 50; i++) {
		assert_int_equal(loop_wait(&loop, true), 0);
		server_run(&server);
	}
}

static int client(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void send_message(int fd, uint32_t type, const char *payload, size_t len)
{
	struct xsd_sockmsg h = {type, 9, 0, len};

	assert_int_equal(write(fd, &h, sizeof(h)), sizeof(h));
	assert_int_equal(write(fd, payload, len), len);
}

/* The next message; its type, or -1 if there is none, or 0xffff at the end of the stream. */
static int receive(int fd, char *payload)
{
	struct xsd_sockmsg h;
	ssize_t got;

	pump();
	got = recv(fd, &h, sizeof(h), MSG_DONTWAIT);
	if (got <= 0) {
		return got == 0 || errno == ECONNRESET ? 0xffff : -1;
	}
	assert_int_equal(got, sizeof(h));
	assert_int_equal(recv(fd, payload, h.len, MSG_DONTWAIT), h.len);
	payload[h.len] = '\0';
	return h.type;
}

static void test_talk(void **state)
{
	char payload[4097];
	int a = client(), b = client();
	struct stat info;

	(void)state;
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	send_message(b, XS_WATCH, "/w\0tok\0", 7);
	assert_int_equal(receive(b, payload), XS_WATCH);
	assert_int_equal(receive(b, payload), XS_WATCH_EVENT);
	send_message(a, XS_WRITE, "/w/x\0value", 10);
	assert_int_equal(receive(a, payload), XS_WRITE);
	assert_string_equal(payload, "OK");
	assert_int_equal(receive(b, payload), XS_WATCH_EVENT);
	assert_memory_equal(payload, "/w/x\0tok", 9);
	send_message(b, XS_READ, "/w/x", 5);
	assert_int_equal(receive(b, payload), XS_READ);
	assert_string_equal(payload, "value");
	send_message(b, XS_READ, "relative", 9);
	assert_int_equal(receive(b, payload), XS_ERROR);
	assert_string_equal(payload, "ENOENT");
	/* They are dom0's, and so are their relative paths. */
	send_message(a, XS_WRITE, "/local/domain/0/own\0own", 23);
	assert_int_equal(receive(a, payload), XS_WRITE);
	send_message(b, XS_READ, "own", 4);
	assert_int_equal(receive(b, payload), XS_READ);
	assert_string_equal(payload, "own");
	close(a);
	close(b);
	pump();
	assert_int_equal(server.conn_count, 0);
	assert_int_equal(listener.clients, 0);
	assert_int_equal(server.store.watches.path_count, 0);
}

static void test_illegal_length(void **state)
{
	struct xsd_sockmsg h = {XS_READ, 1, 0, 5000};
	char payload[4097];
	int bad = client(), good = client();

	(void)state;
	assert_int_equal(write(bad, &h, sizeof(h)), sizeof(h));
	assert_int_equal(receive(bad, payload), 0xffff); /* it is disconnected */
	send_message(good, XS_GET_DOMAIN_PATH, "3", 2);
	assert_int_equal(receive(good, payload), XS_GET_DOMAIN_PATH);
	close(bad);
	close(good);
	pump();
}

static void test_client_limit(void **state)
{
	char payload[4097];
	int fd[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		fd[i] = client();
		send_message(fd[i], XS_GET_DOMAIN_PATH, "3", 2);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(receive(fd[i], payload), XS_GET_DOMAIN_PATH);
	}
	assert_int_equal(receive(fd[3], payload), -1); /* waits */
	close(fd[0]);
	assert_int_equal(receive(fd[3], payload), XS_GET_DOMAIN_PATH);
	for (int i = 1; i < 4; i++) {
		close(fd[i]);
	}
	pump();
	assert_int_equal(listener.clients, 0);
}

/* More answers than a socket's buffer holds: none is lost, others are served meanwhile. */
static void test_slow_reader(void **state)
{
	char payload[4097], value[3000];
	int slow = client(), other = client(), sent = 0, got = 0;
	struct xsd_sockmsg h = {XS_READ, 9, 0, 5};

	(void)state;
	memcpy(value, "/big", 5);
	memset(value + 5, 'v', sizeof(value) - 5);
	send_message(other, XS_WRITE, value, sizeof(value));
	assert_int_equal(receive(other, payload), XS_WRITE);
	while (sent < 5000) {
		char request[sizeof(h) + 5];

		memcpy(request, &h, sizeof(h));
		memcpy(request + sizeof(h), "/big", 5);
		if (write(slow, request, sizeof(request)) != sizeof(request)) {
			break;
		}
		sent++;
		loop_wait(&loop, true);
		server_run(&server);
	}
	send_message(other, XS_READ, "/big", 5);
	assert_int_equal(receive(other, payload), XS_READ);
	while (got < sent) {
		char *p = payload;
		size_t left = sizeof(h) + sizeof(value) - 5;

		while (left) {
			ssize_t n = recv(slow, p, left, MSG_DONTWAIT);

			if (n > 0) {
				left -= n;
				continue;
			}
			loop_wait(&loop, true);
			server_run(&server);
		}
		got++;
	}
	assert_int_equal(receive(slow, payload), -1);
	close(slow);
	close(other);
	pump();
}

static void test_second_daemon(void **state)
{
	struct listener second;

	(void)state;
	assert_int_equal(sock_listen(&second, &loop, &server, path, 3), -EADDRINUSE);
	pump();
	/* A socket file whose daemon died is replaced. */
	close(listener.item.fd);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(sock_listen(&listener, &loop, &server, path, 3), 0);
	close(client());
	pump();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(talk),        TEST(illegal_length), TEST(client_limit),
		TEST(slow_reader), TEST(second_daemon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

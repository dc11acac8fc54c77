/* SPDX-License-Identifier: MIT */
/*
 * An image behind an NBD server against the server that serves guests' disks: data, flush, discard,
 * sizes, many requests at once, a server that dies. The event loop is the real one, which runs once
 * in a process, so each test is a process.
 */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/image.h"
#include "backend/nbd_library.h"

enum { DISK_BYTES = 8 << 20, PART = 256 << 10, PARTS = 24 };

static struct {
	char folder[32];
	pid_t server;
	struct image *image;
	unsigned int waiting;
	struct complaint complaint;
} t;

static const char *path_of(const char *name)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s/%s", t.folder, name);
	return path;
}

static void server_start(const char *writable)
{
	char command[1024];
	FILE *pid;

	snprintf(command, sizeof(command),
		 "truncate -s %d %s/disk && qemu-storage-daemon --daemonize --pidfile %s/pid "
		 "--blockdev driver=file,node-name=disk,filename=%s/disk,discard=unmap "
		 "--nbd-server addr.type=unix,addr.path=%s/socket "
		 "--export type=nbd,id=e,node-name=disk,name=disk,writable=%s",
		 DISK_BYTES, t.folder, t.folder, t.folder, t.folder, writable);
	assert_int_equal(system(command), 0);
	pid = fopen(path_of("pid"), "r");
	assert_int_equal(fscanf(pid, "%d", &t.server), 1);
	fclose(pid);
}

static int connected(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path_of("socket"));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void image_start(const char *writable)
{
	server_start(writable);
	assert_int_equal(loop_init(), 0);
	assert_int_equal(loop_limit(), 0);
	assert_int_equal(nbd_library_load(&t.complaint), 0);
	t.image = image_open(connected(), &t.complaint);
	assert_non_null(t.image);
}

struct step {
	struct image_request request; /* first: the handler casts */
	int32_t result;
};

static void step_done(struct loop_event *e, int32_t result)
{
	((struct step *)e)->result = result;
	if (!--t.waiting) {
		loop_stop();
	}
}

static void step_submit(struct step *s, enum image_op op, void *data, uint64_t offset,
			uint64_t bytes)
{
	s->request.event.done = step_done;
	s->request.op = op;
	s->request.data = data;
	s->request.offset = offset;
	s->request.bytes = bytes;
	t.waiting++;
	image_submit(t.image, &s->request);
}

static unsigned char data[2][PARTS][PART];
static struct step steps[PARTS];

static void read_back(struct loop_event *e, int32_t result)
{
	unsigned int i;

	(void)e;
	assert_int_equal(result, 0);
	for (i = 0; i < PARTS; i++) {
		step_submit(&steps[i], IMAGE_READ, data[1][i], (uint64_t)i * PART, PART);
	}
	t.waiting--;
}

static void flush_then_read(void)
{
	static struct image_request flush = {.event.done = read_back, .op = IMAGE_FLUSH};

	t.waiting++;
	image_submit(t.image, &flush);
}

static void written(struct loop_event *e, int32_t result)
{
	((struct step *)e)->result = result;
	if (!--t.waiting) {
		flush_then_read();
	}
}

/* More than the socket takes at once, so that room in it is waited for. */
static void many_at_once(void)
{
	unsigned int i;

	image_start("on");
	memset(data[0], 0x5a, sizeof(data[0]));
	for (i = 0; i < PARTS; i++) {
		data[0][i][i] = (unsigned char)i;
		step_submit(&steps[i], IMAGE_WRITE, data[0][i], (uint64_t)i * PART, PART);
		steps[i].request.event.done = written;
	}
	assert_int_equal(loop_run(), 0);
	for (i = 0; i < PARTS; i++) {
		assert_int_equal(steps[i].result, PART);
	}
	assert_memory_equal(data[0], data[1], sizeof(data[0]));
	t.image->type->close(t.image);
}

static void facts_and_discard(void)
{
	struct image_facts facts;
	struct stat status;

	image_start("on");
	assert_int_equal(t.image->type->look(t.image, &facts, &t.complaint), 0);
	assert_int_equal(facts.bytes, DISK_BYTES);
	assert_true(facts.can_discard && !facts.is_read_only && facts.align <= 512);
	/* The server does one after the other what concerns the same place. */
	step_submit(&steps[0], IMAGE_WRITE, data[0][0], 0, PART);
	step_submit(&steps[1], IMAGE_DISCARD, NULL, 0, DISK_BYTES);
	assert_int_equal(loop_run(), 0);
	assert_int_equal(steps[0].result, PART);
	assert_int_equal(steps[1].result, 0);
	stat(path_of("disk"), &status);
	assert_int_equal(status.st_size, DISK_BYTES);
}

static void read_only_is_told_and_refuses(void)
{
	struct image_facts facts;

	image_start("off");
	assert_int_equal(t.image->type->look(t.image, &facts, &t.complaint), 0);
	assert_true(facts.is_read_only && !facts.can_discard);
	step_submit(&steps[0], IMAGE_READ, data[1][0], DISK_BYTES - 512, 512);
	assert_int_equal(loop_run(), 0);
	assert_int_equal(steps[0].result, 512);
}

/* Nothing is answered for it that was not done: the process is to end. */
static void a_server_that_dies(void)
{
	image_start("on");
	steps[0].result = 4711;
	kill(t.server, SIGSTOP);
	step_submit(&steps[0], IMAGE_WRITE, data[0][0], 0, PART);
	kill(t.server, SIGKILL);
	assert_int_equal(loop_run(), -ENOTCONN);
	assert_int_equal(steps[0].result, 4711);
	t.image->type->close(t.image);
}

static void one_that_says_nothing_sane(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(nbd_library_load(&t.complaint), 0);
	assert_int_equal(write(ends[1], "good morning, client", 20), 20);
	assert_int_equal(loop_init(), 0);
	assert_int_equal(loop_limit(), 0);
	assert_null(image_open(ends[0], &t.complaint));
	assert_non_null(strstr(t.complaint.text, "the image's server"));
	/* The descriptor is still the caller's. */
	assert_int_equal(close(ends[0]), 0);
}

static void in_child(void (*test)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		test();
		exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define IN_CHILD(test)                         \
	static void test##_alone(void **state) \
	{                                      \
		(void)state;                   \
		in_child(test);                \
	}
IN_CHILD(many_at_once)
IN_CHILD(facts_and_discard)
IN_CHILD(read_only_is_told_and_refuses)
IN_CHILD(a_server_that_dies)
IN_CHILD(one_that_says_nothing_sane)

static int folder_make(void **state)
{
	(void)state;
	strcpy(t.folder, P_tmpdir "/pv-image-XXXXXX");
	return mkdtemp(t.folder) ? 0 : -1;
}

static int folder_remove(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof(command), "[ ! -e %s/pid ] || kill -9 $(cat %s/pid); rm -rf %s",
		 t.folder, t.folder, t.folder);
	return system(command);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test##_alone, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_at_once),
		TEST(facts_and_discard),
		TEST(read_only_is_told_and_refuses),
		TEST(a_server_that_dies),
		TEST(one_that_says_nothing_sane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

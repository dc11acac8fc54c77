/* SPDX-License-Identifier: MIT */
/* The filter of domus-backend's system calls: what serving takes passes, anything else is the end.
 */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen/grant_table.h>
#include <xen/gntdev.h>

#include "backend/syscalls.h"

/* In a process with the filter on; returns how that ended. */
static int try(void (*act)(void))
{
	struct complaint c;
	pid_t pid = fork();
	int status = -1;

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscalls_limit(&c)) {
			_exit(100);
		}
		act();
		_exit(7);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void serve(void)
{
	char byte = 0;
	void *room = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED || mprotect(room, 4096, PROT_READ) || munmap(room, 4096) ||
	    write(-1, &byte, 1) != -1 || ioctl(-1, IOCTL_GNTDEV_GRANT_COPY, &byte) != -1) {
		_exit(1);
	}
}

static void open_file(void)
{
	open("/dev/null", O_RDONLY);
}

static void start_process(void)
{
	(void)!fork();
}

static void send_signal(void)
{
	kill(getppid(), 0);
}

static void map_code(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void control_other(void)
{
	ioctl(0, IOCTL_GNTDEV_SET_MAX_GRANTS, NULL);
}

static void test_what_serving_takes_passes(void **state)
{
	(void)state;
	assert_int_equal(try(serve), 7 << 8);
}

static void test_anything_else_is_the_end(void **state)
{
	void (*const acts[])(void) = {open_file, start_process, send_signal, map_code,
				      control_other};

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status = try(acts[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_serving_takes_passes),
		cmocka_unit_test(test_anything_else_is_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The order in which the kernel starts, and the program that its command line asks for. */
#include "kernel.h"
#include <stdarg.h>
#include <xen/sched.h>

static const struct {
	const char *name;
	void (*run)(void);
} programs[] = {
	{"balloon", program_balloon},   {"block", program_block}, {"echo", program_echo},
	{"scribble", program_scribble}, {"speed", program_speed},
};

void kernel_panic(const char *what)
{
	print("FAIL %s\nRESULT: fail\n", what);
	guest_shutdown(SHUTDOWN_crash);
}

struct trap_frame *kernel_trap(struct trap_frame *f)
{
	trap_show(f);
	kernel_panic("unexpected trap");
}

/* Events stay masked; see events.c. */
struct trap_frame *kernel_event(struct trap_frame *f)
{
	return f;
}

void platform_say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print_list(format, ap);
	va_end(ap);
}

/* Runs what test= names, and ends; without it the kernel stays until the tools end it. */
static void __attribute__((noreturn)) program_run(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(programs); i++) {
		if (argument_is("test", programs[i].name)) {
			programs[i].run();
			guest_shutdown(SHUTDOWN_poweroff);
		}
	}
	for (;;) {
		thread_wait(FOREVER);
	}
}

void kernel_start(void)
{
	print("Domus reference kernel: %lu KiB of memory, cycle %lu\n",
	      start_info_ptr->nr_pages * 4, cycles());
	traps_set();
	memory_init();
	events_init();
	memory_publish();
	grants_init();
	store_init();
	control_start();
	balloon_start();
	print("ready: %u pages are free, %lu us after the start of the host\n", memory_free_pages(),
	      system_time() / 1000);
	program_run();
}

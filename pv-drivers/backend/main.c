/* SPDX-License-Identifier: MIT */
/*
 * domus-backend: serves the disks and networks of one guest, from dom0's user space. domusd starts
 * it and tells it what to serve (include/backend.h). It may be killed at any time: its successor
 * takes up the guest's requests. Here is the order in which it starts.
 */
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "backend/block.h"
#include "backend/control.h"
#include "backend/device.h"
#include "backend/loop.h"
#include "backend/nbd_library.h"
#include "backend/net.h"
#include "backend/privileges.h"
#include "backend/syscalls.h"
#include "backend/xen.h"
#include "public/domus.h"

#define DOMID_MAX 0x7fefu /* above are names that stand for no domain */

enum { NICE = -10 };

static void usage(FILE *f)
{
	fputs("usage: domus-backend --domain N\n"
	      "Serves the disks and networks of guest N. domusd starts it.\n"
	      "  --disks  keeps memory for disks at hand\n"
	      "  --nbd    loads libnbd, for disks behind servers\n"
	      "  --version, --help\n",
	      f);
}

struct options {
	bool has_disks, has_nbd;
};

/* The guest's number; or -1: exit with *code. */
static int options_read(int argc, char **argv, struct options *o, int *code)
{
	static const struct option longs[] = {
		{"domain", required_argument, NULL, 'd'}, {"disks", no_argument, NULL, 'D'},
		{"nbd", no_argument, NULL, 'n'},          {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},         {0},
	};
	unsigned long domid = 0;
	char *end = "";
	int c;

	*code = 0;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'V') {
			puts("domus-backend " DOMUS_VERSION_STRING);
			return -1;
		}
		if (c == 'h') {
			usage(stdout);
			return -1;
		}
		if (c == 'n' || c == 'D') {
			*(c == 'n' ? &o->has_nbd : &o->has_disks) = true;
			continue;
		}
		domid = c == 'd' ? strtoul(optarg, &end, 10) : 0;
	}
	if (optind < argc || !domid || domid > DOMID_MAX || *end) {
		usage(stderr);
		*code = 2;
		return -1;
	}
	return (int)domid;
}

/*
 * What comes in a row goes in a row, as in a kernel's back end: neither does a program that sends
 * give way to this one for each packet, nor this one to a program that receives; a switch costs as
 * much as a packet. Without the right to it all works, too.
 */
static void turns_set(void)
{
	const struct sched_param none = {0};

	sched_setscheduler(0, SCHED_BATCH, &none);
	setpriority(PRIO_PROCESS, 0, NICE);
}

static int start(uint16_t domid, const struct options *o, struct complaint *c)
{
	int rc;

	turns_set();
	rc = loop_init();
	if (rc) {
		return complain(c, -rc, "the event loop does not start (io_uring)");
	}
	net_init();
	rc = block_init(o->has_disks, c);
	rc = rc || !o->has_nbd ? rc : nbd_library_load(c);
	if (rc) {
		return rc;
	}
	device_init(domid);
	rc = xen_open(domid, c);
	rc = rc ? rc : store_open(device_changed, device_stop_all, c);
	rc = rc ? rc : control_open(c);
	if (!rc && (rc = loop_limit())) {
		complain(c, -rc, "io_uring cannot be limited to what is used of it");
	}
	rc = rc ? rc : privileges_drop(domid, c);
	return rc ? rc : syscalls_limit(c);
}

int main(int argc, char **argv)
{
	struct complaint c;
	struct options o = {0};
	int code, rc, domid = options_read(argc, argv, &o, &code);

	if (domid < 0) {
		return code;
	}
	signal(SIGPIPE, SIG_IGN);
	if (start((uint16_t)domid, &o, &c)) {
		fprintf(stderr, "domus-backend: guest %d: %s\n", domid, c.text);
		return 6;
	}
	rc = loop_run();
	if (rc) {
		fprintf(stderr, "domus-backend: guest %d: the event loop ended: %s\n", domid,
			strerror(-rc));
	}
	return rc ? 6 : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Writes and removes guests' store nodes. New nodes take over the permissions of the folder
 * they are in, so the domain's folder is made readable for the guest once, and only what the
 * guest may write itself is set apart. No lock: the handles are the calling thread's own.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "daemon/batch.h"
#include "daemon/nodes.h"

enum { TRIES = 8, WALK_LIMIT = 1000000, WALK_DEPTH = 64 };

/* Where a run of requests goes. */
struct pen {
	struct batch batch;
	uint32_t domid;
	const char *base;
};

const char *uuid_format(const uint8_t u[16], char buf[UUID_TEXT_BYTES])
{
	snprintf(buf, UUID_TEXT_BYTES,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		 u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
		 u[15]);
	return buf;
}

int uuid_parse(const char *text, uint8_t u[16])
{
	int end = 0;

	return sscanf(text,
		      "%2hhx%2hhx%2hhx%2hhx-%2hhx%2hhx-%2hhx%2hhx-%2hhx%2hhx-%2hhx%2hhx%2hhx%2hhx%2hhx%2hhx%n",
		      &u[0], &u[1], &u[2], &u[3], &u[4], &u[5], &u[6], &u[7], &u[8], &u[9], &u[10],
		      &u[11], &u[12], &u[13], &u[14], &u[15], &end) == 16 &&
			       end == UUID_TEXT_BYTES - 1 && text[end] == '\0'
		       ? 0
		       : -1;
}

static void ERR_PRINTF(3, 4) put(struct pen *p, const char *node, const char *fmt, ...)
{
	char path[NODES_PATH_BYTES], value[256];
	va_list ap;

	snprintf(path, sizeof(path), "%s/%s", p->base, node);
	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	batch_add(&p->batch, XS_WRITE, path, value, strlen(value));
}

/* A folder or node with its owner; with a reader, others may see it. */
static void make(struct pen *p, const char *path, uint32_t owner, uint32_t reader)
{
	char perms[32];
	int len = snprintf(perms, sizeof(perms), "n%u", owner) + 1;

	if (reader) {
		len += snprintf(perms + len, sizeof(perms) - len, "r%u", reader) + 1;
	}
	batch_add(&p->batch, XS_MKDIR, path, NULL, 0);
	batch_add(&p->batch, XS_SET_PERMS, path, perms, len);
}

/* The base folder itself: dom0's, readable for the guest; all below inherits that. */
static void open_folder(struct pen *p)
{
	make(p, p->base, 0, p->domid);
}

/* A node that the guest owns and writes. */
static void give(struct pen *p, const char *node)
{
	char path[NODES_PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s", p->base, node);
	make(p, path, p->domid, 0);
}

static void put_domain(struct pen *p, const struct guest_file *g, const struct built *b,
		       const char *uuid)
{
	static const char *const guests_own[] = {
		"control/shutdown",
		"control/feature-poweroff",
		"control/feature-reboot",
		"control/feature-suspend",
		"control/sysrq",
		"device/suspend/event-channel",
		"data",
		"drivers",
		"feature",
		"attr",
		"error",
	};
	char node[40];
	unsigned int i;

	open_folder(p);
	put(p, "vm", "/vm/%s", uuid);
	put(p, "name", "%s", g->name);
	put(p, "domid", "%u", b->domid);
	for (i = 0; i < g->vcpus; i++) {
		snprintf(node, sizeof(node), "cpu/%u/availability", i);
		put(p, node, "online");
	}
	put(p, "memory/static-max", "%llu", (unsigned long long)g->memory_bytes >> 10);
	put(p, "memory/target", "%llu", (unsigned long long)g->memory_bytes >> 10);
	put(p, "control/platform-feature-multiprocessor-suspend", "1");
	put(p, "control/platform-feature-xs_reset_watches", "1");
	for (i = 0; i < sizeof(guests_own) / sizeof(guests_own[0]); i++) {
		give(p, guests_own[i]);
	}
	put(p, "store/port", "%u", b->store_port);
	put(p, "store/ring-ref", "%lu", b->store_mfn);
	put(p, "console/backend-id", "0");
	put(p, "console/limit", "65536");
	/* xenconsoled leaves consoles of another type alone. */
	put(p, "console/type", "domusd");
	put(p, "console/output", "pty");
	put(p, "console/port", "%u", b->console_port);
	put(p, "console/ring-ref", "%lu", b->console_mfn);
}

static void put_vm(struct pen *p, const struct guest_file *g, const char *uuid)
{
	open_folder(p);
	put(p, "uuid", "%s", uuid);
	put(p, "name", "%s", g->name);
}

/* Everything in one transaction; the errno of what failed, its path in the batch. */
static int write_once(const struct guest_file *g, const uint8_t uuid[16], const struct built *b,
		      struct pen *p)
{
	char text[UUID_TEXT_BYTES], domain[NODES_PATH_BYTES], vm[NODES_PATH_BYTES];
	int errnum;

	uuid_format(uuid, text);
	snprintf(domain, sizeof(domain), "/local/domain/%u", b->domid);
	snprintf(vm, sizeof(vm), "/vm/%s", text);
	batch_add(&p->batch, XS_TRANSACTION_START, "", NULL, 0);
	if (batch_run(&p->batch)) {
		return p->batch.errnum;
	}
	p->batch.tx = strtoul(p->batch.answer, NULL, 10);
	/* A folder of that number may be left from a domain that another tool built. */
	batch_add(&p->batch, XS_MKDIR, "/local/domain", NULL, 0);
	batch_add(&p->batch, XS_RM, domain, NULL, 0);
	p->base = vm;
	put_vm(p, g, text);
	p->base = domain;
	put_domain(p, g, b, text);
	errnum = batch_run(&p->batch);
	/* Ends it in any case, but the first error is what counts. */
	p->batch.errnum = 0;
	batch_add(&p->batch, XS_TRANSACTION_END, errnum ? "F" : "T", NULL, 0);
	return batch_run(&p->batch) && !errnum ? p->batch.errnum : errnum;
}

static int introduce(struct pen *p, const struct built *b)
{
	char domid[16], numbers[64];
	int len = snprintf(numbers, sizeof(numbers), "%lu", b->store_mfn) + 1;

	len += snprintf(numbers + len, sizeof(numbers) - len, "%u", b->store_port) + 1;
	snprintf(domid, sizeof(domid), "%u", b->domid);
	p->batch.tx = 0;
	p->batch.errnum = 0;
	batch_add(&p->batch, XS_INTRODUCE, domid, numbers, len);
	return batch_run(&p->batch);
}

void nodes_prepare(struct hyper *h)
{
	struct xs_handle *xsh = hyper_store(h);

	if (xsh && !xs_mkdir(xsh, XBT_NULL, "/vm")) {
		hyper_store_failed(h, errno);
	}
}

int nodes_write(struct hyper *h, const struct guest_file *g, const uint8_t uuid[16],
		const struct built *b, struct err *e)
{
	struct pen p = {.batch.fd = &h->batch_fd, .domid = b->domid};
	int tries, errnum = EAGAIN;

	/* EAGAIN: somebody else's change came in between; EPIPE: the store was started anew. */
	for (tries = 0; tries < TRIES && (errnum == EAGAIN || errnum == EPIPE); tries++) {
		p.batch.errnum = 0;
		p.batch.tx = 0;
		errnum = write_once(g, uuid, b, &p);
	}
	if (errnum) {
		err_set(e, ERR_HOST, "the store does not take the guest's nodes");
		err_why(e, "%s: %s", p.batch.failed, strerror(errnum));
	} else if ((errnum = introduce(&p, b))) {
		err_set(e, ERR_HOST, "the store does not take the new domain in");
		err_errno(e, errnum, "INTRODUCE");
	}
	batch_free(&p.batch);
	return errnum ? -1 : 0;
}

void nodes_remove(struct hyper *h, uint32_t domid, const uint8_t uuid[16])
{
	char text[UUID_TEXT_BYTES], path[NODES_PATH_BYTES];
	struct xs_handle *xsh = hyper_store(h);

	if (!xsh) {
		return;
	}
	xs_release_domain(xsh, domid);
	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	xs_rm(xsh, XBT_NULL, path);
	snprintf(path, sizeof(path), "/vm/%s", uuid_format(uuid, text));
	if (!xs_rm(xsh, XBT_NULL, path)) {
		hyper_store_failed(h, errno);
	}
}

int nodes_set(struct hyper *h, uint32_t domid, const char *node, const char *value, struct err *e)
{
	struct xs_handle *xsh = hyper_store(h);
	char path[NODES_PATH_BYTES];
	int errnum;

	snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, node);
	if (xsh && xs_write(xsh, XBT_NULL, path, value, strlen(value))) {
		return 0;
	}
	errnum = errno;
	hyper_store_failed(h, errnum);
	err_set(e, ERR_HOST, "the store does not take %s", path);
	return err_errno(e, errnum, "xs_write");
}

char *nodes_get(struct hyper *h, uint32_t domid, const char *node)
{
	struct xs_handle *xsh = hyper_store(h);
	char path[NODES_PATH_BYTES], *value;
	unsigned int bytes;

	if (!xsh) {
		return NULL;
	}
	snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, node);
	value = xs_read(xsh, XBT_NULL, path, &bytes);
	if (!value) {
		hyper_store_failed(h, errno);
	}
	return value;
}

/* Nodes below path, itself included; -1 when something is in the way. */
static long count_below(struct xs_handle *xsh, const char *path, unsigned int depth)
{
	unsigned int count, i;
	char **names = depth < WALK_DEPTH ? xs_directory(xsh, XBT_NULL, path, &count) : NULL;
	long sum = 1;

	if (!names) {
		/* A node that went away meanwhile counts nothing. */
		return depth < WALK_DEPTH && errno == ENOENT ? 0 : -1;
	}
	for (i = 0; i < count && sum >= 0; i++) {
		char *child = NULL;
		long below = -1;

		if (asprintf(&child, "%s/%s", path[1] ? path : "", names[i]) > 0) {
			below = count_below(xsh, child, depth + 1);
			free(child);
		}
		sum = below < 0 || sum + below > WALK_LIMIT ? -1 : sum + below;
	}
	free(names);
	return sum;
}

long nodes_count(struct hyper *h)
{
	struct xs_handle *xsh = hyper_store(h);
	char *answer = xsh ? xs_control_command(xsh, "nodes", "", 0) : NULL, *end;
	long count = answer ? strtol(answer, &end, 10) : -1;

	/* Our own store keeps count; another one has to be walked. */
	if (answer && (end == answer || *end)) {
		count = -1;
	}
	free(answer);
	return xsh && count < 0 ? count_below(xsh, "/", 0) : count;
}

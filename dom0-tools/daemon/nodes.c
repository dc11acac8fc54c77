/* SPDX-License-Identifier: MIT */
/*
 * Writes and removes guests' store nodes. The domain's folder is made readable for the guest once,
 * and only what the guest may write itself is set apart. No lock: the handles are the calling
 * thread's own.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "daemon/device_nodes.h"
#include "daemon/nodes.h"
#include "daemon/pen.h"

enum { WALK_LIMIT = 1000000, WALK_DEPTH = 64 };

/* What a new domain's nodes are made of. */
struct subject {
	const struct guest_file *g;
	const struct built *b;
	const uint8_t *uuid;
	const struct disk_medium *media;
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

	pen_open(p);
	pen_put(p, "vm", "/vm/%s", uuid);
	pen_put(p, "name", "%s", g->name);
	pen_put(p, "domid", "%u", b->domid);
	for (i = 0; i < g->vcpus; i++) {
		snprintf(node, sizeof(node), "cpu/%u/availability", i);
		pen_put(p, node, "online");
	}
	pen_put(p, "memory/static-max", "%llu", (unsigned long long)g->memory_bytes >> 10);
	pen_put(p, "memory/target", "%llu", (unsigned long long)g->memory_bytes >> 10);
	pen_put(p, "control/platform-feature-multiprocessor-suspend", "1");
	pen_put(p, "control/platform-feature-xs_reset_watches", "1");
	for (i = 0; i < sizeof(guests_own) / sizeof(guests_own[0]); i++) {
		pen_give(p, guests_own[i]);
	}
	pen_put(p, "store/port", "%u", b->store_port);
	pen_put(p, "store/ring-ref", "%lu", b->store_mfn);
	pen_put(p, "console/backend-id", "0");
	pen_put(p, "console/limit", "65536");
	/* xenconsoled leaves consoles of another type alone. */
	pen_put(p, "console/type", "domusd");
	pen_put(p, "console/output", "pty");
	pen_put(p, "console/port", "%u", b->console_port);
	pen_put(p, "console/ring-ref", "%lu", b->console_mfn);
}

static void put_vm(struct pen *p, const struct guest_file *g, const char *uuid)
{
	pen_open(p);
	pen_put(p, "uuid", "%s", uuid);
	pen_put(p, "name", "%s", g->name);
}

static void fill(struct pen *p, void *arg)
{
	const struct subject *s = arg;
	char text[UUID_TEXT_BYTES], domain[NODES_PATH_BYTES], vm[NODES_PATH_BYTES];

	uuid_format(s->uuid, text);
	snprintf(domain, sizeof(domain), "/local/domain/%u", s->b->domid);
	snprintf(vm, sizeof(vm), "/vm/%s", text);
	/* A folder of that number may be left from a domain that another tool built. */
	batch_add(&p->batch, XS_MKDIR, "/local/domain", NULL, 0);
	batch_add(&p->batch, XS_RM, domain, NULL, 0);
	p->base = vm;
	put_vm(p, s->g, text);
	p->base = domain;
	put_domain(p, s->g, s->b, text);
	device_nodes_put(p, s->g, s->uuid, s->media);
}

static int introduce(struct pen *p, const struct built *b)
{
	char domid[16], numbers[64];
	int len = snprintf(numbers, sizeof(numbers), "%lu", b->store_mfn) + 1;

	len += snprintf(numbers + len, sizeof(numbers) - len, "%u", b->store_port) + 1;
	snprintf(domid, sizeof(domid), "%u", b->domid);
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
		const struct built *b, const struct disk_medium *media, struct err *e)
{
	struct pen p = {.batch.fd = &h->batch_fd, .domid = b->domid};
	struct subject s = {g, b, uuid, media};
	int errnum = pen_transaction(&p, fill, &s);

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

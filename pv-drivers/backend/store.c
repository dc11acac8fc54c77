/* SPDX-License-Identifier: MIT */
/* libxenstore, with one handle; see store.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <xenstore.h>

#include "backend/loop.h"
#include "backend/store.h"

/* dom0's kernel keeps watches and requests across a new store daemon; a socket would break. */
#define KERNEL_STORE "/dev/xen/xenbus"

static struct {
	struct xs_handle *handle;
	struct loop_watch watch;
	void (*changed)(const char *token);
} store;

static void events_ready(struct loop_watch *w)
{
	char **event;

	(void)w;
	while ((event = xs_check_watch(store.handle))) {
		store.changed(event[XS_WATCH_TOKEN]);
		free(event);
	}
}

int store_open(void (*changed)(const char *token), struct complaint *c)
{
	setenv("XENSTORED_PATH", KERNEL_STORE, 1);
	store.handle = xs_open(0);
	if (!store.handle) {
		return complain(c, errno, "the store cannot be reached through " KERNEL_STORE);
	}
	store.changed = changed;
	/* The first watch starts libxenstore's thread, which cannot be started any more later. */
	if (!xs_watch(store.handle, "domid", "") || !xs_unwatch(store.handle, "domid", "")) {
		return complain(c, errno, "the store does not let its nodes be watched");
	}
	loop_watch(&store.watch, xs_fileno(store.handle), events_ready);
	return 0;
}

static int path_make(char path[STORE_PATH_BYTES], const char *folder, const char *node)
{
	int n = snprintf(path, STORE_PATH_BYTES, "%s/%s", folder, node);

	return n < 0 || n >= STORE_PATH_BYTES ? -ENAMETOOLONG : 0;
}

int store_read(const char *folder, const char *node, char *text, size_t bytes)
{
	char path[STORE_PATH_BYTES], *value;
	unsigned int len;
	int rc = path_make(path, folder, node);

	if (rc) {
		return rc;
	}
	value = xs_read(store.handle, XBT_NULL, path, &len);
	if (!value) {
		return -errno;
	}
	if (len >= bytes) {
		rc = -EINVAL;
	} else {
		memcpy(text, value, len);
		text[len] = '\0';
	}
	free(value);
	return rc;
}

int store_read_number(const char *folder, const char *node, uint64_t max, uint64_t *value)
{
	char text[24], *end;
	int rc = store_read(folder, node, text, sizeof(text));

	if (rc) {
		return rc;
	}
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || end == text || *end || *text == '-' || *value > max ? -EINVAL : 0;
}

uint64_t store_number_or(const char *folder, const char *node, uint64_t max, uint64_t other)
{
	uint64_t value;

	return store_read_number(folder, node, max, &value) ? other : value;
}

int store_write(const char *folder, const char *node, const char *fmt, ...)
{
	char path[STORE_PATH_BYTES], value[256];
	va_list ap;
	int rc = path_make(path, folder, node);

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (!rc && !xs_write(store.handle, XBT_NULL, path, value, strlen(value))) {
		rc = -errno;
	}
	return rc;
}

int store_watch(const char *folder, const char *node, const char *token)
{
	char path[STORE_PATH_BYTES];
	int rc = path_make(path, folder, node);

	return rc ? rc : xs_watch(store.handle, path, token) ? 0 : -errno;
}

void store_unwatch(const char *folder, const char *node, const char *token)
{
	char path[STORE_PATH_BYTES];

	if (!path_make(path, folder, node)) {
		xs_unwatch(store.handle, path, token);
	}
}

/* SPDX-License-Identifier: MIT */
/* See pv_platform.h. */
#include "unit.h"

#include <sanitizer/asan_interface.h>

#include "pv_platform.h"

enum { NODES = 128, WATCHES = 8, GRANTS = 1024, PORTS = 16, PAGES = 512, TEXT = 128 };

static struct node {
	char path[TEXT], value[TEXT];
	bool is_broken, is_hidden;
} nodes[NODES];
static struct watch {
	char path[TEXT];
	void (*handler)(void *arg);
	void *arg;
	bool is_pending;
} watches[WATCHES];
static struct grant {
	unsigned char *page;
	void *to_free;
	bool is_used, is_read_only, is_mapped;
} grants[GRANTS];
static struct port {
	void (*handler)(void *arg);
	void *arg;
	unsigned int notified;
} ports[PORTS];
static unsigned char pages[PAGES][PLATFORM_PAGE_BYTES]
	__attribute__((aligned(PLATFORM_PAGE_BYTES)));
static unsigned char page_used[PAGES];
static unsigned int grant_limit = GRANTS - 1, page_count;
static char said[256];

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && (!path[n] || path[n] == '/');
}

static void changed(const char *path)
{
	for (struct watch *w = watches; w < watches + WATCHES; w++) {
		w->is_pending |= w->handler && (is_below(path, w->path) || is_below(w->path, path));
	}
}

static struct node *node_find(const char *path, bool make)
{
	struct node *empty = NULL;

	for (struct node *n = nodes; n < nodes + NODES; n++) {
		if (!strcmp(n->path, path)) {
			return n;
		}
		empty = n->path[0] || empty ? empty : n;
	}
	if (make) {
		assert_non_null(empty);
		snprintf(empty->path, sizeof(empty->path), "%s", path);
		return empty;
	}
	return NULL;
}

void fake_store_set(const char *path, const char *format, ...)
{
	struct node *n = node_find(path, true);
	va_list ap;

	va_start(ap, format);
	vsnprintf(n->value, sizeof(n->value), format, ap);
	va_end(ap);
	changed(path);
}

const char *fake_store_get(const char *path)
{
	struct node *n = node_find(path, false);

	return n ? n->value : NULL;
}

unsigned long fake_store_number(const char *path)
{
	const char *text = fake_store_get(path);

	assert_non_null(text);
	return strtoul(text, NULL, 10);
}

void fake_store_remove(const char *path)
{
	for (struct node *n = nodes; n < nodes + NODES; n++) {
		if (n->path[0] && is_below(n->path, path)) {
			changed(n->path);
			*n = (struct node){0};
		}
	}
}

void fake_store_break(const char *path)
{
	node_find(path, true)->is_broken = true;
}

void fake_store_hide(const char *path)
{
	node_find(path, true)->is_hidden = true;
	changed(path);
}

void fake_run(void)
{
	bool is_idle = false;

	for (unsigned int turn = 0; !is_idle; turn++) {
		assert_true(turn < 1000);
		is_idle = true;
		for (struct watch *w = watches; w < watches + WATCHES; w++) {
			if (w->handler && w->is_pending) {
				w->is_pending = is_idle = false;
				w->handler(w->arg);
			}
		}
	}
}

void *fake_grant_page(grant_ref_t ref, bool is_write)
{
	if (!ref || ref >= GRANTS || !grants[ref].is_used ||
	    (is_write && grants[ref].is_read_only)) {
		return NULL;
	}
	return grants[ref].page;
}

static void grant_drop(struct grant *g)
{
	void *page = g->to_free;

	*g = (struct grant){0};
	if (page) {
		platform_pages_free(page, 1);
	}
}

void fake_grant_map(grant_ref_t ref, bool is_mapped)
{
	assert_true(grants[ref].is_used);
	grants[ref].is_mapped = is_mapped;
	if (!is_mapped && grants[ref].to_free) {
		grant_drop(&grants[ref]);
	}
}

unsigned int fake_grant_count(void)
{
	unsigned int n = 0;

	for (struct grant *g = grants; g < grants + GRANTS; g++) {
		n += g->is_used;
	}
	return n;
}

void fake_grant_limit(unsigned int count)
{
	grant_limit = count;
}

void fake_port_event(evtchn_port_t port)
{
	assert_true(port < PORTS && ports[port].handler);
	ports[port].handler(ports[port].arg);
}

unsigned int fake_port_notified(evtchn_port_t port)
{
	unsigned int n = ports[port].notified;

	ports[port].notified = 0;
	return n;
}

unsigned int fake_port_count(void)
{
	unsigned int n = 0;

	for (struct port *p = ports; p < ports + PORTS; p++) {
		n += p->handler != NULL;
	}
	return n;
}

const char *fake_said(void)
{
	return said;
}

void fake_reset(void)
{
	assert_int_equal(fake_grant_count(), 0);
	assert_int_equal(fake_port_count(), 0);
	assert_int_equal(page_count, 0);
	for (struct watch *w = watches; w < watches + WATCHES; w++) {
		assert_null(w->handler);
	}
	memset(nodes, 0, sizeof(nodes));
	grant_limit = GRANTS - 1;
	said[0] = 0;
}

/* --- What the front end calls --- */

/* Free pages are poisoned, so that a use after a free is found. */
void *platform_pages(uint32_t count)
{
	for (unsigned int first = 0; first + count <= PAGES; first++) {
		unsigned int n = 0;

		while (n < count && !page_used[first + n]) {
			n++;
		}
		if (n == count) {
			memset(page_used + first, 1, count);
			page_count += count;
			__asan_unpoison_memory_region(pages[first], count * sizeof(pages[0]));
			return memset(pages[first], 0, count * sizeof(pages[0]));
		}
	}
	return NULL;
}

void platform_pages_free(void *at, uint32_t count)
{
	size_t first = ((unsigned char *)at - pages[0]) / sizeof(pages[0]);

	for (size_t i = first; i < first + count; i++) {
		assert_true(i < PAGES && page_used[i]);
		page_used[i] = 0;
		page_count--;
		__asan_poison_memory_region(pages[i], sizeof(pages[i]));
	}
}

int platform_grant(domid_t to, const void *page, bool read_only, grant_ref_t *ref)
{
	assert_int_equal(to, FAKE_BACK_ID);
	assert_int_equal((uintptr_t)page % PLATFORM_PAGE_BYTES, 0);
	if (fake_grant_count() >= grant_limit) {
		return -ENOSPC;
	}
	for (grant_ref_t i = 1; i < GRANTS; i++) {
		if (!grants[i].is_used) {
			grants[i] = (struct grant){.page = (unsigned char *)(uintptr_t)page,
						   .is_used = true,
						   .is_read_only = read_only};
			*ref = i;
			return 0;
		}
	}
	return -ENOSPC;
}

int platform_grant_end(grant_ref_t ref)
{
	assert_true(ref < GRANTS && grants[ref].is_used && !grants[ref].to_free);
	if (grants[ref].is_mapped) {
		return -EBUSY;
	}
	grant_drop(&grants[ref]);
	return 0;
}

void platform_grant_free(grant_ref_t ref, void *page)
{
	assert_true(ref < GRANTS && grants[ref].is_used && !grants[ref].to_free);
	grants[ref].to_free = page;
	if (!grants[ref].is_mapped) {
		grant_drop(&grants[ref]);
	}
}

int platform_port_open(domid_t peer, void (*handler)(void *arg), void *arg, evtchn_port_t *port)
{
	assert_int_equal(peer, FAKE_BACK_ID);
	for (evtchn_port_t i = 1; i < PORTS; i++) {
		if (!ports[i].handler) {
			ports[i] = (struct port){handler, arg, 0};
			*port = i;
			return 0;
		}
	}
	return -ENOSPC;
}

void platform_port_close(evtchn_port_t port)
{
	assert_true(port < PORTS && ports[port].handler);
	ports[port] = (struct port){0};
}

void platform_notify(evtchn_port_t port)
{
	assert_true(port < PORTS && ports[port].handler);
	ports[port].notified++;
}

int platform_store_read(const char *path, char *value, size_t bytes)
{
	struct node *n = node_find(path, false);

	if (!n) {
		return -ENOENT;
	}
	if (n->is_hidden) {
		return -EACCES;
	}
	if (strlen(n->value) >= bytes) {
		return -E2BIG;
	}
	strcpy(value, n->value);
	return (int)strlen(value);
}

int platform_store_write(const char *path, const char *value)
{
	if (node_find(path, true)->is_broken) {
		return -EACCES;
	}
	fake_store_set(path, "%s", value);
	return 0;
}

int platform_store_watch(const char *path, void (*handler)(void *arg), void *arg)
{
	for (struct watch *w = watches; w < watches + WATCHES; w++) {
		if (!w->handler) {
			*w = (struct watch){.handler = handler, .arg = arg, .is_pending = true};
			snprintf(w->path, sizeof(w->path), "%s", path);
			return 0;
		}
	}
	return -ENOSPC;
}

static struct watch *watch_find(const char *path, void *arg)
{
	for (struct watch *w = watches; w < watches + WATCHES; w++) {
		if (w->handler && w->arg == arg && !strcmp(w->path, path)) {
			return w;
		}
	}
	fail_msg("no watch at %s", path);
	return NULL;
}

void platform_store_unwatch(const char *path, void *arg)
{
	*watch_find(path, arg) = (struct watch){0};
}

void platform_store_again(const char *path, void *arg)
{
	watch_find(path, arg)->is_pending = true;
}

void platform_say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(said, sizeof(said), format, ap);
	va_end(ap);
}

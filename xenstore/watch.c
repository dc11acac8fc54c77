/* SPDX-License-Identifier: MIT */
/*
 * The index of watches: a hash table from path to the watches on it. See watch.h for the
 * invariant. No lock: one thread.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "path.h"
#include "tree.h"
#include "util.h"
#include "watch.h"

#define FIRST_SLOTS 64

struct watch_path {
	struct watch_path *next; /* in the same slot */
	uint64_t hash;
	struct list watches;
	size_t len;
	char path[];
};

struct watch {
	struct list of_watcher, at_path;
	struct watcher *watcher;
	struct watch_path *where;
	int depth;
	size_t skip;
	char token[];
};

void watch_index_init(struct watch_index *x)
{
	x->slot_count = FIRST_SLOTS;
	x->path_count = 0;
	x->slots = mem_alloc(x->slot_count * sizeof(x->slots[0]));
}

void watch_index_free(struct watch_index *x)
{
	free(x->slots);
	x->slots = NULL;
}

static struct watch_path *path_find(const struct watch_index *x, const char *path, size_t len)
{
	uint64_t hash = hash_bytes(path, len);
	struct watch_path *p = x->slots[hash & (x->slot_count - 1)];

	while (p && (p->hash != hash || p->len != len || memcmp(p->path, path, len))) {
		p = p->next;
	}
	return p;
}

static void grow(struct watch_index *x)
{
	size_t count = x->slot_count * 2;
	struct watch_path **slots = mem_alloc(count * sizeof(slots[0]));

	for (size_t i = 0; i < x->slot_count; i++) {
		struct watch_path *p, *next;

		for (p = x->slots[i]; p; p = next) {
			next = p->next;
			p->next = slots[p->hash & (count - 1)];
			slots[p->hash & (count - 1)] = p;
		}
	}
	free(x->slots);
	x->slots = slots;
	x->slot_count = count;
}

static struct watch_path *path_add(struct watch_index *x, const char *path)
{
	size_t len = strlen(path);
	struct watch_path *p = path_find(x, path, len), **slot;

	if (p) {
		return p;
	}
	if (x->path_count >= x->slot_count) {
		grow(x);
	}
	p = mem_alloc(sizeof(*p) + len + 1);
	p->hash = hash_bytes(path, len);
	p->len = len;
	memcpy(p->path, path, len);
	list_init(&p->watches);
	slot = &x->slots[p->hash & (x->slot_count - 1)];
	p->next = *slot;
	*slot = p;
	x->path_count++;
	return p;
}

static void path_drop_if_empty(struct watch_index *x, struct watch_path *p)
{
	struct watch_path **slot = &x->slots[p->hash & (x->slot_count - 1)];

	if (!list_empty(&p->watches)) {
		return;
	}
	while (*slot != p) {
		slot = &(*slot)->next;
	}
	*slot = p->next;
	x->path_count--;
	free(p);
}

void watcher_init(struct watcher *w, struct who who,
		  void (*event)(struct watcher *w, const char *path, const char *token))
{
	*w = (struct watcher){.who = who, .event = event};
	list_init(&w->watches);
}

static struct watch *watch_find(struct watch_path *p, const struct watcher *w, const char *token)
{
	struct list *it;

	list_for_each (it, &p->watches) {
		struct watch *watch = list_entry(it, struct watch, at_path);

		if (watch->watcher == w && strcmp(watch->token, token) == 0) {
			return watch;
		}
	}
	return NULL;
}

static uint64_t watch_bytes(const struct watch *watch)
{
	/* Each watch is charged for its path, though equal paths are stored once. */
	return sizeof(*watch) + strlen(watch->token) + sizeof(*watch->where) + watch->where->len;
}

int watch_add(struct watch_index *x, struct watcher *w, const char *path, const char *token,
	      int depth, size_t skip)
{
	struct watch_path *p = path_add(x, path);
	struct watch *watch;

	if (watch_find(p, w, token)) {
		return -EEXIST;
	}
	watch = mem_alloc(sizeof(*watch) + strlen(token) + 1);
	strcpy(watch->token, token);
	watch->watcher = w;
	watch->where = p;
	watch->depth = depth;
	watch->skip = skip;
	list_append(&p->watches, &watch->at_path);
	list_append(&w->watches, &watch->of_watcher);
	w->watch_count++;
	w->watch_bytes += watch_bytes(watch);
	return 0;
}

static void watch_free(struct watch_index *x, struct watch *watch)
{
	watch->watcher->watch_count--;
	watch->watcher->watch_bytes -= watch_bytes(watch);
	list_remove(&watch->at_path);
	list_remove(&watch->of_watcher);
	path_drop_if_empty(x, watch->where);
	free(watch);
}

int watch_remove(struct watch_index *x, struct watcher *w, const char *path, const char *token)
{
	struct watch_path *p = path_find(x, path, strlen(path));
	struct watch *watch = p ? watch_find(p, w, token) : NULL;

	if (!watch) {
		return -ENOENT;
	}
	watch_free(x, watch);
	return 0;
}

void watch_remove_all(struct watch_index *x, struct watcher *w)
{
	while (!list_empty(&w->watches)) {
		watch_free(x, list_entry(w->watches.next, struct watch, of_watcher));
	}
}

/* ---- events ---- */

static bool may_read(const struct watcher *w, const struct perms *perms, const struct owner *owners)
{
	return perms && (perms_rights(perms, &w->who, owners) & PERM_READ);
}

static void fire_at(struct watch_path *p, const struct change *c, unsigned int below,
		    const struct owner *owners)
{
	struct list *it;

	list_for_each (it, &p->watches) {
		struct watch *watch = list_entry(it, struct watch, at_path);
		struct watcher *w = watch->watcher;

		if (watch->depth != DEPTH_ANY && below > (unsigned int)watch->depth) {
			continue;
		}
		if (may_read(w, c->before, owners) || may_read(w, c->after, owners)) {
			w->event(w, c->path + watch->skip, watch->token);
		}
	}
}

/* The nodes below a removed one: only watches on exactly them. path has room for any name. */
static void fire_removed(struct watch_index *x, const struct node *n, char *path, size_t len,
			 size_t size, const struct owner *owners)
{
	struct node_iter it;
	const struct node *kid;

	node_iter_init(&it, n);
	while ((kid = node_iter_next(&it))) {
		size_t kid_len = len + 1 + kid->name->len;
		struct watch_path *p;

		if (kid_len >= size) {
			continue; /* no path that long can be watched */
		}
		path[len] = '/';
		memcpy(path + len + 1, kid->name->data, kid->name->len);
		path[kid_len] = '\0';
		p = path_find(x, path, kid_len);
		if (p) {
			fire_at(p, &(struct change){.path = path, .before = kid->perms}, 0, owners);
		}
		fire_removed(x, kid, path, kid_len, size, owners);
	}
}

void watch_fire(struct watch_index *x, const struct change *c, const struct owner *owners)
{
	unsigned int below = 0;
	size_t len = strlen(c->path);

	if (!x->path_count) {
		return;
	}
	for (;;) {
		struct watch_path *p = path_find(x, c->path, len);

		if (p) {
			fire_at(p, c, below, owners);
		}
		if (len <= 1) {
			break;
		}
		do {
			len--;
		} while (len && c->path[len] != '/');
		len = len ? len : 1;
		below++;
	}
	if (c->removed) {
		/* A relative path may be completed by a prefix, hence the room. */
		char path[XENSTORE_ABS_PATH_MAX + 64];

		len = strlen(c->path);
		memcpy(path, c->path, len);
		fire_removed(x, c->removed, path, len, sizeof(path), owners);
	}
}

void watch_fire_special(struct watch_index *x, const char *name, uint16_t domid,
			const struct perms *perms, const struct owner *owners)
{
	struct watch_path *p = path_find(x, name, strlen(name));
	char detail[64];
	struct list *it;

	if (!p) {
		return;
	}
	snprintf(detail, sizeof(detail), "%s/%u", name, domid);
	list_for_each (it, &p->watches) {
		struct watch *watch = list_entry(it, struct watch, at_path);

		if (may_read(watch->watcher, perms, owners)) {
			watch->watcher->event(watch->watcher, watch->depth > 0 ? detail : name,
					      watch->token);
		}
	}
}

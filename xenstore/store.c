/* SPDX-License-Identifier: MIT */
/*
 * Operations on a version of the tree; store.h has the invariant: check first, then change. No
 * lock: one thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "util.h"

/* What exists in a fresh store, as tools and guests expect it. */
static const char *const first_nodes[] = {
	"/tool/xenstored",
	"/local/domain",
	"/vm",
	"/local/domain/0",
};

void store_init(struct store *s)
{
	struct view v;

	memset(s, 0, sizeof(*s));
	s->owners = mem_alloc(DOMAIN_LIMIT * sizeof(s->owners[0]));
	limits_preset(&s->limits);
	watch_index_init(&s->watches);
	s->root = tree_new(perms_new(0, PERM_NONE, s->owners));
	for (int i = 0; i < SPECIAL_COUNT; i++) {
		s->special[i] = perms_new(0, PERM_NONE, s->owners);
	}
	s->owners[0].nodes = 1;
	s->owners[0].bytes = node_bytes(s->root);
	store_open(s, &v);
	for (size_t i = 0; i < sizeof(first_nodes) / sizeof(first_nodes[0]); i++) {
		store_apply(&v, &WHO_HOST, &(struct op){OP_MKDIR, first_nodes[i], NULL, NULL},
			    NULL);
	}
	store_close(&v);
}

void store_free(struct store *s)
{
	watch_index_free(&s->watches);
	node_put(s->root);
	for (int i = 0; i < SPECIAL_COUNT; i++) {
		perms_put(s->special[i]);
	}
	free(s->owners);
}

void store_open(struct store *s, struct view *v)
{
	*v = (struct view){.store = s, .root = s->root, .live = true, .keep_changes = true};
	s->root = NULL; /* the view has the only reference, so that edits work in place */
}

void store_close(struct view *v)
{
	v->store->root = v->root;
	v->root = NULL;
	store_fire(v);
	store_discard(v);
}

void store_discard(struct view *v)
{
	for (size_t i = 0; i < v->change_count; i++) {
		struct change *c = &v->changes[i];

		free(c->path);
		perms_put(c->before);
		perms_put(c->after);
		node_put(c->removed);
	}
	free(v->changes);
	free(v->accounts);
	v->changes = NULL;
	v->accounts = NULL;
	v->change_count = v->account_count = 0;
}

void store_fire(struct view *v)
{
	for (size_t i = 0; i < v->change_count; i++) {
		watch_fire(&v->store->watches, &v->changes[i], v->store->owners);
	}
}

/* ---- accounting ---- */

static void book(struct store *s, const struct account *a)
{
	s->owners[a->domid].nodes += a->nodes;
	s->owners[a->domid].bytes += a->bytes;
}

void store_book(struct view *v)
{
	for (size_t i = 0; i < v->account_count; i++) {
		book(v->store, &v->accounts[i]);
	}
}

static void account(struct view *v, const struct who *who, const struct perms *perms, int32_t nodes,
		    int64_t bytes)
{
	struct account a = {perms_owner(perms, v->store->owners), nodes, bytes};

	if (v->live) {
		book(v->store, &a);
		return;
	}
	if (a.domid == who->domid) {
		v->own.nodes += nodes;
		v->own.bytes += bytes;
	}
	if (!v->keep_accounts) {
		return;
	}
	if (v->account_count && v->accounts[v->account_count - 1].domid == a.domid) {
		v->accounts[v->account_count - 1].nodes += nodes;
		v->accounts[v->account_count - 1].bytes += bytes;
		return;
	}
	v->accounts = mem_resize(v->accounts, v->account_count + 1, sizeof(a));
	v->accounts[v->account_count++] = a;
}

static void account_removed(struct view *v, const struct who *who, const struct node *n)
{
	struct node_iter it;
	const struct node *kid;

	account(v, who, n->perms, -1, -(int64_t)node_bytes(n));
	node_iter_init(&it, n);
	while ((kid = node_iter_next(&it))) {
		account_removed(v, who, kid);
	}
}

/* May who get this many more nodes and bytes? */
static int check_quota(struct view *v, const struct who *who, uint32_t nodes, uint64_t bytes)
{
	struct owner *o = &v->store->owners[who->domid];
	const uint32_t *limit = v->store->limits.value;
	int64_t total = o->bytes + v->own.bytes + v->extra_bytes + bytes;
	int64_t total_nodes = (int64_t)o->nodes + v->own.nodes + nodes;

	if (who->domid == 0) {
		return 0;
	}
	if (nodes && total_nodes > limit[LIMIT_NODES]) {
		log_guest(LOG_LEVEL_WARNING, "domain %u is at its limit of %u nodes", who->domid,
			  limit[LIMIT_NODES]);
		return -ENOSPC;
	}
	if (total > limit[LIMIT_MEMORY]) {
		log_guest(LOG_LEVEL_WARNING, "domain %u is at its limit of %u bytes", who->domid,
			  limit[LIMIT_MEMORY]);
		return -ENOMEM;
	}
	if (total > limit[LIMIT_MEMORY_SOFT] && !o->warned) {
		o->warned = true;
		log_line(LOG_LEVEL_WARNING, "domain %u uses more than %u bytes of the store",
			 who->domid, limit[LIMIT_MEMORY_SOFT]);
	}
	return 0;
}

/* ---- the operations ---- */

static void note_change(struct view *v, const char *path, struct perms *before, struct perms *after,
			struct node *removed)
{
	struct change *c;

	if (!v->keep_changes) {
		return;
	}
	if ((v->change_count & (v->change_count + 1)) == 0) {
		/* Capacity is the next power of two: it is used up at 0, 1, 3, 7, … */
		v->changes =
			mem_resize(v->changes, 2 * (v->change_count + 1), sizeof(v->changes[0]));
	}
	c = &v->changes[v->change_count++];
	c->path = mem_strndup(path, strlen(path));
	c->before = before ? perms_ref(before) : NULL;
	c->after = after ? perms_ref(after) : NULL;
	c->removed = node_ref(removed);
}

/*
 * Finds the node at path and checks that who has these rights on it. Where it does not exist the
 * rights on the nearest node above decide whether who may know that (-ENOENT) or not (-EACCES).
 */
static int find(struct view *v, const struct who *who, const char *path, unsigned int rights,
		struct node **found, unsigned int *missing)
{
	unsigned int had;

	*found = tree_nearest(v->root, path, missing);
	had = perms_rights((*found)->perms, who, v->store->owners);
	if (*missing) {
		return had & rights ? -ENOENT : -EACCES;
	}
	return (had & rights) == rights ? 0 : -EACCES;
}

static int apply_read(struct view *v, const struct who *who, const struct op *op,
		      const struct node **seen)
{
	unsigned int missing;
	struct node *n;
	int err = find(v, who, op->path, PERM_READ, &n, &missing);

	if (!err && seen) {
		*seen = n;
	}
	return err;
}

/* OP_WRITE and OP_MKDIR where the node is not there yet. */
static int create(struct view *v, const struct who *who, const struct op *op, struct node *above,
		  unsigned int missing)
{
	uint32_t value_len = op->value ? op->value->len : 0;
	struct perms *perms = perms_inherit(above->perms, who, v->store->owners);
	size_t bytes =
		missing * (sizeof(struct node) + perms_bytes(perms)) + strlen(op->path) + value_len;
	uint64_t names_bytes = 0;
	const char *tail = op->path + strlen(op->path);
	struct node *n;
	int err = check_quota(v, who, missing, bytes);

	if (err) {
		perms_put(perms);
		return err;
	}
	for (unsigned int i = 0; i < missing; i++) {
		const char *slash = memrchr(op->path, '/', tail - op->path);

		names_bytes += tail - slash - 1;
		tail = slash;
	}
	n = tree_put(&v->root, op->path, perms);
	if (op->value) {
		node_set_value(n, blob_ref(op->value));
	}
	account(v, who, perms, missing,
		missing * (sizeof(*n) + perms_bytes(perms)) + names_bytes + value_len);
	note_change(v, op->path, NULL, perms, NULL);
	perms_put(perms);
	return 0;
}

static int apply_write(struct view *v, const struct who *who, const struct op *op)
{
	unsigned int missing;
	struct node *n;
	int64_t grows;
	int err = find(v, who, op->path, PERM_WRITE, &n, &missing);

	if (err && err != -ENOENT) {
		return err;
	}
	if (who->domid && op->value->len > v->store->limits.value[LIMIT_VALUE_BYTES]) {
		return -ENOSPC;
	}
	if (err) {
		return create(v, who, op, n, missing);
	}
	grows = (int64_t)op->value->len - n->value->len;
	if (grows > 0) {
		err = check_quota(v, who, 0, grows);
		if (err) {
			return err;
		}
	}
	n = tree_edit(&v->root, op->path);
	node_set_value(n, blob_ref(op->value));
	account(v, who, n->perms, 0, grows);
	note_change(v, op->path, NULL, n->perms, NULL);
	return 0;
}

static int apply_mkdir(struct view *v, const struct who *who, const struct op *op)
{
	unsigned int missing;
	struct node *n;
	int err = find(v, who, op->path, PERM_WRITE, &n, &missing);

	return err == -ENOENT ? create(v, who, op, n, missing) : err;
}

static int apply_rm(struct view *v, const struct who *who, const struct op *op)
{
	unsigned int missing;
	struct node *n;
	int err = find(v, who, op->path, PERM_WRITE, &n, &missing);

	if (err == -ENOENT && missing == 1) {
		return 0; /* it is not there: that is what was asked for */
	}
	if (err) {
		return err;
	}
	if (strcmp(op->path, "/") == 0) {
		return -EINVAL;
	}
	n = tree_remove(&v->root, op->path);
	account_removed(v, who, n);
	note_change(v, op->path, n->perms, NULL, n);
	node_put(n);
	return 0;
}

static int apply_set_perms(struct view *v, const struct who *who, const struct op *op)
{
	const struct owner *owners = v->store->owners;
	unsigned int missing;
	struct perms *old;
	struct node *n;
	int err = find(v, who, op->path, PERM_WRITE | PERM_OWNER, &n, &missing);

	if (err) {
		return err;
	}
	if (who->domid) {
		if (op->perms->count > v->store->limits.value[LIMIT_NODE_PERMS]) {
			return -ENOSPC;
		}
		if (perms_owner(op->perms, owners) != perms_owner(n->perms, owners)) {
			return -EPERM;
		}
		err = check_quota(v, who, 0, perms_bytes(op->perms));
		if (err) {
			return err;
		}
	}
	n = tree_edit(&v->root, op->path);
	old = perms_ref(n->perms);
	account(v, who, old, -1, -(int64_t)node_bytes(n));
	node_set_perms(n, perms_ref(op->perms));
	account(v, who, n->perms, 1, node_bytes(n));
	note_change(v, op->path, old, n->perms, NULL);
	perms_put(old);
	return 0;
}

bool store_op_writes(enum op_type type)
{
	return type >= OP_WRITE;
}

int store_apply(struct view *v, const struct who *who, const struct op *op,
		const struct node **seen)
{
	switch (op->type) {
	case OP_READ:
	case OP_LIST:
	case OP_GET_PERMS:
		return apply_read(v, who, op, seen);
	case OP_WRITE:
		return apply_write(v, who, op);
	case OP_MKDIR:
		return apply_mkdir(v, who, op);
	case OP_RM:
		return apply_rm(v, who, op);
	case OP_SET_PERMS:
		return apply_set_perms(v, who, op);
	}
	return -EINVAL;
}

/* ---- the end of a domain, and the self-check ---- */

void store_forget_domain(struct store *s, uint16_t domid)
{
	struct owner *o = &s->owners[domid];

	/* Its nodes count as the host's from here on. */
	s->owners[0].nodes += o->nodes;
	s->owners[0].bytes += o->bytes;
	*o = (struct owner){.epoch = o->epoch + 1};
}

static void recount(const struct store *s, const struct node *n, struct account *counts)
{
	struct account *a = &counts[perms_owner(n->perms, s->owners)];
	struct node_iter it;
	const struct node *kid;

	a->nodes++;
	a->bytes += node_bytes(n);
	node_iter_init(&it, n);
	while ((kid = node_iter_next(&it))) {
		recount(s, kid, counts);
	}
}

bool store_check(const struct store *s, uint64_t *node_count)
{
	struct account *counts = mem_alloc(DOMAIN_LIMIT * sizeof(*counts));
	bool good = tree_check(s->root, node_count);

	recount(s, s->root, counts);
	for (uint32_t i = 0; i < DOMAIN_LIMIT; i++) {
		if (counts[i].nodes != (int64_t)s->owners[i].nodes ||
		    counts[i].bytes != (int64_t)s->owners[i].bytes) {
			log_line(LOG_LEVEL_ERROR, "domain %u: %u nodes accounted, %d found", i,
				 s->owners[i].nodes, counts[i].nodes);
			good = false;
		}
	}
	free(counts);
	return good;
}

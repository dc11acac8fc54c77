/* SPDX-License-Identifier: MIT */
/*
 * Transactions; txn.h has the rule of merging and the invariant. No lock: one thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "txn.h"
#include "util.h"

/* How far back a repeated read is looked for, so that polling does not fill the log. */
#define REPEAT_WINDOW 64

struct txn_entry {
	enum op_type type;
	int err;
	char *path;
	struct blob *value;  /* written, or what a read answered */
	struct perms *perms; /* set, or what was answered */
	struct node *listed; /* the node whose names were answered */
};

struct txn *txn_new(struct store *s, uint32_t id)
{
	struct txn *t = mem_alloc(sizeof(*t));

	list_init(&t->link);
	t->id = id;
	t->view = (struct view){.store = s, .root = node_ref(s->root)};
	return t;
}

static void entry_clear(struct txn_entry *e)
{
	free(e->path);
	blob_put(e->value);
	perms_put(e->perms);
	node_put(e->listed);
}

void txn_free(struct txn *t)
{
	for (uint32_t i = 0; i < t->log_count; i++) {
		entry_clear(&t->log[i]);
	}
	free(t->log);
	list_remove(&t->link);
	node_put(t->view.root);
	store_discard(&t->view);
	free(t);
}

/* Was the same read answered since the last write? Then its answer is in the log. */
static bool repeated(const struct txn *t, const struct op *op)
{
	for (uint32_t i = t->log_count, n = 0; i-- && n < REPEAT_WINDOW; n++) {
		const struct txn_entry *e = &t->log[i];

		if (store_op_writes(e->type)) {
			return false;
		}
		if (e->type == op->type && strcmp(e->path, op->path) == 0) {
			return true;
		}
	}
	return false;
}

static void log_append(struct txn *t, const struct op *op, int err, const struct node *seen)
{
	struct txn_entry *e;

	if (t->log_count == t->log_capacity) {
		t->log_capacity = t->log_capacity ? 2 * t->log_capacity : 16;
		t->log = mem_resize(t->log, t->log_capacity, sizeof(*t->log));
	}
	e = &t->log[t->log_count++];
	*e = (struct txn_entry){.type = op->type, .err = err};
	e->path = mem_strndup(op->path, strlen(op->path));
	if (op->value) {
		e->value = blob_ref(op->value);
		t->log_bytes += op->value->len;
	}
	if (op->perms) {
		e->perms = perms_ref(op->perms);
		t->log_bytes += perms_bytes(op->perms);
	}
	if (seen && op->type == OP_READ) {
		e->value = blob_ref(seen->value);
	} else if (seen && op->type == OP_GET_PERMS) {
		e->perms = perms_ref(seen->perms);
	} else if (seen) {
		e->listed = node_ref((struct node *)seen);
	}
	t->log_bytes += sizeof(*e) + strlen(op->path) + 1;
}

int txn_apply(struct txn *t, const struct who *who, uint64_t extra_bytes, const struct op *op,
	      const struct node **seen)
{
	const struct limits *l = &t->view.store->limits;
	uint32_t most = l->value[who->domid ? LIMIT_TRANSACTION_OPS : LIMIT_HOST_TRANSACTION_OPS];
	bool writes = store_op_writes(op->type), known = !writes && repeated(t, op);
	const struct node *node = NULL;
	int err;

	if (!known && t->log_count >= most) {
		return -ENOSPC;
	}
	t->view.extra_bytes = extra_bytes;
	err = store_apply(&t->view, who, op, &node);
	if (!known) {
		log_append(t, op, err, node);
	}
	t->wrote |= writes && !err;
	if (seen) {
		*seen = node;
	}
	return err;
}

/* Would this entry's request be answered now as it was then? */
static bool same_answer(const struct txn_entry *e, int err, const struct node *seen)
{
	if (err != e->err) {
		return false;
	}
	if (err) {
		return true;
	}
	switch (e->type) {
	case OP_READ:
		return blob_equal(e->value, seen->value);
	case OP_LIST:
		return node_same_names(e->listed, seen);
	case OP_GET_PERMS:
		return perms_equal(e->perms, seen->perms);
	default:
		return true;
	}
}

int txn_merge(struct txn *t, const struct who *who, uint64_t extra_bytes, struct view *merged)
{
	struct store *s = t->view.store;
	struct view *v = merged;

	*v = (struct view){.store = s, .keep_accounts = true, .keep_changes = true};
	if (!t->wrote) {
		return 0;
	}
	v->root = node_ref(s->root);
	v->extra_bytes = extra_bytes;
	for (uint32_t i = 0; i < t->log_count; i++) {
		const struct txn_entry *e = &t->log[i];
		struct op op = {e->type, e->path, e->value, e->perms};
		const struct node *seen = NULL;
		int err = store_apply(v, who, &op, &seen);

		if (!same_answer(e, err, seen)) {
			node_put(v->root);
			store_discard(v);
			return -EAGAIN;
		}
	}
	node_put(s->root);
	s->root = v->root;
	store_book(v);
	return 0;
}

void txn_publish(struct view *merged)
{
	store_fire(merged);
	store_discard(merged);
}

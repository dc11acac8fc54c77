/* SPDX-License-Identifier: MIT */
/*
 * Operations on the tree as a client may do them: rights and quotas checked, use accounted,
 * changes noted for watches. Each operation is a value (struct op) that can be applied to any
 * version of the tree, now or when a transaction is merged. Invariant: an operation that returns
 * an error has changed nothing. No lock: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "path.h"
#include "perms.h"
#include "quota.h"
#include "tree.h"
#include "watch.h"

struct store {
	struct node *root;
	struct perms *special[SPECIAL_COUNT];
	struct owner *owners; /* DOMAIN_LIMIT of them */
	struct limits limits;
	struct watch_index watches;
};

enum op_type { OP_READ, OP_LIST, OP_GET_PERMS, OP_WRITE, OP_MKDIR, OP_RM, OP_SET_PERMS };

struct op {
	enum op_type type;
	const char *path;    /* canonical, not special */
	struct blob *value;  /* OP_WRITE */
	struct perms *perms; /* OP_SET_PERMS */
};

/* How the use of one owner changes; kept apart until a transaction is sure to be merged. */
struct account {
	uint16_t domid;
	int32_t nodes;
	int64_t bytes;
};

/*
 * A version of the tree to work on. live: use is accounted in store->owners at once. Otherwise
 * it is only summed up for the caller (own), and noted in accounts if keep_accounts.
 */
struct view {
	struct store *store;
	struct node *root;
	bool live, keep_accounts, keep_changes;
	struct account own;
	uint64_t extra_bytes; /* what the caller costs beside nodes: watches, output, logs */
	struct account *accounts;
	size_t account_count;
	struct change *changes;
	size_t change_count;
};

/** Makes an empty store with "/" and the nodes that tools expect. */
void store_init(struct store *s);
/** Frees all that store_init() made and what was written since. */
void store_free(struct store *s);
/** Prepares a view of the live tree; store_close() must follow. */
void store_open(struct store *s, struct view *v);
/** Writes a live view back, fires watches for its changes and frees it. */
void store_close(struct view *v);
/** Frees what a view has noted, without effect on the store. */
void store_discard(struct view *v);
/** Fires watches for what a view has noted. */
void store_fire(struct view *v);
/** Books what a view has noted in accounts. */
void store_book(struct view *v);
/**
 * Applies an operation for who. Returns 0 or -errno (-EACCES, -ENOENT, -EINVAL, -EPERM, -ENOSPC,
 * -ENOMEM for a quota). *seen, if wanted, gets the node that a read operation saw; it stays the
 * view's. Operations that change (store_op_writes) may replace view->root.
 */
int store_apply(struct view *v, const struct who *who, const struct op *op,
		const struct node **seen);
/** True for the operations that can change the tree. */
bool store_op_writes(enum op_type type);
/** A domain is gone: its permissions become stale, nothing is owned by it any more. */
void store_forget_domain(struct store *s, uint16_t domid);
/** Recounts what each domain owns; true if it agrees with what is accounted. */
bool store_check(const struct store *s, uint64_t *node_count);

/* SPDX-License-Identifier: MIT */
/*
 * Transactions: a snapshot of the tree to work on, and a log of what was asked and answered.
 *
 * The rule of merging: at the end the log is replayed on the tree as it is now. If each answer
 * would be the same (same error, same value, same names, same permissions), the replayed tree
 * becomes the live one; the client cannot tell that others worked meanwhile. If one would differ:
 * -EAGAIN. A transaction that changed nothing always succeeds: its answers were all true at the
 * moment when it started.
 *
 * Invariant: until then nothing of it is visible in the live tree, in the accounting, or to
 * watches. No lock: one thread.
 */
#pragma once

#include <stdint.h>

#include "list.h"
#include "store.h"

struct txn_entry;

struct txn {
	struct list link; /* its connection's */
	uint32_t id;
	struct view view;
	struct txn_entry *log;
	uint32_t log_count, log_capacity;
	uint64_t log_bytes;
	bool wrote;
};

/** Starts a transaction on the tree as it is now. */
struct txn *txn_new(struct store *s, uint32_t id);
/** Drops a transaction without effect. */
void txn_free(struct txn *t);
/**
 * Applies an operation in the transaction; as store_apply(). Also -ENOSPC when the log is full.
 * extra_bytes is what the caller costs beside nodes.
 */
int txn_apply(struct txn *t, const struct who *who, uint64_t extra_bytes, const struct op *op,
	      const struct node **seen);
/**
 * Merges it into the live tree: 0, or -EAGAIN. After 0, txn_publish() fires the watches for what
 * changed; txn_free() must follow in both cases.
 */
int txn_merge(struct txn *t, const struct who *who, uint64_t extra_bytes, struct view *merged);
void txn_publish(struct view *merged);

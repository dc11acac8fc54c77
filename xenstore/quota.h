/* SPDX-License-Identifier: MIT */
/*
 * Limits by name, and what each domain uses of them. Invariant: `owners` counts exactly the live
 * nodes (and their bytes) whose owner's entry is not stale; tree walks can recompute it. A
 * domain's epoch moves on when the domain is gone; permissions remember the epoch in which they
 * were given, so what named the old domain means nothing for a new one with its number. No lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Domain numbers are below this; the rest of 16 bits is reserved by the ABI. */
#define DOMAIN_LIMIT 0x7ff0

enum limit {
	LIMIT_NODES,
	LIMIT_WATCHES,
	LIMIT_VALUE_BYTES,
	LIMIT_TRANSACTIONS,
	LIMIT_NODE_PERMS,
	LIMIT_TRANSACTION_OPS,
	LIMIT_OUTSTANDING,
	LIMIT_MEMORY,
	LIMIT_MEMORY_SOFT,
	LIMIT_HOST_TRANSACTIONS,
	LIMIT_HOST_TRANSACTION_OPS,
	LIMIT_HOST_WATCHES,
	LIMIT_HOST_OUTPUT_BYTES,
	LIMIT_COUNT,
};

struct limit_info {
	const char *name;
	uint32_t preset;
	const char *help;
};

extern const struct limit_info limit_infos[LIMIT_COUNT];

struct limits {
	uint32_t value[LIMIT_COUNT];
};

/* What is known of one domain number. */
struct owner {
	uint32_t epoch; /* how many domains of this number have gone */
	uint32_t nodes;
	uint64_t bytes; /* of those nodes */
	bool mentioned; /* some permission names it, so its end matters */
	bool warned;    /* the soft memory limit was reported */
};

void limits_preset(struct limits *l);
/** Sets a limit by name from "NAME=NUMBER" of length len. Returns 0, -ENOENT or -EINVAL. */
int limits_set(struct limits *l, const char *name, size_t name_len, const char *number);

/* SPDX-License-Identifier: MIT */
/*
 * The table of limits; see quota.h for the invariant. The limits that begin with "host-" hold
 * for dom0, which is trusted: they only keep a program gone wrong from taking all memory. No lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "quota.h"

const struct limit_info limit_infos[LIMIT_COUNT] = {
	[LIMIT_NODES] = {"nodes", 1000, "nodes that one domain may own"},
	[LIMIT_WATCHES] = {"watches", 128, "watches of one domain"},
	[LIMIT_VALUE_BYTES] = {"value-bytes", 2048, "bytes of one value"},
	[LIMIT_TRANSACTIONS] = {"transactions", 10, "open transactions of one domain"},
	[LIMIT_NODE_PERMS] = {"node-permissions", 5, "permissions of one node"},
	[LIMIT_TRANSACTION_OPS] = {"transaction-ops", 1024, "operations in one transaction"},
	[LIMIT_OUTSTANDING] = {"outstanding", 20, "replies that a domain has not taken yet"},
	[LIMIT_MEMORY] = {"memory", 2560 * 1024, "bytes that one domain may cost"},
	[LIMIT_MEMORY_SOFT] = {"memory-soft", 2048 * 1024, "bytes at which a warning is logged"},
	[LIMIT_HOST_TRANSACTIONS] = {"host-transactions", 1024, "open transactions per connection"},
	[LIMIT_HOST_TRANSACTION_OPS] = {"host-transaction-ops", 1 << 18,
					"operations in one transaction"},
	[LIMIT_HOST_WATCHES] = {"host-watches", 1 << 16, "watches of one connection"},
	[LIMIT_HOST_OUTPUT_BYTES] = {"host-output-bytes", 16 << 20,
				     "bytes waiting for one connection"},
};

void limits_preset(struct limits *l)
{
	for (int i = 0; i < LIMIT_COUNT; i++) {
		l->value[i] = limit_infos[i].preset;
	}
}

int limits_set(struct limits *l, const char *name, size_t name_len, const char *number)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(number, &end, 10);
	if (errno || end == number || *end || *number == '-' || value > INT32_MAX) {
		return -EINVAL;
	}
	for (int i = 0; i < LIMIT_COUNT; i++) {
		if (strlen(limit_infos[i].name) == name_len &&
		    memcmp(limit_infos[i].name, name, name_len) == 0) {
			l->value[i] = value;
			return 0;
		}
	}
	return -ENOENT;
}

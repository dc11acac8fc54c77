/* SPDX-License-Identifier: MIT */
/*
 * The CONTROL message's commands; control.h has the invariant. No lock: one thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "control.h"
#include "domain.h"
#include "util.h"

struct answer {
	char *text;
	size_t size, used;
};

static void add(struct answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct answer *a, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(a->text + a->used, a->size - a->used, format, args);
	va_end(args);
	a->used += len;
	if (a->used >= a->size) {
		a->used = a->size - 1; /* what does not fit is cut off */
	}
}

static int control_help(struct server *s, const char **args, unsigned int count, struct answer *a);

static int control_check(struct server *s, const char **args, unsigned int count, struct answer *a)
{
	uint64_t nodes;
	bool good = store_check(&s->store, &nodes);

	(void)args;
	(void)count;
	add(a, "%s: %" PRIu64 " nodes\n", good ? "consistent" : "DAMAGED", nodes);
	return 0;
}

static int control_log(struct server *s, const char **args, unsigned int count, struct answer *a)
{
	(void)s;
	if (count != 1 || (strcmp(args[0], "on") && strcmp(args[0], "off"))) {
		return -EINVAL;
	}
	log_set_level(strcmp(args[0], "on") == 0 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	add(a, "OK\n");
	return 0;
}

static int control_memreport(struct server *s, const char **args, unsigned int count,
			     struct answer *a)
{
	uint64_t nodes = 0, bytes = 0;
	struct list *it;

	(void)args;
	(void)count;
	for (uint32_t i = 0; i < DOMAIN_LIMIT; i++) {
		nodes += s->store.owners[i].nodes;
		bytes += s->store.owners[i].bytes;
	}
	add(a, "nodes %" PRIu64 ", %" PRIu64 " bytes\n", nodes, bytes);
	add(a, "connections %u, watched paths %zu, requests %" PRIu64 "\n", s->conn_count,
	    s->store.watches.path_count, s->request_count);
	list_for_each (it, &s->conns) {
		const struct conn *c = list_entry(it, struct conn, link);

		add(a, "domain %u: %u watches, %" PRIu64 " bytes; %u transactions; output %zu\n",
		    c->watcher.who.domid, c->watcher.watch_count, c->watcher.watch_bytes,
		    c->txn_count, c->out.bytes);
	}
	return 0;
}

static int control_nodes(struct server *s, const char **args, unsigned int count, struct answer *a)
{
	uint64_t nodes = 0;

	(void)args;
	(void)count;
	for (uint32_t i = 0; i < DOMAIN_LIMIT; i++) {
		nodes += s->store.owners[i].nodes;
	}
	add(a, "%" PRIu64, nodes);
	return 0;
}

static int control_quota(struct server *s, const char **args, unsigned int count, struct answer *a)
{
	char *end;
	unsigned long domid;

	if (count == 2) {
		int err = limits_set(&s->store.limits, args[0], strlen(args[0]), args[1]);

		add(a, "OK\n");
		return err ? -EINVAL : 0;
	}
	if (count == 1) {
		domid = strtoul(args[0], &end, 10);
		if (*end || end == args[0] || domid >= DOMAIN_LIMIT) {
			return -EINVAL;
		}
		add(a, "domain %lu: %u nodes, %" PRIu64 " bytes\n", domid,
		    s->store.owners[domid].nodes, s->store.owners[domid].bytes);
		return 0;
	}
	for (int i = 0; i < LIMIT_COUNT; i++) {
		add(a, "%-22s %10u  %s\n", limit_infos[i].name, s->store.limits.value[i],
		    limit_infos[i].help);
	}
	return 0;
}

static const struct {
	const char *name, *usage;
	int (*run)(struct server *s, const char **args, unsigned int count, struct answer *a);
} commands[] = {
	{"help", "", control_help},     {"check", "", control_check},
	{"log", "on|off", control_log}, {"memreport", "", control_memreport},
	{"nodes", "", control_nodes},   {"quota", "[DOMAIN | NAME NUMBER]", control_quota},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static int control_help(struct server *s, const char **args, unsigned int count, struct answer *a)
{
	(void)s;
	(void)args;
	(void)count;
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		add(a, "%s %s\n", commands[i].name, commands[i].usage);
	}
	return 0;
}

int control_run(struct server *s, const char **strings, unsigned int count, char *text, size_t size)
{
	struct answer a = {text, size, 0};

	text[0] = '\0';
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(strings[0], commands[i].name) == 0) {
			return commands[i].run(s, strings + 1, count - 1, &a);
		}
	}
	return -EINVAL;
}

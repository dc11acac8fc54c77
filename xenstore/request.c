/* SPDX-License-Identifier: MIT */
/*
 * The messages of the protocol: one table, one handler each. Invariant: every request gets
 * exactly one answer, and a change of nodes is answered before its sender gets the events that
 * it causes; a handler that returns an error has changed nothing and answered nothing. No lock:
 * one thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xen.h>

#include "conn.h"
#include "control.h"
#include "domain.h"
#include "request.h"
#include "util.h"

#define STRINGS_MAX 3

/* Splits the payload into NUL-terminated strings; returns how many there are, at most max. */
static unsigned int split(const struct request *r, const char **strings, unsigned int max)
{
	const char *p = r->payload, *end = p + r->len;
	unsigned int count = 0;

	while (count < max && p < end) {
		const char *nul = memchr(p, '\0', end - p);

		if (!nul) {
			break;
		}
		strings[count++] = p;
		p = nul + 1;
	}
	return count;
}

/* The payload as exactly one string, or NULL. */
static const char *only_string(const struct request *r)
{
	return r->len && memchr(r->payload, '\0', r->len) == r->payload + r->len - 1 ? r->payload
										     : NULL;
}

static void acknowledge(struct request *r)
{
	conn_reply(r->conn, r->header, "OK", 3);
}

static void reply_string(struct request *r, const char *text)
{
	conn_reply(r->conn, r->header, text, strlen(text) + 1);
}

/* A number as the whole of a string. */
static int parse_number(const char *text, uint32_t *number)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || value > UINT32_MAX) {
		return -EINVAL;
	}
	*number = value;
	return 0;
}

static int only_domid(const struct request *r, uint32_t *domid)
{
	const char *text = only_string(r);

	return text ? parse_number(text, domid) : -EINVAL;
}

/* ---- nodes ---- */

/*
 * Applies an operation in the request's transaction or on the live tree, for which *live is the
 * view. finish() must follow, after the answer is queued, also on an error.
 */
static int apply(struct request *r, const struct op *op, struct view *live,
		 const struct node **seen)
{
	struct conn *c = r->conn;
	uint64_t bytes = conn_bytes(c);

	if (r->txn) {
		return txn_apply(r->txn, &c->watcher.who, bytes, op, seen);
	}
	store_open(&c->server->store, live);
	live->extra_bytes = bytes;
	return store_apply(live, &c->watcher.who, op, seen);
}

static void finish(struct request *r, struct view *live)
{
	if (!r->txn) {
		store_close(live); /* fires the watches */
	}
}

/* An operation that is answered by "OK". */
static int change(struct request *r, const struct op *op)
{
	struct view live;
	int err = apply(r, op, &live, NULL);

	if (!err) {
		acknowledge(r);
	}
	finish(r, &live);
	return err;
}

/* A path in the tree proper; special names are -EINVAL here. */
static int tree_path(const struct request *r, const char *text, char **path)
{
	int err = text ? path_canonical(text, r->conn->prefix, path) : -EINVAL;

	if (!err && **path == '@') {
		free(*path);
		return -EINVAL;
	}
	return err;
}

/* Reads the node that the payload's first string names, and lets answer() reply from it. */
static int look(struct request *r, enum op_type type, const char *text,
		int (*answer)(struct request *r, const struct node *n))
{
	const struct node *seen = NULL;
	struct view live;
	char *path;
	int err = tree_path(r, text, &path);

	if (err) {
		return err;
	}
	err = apply(r, &(struct op){.type = type, .path = path}, &live, &seen);
	if (!err) {
		err = answer(r, seen);
	}
	finish(r, &live);
	free(path);
	return err;
}

static int answer_value(struct request *r, const struct node *n)
{
	conn_reply(r->conn, r->header, n->value->data, n->value->len);
	return 0;
}

static int do_read(struct request *r)
{
	return look(r, OP_READ, only_string(r), answer_value);
}

/*
 * The names of the children behind the first `skip` bytes of the list, each with its NUL: as many
 * whole ones as fit. Returns their length; *all tells whether the list ends there.
 */
static size_t list_names(const struct node *n, size_t skip, char *text, size_t size, bool *all)
{
	struct node_iter it;
	const struct node *kid;
	size_t len = 0;

	node_iter_init(&it, n);
	while ((kid = node_iter_next(&it))) {
		size_t one = kid->name->len + 1;

		if (skip >= one) {
			skip -= one;
			continue;
		}
		skip = 0;
		if (len + one > size) {
			break;
		}
		memcpy(text + len, kid->name->data, one - 1);
		text[len + one - 1] = '\0';
		len += one;
	}
	*all = !kid;
	return len;
}

static int answer_names(struct request *r, const struct node *n)
{
	char text[XENSTORE_PAYLOAD_MAX];
	bool all;
	size_t len = list_names(n, 0, text, sizeof(text), &all);

	if (!all) {
		return -E2BIG;
	}
	conn_reply(r->conn, r->header, text, len);
	return 0;
}

static int do_directory(struct request *r)
{
	return look(r, OP_LIST, only_string(r), answer_names);
}

/*
 * A part of a long list: the list's generation, then whole names from the asked offset on; an
 * empty name marks the end. The offset is where an earlier part ended.
 */
static int answer_part(struct request *r, const struct node *n)
{
	char text[XENSTORE_PAYLOAD_MAX];
	size_t len = snprintf(text, sizeof(text), "%" PRIu64, n->kids_gen) + 1;
	bool all;

	len += list_names(n, r->offset, text + len, sizeof(text) - len - 1, &all);
	if (all) {
		text[len++] = '\0';
	}
	conn_reply(r->conn, r->header, text, len);
	return 0;
}

static int do_directory_part(struct request *r)
{
	const char *strings[2];

	if (split(r, strings, 2) != 2 || parse_number(strings[1], &r->offset)) {
		return -EINVAL;
	}
	return look(r, OP_LIST, strings[0], answer_part);
}

static int answer_perms(struct request *r, const struct perms *p)
{
	char text[XENSTORE_PAYLOAD_MAX];
	size_t len = perms_format(p, r->conn->server->store.owners, text, sizeof(text));

	if (len > sizeof(text)) {
		return -E2BIG;
	}
	conn_reply(r->conn, r->header, text, len);
	return 0;
}

static int answer_node_perms(struct request *r, const struct node *n)
{
	return answer_perms(r, n->perms);
}

/* Rights on a special name, which is in no transaction. */
static int check_special(const struct request *r, enum special which, unsigned int rights)
{
	const struct store *s = &r->conn->server->store;

	return (perms_rights(s->special[which], &r->conn->watcher.who, s->owners) & rights) ==
			       rights
		       ? 0
		       : -EACCES;
}

static int do_get_perms(struct request *r)
{
	const char *text = only_string(r);
	enum special which = text ? path_special(text) : SPECIAL_NONE;
	int err;

	if (which == SPECIAL_NONE) {
		return look(r, OP_GET_PERMS, text, answer_node_perms);
	}
	err = check_special(r, which, PERM_READ);
	return err ? err : answer_perms(r, r->conn->server->store.special[which]);
}

static int do_write(struct request *r)
{
	struct op op = {.type = OP_WRITE};
	const char *text;
	size_t path_size;
	char *path;
	int err;

	if (split(r, &text, 1) != 1) {
		return -EINVAL;
	}
	err = tree_path(r, text, &path);
	if (err) {
		return err;
	}
	path_size = strlen(text) + 1;
	op.path = path;
	op.value = blob_new(r->payload + path_size, r->len - path_size);
	err = change(r, &op);
	blob_put(op.value);
	free(path);
	return err;
}

static int change_path(struct request *r, enum op_type type)
{
	char *path;
	int err = tree_path(r, only_string(r), &path);

	if (err) {
		return err;
	}
	err = change(r, &(struct op){.type = type, .path = path});
	free(path);
	return err;
}

static int do_mkdir(struct request *r)
{
	return change_path(r, OP_MKDIR);
}

static int do_rm(struct request *r)
{
	return change_path(r, OP_RM);
}

static int set_special(struct request *r, enum special which, struct perms *perms)
{
	struct store *s = &r->conn->server->store;
	int err = check_special(r, which, PERM_WRITE | PERM_OWNER);

	if (err) {
		return err;
	}
	if (r->conn->watcher.who.domid) {
		if (perms->count > s->limits.value[LIMIT_NODE_PERMS]) {
			return -ENOSPC;
		}
		if (perms_owner(perms, s->owners) != perms_owner(s->special[which], s->owners)) {
			return -EPERM;
		}
	}
	perms_put(s->special[which]);
	s->special[which] = perms_ref(perms);
	acknowledge(r);
	return 0;
}

static int do_set_perms(struct request *r)
{
	struct store *s = &r->conn->server->store;
	struct op op = {.type = OP_SET_PERMS};
	enum special which;
	const char *text;
	size_t path_size;
	char *path;
	int err;

	if (split(r, &text, 1) != 1) {
		return -EINVAL;
	}
	path_size = strlen(text) + 1;
	err = path_canonical(text, r->conn->prefix, &path);
	if (err) {
		return err;
	}
	err = perms_parse(r->payload + path_size, r->len - path_size, s->owners, &op.perms);
	if (!err) {
		which = path_special(path);
		op.path = path;
		err = which == SPECIAL_NONE ? change(r, &op) : set_special(r, which, op.perms);
		perms_put(op.perms);
	}
	free(path);
	return err;
}

/* ---- watches ---- */

/* The arguments of WATCH and UNWATCH: a path, its prefix's length if it was relative, a token. */
static int watch_arguments(const struct request *r, const char **strings, char **path, size_t *skip)
{
	int err = path_canonical(strings[0], r->conn->prefix, path);

	*skip = 0;
	if (!err && strings[0][0] != '/' && strings[0][0] != '@') {
		*skip = strlen(r->conn->prefix) + 1;
	}
	return err;
}

static int do_watch(struct request *r)
{
	struct conn *c = r->conn;
	const struct limits *l = &c->server->store.limits;
	enum limit which = c->watcher.who.domid ? LIMIT_WATCHES : LIMIT_HOST_WATCHES;
	const char *strings[STRINGS_MAX];
	unsigned int count = split(r, strings, STRINGS_MAX);
	uint32_t depth = 0;
	size_t skip;
	char *path;
	int err;

	if (count < 2 || (count == 3 && (parse_number(strings[2], &depth) || depth > INT32_MAX))) {
		return -EINVAL;
	}
	if (c->watcher.watch_count >= l->value[which]) {
		return -E2BIG;
	}
	err = watch_arguments(r, strings, &path, &skip);
	if (err) {
		return err;
	}
	err = watch_add(&c->server->store.watches, &c->watcher, path, strings[1],
			count == 3 ? (int)depth : DEPTH_ANY, skip);
	free(path);
	if (!err) {
		acknowledge(r);
		/* The first event comes at once: the watcher learns of what is there already. */
		c->watcher.event(&c->watcher, strings[0], strings[1]);
	}
	return err;
}

static int do_unwatch(struct request *r)
{
	struct conn *c = r->conn;
	const char *strings[2];
	size_t skip;
	char *path;
	int err;

	if (split(r, strings, 2) != 2) {
		return -EINVAL;
	}
	err = watch_arguments(r, strings, &path, &skip);
	if (err) {
		return err;
	}
	err = watch_remove(&c->server->store.watches, &c->watcher, path, strings[1]);
	free(path);
	if (!err) {
		acknowledge(r);
	}
	return err;
}

static void end_all_txns(struct conn *c)
{
	while (!list_empty(&c->txns)) {
		txn_free(list_entry(c->txns.next, struct txn, link));
	}
	c->txn_count = 0;
}

static int do_reset_watches(struct request *r)
{
	struct conn *c = r->conn;

	watch_remove_all(&c->server->store.watches, &c->watcher);
	end_all_txns(c);
	acknowledge(r);
	return 0;
}

/* ---- transactions ---- */

static int do_transaction_start(struct request *r)
{
	struct conn *c = r->conn;
	const struct limits *l = &c->server->store.limits;
	struct txn *t;
	char text[16];

	if (r->txn) {
		return -EBUSY;
	}
	if (c->txn_count >=
	    l->value[c->watcher.who.domid ? LIMIT_TRANSACTIONS : LIMIT_HOST_TRANSACTIONS]) {
		return -ENOSPC;
	}
	do {
		c->last_txn++;
	} while (!c->last_txn || conn_txn(c, c->last_txn));
	t = txn_new(&c->server->store, c->last_txn);
	list_append(&c->txns, &t->link);
	c->txn_count++;
	snprintf(text, sizeof(text), "%u", t->id);
	reply_string(r, text);
	return 0;
}

static int do_transaction_end(struct request *r)
{
	const char *text = only_string(r);
	struct conn *c = r->conn;
	int err = 0;

	if (!text || (strcmp(text, "T") && strcmp(text, "F"))) {
		return -EINVAL;
	}
	if (!r->txn) {
		return -ENOENT;
	}
	if (*text == 'T') {
		struct view merged;

		err = txn_merge(r->txn, &c->watcher.who, conn_bytes(c), &merged);
		if (!err) {
			acknowledge(r);
			txn_publish(&merged);
		}
	} else {
		acknowledge(r);
	}
	txn_free(r->txn);
	c->txn_count--;
	return err;
}

/* ---- domains ---- */

static int do_introduce(struct request *r)
{
	const char *strings[STRINGS_MAX];
	uint32_t domid, port;
	int err;

	/* The second string, a frame number, has had no meaning since rings are granted. */
	if (split(r, strings, 3) != 3 || parse_number(strings[0], &domid) ||
	    parse_number(strings[2], &port)) {
		return -EINVAL;
	}
	err = domain_introduce(r->conn->server, domid, port);
	if (!err) {
		acknowledge(r);
	}
	return err;
}

static int do_release(struct request *r)
{
	uint32_t domid;
	int err = only_domid(r, &domid);

	if (!err) {
		err = domain_release(r->conn->server, domid);
	}
	if (!err) {
		acknowledge(r);
	}
	return err;
}

static int do_resume(struct request *r)
{
	struct domain *d;
	uint32_t domid;
	int err = only_domid(r, &domid);

	if (err) {
		return err;
	}
	d = domain_get(r->conn->server, domid);
	if (!d) {
		return -ENOENT;
	}
	d->shutdown = false;
	acknowledge(r);
	return 0;
}

static int do_set_target(struct request *r)
{
	const char *strings[2];
	struct domain *d, *target;
	uint32_t domid, target_id;

	if (split(r, strings, 2) != 2 || parse_number(strings[0], &domid) ||
	    parse_number(strings[1], &target_id) || !target_id || !domid) {
		return -EINVAL;
	}
	d = domain_get(r->conn->server, domid);
	target = domain_get(r->conn->server, target_id);
	if (!d || !target) {
		return -ENOENT;
	}
	d->conn->watcher.who.target = target_id;
	acknowledge(r);
	return 0;
}

static int do_is_domain_introduced(struct request *r)
{
	uint32_t domid;
	int err = only_domid(r, &domid);

	if (!err) {
		/* dom0 is always there, also where its kernel has no ring; so is the asker. */
		bool known =
			domid == 0 || domid == DOMID_SELF || domain_get(r->conn->server, domid);

		reply_string(r, known ? "T" : "F");
	}
	return err;
}

static int do_get_domain_path(struct request *r)
{
	char text[32];
	uint32_t domid;
	int err = only_domid(r, &domid);

	if (!err) {
		snprintf(text, sizeof(text), "/local/domain/%u", domid);
		reply_string(r, text);
	}
	return err;
}

static int do_control(struct request *r)
{
	const char *strings[STRINGS_MAX];
	char text[XENSTORE_PAYLOAD_MAX];
	unsigned int count = split(r, strings, STRINGS_MAX);
	int err =
		count ? control_run(r->conn->server, strings, count, text, sizeof(text)) : -EINVAL;

	if (!err) {
		reply_string(r, text);
	}
	return err;
}

/* ---- the table ---- */

static const struct {
	int (*handle)(struct request *r);
	bool host_only;
} handlers[XS_TYPE_COUNT] = {
	[XS_CONTROL] = {do_control, true},
	[XS_DIRECTORY] = {do_directory, false},
	[XS_READ] = {do_read, false},
	[XS_GET_PERMS] = {do_get_perms, false},
	[XS_WATCH] = {do_watch, false},
	[XS_UNWATCH] = {do_unwatch, false},
	[XS_TRANSACTION_START] = {do_transaction_start, false},
	[XS_TRANSACTION_END] = {do_transaction_end, false},
	[XS_INTRODUCE] = {do_introduce, true},
	[XS_RELEASE] = {do_release, true},
	[XS_GET_DOMAIN_PATH] = {do_get_domain_path, false},
	[XS_WRITE] = {do_write, false},
	[XS_MKDIR] = {do_mkdir, false},
	[XS_RM] = {do_rm, false},
	[XS_SET_PERMS] = {do_set_perms, false},
	[XS_IS_DOMAIN_INTRODUCED] = {do_is_domain_introduced, false},
	[XS_RESUME] = {do_resume, true},
	[XS_SET_TARGET] = {do_set_target, true},
	[XS_RESET_WATCHES] = {do_reset_watches, false},
	[XS_DIRECTORY_PART] = {do_directory_part, false},
};

void request_handle(struct conn *c, const struct xsd_sockmsg *header, const char *payload)
{
	struct request r = {.conn = c, .header = header, .payload = payload, .len = header->len};
	int err = 0;

	if (header->tx_id) {
		r.txn = conn_txn(c, header->tx_id);
	}
	if (header->type >= XS_TYPE_COUNT || !handlers[header->type].handle) {
		err = -ENOSYS;
	} else if (handlers[header->type].host_only && c->watcher.who.domid) {
		err = -EACCES;
	} else if (header->tx_id && !r.txn) {
		err = -ENOENT;
	} else {
		err = handlers[header->type].handle(&r);
	}
	if (err) {
		conn_reply_error(c, header, err);
	}
}

/* SPDX-License-Identifier: MIT */
/* Takes the addresses of disks apart; see disk_uri.h. */
#include <stdlib.h>
#include <string.h>

#include "disk_uri.h"

/* A server that is not there is waited for that long before the guest sees an error: a day. */
enum { RECONNECT_S = 86400 };

struct parts {
	char *text; /* the parts lie in it */
	char *host, *port;
	char *path; /* without the first '/' */
	char *query;
};

static int refuse(const char *uri, const char *shape, struct err *e)
{
	err_set(e, ERR_CONFIG, "'%.200s' is not the address of a disk", uri);
	return err_fix(e, "write it like %s", shape);
}

/* HOST[:PORT][/PATH][?QUERY]; an IPv6 address stands in brackets. 0, or -1: it makes no sense. */
static int split(const char *rest, struct parts *p)
{
	char *at;

	*p = (struct parts){.text = strdup(rest)};
	if (!p->text) {
		return -1;
	}
	p->path = p->query = p->port = p->text + strlen(p->text);
	p->host = p->text;
	if ((at = strchr(p->text, '?'))) {
		*at = '\0';
		p->query = at + 1;
	}
	if ((at = strchr(p->text, '/'))) {
		*at = '\0';
		p->path = at + 1;
	}
	if (*p->host == '[') {
		at = strchr(++p->host, ']');
		if (!at || (at[1] && at[1] != ':')) {
			return -1;
		}
		*at++ = '\0';
	} else {
		at = strchr(p->host, ':');
	}
	if (at && *at == ':') {
		*at = '\0';
		p->port = at + 1;
		return *p->port && !p->port[strspn(p->port, "0123456789")] ? 0 : -1;
	}
	return 0;
}

static const char *or_else(const char *text, const char *standard)
{
	return *text ? text : standard;
}

static json_t *nbd_tcp(const struct parts *p)
{
	if (!*p->host || *p->query) {
		return NULL;
	}
	return json_pack("{s:s, s:i, s:s, s:{s:s, s:s, s:s}}", "driver", "nbd", "reconnect-delay",
			 RECONNECT_S, "export", p->path, "server", "type", "inet", "host", p->host,
			 "port", or_else(p->port, "10809"));
}

static json_t *nbd_unix(const struct parts *p)
{
	static const char key[] = "socket=";

	if (*p->host || *p->port || strncmp(p->query, key, strlen(key)) != 0 ||
	    p->query[strlen(key)] != '/') {
		return NULL;
	}
	return json_pack("{s:s, s:i, s:s, s:{s:s, s:s}}", "driver", "nbd", "reconnect-delay",
			 RECONNECT_S, "export", p->path, "server", "type", "unix", "path",
			 p->query + strlen(key));
}

static json_t *iscsi(const struct parts *p)
{
	char *slash = strchr(p->path, '/');
	json_t *o;

	if (!*p->host || *p->query || !slash || !slash[1] ||
	    slash[1 + strspn(slash + 1, "0123456789")]) {
		return NULL;
	}
	o = json_pack("{s:s, s:s, s:s%, s:i}", "driver", "iscsi", "transport", "tcp", "target",
		      p->path, (size_t)(slash - p->path), "lun", atoi(slash + 1));
	json_object_set_new(o, "portal", json_sprintf("%s:%s", p->host, or_else(p->port, "3260")));
	return o;
}

static json_t *rbd(const struct parts *p)
{
	char *slash = strchr(p->path, '/');

	if (*p->host || *p->port || *p->query || !slash || slash == p->path || !slash[1]) {
		return NULL;
	}
	return json_pack("{s:s, s:s%, s:s}", "driver", "rbd", "pool", p->path,
			 (size_t)(slash - p->path), "image", slash + 1);
}

static const struct scheme {
	const char *name, *shape;
	json_t *(*node)(const struct parts *p); /* NULL: curl takes it as it is */
} schemes[] = {
	{"nbd://", "nbd://server:10809/export", nbd_tcp},
	{"nbd+unix://", "nbd+unix:///export?socket=/run/server.sock", nbd_unix},
	{"iscsi://", "iscsi://server/iqn.2001-04.com.example:disk/0", iscsi},
	{"rbd://", "rbd:///pool/image", rbd},
	{"http://", "http://server/disk.img", NULL},
	{"https://", "https://server/disk.img", NULL},
};

static json_t *curl(const struct scheme *s, const char *uri)
{
	int length = (int)strlen(s->name) - (int)strlen("://");

	return uri[strlen(s->name)]
		       ? json_pack("{s:s%, s:s}", "driver", s->name, (size_t)length, "url", uri)
		       : NULL;
}

json_t *disk_uri_node(const char *uri, struct err *e)
{
	const struct scheme *s = schemes, *end = schemes + sizeof(schemes) / sizeof(schemes[0]);
	json_t *node = NULL;
	struct parts p;

	while (s < end && strncmp(uri, s->name, strlen(s->name)) != 0) {
		s++;
	}
	if (s == end) {
		err_set(e, ERR_CONFIG, "'%.200s' begins with no scheme that is known", uri);
		err_fix(e, "use nbd://, nbd+unix://, http://, https://, iscsi:// or rbd://");
		return NULL;
	}
	if (!s->node) {
		node = curl(s, uri);
	} else {
		node = split(uri + strlen(s->name), &p) ? NULL : s->node(&p);
		free(p.text);
	}
	if (!node) {
		refuse(uri, s->shape, e);
	}
	return node;
}

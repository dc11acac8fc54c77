/* SPDX-License-Identifier: MIT */
/* domus info, dmesg, version: what domusd tells about the host. No lock. */
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "cmd/verb.h"
#include "lib/size.h"
#include "public/domus.h"

static const json_t *dig(const json_t *o, const char *group, const char *key)
{
	return json_object_get(json_object_get(o, group), key);
}

static void line_number(const json_t *o, const char *title, const char *group, const char *key)
{
	const json_t *value = dig(o, group, key);

	if (json_is_integer(value)) {
		printf("%-16s %lld\n", title, (long long)json_integer_value(value));
	} else {
		printf("%-16s (not told by this hypervisor)\n", title);
	}
}

static void line_size(const json_t *o, const char *title, const char *group, const char *key)
{
	const json_t *value = dig(o, group, key);
	char text[SIZE_TEXT_BYTES];

	if (json_is_integer(value)) {
		printf("%-16s %s\n", title, size_format(json_integer_value(value), text));
	}
}

static void line_text(const json_t *o, const char *title, const char *group, const char *key)
{
	const char *text = json_string_value(dig(o, group, key));

	printf("%-16s %s\n", title, text ? text : "?");
}

int info_run(const struct call *c, struct err *e)
{
	json_t *o = verb_get(c, "/v1/host", e);

	if (!o) {
		return -1;
	}
	if (!verb_print(c, o)) {
		line_text(o, "hypervisor", "hypervisor", "abi");
		line_text(o, "built by", "hypervisor", "compiler");
		line_number(o, "CPUs", "cpus", "count");
		line_number(o, "CPU kHz", "cpus", "khz");
		line_size(o, "memory", "memory", "total_bytes");
		line_size(o, "free memory", "memory", "free_bytes");
		line_size(o, "domains' memory", "memory", "domains_bytes");
		line_size(o, "hypervisor's own", "memory", "hypervisor_bytes");
		line_number(o, "event channels", "counts", "event_channels");
		line_number(o, "grant maps", "counts", "grant_maps");
		line_number(o, "store nodes", "counts", "store_nodes");
	}
	json_decref(o);
	return 0;
}

int dmesg_run(const struct call *c, struct err *e)
{
	json_t *o = verb_get(c, "/v1/host/dmesg", e), *text;

	if (!o) {
		return -1;
	}
	if (!verb_print(c, o)) {
		text = json_object_get(o, "text");
		fwrite(json_string_value(text), 1, json_string_length(text), stdout);
	}
	json_decref(o);
	return 0;
}

int version_run(const struct call *c, struct err *e)
{
	json_t *o = verb_get(c, "/v1/version", e);

	/* The client's own is told in any case. */
	if (!o && c->format == FORMAT_TABLE) {
		puts("domus      " DOMUS_VERSION_STRING);
	}
	if (!o) {
		return -1;
	}
	json_object_set_new(o, "domus", json_string(DOMUS_VERSION_STRING));
	if (!verb_print(c, o)) {
		printf("domus      " DOMUS_VERSION_STRING "\ndomusd     %s\nhypervisor %s\n",
		       json_string_value(json_object_get(o, "domusd")),
		       json_string_value(dig(o, "hypervisor", "abi")));
	}
	json_decref(o);
	return 0;
}

int help_run(const struct call *c, struct err *e)
{
	int used;
	const struct verb *v = verb_read(c->argc, c->argv, &used);

	if (c->argc && !v) {
		return verb_unknown(c->argv[0], e);
	}
	verb_help(stdout, v);
	return 0;
}

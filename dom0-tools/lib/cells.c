/* SPDX-License-Identifier: MIT */
/* Cells of the tables, from the rows that domusd sends; see cells.h. No lock. */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cells.h"

static char *name_cell(const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "name"));

	return strdup(name ? name : "?");
}

static char *number_cell(const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);
	char *text = NULL;

	if (!json_is_integer(value)) {
		return strdup("-");
	}
	return asprintf(&text, "%lld", (long long)json_integer_value(value)) < 0 ? NULL : text;
}

static char *id_cell(const json_t *row)
{
	return number_cell(row, "id");
}

static char *vcpus_cell(const json_t *row)
{
	return number_cell(row, "vcpus");
}

/* In whole MiB: what people compare. */
static char *memory_cell(const json_t *row)
{
	uint64_t bytes = json_integer_value(json_object_get(row, "memory_bytes"));
	char *text = NULL;

	return asprintf(&text, "%" PRIu64 "MiB", (bytes + (1 << 19)) >> 20) < 0 ? NULL : text;
}

static char *state_cell(const json_t *row)
{
	const char *state = json_string_value(json_object_get(row, "state"));
	const char *reason = json_string_value(json_object_get(row, "reason"));
	char *text = NULL;

	state = state ? state : "?";
	if (!reason) {
		return strdup(state);
	}
	if (strncmp(reason, state, strlen(state)) == 0) {
		return strdup(reason);
	}
	return asprintf(&text, "%s: %s", state, reason) < 0 ? NULL : text;
}

static char *cpu_cell(const json_t *row)
{
	const json_t *value = json_object_get(row, "cpu_seconds");
	char *text = NULL;

	if (!json_is_number(value)) {
		return strdup("-");
	}
	return asprintf(&text, "%.1fs", json_number_value(value)) < 0 ? NULL : text;
}

const struct column list_columns[] = {
	{"NAME", 0, name_cell},   {"ID", 1, id_cell},        {"MEMORY", 1, memory_cell},
	{"VCPUS", 1, vcpus_cell}, {"CPU TIME", 1, cpu_cell}, {"STATE", 0, state_cell},
};

const size_t list_column_count = sizeof(list_columns) / sizeof(list_columns[0]);

static char *vcpu_cell(const json_t *row)
{
	return number_cell(row, "vcpu");
}

static char *on_cell(const json_t *row)
{
	return number_cell(row, "cpu");
}

static char *text_cell(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return strdup(text ? text : "-");
}

static char *hard_cell(const json_t *row)
{
	return text_cell(row, "hard");
}

static char *soft_cell(const json_t *row)
{
	return text_cell(row, "soft");
}

const struct column vcpu_columns[] = {
	{"NAME", 0, name_cell},       {"ID", 1, id_cell},        {"VCPU", 1, vcpu_cell},
	{"CPU", 1, on_cell},          {"STATE", 0, state_cell},  {"CPU TIME", 1, cpu_cell},
	{"MAY RUN ON", 0, hard_cell}, {"PREFERS", 0, soft_cell},
};

const size_t vcpu_column_count = sizeof(vcpu_columns) / sizeof(vcpu_columns[0]);

static char *target_cell(const json_t *row)
{
	return text_cell(row, "target");
}

static char *path_cell(const json_t *row)
{
	return text_cell(row, "path");
}

static char *kind_cell(const json_t *row)
{
	return strdup(json_is_true(json_object_get(row, "cdrom"))      ? "cdrom"
		      : json_is_true(json_object_get(row, "readonly")) ? "read-only"
								       : "writable");
}

static char *backend_cell(const json_t *row)
{
	return text_cell(row, "backend");
}

static char *index_cell(const json_t *row)
{
	return number_cell(row, "index");
}

static char *mac_cell(const json_t *row)
{
	return text_cell(row, "mac");
}

static char *bridge_cell(const json_t *row)
{
	return text_cell(row, "bridge");
}

static char *device_cell(const json_t *row)
{
	return text_cell(row, "device");
}

const struct column disk_columns[] = {
	{"DISK", 0, target_cell}, {"KIND", 0, kind_cell}, {"BACKEND", 0, backend_cell},
	{"STATE", 0, state_cell}, {"PATH", 0, path_cell},
};

const size_t disk_column_count = sizeof(disk_columns) / sizeof(disk_columns[0]);

const struct column net_columns[] = {
	{"NET", 1, index_cell},     {"MAC", 0, mac_cell},         {"BRIDGE", 0, bridge_cell},
	{"DEVICE", 0, device_cell}, {"BACKEND", 0, backend_cell}, {"STATE", 0, state_cell},
};

const size_t net_column_count = sizeof(net_columns) / sizeof(net_columns[0]);

static char *address_cell(const json_t *row)
{
	return text_cell(row, "address");
}

static char *forward_cell(const json_t *row)
{
	return text_cell(row, "forward");
}

static char *vlan_cell(const json_t *row)
{
	return number_cell(row, "vlan");
}

/* The names in a list, one behind the other. */
static char *names_cell(const json_t *row, const char *key)
{
	const json_t *list = json_object_get(row, key);
	char *text = NULL;
	size_t bytes, i;
	FILE *f = open_memstream(&text, &bytes);

	for (i = 0; f && i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		fprintf(f, "%s%s", i ? "," : "", name ? name : "?");
	}
	if (f && i == 0) {
		fputc('-', f);
	}
	return f && fclose(f) == 0 ? text : NULL;
}

static char *ports_cell(const json_t *row)
{
	return names_cell(row, "ports");
}

static char *guests_cell(const json_t *row)
{
	return names_cell(row, "guests");
}

const struct column host_net_columns[] = {
	{"NETWORK", 0, name_cell},    {"STATE", 0, state_cell}, {"ADDRESS", 0, address_cell},
	{"FORWARD", 0, forward_cell}, {"PORTS", 0, ports_cell}, {"VLAN", 1, vlan_cell},
	{"GUESTS", 0, guests_cell},
};

const size_t host_net_column_count = sizeof(host_net_columns) / sizeof(host_net_columns[0]);

static char *weight_cell(const json_t *row)
{
	return number_cell(row, "weight");
}

static char *cap_cell(const json_t *row)
{
	json_int_t cap = json_integer_value(json_object_get(row, "cap"));
	char *text = NULL;

	if (cap == 0) {
		return strdup("none");
	}
	return asprintf(&text, "%lld%%", (long long)cap) < 0 ? NULL : text;
}

const struct column share_columns[] = {
	{"NAME", 0, name_cell},
	{"ID", 1, id_cell},
	{"WEIGHT", 1, weight_cell},
	{"CAP", 1, cap_cell},
};

const size_t share_column_count = sizeof(share_columns) / sizeof(share_columns[0]);

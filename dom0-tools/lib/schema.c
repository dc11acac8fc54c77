/* SPDX-License-Identifier: MIT */
/* Types of values in words, and a table of keys as a JSON Schema; see schema.h. No lock. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"

const char *const schema_action_names[3] = {"destroy", "restart", "preserve"};
const char *const schema_backend_names[2] = {"domus", "kernel"};
const char *const schema_forward_names[3] = {"none", "nat", "route"};
const char *const schema_format_names[6] = {"raw", "qcow2", "vmdk", "vdi", "vhdx", "vpc"};

const char *const *schema_words(enum schema_type type, size_t *count)
{
	switch (type) {
	case SCHEMA_ACTION:
		*count = sizeof(schema_action_names) / sizeof(schema_action_names[0]);
		return schema_action_names;
	case SCHEMA_BACKEND:
		*count = sizeof(schema_backend_names) / sizeof(schema_backend_names[0]);
		return schema_backend_names;
	case SCHEMA_FORMAT:
		*count = sizeof(schema_format_names) / sizeof(schema_format_names[0]);
		return schema_format_names;
	case SCHEMA_FORWARD:
		*count = sizeof(schema_forward_names) / sizeof(schema_forward_names[0]);
		return schema_forward_names;
	default:
		*count = 0;
		return NULL;
	}
}

static const char *const type_names[] = {
	[SCHEMA_MAP] = "a map of keys",
	[SCHEMA_LIST] = "a list",
	[SCHEMA_TEXT] = "a text",
	[SCHEMA_NAME] = "a name",
	[SCHEMA_PATH] = "the path of a file",
	[SCHEMA_LINK] = "the name of a network device",
	[SCHEMA_NUMBER] = "a whole number",
	[SCHEMA_SIZE] = "a size such as 512MiB",
	[SCHEMA_FLAG] = "true or false",
	[SCHEMA_ACTION] = "one of destroy, restart and preserve",
	[SCHEMA_BACKEND] = "one of domus and kernel",
	[SCHEMA_FORMAT] = "one of raw, qcow2, vmdk, vdi, vhdx and vpc",
	[SCHEMA_TARGET] = "a disk's name from xvda to xvdz",
	[SCHEMA_SECTOR] = "512 or 4096",
	[SCHEMA_MAC] = "an address such as 00:16:3e:12:34:56",
	[SCHEMA_RATE] = "a rate such as 100Mbit/s",
	[SCHEMA_LINKS] = "a list of network devices, such as [eth0]",
	[SCHEMA_ADDRESS] = "an address such as 192.168.7.1/24",
	[SCHEMA_RANGE] = "a range such as 192.168.7.100-192.168.7.200",
	[SCHEMA_FORWARD] = "one of none, nat and route",
};

const char *schema_type_name(enum schema_type type)
{
	return type_names[type];
}

/* The regular expression that texts of the type match; NULL: none. */
static const char *type_pattern(enum schema_type type)
{
	switch (type) {
	case SCHEMA_SIZE:
		return "^[0-9]+ *(KiB|MiB|GiB|TiB)$";
	case SCHEMA_NAME:
		return "^(?![0-9]+$)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$";
	case SCHEMA_LINK:
	case SCHEMA_LINKS:
		return "^[!-.0-9;-~]{1,15}$";
	case SCHEMA_TARGET:
		return "^xvd[a-z]$";
	case SCHEMA_MAC:
		return "^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$";
	case SCHEMA_RATE:
		return "^[0-9]+ *(kbit/s|Mbit/s|Gbit/s)$";
	case SCHEMA_ADDRESS:
		return "^[0-9]+(\\.[0-9]+){3}/[0-9]+$";
	case SCHEMA_RANGE:
		return "^[0-9]+(\\.[0-9]+){3}-[0-9]+(\\.[0-9]+){3}$";
	default:
		return NULL;
	}
}

static void set_new(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

/* A map's keys, or those of a list's items, are filled in by their own rows. */
static void keys_to_come(json_t *o)
{
	set_new(o, "type", json_string("object"));
	set_new(o, "additionalProperties", json_false());
	set_new(o, "properties", json_object());
}

static json_t *words_json(enum schema_type type)
{
	json_t *list = json_array();
	size_t count, i;
	const char *const *words = schema_words(type, &count);

	for (i = 0; i < count; i++) {
		json_array_append_new(list, json_string(words[i]));
	}
	return list;
}

static void text_json(json_t *o, const struct schema_row *row)
{
	const char *pattern = type_pattern(row->type);

	if (pattern) {
		set_new(o, "pattern", json_string(pattern));
	}
	set_new(o, "type", json_string("string"));
	if (row->max && row->type != SCHEMA_SIZE) {
		set_new(o, "maxLength", json_integer(row->max));
	}
}

static json_t *standard_json(const struct schema_row *row)
{
	return row->type == SCHEMA_NUMBER ? json_integer(atoi(row->standard))
	       : row->type == SCHEMA_FLAG ? json_boolean(strcmp(row->standard, "true") == 0)
					  : json_string(row->standard);
}

static json_t *row_json(const struct schema_row *row)
{
	json_t *o = json_pack("{s:s}", "description", row->help), *items;

	switch (row->type) {
	case SCHEMA_MAP:
		keys_to_come(o);
		break;
	case SCHEMA_LIST:
		items = json_object();
		keys_to_come(items);
		set_new(o, "type", json_string("array"));
		set_new(o, "maxItems", json_integer(row->max));
		set_new(o, "items", items);
		break;
	case SCHEMA_LINKS:
		set_new(o, "type", json_string("array"));
		set_new(o, "maxItems", json_integer(row->max));
		set_new(o, "items",
			json_pack("{s:s, s:s}", "type", "string", "pattern",
				  type_pattern(row->type)));
		break;
	case SCHEMA_NUMBER:
		set_new(o, "type", json_string("integer"));
		set_new(o, "minimum", json_integer(row->min));
		set_new(o, "maximum", json_integer(row->max));
		break;
	case SCHEMA_SECTOR:
		set_new(o, "enum", json_pack("[i,i]", 512, 4096));
		break;
	case SCHEMA_FLAG:
		set_new(o, "type", json_string("boolean"));
		break;
	case SCHEMA_ACTION:
	case SCHEMA_BACKEND:
	case SCHEMA_FORWARD:
	case SCHEMA_FORMAT:
		set_new(o, "enum", words_json(row->type));
		break;
	default:
		text_json(o, row);
	}
	if (row->standard) {
		set_new(o, "default", standard_json(row));
	}
	return o;
}

/* The schema that holds the keys of a row's parent: a map, or the items of a list. */
static json_t *parent_json(json_t *top, const char *parent)
{
	json_t *o = *parent ? json_object_get(json_object_get(top, "properties"), parent) : top;
	json_t *items = json_object_get(o, "items");

	return items ? items : o;
}

static void require(json_t *map, const char *name)
{
	json_t *list = json_object_get(map, "required");

	if (!list) {
		list = json_array();
		json_object_set_new(map, "required", list);
	}
	json_array_append_new(list, json_string(name));
}

char *schema_json(const struct schema *schema)
{
	json_t *top =
		json_pack("{s:s, s:s+, s:s, s:b, s:{}}", "$schema",
			  "https://json-schema.org/draft/2020-12/schema", "title", "Domus ",
			  schema->what, "type", "object", "additionalProperties", 0, "properties");
	char *text;
	size_t i;

	for (i = 0; i < schema->count; i++) {
		const struct schema_row *row = &schema->rows[i];
		json_t *map = parent_json(top, row->parent);

		json_object_set_new(json_object_get(map, "properties"), row->name, row_json(row));
		if (row->required) {
			require(map, row->name);
		}
	}
	text = json_dumps(top, JSON_INDENT(2));
	json_decref(top);
	return text;
}

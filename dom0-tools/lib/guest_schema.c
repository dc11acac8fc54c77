/* SPDX-License-Identifier: MIT */
/* The table of a guest file's keys and its form as a JSON Schema; see guest_schema.h. No lock. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "guest_schema.h"

#define MIB (1ull << 20)
#define TIB (1ull << 40)

const struct schema_row guest_schema[KEY_COUNT] = {
	[KEY_DOMUS] = {"domus", "", "domus", SCHEMA_NUMBER, 1, 1, 1, NULL,
		       "Version of this format: 1."},
	[KEY_NAME] = {"name", "", "name", SCHEMA_NAME, 1, 1, SCHEMA_NAME_BYTES, NULL,
		      "Name of the guest; unique on its host."},
	[KEY_MEMORY] = {"memory", "", "memory", SCHEMA_SIZE, 1, MIB, TIB, NULL,
			"Memory of the guest, in whole pages of 4KiB."},
	[KEY_VCPUS] = {"vcpus", "", "vcpus", SCHEMA_NUMBER, 0, 1, 128, "1",
		       "Number of virtual CPUs."},
	[KEY_BOOT] = {"boot", "", "boot", SCHEMA_MAP, 1, 0, 0, NULL, "What the guest boots."},
	[KEY_BOOT_KERNEL] = {"boot.kernel", "boot", "kernel", SCHEMA_PATH, 1, 1, 4095, NULL,
			     "A PV kernel: a Linux bzImage or an ELF file."},
	[KEY_BOOT_RAMDISK] = {"boot.ramdisk", "boot", "ramdisk", SCHEMA_PATH, 0, 1, 4095, NULL,
			      "The initial ramdisk, handed to the kernel as it is."},
	[KEY_BOOT_CMDLINE] = {"boot.cmdline", "boot", "cmdline", SCHEMA_TEXT, 0, 0, 1023, "",
			      "The kernel's command line."},
	[KEY_POLICY] = {"policy", "", "policy", SCHEMA_MAP, 0, 0, 0, NULL,
			"What happens when the guest ends."},
	[KEY_POLICY_POWEROFF] = {"policy.poweroff", "policy", "poweroff", SCHEMA_ACTION, 0, 0, 0,
				 "destroy", "After the guest switched itself off."},
	[KEY_POLICY_REBOOT] = {"policy.reboot", "policy", "reboot", SCHEMA_ACTION, 0, 0, 0,
			       "restart", "After the guest asked for a reboot."},
	[KEY_POLICY_CRASH] = {"policy.crash", "policy", "crash", SCHEMA_ACTION, 0, 0, 0, "destroy",
			      "After the guest crashed."},
};

const char *const schema_action_names[3] = {"destroy", "restart", "preserve"};

const char *schema_type_name(enum schema_type type)
{
	switch (type) {
	case SCHEMA_MAP:
		return "a map of keys";
	case SCHEMA_TEXT:
		return "a text";
	case SCHEMA_NAME:
		return "a name";
	case SCHEMA_PATH:
		return "the path of a file";
	case SCHEMA_NUMBER:
		return "a whole number";
	case SCHEMA_SIZE:
		return "a size such as 512MiB";
	case SCHEMA_ACTION:
		return "one of destroy, restart and preserve";
	}
	return "a value";
}

static json_t *row_json(const struct schema_row *row)
{
	json_t *o = json_pack("{s:s}", "description", row->help);

	switch (row->type) {
	case SCHEMA_MAP:
		json_object_set_new(o, "type", json_string("object"));
		json_object_set_new(o, "additionalProperties", json_false());
		json_object_set_new(o, "properties", json_object());
		return o;
	case SCHEMA_NUMBER:
		json_object_set_new(o, "type", json_string("integer"));
		json_object_set_new(o, "minimum", json_integer(row->min));
		json_object_set_new(o, "maximum", json_integer(row->max));
		break;
	case SCHEMA_ACTION:
		json_object_set_new(o, "enum",
				    json_pack("[s,s,s]", schema_action_names[0],
					      schema_action_names[1], schema_action_names[2]));
		break;
	case SCHEMA_SIZE:
		json_object_set_new(o, "type", json_string("string"));
		json_object_set_new(o, "pattern", json_string("^[0-9]+ *(KiB|MiB|GiB|TiB)$"));
		break;
	case SCHEMA_NAME:
		json_object_set_new(
			o, "pattern",
			json_string("^(?![0-9]+$)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"));
		/* fall through */
	case SCHEMA_TEXT:
	case SCHEMA_PATH:
		json_object_set_new(o, "type", json_string("string"));
		json_object_set_new(o, "maxLength", json_integer(row->max));
		break;
	}
	if (row->standard) {
		json_object_set_new(o, "default",
				    row->type == SCHEMA_NUMBER ? json_integer(atoi(row->standard))
							       : json_string(row->standard));
	}
	return o;
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

char *schema_json(void)
{
	json_t *top = json_pack("{s:s, s:s, s:s, s:b, s:{}}", "$schema",
				"https://json-schema.org/draft/2020-12/schema", "title",
				"Domus guest file", "type", "object", "additionalProperties", 0,
				"properties");
	json_t *all = json_object_get(top, "properties");
	char *text;
	int i;

	for (i = 0; i < KEY_COUNT; i++) {
		const struct schema_row *row = &guest_schema[i];
		json_t *map = *row->parent ? json_object_get(all, row->parent) : top;

		json_object_set_new(json_object_get(map, "properties"), row->name, row_json(row));
		if (row->required) {
			require(map, row->name);
		}
	}
	text = json_dumps(top, JSON_INDENT(2));
	json_decref(top);
	return text;
}

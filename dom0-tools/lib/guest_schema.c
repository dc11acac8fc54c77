/* SPDX-License-Identifier: MIT */
/* The table of a guest file's keys and its form as a JSON Schema; see guest_schema.h. No lock. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "guest_device.h"
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
	[KEY_DISKS] = {"disks", "", "disks", SCHEMA_LIST, 0, 0, GUEST_DISK_LIMIT, NULL,
		       "Disks of the guest."},
	[KEY_DISK_PATH] = {"disks.path", "disks", "path", SCHEMA_PATH, 0, 1, 4095, NULL,
			   "A raw file or a block device; only a CD-ROM drive may lack it."},
	[KEY_DISK_TARGET] = {"disks.target", "disks", "target", SCHEMA_TARGET, 0, 0, 0, NULL,
			     "What the guest calls the disk; without it, the first free name."},
	[KEY_DISK_READONLY] = {"disks.readonly", "disks", "readonly", SCHEMA_FLAG, 0, 0, 0, "false",
			       "The guest may not write."},
	[KEY_DISK_CDROM] = {"disks.cdrom", "disks", "cdrom", SCHEMA_FLAG, 0, 0, 0, "false",
			    "A CD-ROM drive, read-only."},
	[KEY_DISK_SECTOR] = {"disks.sector", "disks", "sector", SCHEMA_SECTOR, 0, 0, 0, NULL,
			     "Bytes of a sector; without it 512, or what the block device has."},
	[KEY_DISK_DISCARD] = {"disks.discard", "disks", "discard", SCHEMA_FLAG, 0, 0, 0, "true",
			      "The guest may give space back."},
	[KEY_DISK_BACKEND] = {"disks.backend", "disks", "backend", SCHEMA_BACKEND, 0, 0, 0,
			      "kernel", "Who serves the disk."},
	[KEY_NETS] = {"networks", "", "networks", SCHEMA_LIST, 0, 0, GUEST_NET_LIMIT, NULL,
		      "Network devices of the guest."},
	[KEY_NET_BRIDGE] = {"networks.bridge", "networks", "bridge", SCHEMA_LINK, 1, 0, 0, NULL,
			    "The bridge of dom0 that the device is on."},
	[KEY_NET_MAC] = {"networks.mac", "networks", "mac", SCHEMA_MAC, 0, 0, 0, NULL,
			 "The guest's address; without it, one that stays with the guest."},
	[KEY_NET_MTU] = {"networks.mtu", "networks", "mtu", SCHEMA_NUMBER, 0, 68, 65521, NULL,
			 "Largest packet in bytes; without it, the bridge's."},
	[KEY_NET_RATE] = {"networks.rate", "networks", "rate", SCHEMA_RATE, 0, 0, 0, NULL,
			  "What the guest may send at most."},
	[KEY_NET_BACKEND] = {"networks.backend", "networks", "backend", SCHEMA_BACKEND, 0, 0, 0,
			     "kernel", "Who serves the device."},
};

const char *const schema_action_names[3] = {"destroy", "restart", "preserve"};
const char *const schema_backend_names[2] = {"domus", "kernel"};

const char *const *schema_words(enum schema_type type, size_t *count)
{
	*count = type == SCHEMA_ACTION ? 3 : type == SCHEMA_BACKEND ? 2 : 0;
	return type == SCHEMA_ACTION    ? schema_action_names
	       : type == SCHEMA_BACKEND ? schema_backend_names
					: NULL;
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
	[SCHEMA_TARGET] = "a disk's name from xvda to xvdz",
	[SCHEMA_SECTOR] = "512 or 4096",
	[SCHEMA_MAC] = "an address such as 00:16:3e:12:34:56",
	[SCHEMA_RATE] = "a rate such as 100Mbit/s",
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
		return "^[!-.0-9;-~]{1,15}$";
	case SCHEMA_TARGET:
		return "^xvd[a-z]$";
	case SCHEMA_MAC:
		return "^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$";
	case SCHEMA_RATE:
		return "^[0-9]+ *(kbit/s|Mbit/s|Gbit/s)$";
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

char *schema_json(void)
{
	json_t *top = json_pack("{s:s, s:s, s:s, s:b, s:{}}", "$schema",
				"https://json-schema.org/draft/2020-12/schema", "title",
				"Domus guest file", "type", "object", "additionalProperties", 0,
				"properties");
	char *text;
	int i;

	for (i = 0; i < KEY_COUNT; i++) {
		const struct schema_row *row = &guest_schema[i];
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

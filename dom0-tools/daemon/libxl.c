/* SPDX-License-Identifier: MIT */
/* Writes and removes what xl reads; see libxl.h. */
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/libxl.h"
#include "daemon/nodes.h"
#include "daemon/program.h"

#define USERDATA_DIR "/var/lib/xen"
#define SCRIPTS_DIR  "/etc/xen/scripts/"

enum { PATH_BYTES = 128, WORDS_BYTES = 256 };

void libxl_guest_make(uint32_t domid, const uint8_t uuid[16], const char *name)
{
	char number[UUID_TEXT_BYTES], path[PATH_BYTES];
	json_t *o;

	snprintf(path, sizeof(path), USERDATA_DIR "/userdata-d.%u.%s.libxl-json", domid,
		 uuid_format(uuid, number));
	/* What libxl reads back when it adds a device; the rest it would take as it is by default.
	 */
	o = json_pack("{s:{s:s, s:s, s:s}, s:{s:{}}}", "c_info", "type", "pv", "name", name, "uuid",
		      number, "b_info", "type.pv");
	json_dump_file(o, path, JSON_COMPACT);
	json_decref(o);
}

/* Files of any kind that libxl keeps under the guest's number. */
static void files_remove(uint32_t domid, const uint8_t uuid[16])
{
	char number[UUID_TEXT_BYTES], pattern[PATH_BYTES];
	glob_t found = {0};
	size_t i;

	snprintf(pattern, sizeof(pattern), USERDATA_DIR "/userdata-?.%u.%s.*", domid,
		 uuid_format(uuid, number));
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (i = 0; i < found.gl_pathc; i++) {
			unlink(found.gl_pathv[i]);
		}
	}
	globfree(&found);
}

static void node_remove(struct hyper *h, const char *path)
{
	struct xs_handle *xsh = hyper_store(h);

	if (xsh) {
		xs_rm(xsh, XBT_NULL, path);
	}
}

void libxl_guest_end(struct hyper *h, uint32_t domid, const uint8_t uuid[16])
{
	char path[NODES_PATH_BYTES];

	files_remove(domid, uuid);
	snprintf(path, sizeof(path), "/libxl/%u", domid);
	node_remove(h, path);
}

int libxl_has_devices(struct hyper *h, uint32_t domid)
{
	struct xs_handle *xsh = hyper_store(h);
	char path[NODES_PATH_BYTES], **names;
	unsigned int count;

	snprintf(path, sizeof(path), "/libxl/%u/device", domid);
	names = xsh ? xs_directory(xsh, XBT_NULL, path, &count) : NULL;
	free(names);
	return names != NULL;
}

static void device_path(const struct device *d, char path[NODES_PATH_BYTES])
{
	snprintf(path, NODES_PATH_BYTES, "/libxl/%u/device/%s/%u", d->domid,
		 d->is_disk ? "vbd" : "vif", d->handle);
}

int libxl_device_begin(struct pen *p, const struct device *d, char path[NODES_PATH_BYTES])
{
	char folder[NODES_PATH_BYTES];

	if (access(USERDATA_DIR, F_OK)) {
		return -1;
	}
	device_path(d, path);
	p->base = path;
	pen_put(p, "frontend", "%s", device_front(d, folder));
	pen_put(p, "backend", "%s", device_back(d, folder));
	return 0;
}

/* As libxl runs it: the device's folder and type in the environment, what to do as an argument. */
static void script_run(const struct device *d, char *script)
{
	char *const argv[] = {script, d->is_disk ? "remove" : "offline",
			      d->is_disk ? NULL : "type_if=vif", NULL};
	char said[WORDS_BYTES], name[LINK_NAME_BYTES + 1], vif[32], type[32], path[64],
		run[PATH_BYTES];
	char *const env[] = {run, type, path, "XENBUS_BASE_PATH=backend", d->is_disk ? NULL : vif,
			     NULL};

	snprintf(run, sizeof(run), "script=%s", script);
	snprintf(type, sizeof(type), "XENBUS_TYPE=%s", device_type(d));
	snprintf(path, sizeof(path), "XENBUS_PATH=backend/%s/%u/%u", device_type(d), d->domid,
		 d->handle);
	snprintf(vif, sizeof(vif), "vif=%s", device_link(d, name));
	if (program_run(argv, env, -1, said, sizeof(said))) {
		fprintf(stderr, "domusd: %s %s failed for device %u of domain %u\n", script,
			argv[1], d->handle, d->domid);
	}
}

void libxl_device_end(struct hyper *h, const struct device *d)
{
	char *script = d->backend == DEVICE_BY_KERNEL ? device_get(h, d, 0, "script") : NULL;
	char path[NODES_PATH_BYTES];

	/* Devices of ours have none. */
	if (script && strncmp(script, SCRIPTS_DIR, strlen(SCRIPTS_DIR)) == 0) {
		script_run(d, script);
	}
	free(script);
	device_path(d, path);
	node_remove(h, path);
}

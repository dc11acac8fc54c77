/* SPDX-License-Identifier: MIT */
/* Describes disks in the storage daemon's words; see storage_node.h. */
#include <fcntl.h>
#include <sys/stat.h>

#include "backend.h"
#include "daemon/storage_node.h"
#include "lib/disk_uri.h"

/* What the image is kept in: a file or block device, or something that has an address. */
static json_t *protocol_node(const struct guest_disk *disk, const struct disk_medium *m,
			     struct err *e)
{
	struct stat st = {0};
	int is_direct;

	if (disk->is_uri) {
		return disk_uri_node(disk->path, e);
	}
	fstat(m->fd, &st);
	is_direct = !!(fcntl(m->fd, F_GETFL) & O_DIRECT);
	return json_pack("{s:s, s:s, s:s, s:{s:b}}", "driver",
			 S_ISBLK(st.st_mode) ? "host_device" : "file", "filename", disk->path,
			 "aio", is_direct ? "native" : "threads", "cache", "direct", is_direct);
}

char *storage_node(const struct guest_disk *disk, const struct disk_medium *m, struct err *e)
{
	json_t *protocol = protocol_node(disk, m, e), *cache, *node;
	char *text = NULL;

	if (!protocol) {
		return NULL;
	}
	json_object_set_new(protocol, "read-only", json_boolean(disk->is_readonly));
	json_object_set_new(protocol, "discard", json_string("unmap"));
	node = json_pack("{s:s, s:s, s:b, s:s, s:o}", "driver", schema_format_names[disk->format],
			 "node-name", BACKEND_EXPORT, "read-only", disk->is_readonly, "discard",
			 "unmap", "file", protocol);
	cache = node ? json_object_get(protocol, "cache") : NULL;
	if (cache) {
		json_object_set(node, "cache", cache); /* for the images that it is based on */
	}
	text = node ? json_dumps(node, JSON_COMPACT) : NULL;
	json_decref(node);
	if (!text) {
		err_set(e, ERR_NO_MEMORY, "out of memory");
	}
	return text;
}

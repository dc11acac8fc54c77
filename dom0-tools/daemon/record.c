/* SPDX-License-Identifier: MIT */
/* Writes and reads guests' records; see record.h. Event loop's thread only. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/guest.h"
#include "daemon/nodes.h"
#include "daemon/record.h"
#include "lib/guest_items.h"

static char *records_dir;

static const char *const state_names[] = {"building", "running", "ending", "held", "off"};
static const char *const next_names[] = {"off", "restart", "remove"};

const char *guest_state_name(enum guest_state state)
{
	return state_names[state];
}

static int word_index(const json_t *o, const char *key, const char *const *words, int count)
{
	const char *word = json_string_value(json_object_get(o, key));
	int i;

	for (i = 0; word && i < count; i++) {
		if (strcmp(word, words[i]) == 0) {
			return i;
		}
	}
	return -1;
}

static char *record_path(const char *name, const char *suffix)
{
	char *path;

	return asprintf(&path, "%s/%s.json%s", records_dir, name, suffix) < 0 ? NULL : path;
}

void record_delete(const char *name)
{
	char *path = record_path(name, "");

	if (path) {
		unlink(path);
		free(path);
	}
}

static json_t *history_json(const struct guest *g)
{
	unsigned int first = g->event_count > GUEST_HISTORY ? g->event_count - GUEST_HISTORY : 0;
	json_t *list = json_array();

	for (; first < g->event_count; first++) {
		const struct guest_event *event = &g->history[first % GUEST_HISTORY];

		json_array_append_new(list,
				      json_pack("{s:I, s:s}", "time", (json_int_t)event->when_s,
						"what", event->what));
	}
	return list;
}

static json_t *restarts_json(const struct guest *g)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < RESTART_BURST && i < g->restarts.count; i++) {
		json_array_append_new(list, json_integer(g->restarts.when[i]));
	}
	return list;
}

static json_t *guest_json(const struct guest *g)
{
	char uuid[UUID_TEXT_BYTES];

	return json_pack(
		"{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:I, s:I, s:I, s:b, s:o, s:o}",
		"format", 1, "name", g->file.name, "file", g->file.file, "yaml", g->text, "uuid",
		uuid_format(g->uuid, uuid), "state", state_names[g->state], "next",
		next_names[g->after], "cause", (int)g->cause, "reason", g->reason, "domid",
		(json_int_t)g->domid, "console-port", (json_int_t)g->console_port, "console-frame",
		(json_int_t)g->console_mfn, "reboot-asked", g->is_reboot_asked, "history",
		history_json(g), "restarts", restarts_json(g));
}

/* The guest file, and what was plugged in and out since. */
static json_t *record_json(const struct guest *g)
{
	json_t *o = guest_json(g);

	if (o && g->is_replugged) {
		json_object_set_new(o, "devices", guest_items_json(&g->file));
	}
	return o;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t bytes = strlen(text);
	ssize_t n;

	if (fd < 0) {
		return -1;
	}
	n = write(fd, text, bytes);
	if (close(fd) || n != (ssize_t)bytes) {
		errno = n >= 0 && n != (ssize_t)bytes ? ENOSPC : errno;
		return -1;
	}
	return 0;
}

int guest_save(const struct guest *g, struct err *e)
{
	char *path = record_path(g->file.name, ""), *fresh = record_path(g->file.name, ".new");
	json_t *o = record_json(g);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	int ret = 0;

	if (!path || !fresh || !text) {
		ret = err_set(e, ERR_NO_MEMORY, "out of memory");
	} else if (write_file(fresh, text) || rename(fresh, path)) {
		err_set(e, ERR_HOST, "the guest's record %s cannot be written", path);
		ret = err_errno(e, errno, "write");
		unlink(fresh);
	}
	json_decref(o);
	free(text);
	free(path);
	free(fresh);
	return ret;
}

static void history_load(struct guest *g, const json_t *list)
{
	json_t *event;
	size_t i;

	json_array_foreach (list, i, event) {
		const char *what = json_string_value(json_object_get(event, "what"));

		guest_happened(g, "%s", what ? what : "");
		g->history[(g->event_count - 1) % GUEST_HISTORY].when_s =
			json_integer_value(json_object_get(event, "time"));
	}
}

static void restarts_load(struct guest *g, const json_t *list)
{
	size_t i;

	for (i = 0; i < json_array_size(list) && i < RESTART_BURST; i++) {
		g->restarts.when[g->restarts.count++] = json_integer_value(json_array_get(list, i));
	}
}

/* The fields beside the guest file; -1 if one is missing or senseless. */
static int fields_load(struct guest *g, const json_t *o)
{
	const char *uuid = json_string_value(json_object_get(o, "uuid"));
	const char *reason = json_string_value(json_object_get(o, "reason"));
	int state = word_index(o, "state", state_names, 5);
	int after = word_index(o, "next", next_names, 3);
	json_int_t cause = json_integer_value(json_object_get(o, "cause"));

	if (!uuid || uuid_parse(uuid, g->uuid) || state < 0 || after < 0 || cause < 0 ||
	    cause >= CAUSE_COUNT) {
		return -1;
	}
	g->state = state;
	g->after = after;
	g->cause = cause;
	snprintf(g->reason, sizeof(g->reason), "%s", reason ? reason : "");
	g->domid = json_integer_value(json_object_get(o, "domid"));
	g->console_port = json_integer_value(json_object_get(o, "console-port"));
	g->console_mfn = json_integer_value(json_object_get(o, "console-frame"));
	g->is_reboot_asked = json_is_true(json_object_get(o, "reboot-asked"));
	history_load(g, json_object_get(o, "history"));
	restarts_load(g, json_object_get(o, "restarts"));
	return 0;
}

static int devices_load(struct guest *g, const json_t *o, struct err *e)
{
	const json_t *devices = json_object_get(o, "devices");

	g->is_replugged = devices != NULL;
	return devices ? guest_items_load(&g->file, devices, e) : 0;
}

static int guest_load(const char *path, struct err *e)
{
	json_error_t why;
	json_t *o = json_load_file(path, 0, &why);
	const char *text = json_string_value(json_object_get(o, "yaml"));
	const char *file = json_string_value(json_object_get(o, "file"));
	struct guest_file parsed GUEST_FILE_CLEANUP = {0};
	struct guest *g = NULL;
	int ret = -1;

	if (!text || !file) {
		err_set(e, ERR_HOST, "%s is no guest record", path);
		err_why(e, "%s", o ? "it lacks the guest file" : why.text);
	} else if (guest_file_read(&parsed, file, text, strlen(text), e) == 0) {
		g = guest_add(&parsed, text, strlen(text), e);
		if (g && fields_load(g, o)) {
			err_set(e, ERR_HOST, "%s is no whole guest record", path);
		} else if (g) {
			ret = devices_load(g, o, e);
		}
		if (g && ret) {
			guest_drop(g);
		}
	}
	json_decref(o);
	return ret;
}

int guest_load_all(const char *state_dir, struct err *e)
{
	DIR *dir = opendir(state_dir);
	struct dirent *entry;

	records_dir = strdup(state_dir);
	if (!dir || !records_dir) {
		err_set(e, ERR_HOST, "the folder of guests' records cannot be read");
		err_errno(e, errno, "opendir");
		if (dir) {
			closedir(dir);
		}
		return err_at(e, state_dir, 0, 0, NULL);
	}
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);
		struct err bad ERR_CLEANUP = {0};
		char *path, *text;

		if (len < 6 || strcmp(entry->d_name + len - 5, ".json") != 0 ||
		    asprintf(&path, "%s/%s", state_dir, entry->d_name) < 0) {
			continue;
		}
		if (guest_load(path, &bad)) {
			text = err_text(&bad, "domusd");
			fputs(text ? text : "", stderr);
			free(text);
		}
		free(path);
	}
	closedir(dir);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Renders guests as JSON; see view.h. Units are in the keys. No lock; reads only. */
#include <inttypes.h>

#include "daemon/nodes.h"
#include "daemon/view.h"

enum { PAGE_BYTES = 4096 };

static const char *domain_state(const xc_domaininfo_t *info)
{
	if (info->flags & XEN_DOMINF_dying) {
		return "dying";
	}
	if (info->flags & XEN_DOMINF_shutdown) {
		return policy_cause_text(policy_cause((info->flags >> XEN_DOMINF_shutdownshift) &
						      XEN_DOMINF_shutdownmask));
	}
	return info->flags & XEN_DOMINF_paused ? "paused" : "running";
}

static const char *guest_state(const struct guest *g, const xc_domaininfo_t *info)
{
	switch (g->state) {
	case GUEST_BUILDING:
		return "building";
	case GUEST_ENDING:
		return "ending";
	case GUEST_HELD:
	case GUEST_OFF:
		return g->cause == CAUSE_CRASH || g->cause == CAUSE_WATCHDOG ? "crashed" : "off";
	default:
		return info ? domain_state(info) : "running";
	}
}

static json_t *row(const char *name, const char *state, const xc_domaininfo_t *info)
{
	return json_pack("{s:s, s:I, s:I, s:i, s:s, s:f}", "name", name, "id",
			 (json_int_t)info->domain, "memory_bytes",
			 (json_int_t)info->tot_pages * PAGE_BYTES, "vcpus",
			 (int)info->nr_online_vcpus, "state", state, "cpu_seconds",
			 (double)info->cpu_time / 1e9);
}

json_t *view_foreign(const char *name, const xc_domaininfo_t *info)
{
	return row(name, domain_state(info), info);
}

json_t *view_guest(const struct guest *g, const xc_domaininfo_t *info)
{
	const char *state = guest_state(g, info);
	json_t *o;

	if (info) {
		o = row(g->file.name, state, info);
		json_object_set_new(o, "vcpus", json_integer(g->file.vcpus));
	} else {
		o = json_pack("{s:s, s:o, s:I, s:I, s:s, s:n}", "name", g->file.name, "id",
			      g->domid == DOMID_INVALID ? json_null() : json_integer(g->domid),
			      "memory_bytes", (json_int_t)g->file.memory_bytes, "vcpus",
			      (json_int_t)g->file.vcpus, "state", state, "cpu_seconds");
	}
	if (g->reason[0]) {
		json_object_set_new(o, "reason", json_string(g->reason));
	}
	return o;
}

static json_t *history(const struct guest *g)
{
	unsigned int i = g->event_count > GUEST_HISTORY ? g->event_count - GUEST_HISTORY : 0;
	json_t *list = json_array();

	for (; i < g->event_count; i++) {
		const struct guest_event *event = &g->history[i % GUEST_HISTORY];

		json_array_append_new(list,
				      json_pack("{s:I, s:s}", "time", (json_int_t)event->when_s,
						"what", event->what));
	}
	return list;
}

json_t *view_details(const struct guest *g, const xc_domaininfo_t *info)
{
	json_t *o = view_guest(g, info);
	char uuid[UUID_TEXT_BYTES];

	json_object_set_new(o, "uuid", json_string(uuid_format(g->uuid, uuid)));
	json_object_set_new(o, "file", json_string(g->file.file));
	json_object_set_new(o, "boot",
			    json_pack("{s:s, s:s*, s:s*}", "kernel", g->file.kernel, "ramdisk",
				      g->file.ramdisk, "cmdline", g->file.cmdline));
	json_object_set_new(o, "policy",
			    json_pack("{s:s, s:s, s:s}", "poweroff",
				      schema_action_names[g->file.on_poweroff], "reboot",
				      schema_action_names[g->file.on_reboot], "crash",
				      schema_action_names[g->file.on_crash]));
	json_object_set_new(o, "restarts", json_integer(g->restarts.count));
	if (g->console) {
		json_object_set_new(o, "console", json_string(g->console->pty_path));
		json_object_set_new(o, "log", json_string(g->console->log.path));
	}
	json_object_set_new(o, "history", history(g));
	return o;
}

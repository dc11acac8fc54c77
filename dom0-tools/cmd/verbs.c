/* SPDX-License-Identifier: MIT */
/* The table of verbs, its help, and what the verbs share; see verb.h. No lock. */
#include <stdlib.h>
#include <string.h>

#include "cmd/verb.h"
#include "lib/client.h"
#include "lib/nearest.h"

const struct verb verbs[] = {
	{"create", "FILE", "cp", 1, 1,
	 "Create a guest from a file and start it.\n"
	 "-c  then show its console\n"
	 "-p  leave it paused",
	 create_run},
	{"list", "", "", 0, 0, "List guests: name, id, memory, vCPUs, state, CPU time.", list_run},
	{"show", "GUEST", "", 1, 1, "Show all there is to know about a guest.", show_run},
	{"console", "GUEST", "", 1, 1, "Show a guest's console; leave it with Ctrl-].",
	 console_run},
	{"logs", "GUEST", "f", 1, 1,
	 "Print what a guest wrote to its console.\n"
	 "-f  go on as it writes more",
	 logs_run},
	{"pause", "GUEST", "", 1, 1, "Stop a guest's vCPUs for now.", pause_run},
	{"resume", "GUEST", "", 1, 1, "Let a paused guest run again.", resume_run},
	{"shutdown", "GUEST", "wt:", 1, 1,
	 "Ask a guest to switch itself off.\n"
	 "-w  wait until it is down\n"
	 "-t SECONDS  wait that long at most (60)",
	 shutdown_run},
	{"reboot", "GUEST", "wt:", 1, 1,
	 "Ask a guest to reboot.\n"
	 "-w  wait until it is up again\n"
	 "-t SECONDS  wait that long at most (60)",
	 reboot_run},
	{"destroy", "GUEST", "", 1, 1, "End a guest at once, or forget one that ended.",
	 destroy_run},
	{"vcpu-list", "[GUEST]", "", 0, 1, "List vCPUs: where they run, and where they may.",
	 vcpu_list_run},
	{"vcpu-set", "GUEST COUNT", "", 2, 2, "Ask a guest to use that many of its vCPUs.",
	 vcpu_set_run},
	{"vcpu-pin", "GUEST VCPU CPUS [CPUS]", "", 3, 4,
	 "Set where a vCPU may run, and where it runs if it can.\n"
	 "VCPU is a number or 'all'; CPUS a list like 0-3,8 or 'all', or '-' to leave it as it is",
	 vcpu_pin_run},
	{"sched", "[GUEST]", "w:c:", 0, 1,
	 "Show or set guests' shares of the CPUs.\n"
	 "-w WEIGHT  1 to 65535: twice the weight is twice the time (256)\n"
	 "-c CAP  at most that many percent of one CPU; 0: no limit",
	 sched_run},
	{"disk list", "GUEST", "", 1, 1, "List a guest's disks.", disk_list_run},
	{"disk attach", "GUEST PATH|URI", "t:rcSs:b:k:", 2, 2,
	 "Give a running guest a disk, until it ends for good or the disk is detached.\n"
	 "-t TARGET  what the guest calls it (the first free of xvda to xvdz)\n"
	 "-r  read-only\n"
	 "-c  a CD-ROM drive\n"
	 "-S  shared: other guests to which it is given so may write it, too\n"
	 "-s BYTES  of a sector: 512 or 4096\n"
	 "-b BACKEND  domus or kernel\n"
	 "-k FORMAT  how it is kept: raw, qcow2, vmdk, vdi, vhdx or vpc",
	 disk_attach_run},
	{"disk detach", "GUEST TARGET", "t:f", 2, 2,
	 "Take a disk from a running guest.\n"
	 "-t SECONDS  how long the guest may take to let go of it (10)\n"
	 "-f, --force  then take it away all the same",
	 disk_detach_run},
	{"disk resize", "GUEST TARGET [SIZE]", "", 2, 3,
	 "Make a disk's file larger, or tell the guest that what is behind the disk grew.",
	 disk_resize_run},
	{"net list", "GUEST", "", 1, 1, "List a guest's networks.", net_list_run},
	{"net attach", "GUEST BRIDGE", "m:u:r:b:", 2, 2,
	 "Give a running guest a network, until it ends for good or that is detached.\n"
	 "-m MAC  the guest's address (one made of its uuid)\n"
	 "-u BYTES  largest packet (the bridge's)\n"
	 "-r RATE  what the guest may send at most, like 100Mbit/s\n"
	 "-b BACKEND  domus or kernel",
	 net_attach_run},
	{"net detach", "GUEST NUMBER", "t:f", 2, 2,
	 "Take a network from a running guest.\n"
	 "-t SECONDS  how long the guest may take to let go of it (10)\n"
	 "-f, --force  then take it away all the same",
	 net_detach_run},
	{"network list", "", "", 0, 0, "List the host's networks.", network_list_run},
	{"network show", "NETWORK", "", 1, 1, "Show all there is to know about a network.",
	 network_show_run},
	{"network start", "NETWORK", "", 1, 1, "Set up a network that was stopped.",
	 network_start_run},
	{"network stop", "NETWORK", "f", 1, 1,
	 "Take a network down until it is started again or the host boots.\n"
	 "-f, --force  though guests are on it",
	 network_stop_run},
	{"network reload", "", "", 0, 0, "Make networks match the host's file.",
	 network_reload_run},
	{"info", "", "", 0, 0, "Tell about the host.", info_run},
	{"dmesg", "", "", 0, 0, "Print the hypervisor's messages.", dmesg_run},
	{"version", "", "", 0, 0, "Tell the versions of domus, domusd and the hypervisor.",
	 version_run},
	{"help", "[VERB]", "", 0, 2, "Tell about domus, or about one verb.", help_run},
};

const size_t verb_count = sizeof(verbs) / sizeof(verbs[0]);

const char *verb_option(const struct call *c, char letter)
{
	return c->option[(unsigned char)letter];
}

const struct verb *verb_find(const char *name)
{
	size_t i;

	for (i = 0; i < verb_count; i++) {
		if (strcmp(verbs[i].name, name) == 0) {
			return &verbs[i];
		}
	}
	return NULL;
}

const struct verb *verb_read(int count, char **words, int *used)
{
	const struct verb *v = count > 0 ? verb_find(words[0]) : NULL;
	char both[32];

	*used = 1;
	if (!v && count > 1) {
		snprintf(both, sizeof(both), "%s %s", words[0], words[1]);
		*used = 2;
		v = verb_find(both);
	}
	return v;
}

int verb_unknown(const char *name, struct err *e)
{
	const char *names[sizeof(verbs) / sizeof(verbs[0])], *near;
	size_t i;

	for (i = 0; i < verb_count; i++) {
		names[i] = verbs[i].name;
	}
	near = nearest_word(name, names, verb_count);
	err_set(e, ERR_USAGE, "there is no verb '%s'", name);
	return near ? err_fix(e, "did you mean 'domus %s'?", near) : err_fix(e, "see 'domus help'");
}

static void one_help(FILE *f, const struct verb *v)
{
	const char *line = v->help, *end;

	fprintf(f, "usage: domus %s%s%s%s%s\n", v->name, *v->options ? " [options]" : "",
		*v->args ? " " : "", v->args, " [-o table|json|yaml]");
	for (; line; line = *end ? end + 1 : NULL) {
		end = line + strcspn(line, "\n");
		fprintf(f, "%s%.*s\n", line == v->help ? "" : "  ", (int)(end - line), line);
	}
}

void verb_help(FILE *f, const struct verb *verb)
{
	size_t i;

	if (verb) {
		one_help(f, verb);
		return;
	}
	fputs("usage: domus VERB [options] [arguments] [-o table|json|yaml]\n\n", f);
	for (i = 0; i < verb_count; i++) {
		char left[48];

		snprintf(left, sizeof(left), "%s %s", verbs[i].name, verbs[i].args);
		fprintf(f, "  %-31s %.*s\n", left, (int)strcspn(verbs[i].help, "\n"),
			verbs[i].help);
	}
	fputs("\nExit codes: 0 done, 1 general, 2 usage, 3 configuration, 4 not found, 5 no memory,\n"
	      "6 host, 7 remote, 8 guest, 9 time-out.\n",
	      f);
}

char *verb_target(const char *guest, const char *what)
{
	char *name = client_encode(guest), *target = NULL;

	if (name &&
	    asprintf(&target, "/v1/guests/%s%s%s", name, what ? "/" : "", what ? what : "") < 0) {
		target = NULL;
	}
	free(name);
	return target;
}

json_t *verb_get(const struct call *c, const char *target, struct err *e)
{
	return client_call(c->socket_path, "GET", target, NULL, 0, e);
}

json_t *verb_post(const struct call *c, const char *guest, const char *what, const char *query,
		  struct err *e)
{
	char *path = verb_target(guest, what), *target = NULL;
	json_t *o = NULL;

	if (!path || asprintf(&target, "%s%s", path, query ? query : "") < 0) {
		err_set(e, ERR_NO_MEMORY, "out of memory");
	} else {
		o = client_call(c->socket_path, "POST", target, NULL, 0, e);
		free(target);
	}
	free(path);
	return o;
}

int verb_print(const struct call *c, const json_t *data)
{
	if (c->format == FORMAT_JSON) {
		output_json(stdout, data);
	} else if (c->format == FORMAT_YAML) {
		output_yaml(stdout, data);
	} else {
		return 0;
	}
	return 1;
}

int verb_table(const struct call *c, json_t *data, const char *key, const struct column *columns,
	       size_t count)
{
	if (!data) {
		return -1;
	}
	if (!verb_print(c, data)) {
		output_table(stdout, json_object_get(data, key), columns, count);
	}
	json_decref(data);
	return 0;
}

int verb_data(const struct call *c, json_t *data)
{
	if (!data) {
		return -1;
	}
	if (!verb_print(c, data)) {
		output_yaml(stdout, data);
	}
	json_decref(data);
	return 0;
}

void verb_say(const struct call *c, const json_t *guest, const char *what)
{
	const char *name = json_string_value(json_object_get(guest, "name"));

	if (!verb_print(c, guest)) {
		printf("%s: %s\n", name ? name : "?", what);
	}
}

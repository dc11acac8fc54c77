/* SPDX-License-Identifier: MIT */
/* Reads and sets what vcpus.h says, by libxenctrl. Nothing is kept; no lock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host.h"
#include "daemon/nodes.h"
#include "daemon/vcpus.h"
#include "lib/cpulist.h"

enum { MAX_CPUS = 1024, LIST_TEXT_BYTES = 256, WEIGHT_MAX = 65535, CAP_MAX = 65535 };

/* The maps that libxenctrl's calls take have room for all CPUs there can be. */
struct affinity {
	uint8_t hard[MAX_CPUS / 8], soft[MAX_CPUS / 8];
};

static int cpu_count(struct hyper *h, struct err *e)
{
	int cpus = xc_get_max_cpus(h->xch);

	if (cpus <= 0 || cpus > MAX_CPUS) {
		return hyper_error(h, e, ERR_HOST, "the hypervisor does not tell its CPUs",
				   "sysctl physinfo");
	}
	return cpus;
}

static const char *vcpu_state(const xc_vcpuinfo_t *info)
{
	return !info->online   ? "offline"
	       : info->running ? "running"
	       : info->blocked ? "blocked"
			       : "waiting";
}

static json_t *vcpu_row(struct hyper *h, const char *name, uint32_t domid, unsigned int vcpu,
			unsigned int cpus)
{
	char hard[LIST_TEXT_BYTES], soft[LIST_TEXT_BYTES];
	struct affinity a;
	xc_vcpuinfo_t info;

	memset(&a, 0, sizeof(a));
	if (xc_vcpu_getinfo(h->xch, domid, vcpu, &info) ||
	    xc_vcpu_getaffinity(h->xch, domid, vcpu, a.hard, a.soft,
				XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)) {
		return NULL; /* never brought up */
	}
	return json_pack("{s:s, s:I, s:I, s:o, s:s, s:f, s:s, s:s}", "name", name, "id",
			 (json_int_t)domid, "vcpu", (json_int_t)vcpu, "cpu",
			 info.online ? json_integer(info.cpu) : json_null(), "state",
			 vcpu_state(&info), "cpu_seconds", (double)info.cpu_time / 1e9, "hard",
			 cpulist_format(a.hard, cpus, hard, sizeof(hard)), "soft",
			 cpulist_format(a.soft, cpus, soft, sizeof(soft)));
}

/* What a walk over domains collects, and how one of them adds to it. */
struct walk {
	json_t *list;
	unsigned int cpus;
	void (*add)(struct walk *w, struct hyper *h, const char *name, const xc_domaininfo_t *info);
};

static void add_vcpus(struct walk *w, struct hyper *h, const char *name,
		      const xc_domaininfo_t *info)
{
	unsigned int i;

	for (i = 0; i <= info->max_vcpu_id; i++) {
		json_t *row = vcpu_row(h, name, info->domain, i, w->cpus);

		if (row) {
			json_array_append_new(w->list, row);
		}
	}
}

static void add_share(struct walk *w, struct hyper *h, const char *name,
		      const xc_domaininfo_t *info)
{
	struct xen_domctl_sched_credit2 share;

	if (xc_sched_credit2_domain_get(h->xch, info->domain, &share) == 0) {
		json_array_append_new(w->list, json_pack("{s:s, s:i, s:i, s:i}", "name", name, "id",
							 (int)info->domain, "weight",
							 (int)share.weight, "cap", (int)share.cap));
	}
}

static int one_domain(struct hyper *h, uint32_t domid, xc_domaininfo_t *info, struct err *e)
{
	if (xc_domain_getinfolist(h->xch, domid, 1, info) != 1 || info->domain != domid) {
		return err_set(e, ERR_NOT_FOUND, "there is no domain %u", domid);
	}
	return 0;
}

static int walk_domains(struct walk *w, struct hyper *h, uint32_t domid, struct err *e)
{
	uint32_t first = domid == DOMID_INVALID ? 0 : domid;
	xc_domaininfo_t info;
	char name[HOST_NAME_BYTES];

	if (domid != DOMID_INVALID && one_domain(h, domid, &info, e)) {
		return -1;
	}
	while (xc_domain_getinfolist(h->xch, first, 1, &info) == 1) {
		w->add(w, h, host_domain_name(h, info.domain, name), &info);
		first = info.domain + 1;
		if (domid != DOMID_INVALID) {
			break;
		}
	}
	return 0;
}

static json_t *collect(struct walk *w, const char *key, struct hyper *h, uint32_t domid,
		       struct err *e)
{
	w->list = json_array();
	if (walk_domains(w, h, domid, e)) {
		json_decref(w->list);
		return NULL;
	}
	return json_pack("{s:o}", key, w->list);
}

json_t *vcpus_list(struct hyper *h, uint32_t domid, struct err *e)
{
	int cpus = cpu_count(h, e);
	struct walk w = {.cpus = cpus, .add = add_vcpus};

	return cpus < 0 ? NULL : collect(&w, "vcpus", h, domid, e);
}

json_t *shares_list(struct hyper *h, uint32_t domid, struct err *e)
{
	struct walk w = {.add = add_share};

	return collect(&w, "shares", h, domid, e);
}

static int number_parse(const char *text, unsigned long least, unsigned long most, const char *what,
			unsigned long *n, struct err *e)
{
	char *end;

	*n = strtoul(text, &end, 10);
	if (end == text || *end || *text == '-' || *n < least || *n > most) {
		err_set(e, ERR_USAGE, "'%s' is no %s", text, what);
		return err_fix(e, "use %lu to %lu", least, most);
	}
	return 0;
}

int vcpus_set(struct hyper *h, uint32_t domid, const char *count, struct err *e)
{
	xc_domaininfo_t info;
	unsigned long n, i;
	char node[64];

	if (one_domain(h, domid, &info, e) ||
	    number_parse(count, 1, info.max_vcpu_id + 1ul, "number of vCPUs", &n, e)) {
		return -1;
	}
	for (i = 0; i <= info.max_vcpu_id; i++) {
		snprintf(node, sizeof(node), "cpu/%lu/availability", i);
		if (nodes_set(h, domid, node, i < n ? "online" : "offline", e)) {
			return -1;
		}
	}
	return 0;
}

static int list_parse(const char *text, uint8_t *map, unsigned int cpus, struct err *e)
{
	if (cpulist_parse(text, map, cpus)) {
		err_set(e, ERR_USAGE, "'%s' is no list of this host's CPUs", text);
		return err_fix(e, "write it like 0-%u or 0,^2 or all; CPUs are 0 to %u", cpus - 1,
			       cpus - 1);
	}
	return 0;
}

static int pin_one(struct hyper *h, uint32_t domid, unsigned int vcpu, const struct affinity *a,
		   uint32_t flags, struct err *e)
{
	struct affinity copy = *a; /* the call writes back what became of it */

	if (xc_vcpu_setaffinity(h->xch, domid, (int)vcpu, copy.hard, copy.soft, flags)) {
		hyper_error(h, e, ERR_HOST, "the vCPU cannot be pinned", "domctl setvcpuaffinity");
		return err_wrap(e, "vCPU %u of domain %u stays where it may run now", vcpu, domid);
	}
	return 0;
}

int vcpus_pin(struct hyper *h, uint32_t domid, const char *vcpu, const char *hard, const char *soft,
	      struct err *e)
{
	uint32_t flags = (hard ? XEN_VCPUAFFINITY_HARD : 0) | (soft ? XEN_VCPUAFFINITY_SOFT : 0);
	int cpus = cpu_count(h, e), all = strcmp(vcpu, "all") == 0;
	unsigned long first = 0, last, i;
	xc_domaininfo_t info;
	struct affinity a;

	memset(&a, 0, sizeof(a));
	if (cpus < 0 || one_domain(h, domid, &info, e) ||
	    (hard && list_parse(hard, a.hard, cpus, e)) ||
	    (soft && list_parse(soft, a.soft, cpus, e))) {
		return -1;
	}
	last = info.max_vcpu_id;
	if (!all && number_parse(vcpu, 0, last, "vCPU of this guest", &first, e)) {
		return -1;
	}
	last = all ? last : first;
	for (i = first; flags && i <= last; i++) {
		if (pin_one(h, domid, i, &a, flags, e)) {
			return -1;
		}
	}
	return 0;
}

int shares_set(struct hyper *h, uint32_t domid, const char *weight, const char *cap, struct err *e)
{
	struct xen_domctl_sched_credit2 share;
	xc_domaininfo_t info;
	unsigned long n;

	if (one_domain(h, domid, &info, e)) {
		return -1;
	}
	if (xc_sched_credit2_domain_get(h->xch, domid, &share)) {
		return hyper_error(h, e, ERR_HOST, "the domain's share is not known",
				   "domctl scheduler_op");
	}
	if (weight) {
		if (number_parse(weight, 1, WEIGHT_MAX, "weight", &n, e)) {
			return -1;
		}
		share.weight = n;
	}
	if (cap) {
		if (number_parse(cap, 0, CAP_MAX, "cap in percent of one CPU", &n, e)) {
			return -1;
		}
		share.cap = n;
	}
	if (xc_sched_credit2_domain_set(h->xch, domid, &share)) {
		return hyper_error(h, e, ERR_HOST, "the domain's share cannot be set",
				   "domctl scheduler_op");
	}
	return 0;
}

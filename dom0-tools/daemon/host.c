/* SPDX-License-Identifier: MIT */
/* Asks hypervisor and store about the host and renders the answers. Event loop's thread only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/counters.h"
#include "daemon/guest.h"
#include "daemon/host.h"
#include "daemon/nodes.h"
#include "daemon/view.h"
#include "lib/harmless.h"

enum { PAGE_BYTES = 4096, DMESG_BYTES = 64 << 10, LIST_BATCH = 64 };

static json_t *hypervisor_version(struct hyper *h, struct err *e)
{
	int number = xc_version(h->xch, XENVER_version, NULL);
	xen_extraversion_t extra = "";
	xen_compile_info_t compile = {0};
	char text[64];

	if (number < 0 || xc_version(h->xch, XENVER_extraversion, &extra) ||
	    xc_version(h->xch, XENVER_compile_info, &compile)) {
		hyper_error(h, e, ERR_HOST, "the hypervisor does not tell its version",
			    "xen_version");
		return NULL;
	}
	snprintf(text, sizeof(text), "%d.%d%.16s", number >> 16, number & 0xffff, extra);
	return json_pack("{s:s, s:s, s:s}", "abi", text, "compiler", compile.compiler, "built",
			 compile.compile_date);
}

json_t *host_version(struct hyper *h, struct err *e)
{
	json_t *hypervisor = hypervisor_version(h, e);

	return hypervisor ? json_pack("{s:s, s:o}", "domusd", DOMUS_VERSION_STRING, "hypervisor",
				      hypervisor)
			  : NULL;
}

/* What is in use on the whole host; null: this hypervisor does not tell (Xen has no such call). */
static json_t *counts(struct hyper *h)
{
	long nodes = nodes_count(h);
	struct domus_counters c;
	json_t *o = json_pack("{s:o, s:n, s:n, s:n, s:n}", "store_nodes",
			      nodes < 0 ? json_null() : json_integer(nodes), "event_channels",
			      "grant_maps", "domains", "vcpus");

	if (counters_read(&c) == 0) {
		json_object_set_new(o, "event_channels", json_integer(c.event_channels));
		json_object_set_new(o, "grant_maps", json_integer(c.grant_maps));
		json_object_set_new(o, "domains", json_integer(c.domains));
		json_object_set_new(o, "vcpus", json_integer(c.vcpus));
	}
	return o;
}

static json_t *memory(const xc_physinfo_t *info)
{
	struct domus_counters c;
	json_t *o = json_pack("{s:I, s:I, s:I, s:n, s:n}", "total_bytes",
			      (json_int_t)info->total_pages * PAGE_BYTES, "free_bytes",
			      (json_int_t)info->free_pages * PAGE_BYTES, "outstanding_bytes",
			      (json_int_t)info->outstanding_pages * PAGE_BYTES, "domains_bytes",
			      "hypervisor_bytes");

	if (counters_read(&c) == 0) {
		json_object_set_new(o, "domains_bytes", json_integer(c.domain_pages * PAGE_BYTES));
		json_object_set_new(o, "hypervisor_bytes", json_integer(c.heap_pages * PAGE_BYTES));
	}
	return o;
}

json_t *host_info(struct hyper *h, struct err *e)
{
	xc_physinfo_t info;
	json_t *hypervisor;

	if (xc_physinfo(h->xch, &info)) {
		hyper_error(h, e, ERR_HOST, "the hypervisor does not tell about the host",
			    "sysctl physinfo");
		return NULL;
	}
	hypervisor = hypervisor_version(h, e);
	if (!hypervisor) {
		return NULL;
	}
	return json_pack("{s:{s:i, s:i, s:i, s:I}, s:o, s:o, s:o}", "cpus", "count",
			 (int)info.nr_cpus, "cores_per_socket", (int)info.cores_per_socket,
			 "threads_per_core", (int)info.threads_per_core, "khz",
			 (json_int_t)info.cpu_khz, "memory", memory(&info), "hypervisor",
			 hypervisor, "counts", counts(h));
}

json_t *host_dmesg(struct hyper *h, struct err *e)
{
	unsigned int bytes = DMESG_BYTES;
	char *raw = malloc(DMESG_BYTES), *text = malloc(DMESG_BYTES * HARMLESS_GROWTH);
	struct harmless filter = {0};
	json_t *o = NULL;
	size_t n;

	if (!raw || !text) {
		err_set(e, ERR_NO_MEMORY, "out of memory");
	} else if (xc_readconsolering(h->xch, raw, &bytes, 0, 0, NULL)) {
		hyper_error(h, e, ERR_HOST, "the hypervisor does not give its messages",
			    "sysctl readconsole");
	} else {
		n = harmless_text(&filter, raw, bytes, text);
		o = json_pack("{s:s%}", "text", text, n);
	}
	free(raw);
	free(text);
	return o;
}

static const char *number_name(uint32_t domid, char buf[HOST_NAME_BYTES])
{
	snprintf(buf, HOST_NAME_BYTES, domid ? "(domain %u)" : "Domain-%u", domid);
	return buf;
}

const char *host_domain_name(struct hyper *h, uint32_t domid, char buf[HOST_NAME_BYTES])
{
	const struct guest *g = guest_of_domain(domid);
	char *name = g ? NULL : nodes_get(h, domid, "name");

	if (g || name) {
		snprintf(buf, HOST_NAME_BYTES, "%s", g ? g->file.name : name);
	} else {
		number_name(domid, buf);
	}
	free(name);
	return buf;
}

static json_t *list_row(struct hyper *h, const xc_domaininfo_t *info)
{
	const struct guest *g = guest_of_domain(info->domain);
	char name[HOST_NAME_BYTES];
	json_t *row;

	if (g) {
		return view_guest(g, info);
	}
	row = view_foreign(host_domain_name(h, info->domain, name), info);
	/* Without a row the name is no UTF-8. */
	return row ? row : view_foreign(number_name(info->domain, name), info);
}

json_t *host_list(struct hyper *h, struct err *e)
{
	xc_domaininfo_t info[LIST_BATCH];
	json_t *list = json_array();
	const struct guest *g;
	uint32_t first = 0;
	int count, i;

	do {
		count = xc_domain_getinfolist(h->xch, first, LIST_BATCH, info);
		if (count < 0) {
			hyper_error(h, e, ERR_HOST, "the hypervisor does not list its domains",
				    "sysctl getdomaininfolist");
			json_decref(list);
			return NULL;
		}
		for (i = 0; i < count; i++) {
			json_array_append_new(list, list_row(h, &info[i]));
		}
		first = count ? info[count - 1].domain + 1 : 0;
	} while (count == LIST_BATCH);
	for (g = guest_first(); g; g = g->next) {
		if (g->domid == DOMID_INVALID) {
			json_array_append_new(list, view_guest(g, NULL));
		}
	}
	return json_pack("{s:o}", "guests", list);
}

/* SPDX-License-Identifier: MIT */
/*
 * The way from a guest file to a paused domain, through libxenguest and libxenctrl.
 *
 *	image:  files -> unpacked kernel, its needs known      nothing exists yet
 *	check:  needs against the file and the free memory     nothing exists yet
 *	domain: createdomain, limits, event channels           undone by build_undo()
 *	load:   memory, segments, page tables, first vCPU      undone by build_undo()
 *	store:  nodes, introduction                            undone by build_undo()
 *	devices: their back ends have taken them up            undone by build_undo()
 *
 * All that can be refused is refused before the domain exists. No lock; see build.h.
 */
#include <errno.h>
#include <string.h>
#include <xenctrl.h>
#include <xenguest.h>

#include "daemon/build.h"
#include "daemon/devices.h"
#include "daemon/image.h"
#include "daemon/libxl.h"
#include "daemon/nodes.h"
#include "lib/size.h"

enum {
	PAGE_BYTES = 4096,
	TABLE_SPAN_BYTES = 2 << 20,  /* what one L1 table maps */
	MAPPED_SPAN_BYTES = 4 << 20, /* what is mapped at start ends at a multiple of it */
	TOP_TABLES = 6,              /* L4, L3, L2 and one more of each for what crosses a border */
	P2M_TABLES = 4,              /* of the table of frames: a first L1, L2 and L3, a border */
	MAGIC_PAGES = 4,             /* start info, store, console, boot stack */
	SLACK_KIB = 1024,            /* room above the guest's memory for its own later use */
	HOST_SLACK_PAGES = 64,       /* what a domain costs the hypervisor itself, generously */
	EVTCHN_LIMIT = 1023,
	TSC_MODE_NATIVE = 2, /* never emulated */
};

/* What the guest boots from and what is behind its disks, while it is built; NULL: none. */
struct files {
	const struct image *kernel, *ramdisk;
	struct disk_medium *media;
};

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

uint64_t build_least_bytes(uint64_t image_bytes, uint64_t ramdisk_bytes, uint64_t memory_bytes)
{
	uint64_t tables = image_bytes / TABLE_SPAN_BYTES + 1 + TOP_TABLES;
	uint64_t mapped = round_up(image_bytes, PAGE_BYTES) + (MAGIC_PAGES + tables) * PAGE_BYTES;
	uint64_t p2m = round_up(memory_bytes / PAGE_BYTES * 8, PAGE_BYTES);
	uint64_t p2m_tables = (p2m / TABLE_SPAN_BYTES + P2M_TABLES) * PAGE_BYTES;

	return round_up(round_up(mapped, MAPPED_SPAN_BYTES) + round_up(ramdisk_bytes, PAGE_BYTES) +
				p2m + p2m_tables,
			1 << 20);
}

/* Maps what a key of the guest file names; trouble is told with the key's place. */
static const struct image *file_get(const struct guest_file *g, enum guest_key key,
				    const char *path, struct err *e)
{
	const struct image *image = image_get(path);

	if (!image && errno) {
		err_set(e, ERR_CONFIG, "%s cannot be read", path);
		err_errno(e, errno, "open");
		guest_file_blame(g, key, e);
	} else if (!image) {
		err_set(e, ERR_CONFIG, "%s is no file with anything in it", path);
		guest_file_blame(g, key, e);
	}
	return image;
}

static int image_load(struct hyper *h, const struct guest_file *g, const struct files *files,
		      struct xc_dom_image *dom, struct err *e)
{
	const struct image *ramdisk = files->ramdisk;

	if (xc_dom_kernel_mem(dom, files->kernel->data, files->kernel->bytes)) {
		hyper_error(h, e, ERR_CONFIG, "the kernel cannot be loaded", "xc_dom_kernel_mem");
		return guest_file_blame(g, KEY_BOOT_KERNEL, e);
	}
	if (ramdisk && xc_dom_module_mem(dom, ramdisk->data, ramdisk->bytes, NULL)) {
		hyper_error(h, e, ERR_CONFIG, "the ramdisk cannot be loaded", "xc_dom_module_mem");
		return guest_file_blame(g, KEY_BOOT_RAMDISK, e);
	}
	if (xc_dom_boot_xen_init(dom, h->xch, DOMID_INVALID)) {
		return hyper_error(h, e, ERR_HOST, "the hypervisor does not tell what it can run",
				   "xen_version");
	}
	if (xc_dom_parse_image(dom) || xc_dom_mem_init(dom, g->memory_bytes >> 20)) {
		errno = ENOEXEC;
		hyper_error(h, e, ERR_CONFIG, "the kernel is no 64-bit PV kernel",
			    "xc_dom_parse_image");
		err_wrap(e, "%s cannot be booted", g->kernel);
		err_fix(e,
			"give boot.kernel a Linux kernel built with CONFIG_XEN_PV, or another ELF with Xen's notes");
		return guest_file_blame(g, KEY_BOOT_KERNEL, e);
	}
	dom->total_pages = g->memory_bytes / PAGE_BYTES;
	dom->max_vcpus = g->vcpus;
	return 0;
}

static int memory_check(struct hyper *h, const struct guest_file *g, const struct xc_dom_image *dom,
			struct err *e)
{
	uint64_t ramdisk = 0, least, free_bytes;
	char a[SIZE_TEXT_BYTES], b[SIZE_TEXT_BYTES];
	xc_physinfo_t info;

	if (dom->num_modules) {
		ramdisk = xc_dom_check_gzip(h->xch, dom->modules[0].blob, dom->modules[0].size);
		ramdisk = ramdisk > dom->modules[0].size ? ramdisk : dom->modules[0].size;
	}
	least = build_least_bytes(dom->kernel_seg.vend - xc_dom_virt_base((void *)dom), ramdisk,
				  g->memory_bytes);
	if (g->memory_bytes < least) {
		err_set(e, ERR_NO_MEMORY, "the guest's memory of %s is less than its image needs",
			size_format(g->memory_bytes, a));
		err_fix(e, "give memory at least %s", size_format(least, b));
		return guest_file_blame(g, KEY_MEMORY, e);
	}
	if (xc_physinfo(h->xch, &info)) {
		return hyper_error(h, e, ERR_HOST, "the host's free memory is not known",
				   "sysctl physinfo");
	}
	free_bytes =
		info.free_pages > info.outstanding_pages + HOST_SLACK_PAGES
			? (info.free_pages - info.outstanding_pages - HOST_SLACK_PAGES) * PAGE_BYTES
			: 0;
	if (g->memory_bytes > free_bytes) {
		err_set(e, ERR_NO_MEMORY, "the guest wants %s, but %s are free",
			size_format(g->memory_bytes, a),
			size_format(free_bytes & ~((1ull << 20) - 1), b));
		err_fix(e,
			"give it less memory, or end another guest; the host's dom0_mem option sets what dom0 keeps");
		return guest_file_blame(g, KEY_MEMORY, e);
	}
	return 0;
}

static int domain_create(struct hyper *h, const struct guest_file *g, const uint8_t uuid[16],
			 uint32_t *domid, struct err *e)
{
	struct xen_domctl_createdomain create = {
		.max_vcpus = g->vcpus,
		.max_evtchn_port = EVTCHN_LIMIT,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};

	memcpy(create.handle, uuid, sizeof(create.handle));
	*domid = DOMID_INVALID;
	if (xc_domain_create(h->xch, domid, &create)) {
		return hyper_error(h, e, ERR_HOST, "the hypervisor creates no domain",
				   "domctl createdomain");
	}
	return 0;
}

static int domain_limits(struct hyper *h, const struct guest_file *g, uint32_t domid, struct err *e)
{
	uint64_t kib = g->memory_bytes >> 10;

	if (xc_domain_max_vcpus(h->xch, domid, g->vcpus)) {
		return hyper_error(h, e, ERR_HOST, "the domain gets no vCPUs", "domctl max_vcpus");
	}
	if (xc_domain_setmaxmem(h->xch, domid, kib + SLACK_KIB) ||
	    xc_domain_set_memmap_limit(h->xch, domid, kib + SLACK_KIB)) {
		return hyper_error(h, e, ERR_HOST, "the domain's memory limit cannot be set",
				   "domctl max_mem");
	}
	/* A trapped RDTSC costs a guest more than any other thing that it does that often. */
	if (xc_domain_set_tsc_info(h->xch, domid, TSC_MODE_NATIVE, 0, 0, 0)) {
		return hyper_error(h, e, ERR_HOST, "the domain's clock cannot be set up",
				   "domctl settscinfo");
	}
	return 0;
}

static int domain_ports(struct hyper *h, uint32_t domid, struct built *built, struct err *e)
{
	int store = xc_evtchn_alloc_unbound(h->xch, domid, 0);
	int console = store < 0 ? -1 : xc_evtchn_alloc_unbound(h->xch, domid, 0);

	if (console < 0) {
		return hyper_error(h, e, ERR_HOST, "the domain gets no event channels",
				   "event_channel_op alloc_unbound");
	}
	built->store_port = store;
	built->console_port = console;
	return 0;
}

static int domain_load(struct hyper *h, struct xc_dom_image *dom, struct built *built,
		       struct err *e)
{
	dom->guest_domid = built->domid;
	dom->console_evtchn = built->console_port;
	dom->xenstore_evtchn = built->store_port;
	if (xc_dom_boot_mem_init(dom)) {
		return hyper_error(h, e, ERR_NO_MEMORY, "the domain's memory cannot be had",
				   "memory_op populate_physmap");
	}
	if (xc_dom_build_image(dom)) {
		return hyper_error(h, e, errno == ENOMEM ? ERR_NO_MEMORY : ERR_HOST,
				   "the image cannot be laid out in the domain",
				   "xc_dom_build_image");
	}
	if (xc_dom_boot_image(dom)) {
		return hyper_error(h, e, ERR_HOST, "the domain's first vCPU cannot be set up",
				   "xc_dom_boot_image");
	}
	if (xc_dom_gnttab_init(dom)) {
		return hyper_error(h, e, ERR_HOST, "the domain's first grants cannot be written",
				   "xc_dom_gnttab_init");
	}
	built->console_mfn = xc_dom_p2m(dom, dom->console_pfn);
	built->store_mfn = xc_dom_p2m(dom, dom->xenstore_pfn);
	return 0;
}

static int domain_fill(struct hyper *h, const struct guest_file *g, const uint8_t uuid[16],
		       const struct files *files, struct xc_dom_image *dom, struct built *built,
		       struct err *e)
{
	if (domain_limits(h, g, built->domid, e) || domain_ports(h, built->domid, built, e) ||
	    domain_load(h, dom, built, e)) {
		return -1;
	}
	return nodes_write(h, g, uuid, built, files->media, e);
}

/* A guest that vanished may have left its number to another one. */
static int is_others(struct hyper *h, uint32_t domid, const uint8_t uuid[16])
{
	xc_domaininfo_t info;

	return xc_domain_getinfolist(h->xch, domid, 1, &info) == 1 && info.domain == domid &&
	       memcmp(info.handle, uuid, sizeof(info.handle)) != 0;
}

int build_undo(struct hyper *h, uint32_t domid, const uint8_t uuid[16], int has_devices,
	       struct err *e)
{
	int failed = 0;

	if (is_others(h, domid, uuid)) {
		return 0;
	}
	if (has_devices || libxl_has_devices(h, domid)) {
		/* First: what a back end maps of the domain would keep it from going. */
		devices_end(h, domid);
	}
	if (xc_domain_destroy(h->xch, domid) && errno != ESRCH) {
		hyper_error(h, e, ERR_HOST, "the domain cannot be destroyed",
			    "domctl destroydomain");
		failed = -1;
	}
	nodes_remove(h, domid, uuid);
	libxl_guest_end(h, domid, uuid);
	return failed;
}

static int build_image(struct hyper *h, const struct guest_file *g, const uint8_t uuid[16],
		       const struct files *files, struct built *built, struct err *e)
{
	struct xc_dom_image *dom = xc_dom_allocate(h->xch, g->cmdline, NULL);
	int ret;

	if (!dom) {
		return err_set(e, ERR_NO_MEMORY, "dom0 has no memory left to build a guest");
	}
	ret = image_load(h, g, files, dom, e) || memory_check(h, g, dom, e) ||
			      domain_create(h, g, uuid, &built->domid, e) ||
			      domain_fill(h, g, uuid, files, dom, built, e)
		      ? -1
		      : 0;
	/* The image maps the domain's frames: let go of them first, or its memory stays. */
	xc_dom_release(dom);
	return ret;
}

static int files_get(const struct guest_file *g, struct files *files, struct err *e)
{
	files->kernel = file_get(g, KEY_BOOT_KERNEL, g->kernel, e);
	if (files->kernel && g->ramdisk) {
		files->ramdisk = file_get(g, KEY_BOOT_RAMDISK, g->ramdisk, e);
	}
	return files->kernel && (files->ramdisk || !g->ramdisk) ? 0 : -1;
}

int build_domain(struct hyper *h, const struct guest_file *g, const uint8_t uuid[16],
		 struct built *built, struct err *e)
{
	struct files files = {NULL, NULL, NULL};
	struct err undo ERR_CLEANUP = {0};
	int ret;

	memset(built, 0, sizeof(*built));
	built->domid = DOMID_INVALID;
	h->said[0] = '\0';
	ret = files_get(g, &files, e) || devices_open(g, &files.media, e) ||
			      build_image(h, g, uuid, &files, built, e) ||
			      devices_connect(h, built->domid, g, files.media, e)
		      ? -1
		      : 0;
	image_put(files.kernel);
	image_put(files.ramdisk);
	devices_close(g, files.media);
	if (ret && built->domid != DOMID_INVALID) {
		build_undo(h, built->domid, uuid, g->disk_count + g->net_count, &undo);
	}
	return ret;
}

/* SPDX-License-Identifier: MIT */
/*
 * Builds dom0 from the boot modules: kernel, ramdisk, p2m list, page tables, start_info, first
 * vcpu. What cannot work ends in panic() with a sentence that says what to do. Boot only.
 */
#include <xen/domctl.h>
#include "arch/cpu.h"
#include "control/control.h"
#include "dom0_options.h"
#include "dom0_private.h"
#include "grant/grant.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mmu/mmu.h"
#include "pv/pv.h"

static struct domain *create(void)
{
	struct xen_domctl_createdomain cfg = {
		.max_vcpus = MIN(dom0_vcpus_wanted(MAX(acpi_facts.cpu_count, 1u)), DOM_MAX_VCPUS),
		.max_evtchn_port = ~0u,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = XEN_DOMCTL_GRANT_version(grant_version_max),
	};
	struct domain *d = NULL;
	int rc = domain_create(0, &cfg, &d);

	for (unsigned int i = 0; !rc && i < cfg.max_vcpus; i++) {
		rc = domain_alloc_vcpu(d, i);
	}
	if (rc) {
		panic("Cannot create dom0 (error %d): is there too little memory?", rc);
	}
	return d;
}

static void parse_modules(struct dom0_builder *b)
{
	const struct boot_module *m = &boot_info.module[0];
	const char *error;

	b->image = maddr_to_virt(m->start);
	b->image_mfn = _mfn(m->start >> PAGE_SHIFT);
	b->initrd = boot_info.module_count > 1 ? &boot_info.module[1] : NULL;
	error = elf_parse(b->image, m->size, &b->kernel);
	if (error) {
		panic("%s", error);
	}
}

static void fill_hypercall_page(struct dom0_builder *b)
{
	u64 offset = b->kernel.hypercall_page - b->kernel.virt_base;

	if (!elf_has_note(&b->kernel, XEN_ELFNOTE_HYPERCALL_PAGE)) {
		return;
	}
	if (offset % PAGE_SIZE || offset >= b->kernel.end) {
		panic("The dom0 kernel's hypercall page lies outside of the kernel");
	}
	hypercall_page_fill(dom0_page(b, offset >> PAGE_SHIFT));
}

static void start_vcpu(struct dom0_builder *b, mfn_t root)
{
	struct vcpu *v = b->d->vcpu[0];
	struct cpu_regs *r = &v->pv.regs;
	u64 base = b->kernel.virt_base;
	int rc;

	r->rip = b->kernel.entry;
	r->rsp = base + ((b->layout.stack_pfn + 1) << PAGE_SHIFT);
	r->rsi = base + (b->layout.start_info_pfn << PAGE_SHIFT);
	r->cs = SEL_GUEST_CS64;
	r->ss = SEL_GUEST_DS;
	r->rflags = RFLAGS_IF | BIT(1);
	v->pv.kernel_mode = true;
	do {
		rc = mmu_set_base(v, root, _mfn(0));
	} while (rc == -ERESTART);
	if (rc) {
		panic("dom0's root table was refused (error %d): this is a bug in Domus", rc);
	}
	v->initialised = v->up = true;
}

struct domain *dom0_build(void)
{
	static struct dom0_builder b;
	mfn_t root;

	/* No guest has state in the vector registers yet. */
	alloc_boot_clearing(read_cr4() & CR4_OSFXSR);
	parse_modules(&b);
	b.d = create();
	dom0_choose_layout(&b);
	printk(LOG_INFO "dom0: %s, %lu MiB, %u vcpus\n", b.kernel.guest_os, b.pages >> 8,
	       b.d->max_vcpus);
	dom0_fill_memory(&b);
	fill_hypercall_page(&b);
	dom0_write_start_info(&b);
	root = dom0_build_tables(&b);
	start_vcpu(&b, root);
	alloc_boot_clearing(false);
	return b.d;
}

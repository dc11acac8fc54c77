/* SPDX-License-Identifier: MIT */
/*
 * Guests' GDT and LDT. Invariant: every frame in a vcpu's GDT, and every frame that its LDT window
 * holds (ldt_mapped), carries a general and a descriptor reference. A CPU's window shows the
 * frames of the vcpu that was loaded last. Changed by the vcpu itself or while it is paused.
 */
#include "arch/hv_map.h"
#include "arch/tlb.h"
#include "arch/uaccess.h"
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "mmu/mmu.h"
#include "tables.h"

#define DESC_PER_PAGE (PAGE_SIZE / 8)
#define GDT_MAX       (GUEST_GDT_FRAMES * DESC_PER_PAGE)
#define LDT_MAX       8192u
#define LDT_SLOT      16u /* of the first LDT page in the window */

/*
 * What a CPU's window may show, so that a switch touches no more of it: behind `gdt_pages` all is
 * hv_zero_frame, and LDT pages without a bit are not there. Each CPU uses its own.
 */
static struct window {
	u16 gdt_pages, ldt_pages;
} windows[CONFIG_NR_CPUS];

static void window_set(unsigned int slot, pte_t e)
{
	unsigned int cpu = cpu_id();
	pte_t *p = &cpu_window_l1(cpu)[slot];

	if (*p != e) {
		WRITE_ONCE(*p, e);
		tlb_flush_page_local(CPUWIN_GDT(cpu) + slot * PAGE_SIZE);
	}
}

static unsigned int gdt_pages(unsigned int entries)
{
	return (unsigned int)(ROUND_UP(entries, DESC_PER_PAGE) / DESC_PER_PAGE);
}

static void window_set_ldt(const struct vcpu *v, unsigned int i)
{
	window_set(LDT_SLOT + i,
		   v->pv.ldt_mapped >> i & 1 ? pte_make(v->pv.ldt_frame[i], HV_RW | PTE_NX) : 0);
}

void descriptor_load(struct vcpu *v)
{
	struct window *w = &windows[cpu_id()];
	const unsigned int pages = gdt_pages(v->pv.gdt_entries);

	for (unsigned int i = 0; i < MAX(pages, w->gdt_pages); i++) {
		window_set(i, i < pages ? pte_make(v->pv.gdt_frame[i], HV_RW | PTE_NX)
					: pte_make(hv_zero_frame, HV_RO | PTE_NX));
	}
	w->gdt_pages = (u16)pages;
	for (unsigned int m = v->pv.ldt_mapped | w->ldt_pages; m; m &= m - 1) {
		window_set_ldt(v, bit_first(m));
	}
	w->ldt_pages = v->pv.ldt_mapped;
	arch_load_ldt(v->pv.ldt_entries);
}

static void frames_put(const mfn_t *frames, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		frame_put_and_type(frames[i]);
	}
}

int gdt_set(struct vcpu *v, const u64 *mfns, unsigned int entries)
{
	unsigned int pages = gdt_pages(entries), old_pages = gdt_pages(v->pv.gdt_entries);
	mfn_t frames[GUEST_GDT_FRAMES] = {{0}}, old[GUEST_GDT_FRAMES];

	if (entries > GDT_MAX) {
		return -EINVAL;
	}
	for (unsigned int i = 0; i < pages; i++) {
		frames[i] = _mfn(mfns[i]);
		if (frame_get_and_type(frames[i], &v->domain->mm, FT_DESC)) {
			frames_put(frames, i);
			return -EINVAL;
		}
	}
	memcpy(old, v->pv.gdt_frame, sizeof(old));
	memcpy(v->pv.gdt_frame, frames, sizeof(frames));
	v->pv.gdt_entries = entries;
	if (v == current) {
		descriptor_load(v);
	}
	frames_put(old, old_pages);
	return 0;
}

void gdt_release(struct vcpu *v)
{
	gdt_set(v, NULL, 0);
}

long do_set_gdt(guest_ptr_t frames, unsigned int entries)
{
	u64 mfns[GUEST_GDT_FRAMES];

	if (entries > GDT_MAX) {
		return -EINVAL;
	}
	if (copy_from_guest(mfns, frames, gdt_pages(entries) * sizeof(mfns[0]))) {
		return -EFAULT;
	}
	return gdt_set(current, mfns, entries);
}

void ldt_release(struct vcpu *v)
{
	unsigned int mapped = v->pv.ldt_mapped;

	if (likely(!mapped)) {
		return;
	}
	v->pv.ldt_mapped = 0;
	for (; mapped; mapped &= mapped - 1) {
		unsigned int i = bit_first(mapped);

		if (v == current) {
			window_set_ldt(v, i);
		}
		frame_put_and_type(v->pv.ldt_frame[i]);
	}
}

int ldt_set(struct vcpu *v, unsigned long base, unsigned int entries)
{
	if (entries > LDT_MAX || (entries && (base & ~PAGE_MASK || !va_guest(base)))) {
		return -EINVAL;
	}
	ldt_release(v);
	v->pv.ldt_base = base;
	v->pv.ldt_entries = entries;
	arch_load_ldt(entries);
	return 0;
}

bool ldt_fault(struct vcpu *v, unsigned long offset)
{
	unsigned int i = (unsigned int)(offset >> PAGE_SHIFT);
	mfn_t table;
	pte_t e;

	if (offset / 8 >= v->pv.ldt_entries || v->pv.ldt_mapped >> i & 1 ||
	    !l1_find(v, v->pv.ldt_base + (offset & PAGE_MASK), &table, &e) || !(e & PTE_P) ||
	    frame_get_and_type(pte_mfn(e), &v->domain->mm, FT_DESC)) {
		return false;
	}
	v->pv.ldt_frame[i] = pte_mfn(e);
	v->pv.ldt_mapped |= (u16)BIT(i);
	windows[cpu_id()].ldt_pages |= v->pv.ldt_mapped;
	window_set_ldt(v, i);
	return true;
}

long do_update_descriptor(u64 maddr, u64 desc)
{
	const struct owner *o = &current->domain->mm;
	mfn_t m = _mfn(maddr >> PAGE_SHIFT);
	enum frame_kind kind;
	int rc;

	if (maddr % sizeof(desc) || !descriptor_fix(&desc) || frame_get(m, o)) {
		return -EINVAL;
	}
	kind = FT_KIND(READ_ONCE(frame_of(m)->type)) == FT_DESC ? FT_DESC : FT_WRITABLE;
	rc = frame_get_type(m, kind);
	if (!rc) {
		WRITE_ONCE(((u64 *)mfn_to_virt(m))[(maddr & ~PAGE_MASK) / sizeof(desc)], desc);
		frame_put_type(m);
	}
	frame_put(m);
	return rc;
}

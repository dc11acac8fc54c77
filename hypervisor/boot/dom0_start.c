/* SPDX-License-Identifier: MIT */
/* What dom0's kernel finds at start: start_info with the screen's description behind it. */
#include <xen/xen.h>
#include "arch/cpu.h"
#include "dom0_private.h"
#include "lib/lib.h"

#define FB_RGB   1
#define FB_TEXT  2
#define LFB_UNIT 0x10000u /* lfb_size counts these */

static u8 crtc_read(u8 index)
{
	outb(0x3d4, index);
	return inb(0x3d5);
}

static void describe_text(dom0_vga_console_info_t *v)
{
	u16 columns = boot_info.fb.width ? (u16)boot_info.fb.width : 80;
	u16 cursor = (u16)(crtc_read(0x0e) << 8 | crtc_read(0x0f));

	v->video_type = XEN_VGATYPE_TEXT_MODE_3;
	v->u.text_mode_3.font_height = 16;
	v->u.text_mode_3.columns = columns;
	v->u.text_mode_3.rows = boot_info.fb.height ? (u16)boot_info.fb.height : 25;
	v->u.text_mode_3.cursor_x = cursor % columns;
	v->u.text_mode_3.cursor_y = MIN(cursor / columns, v->u.text_mode_3.rows - 1);
}

static void describe_pixels(dom0_vga_console_info_t *v)
{
	u64 bytes = (u64)boot_info.fb.pitch * boot_info.fb.height;

	v->video_type = boot_info.efi_system_table ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB;
	v->u.vesa_lfb.width = (u16)boot_info.fb.width;
	v->u.vesa_lfb.height = (u16)boot_info.fb.height;
	v->u.vesa_lfb.bytes_per_line = (u16)boot_info.fb.pitch;
	v->u.vesa_lfb.bits_per_pixel = boot_info.fb.bpp;
	v->u.vesa_lfb.lfb_base = (u32)boot_info.fb.addr;
	v->u.vesa_lfb.ext_lfb_base = (u32)(boot_info.fb.addr >> 32);
	v->u.vesa_lfb.lfb_size = (u32)((bytes + LFB_UNIT - 1) / LFB_UNIT);
	memcpy(&v->u.vesa_lfb.red_pos, boot_info.fb.colours, sizeof(boot_info.fb.colours));
	if (boot_info.fb.bpp == 32) {
		v->u.vesa_lfb.rsvd_pos = 24;
		v->u.vesa_lfb.rsvd_size = 8;
	}
}

/* False: there is no screen that dom0 could use. On BIOS, text is there even if GRUB is silent. */
static bool describe_screen(dom0_vga_console_info_t *v)
{
	if (boot_info.fb.type == FB_RGB && boot_info.fb.addr) {
		describe_pixels(v);
	} else if (boot_info.fb.type == FB_TEXT || !boot_info.efi_system_table) {
		describe_text(v);
	} else {
		return false;
	}
	return true;
}

void dom0_write_start_info(struct dom0_builder *b)
{
	const struct dom0_layout *l = &b->layout;
	start_info_t *si = dom0_page(b, l->start_info_pfn);
	u64 base = b->kernel.virt_base;

	str_copy(si->magic, "xen-3.0-x86_64", sizeof(si->magic));
	si->nr_pages = b->pages;
	si->shared_info = virt_to_maddr(b->d->shared);
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	si->pt_base = base + (l->table_pfn << PAGE_SHIFT);
	si->nr_pt_frames = l->table_count;
	si->mfn_list = l->p2m_va;
	if (elf_has_note(&b->kernel, XEN_ELFNOTE_INIT_P2M)) {
		si->first_p2m_pfn = l->p2m_pfn;
		si->nr_p2m_frames = l->p2m_pages + l->p2m_table_count;
	}
	if (b->initrd) {
		si->mod_len = b->initrd->size;
		si->mod_start = l->initrd_pfn;
		if (b->kernel.initrd_by_pfn) {
			si->flags |= SIF_MOD_START_PFN;
		} else {
			si->mod_start = base + (l->initrd_pfn << PAGE_SHIFT);
		}
	}
	if (describe_screen((dom0_vga_console_info_t *)(si + 1))) {
		si->console.dom0.info_off = sizeof(*si);
		si->console.dom0.info_size = sizeof(dom0_vga_console_info_t);
	}
	str_copy((char *)si->cmd_line, boot_info.dom0_cmdline, sizeof(si->cmd_line));
}

/* SPDX-License-Identifier: MIT */
/* What the boot loader handed over, taken in before anything else: fills boot_info. */
#include "control/control.h"
#include "lib/lib.h"
#include "mb2.h"

#define INFO_MAX 0x100000u /* bytes of information block looked at */

struct boot_info boot_info;

extern char __image_start[], __image_end[];
extern pte_t boot_l2_image[];

const char *boot_parse(u32 magic, u64 info_maddr)
{
	if (magic != MB2_LOADED_MAGIC) {
		return "Not started by multiboot2: load Domus with GRUB's command multiboot2";
	}
	/* head.S mapped the image from its first byte on. */
	boot_info.image_start = pte_mfn(boot_l2_image[0]).n << PAGE_SHIFT;
	boot_info.image_end = boot_info.image_start + (u64)(__image_end - __image_start);
	host_facts.cmdline = boot_info.cmdline;
	return mb2_parse(maddr_to_virt(info_maddr), INFO_MAX, &boot_info);
}

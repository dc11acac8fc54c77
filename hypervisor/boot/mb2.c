/* SPDX-License-Identifier: MIT */
/*
 * Reading the multiboot2 information block. The block comes from the boot loader, which may be
 * broken: every length is checked before use. On UEFI it lies below 1 MiB, where it will be
 * overwritten: all is copied.
 */
#include "mb2.h"
#include "acpi_tables.h"
#include "e820.h"
#include "lib/lib.h"

enum {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_MODULE = 3,
	TAG_MMAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_EFI64 = 12,
	TAG_RSDP_V1 = 14,
	TAG_RSDP_V2 = 15,
	TAG_EFI_MMAP = 17,
};

#define MAX_RAW_E820  256
#define EFI_MAP_BYTES 16384

/* A tag's contents: `size` bytes from the tag's start, of which the first 8 are its header. */
struct tag {
	const u8 *p;
	u32 size;
};

static struct boot_e820 raw[MAX_RAW_E820];
static unsigned int raw_count;
static u8 efi_map[EFI_MAP_BYTES];

static u64 field(const u8 *p, unsigned int bytes)
{
	u64 v = 0;

	memcpy(&v, p, bytes);
	return v;
}

/* Copies the string at `offset` of the tag, whether it is terminated or not. */
static void tag_string(const struct tag *t, u32 offset, char *dst, size_t size)
{
	size_t n = 0;

	if (offset < t->size) {
		n = strnlen((const char *)t->p + offset, MIN(t->size - offset, size - 1));
		memcpy(dst, t->p + offset, n);
	}
	dst[n] = 0;
}

/* A command line; GRUB's own script puts a word in front of each that says nothing. */
static void tag_cmdline(const struct tag *t, u32 offset, char *s, size_t size)
{
	static const char placeholder[] = "placeholder";
	size_t n = sizeof(placeholder) - 1;

	tag_string(t, offset, s, size);
	if (!strncmp(s, placeholder, n) && (s[n] == ' ' || !s[n])) {
		n += s[n] == ' ';
		memmove(s, s + n, strlen(s + n) + 1);
	}
}

static const char *parse_cmdline(const struct tag *t, struct boot_info *out)
{
	tag_cmdline(t, 8, out->cmdline, sizeof(out->cmdline));
	return NULL;
}

static const char *parse_module(const struct tag *t, struct boot_info *out)
{
	u64 start, end;

	if (t->size < 16) {
		return "The boot loader's description of a module is cut short";
	}
	start = field(t->p + 8, 4);
	end = field(t->p + 12, 4);
	if (end <= start) {
		return "A boot module is empty: is the file that GRUB loads damaged?";
	}
	if (start % PAGE_SIZE) {
		return "A boot module is not on a page boundary: load Domus with GRUB 2";
	}
	if (out->module_count == BOOT_MAX_MODULES) {
		return "Too many boot modules: a kernel and an initial ramdisk are wanted";
	}
	if (out->module_count == 0) {
		tag_cmdline(t, 16, out->dom0_cmdline, sizeof(out->dom0_cmdline));
	}
	out->module[out->module_count++] = (struct boot_module){start, end - start};
	return NULL;
}

static const char *parse_mmap(const struct tag *t, struct boot_info *out)
{
	u32 entry_size, count;

	if (t->size < 16 || (entry_size = (u32)field(t->p + 8, 4)) < 24) {
		return "The boot loader's memory map is malformed";
	}
	count = (t->size - 16) / entry_size;
	if (count > MAX_RAW_E820) {
		return "The boot loader's memory map has more than 256 entries";
	}
	for (u32 i = 0; i < count; i++) {
		memcpy(&raw[i], t->p + 16 + i * (size_t)entry_size, sizeof(raw[i]));
	}
	raw_count = count;
	return NULL;
}

static const char *parse_framebuffer(const struct tag *t, struct boot_info *out)
{
	if (t->size >= 32) {
		memcpy(&out->fb, t->p + 8, MIN(t->size - 8, sizeof(out->fb)));
	}
	return NULL;
}

/* A copy of the RSDP; its tables are looked at once memory is mapped. Version 2 wins. */
static const char *parse_rsdp(const struct tag *t, struct boot_info *out)
{
	const u8 *rsdp = t->p + 8;

	if (t->size < 8 + 20 || !acpi_checksum_ok(rsdp, 20) || memcmp(rsdp, "RSD PTR ", 8)) {
		return NULL;
	}
	if (t->size >= 8 + 36 && rsdp[15] >= 2 && field(rsdp + 24, 8)) {
		out->rsdp_root = field(rsdp + 24, 8);
		out->rsdp_is_xsdt = true;
	} else if (!out->rsdp_is_xsdt) {
		out->rsdp_root = field(rsdp + 16, 4);
	}
	return NULL;
}

static const char *parse_efi(const struct tag *t, struct boot_info *out)
{
	if (t->size >= 16) {
		out->efi_system_table = field(t->p + 8, 8);
	}
	return NULL;
}

static const char *parse_efi_map(const struct tag *t, struct boot_info *out)
{
	if (t->size < 16 || t->size - 16 > EFI_MAP_BYTES) {
		return NULL; /* only run-time services would need it */
	}
	memcpy(efi_map, t->p + 16, t->size - 16);
	out->efi_map = efi_map;
	out->efi_map_size = t->size - 16;
	out->efi_desc_size = (u32)field(t->p + 8, 4);
	return NULL;
}

static const struct {
	u32 type;
	const char *(*parse)(const struct tag *t, struct boot_info *out);
} parsers[] = {
	{TAG_CMDLINE, parse_cmdline}, {TAG_MODULE, parse_module},
	{TAG_MMAP, parse_mmap},       {TAG_FRAMEBUFFER, parse_framebuffer},
	{TAG_RSDP_V1, parse_rsdp},    {TAG_RSDP_V2, parse_rsdp},
	{TAG_EFI64, parse_efi},       {TAG_EFI_MMAP, parse_efi_map},
};

static const char *parse_tag(u32 type, const struct tag *t, struct boot_info *out)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(parsers); i++) {
		if (parsers[i].type == type) {
			return parsers[i].parse(t, out);
		}
	}
	return NULL;
}

static const char *parse_tags(const u8 *info, u32 limit, struct boot_info *out)
{
	static const char truncated[] = "The boot loader's information block is cut short";
	u32 total = limit >= 8 ? MIN((u32)field(info, 4), limit) : 0;

	for (u32 at = 8; at <= total && total - at >= 8;) {
		u32 type = (u32)field(info + at, 4), size = (u32)field(info + at + 4, 4);
		struct tag t = {info + at, size};
		const char *error;

		if (type == TAG_END) {
			return NULL;
		}
		if (size < 8 || size > total - at) {
			return truncated;
		}
		error = parse_tag(type, &t, out);
		if (error) {
			return error;
		}
		at += (u32)ROUND_UP((u64)size, 8);
	}
	return truncated;
}

/* What follows " -- " on the hypervisor's line goes to the end of dom0's. */
static void split_cmdline(struct boot_info *out)
{
	char *rest = strstr(out->cmdline, " -- ");
	size_t n = strlen(out->dom0_cmdline);

	if (!rest) {
		return;
	}
	*rest = 0;
	if (n && n < sizeof(out->dom0_cmdline) - 1) {
		out->dom0_cmdline[n++] = ' ';
	}
	str_copy(out->dom0_cmdline + n, rest + 4, sizeof(out->dom0_cmdline) - n);
}

static bool modules_overlap(const struct boot_info *b)
{
	for (unsigned int i = 0; i < b->module_count; i++) {
		for (unsigned int j = 0; j < i; j++) {
			const struct boot_module *x = &b->module[i], *y = &b->module[j];

			if (x->start < ROUND_UP(y->start + y->size, PAGE_SIZE) &&
			    y->start < ROUND_UP(x->start + x->size, PAGE_SIZE)) {
				return true;
			}
		}
	}
	return false;
}

const char *mb2_parse(const void *info, u32 limit, struct boot_info *out)
{
	const char *error;

	raw_count = 0;
	error = parse_tags(info, limit, out);
	if (error) {
		return error;
	}
	out->e820_count = e820_normalise(raw, raw_count, out->e820, BOOT_MAX_E820);
	if (out->e820_count == 0) {
		return "The boot loader gave no memory map: load Domus with GRUB 2 (multiboot2)";
	}
	if (out->e820_count > BOOT_MAX_E820) {
		return "The boot loader's memory map has more than 128 separate ranges";
	}
	if (out->module_count == 0) {
		return "No dom0 kernel: add a module2 line for it to GRUB's menu entry";
	}
	if (modules_overlap(out)) {
		return "Two boot modules overlap in memory: the boot loader is broken";
	}
	split_cmdline(out);
	return NULL;
}

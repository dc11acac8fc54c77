/* SPDX-License-Identifier: MIT */
/* dom0's kernel file: what is taken from it, what is refused with which words, and damaged files.
 */
#include "unit.h"
#include <elf.h>
#include <xen/elfnote.h>
#include "lib/lib.h"
#include "../../hypervisor/boot/elf.h"

#define NOTES_AT   0x400u
#define FILE_BYTES 0x5000u

static u8 file[FILE_BYTES];
static u32 notes_end;
static struct elf_kernel k;

static Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)file;
}

static Elf64_Phdr *phdr(unsigned int i)
{
	return (Elf64_Phdr *)(file + sizeof(Elf64_Ehdr)) + i;
}

static void note(u32 type, const void *desc, u32 size)
{
	u32 head[3] = {4, size, type};

	memcpy(file + notes_end, head, 12);
	memcpy(file + notes_end + 12, "Xen", 4);
	memcpy(file + notes_end + 16, desc, size);
	notes_end += 16 + (u32)ROUND_UP(size, 4u);
	phdr(2)->p_filesz = phdr(2)->p_memsz = notes_end - NOTES_AT;
}

static void note_number(u32 type, u64 v)
{
	note(type, &v, 8);
}

static void note_string(u32 type, const char *s)
{
	note(type, s, (u32)strlen(s) + 1);
}

/* As Linux 6.1 looks: text, a per-CPU segment with virtual address 0, notes. */
static void build(void)
{
	memset(file, 0, sizeof(file));
	memcpy(header()->e_ident, ELFMAG "\2\1\1", 7);
	header()->e_type = ET_EXEC;
	header()->e_machine = EM_X86_64;
	header()->e_phoff = sizeof(Elf64_Ehdr);
	header()->e_phentsize = sizeof(Elf64_Phdr);
	header()->e_phnum = 3;
	*phdr(0) = (Elf64_Phdr){.p_type = PT_LOAD,
				.p_offset = 0x1000,
				.p_paddr = 0x1000000,
				.p_vaddr = 0xffffffff81000000,
				.p_filesz = 0x2000,
				.p_memsz = 0x2800};
	*phdr(1) = (Elf64_Phdr){.p_type = PT_LOAD,
				.p_offset = 0x3000,
				.p_paddr = 0x1003000,
				.p_filesz = 0x1234,
				.p_memsz = 0x8000};
	*phdr(2) = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = NOTES_AT};
	notes_end = NOTES_AT;
	note_number(XEN_ELFNOTE_ENTRY, 0xffffffff830791c0);
	note_number(XEN_ELFNOTE_VIRT_BASE, 0xffffffff80000000);
	note_string(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	note_string(XEN_ELFNOTE_LOADER, "generic");
	note_string(XEN_ELFNOTE_GUEST_OS, "linux");
	note_string(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb");
	note_number(XEN_ELFNOTE_INIT_P2M, 0x8000000000);
	note_number(XEN_ELFNOTE_MOD_START_PFN, 1);
	note(XEN_ELFNOTE_SUPPORTED_FEATURES, "\x01\x88\0\0", 4);
}

/* From a copy of exactly this size: the sanitizer sees every step outside. */
static const char *parse(u32 bytes)
{
	u8 *copy = malloc(bytes ? bytes : 1);
	const char *error;

	memcpy(copy, file, bytes);
	error = elf_parse(copy, bytes, &k);
	free(copy);
	return error;
}

static void expect(const char *words)
{
	const char *error = parse(FILE_BYTES);

	assert_non_null(error);
	if (!strstr(error, words)) {
		fail_msg("\"%s\" does not say \"%s\"", error, words);
	}
}

static void test_linux(void **state)
{
	(void)state;
	build();
	assert_null(parse(FILE_BYTES));
	assert_int_equal(k.segment_count, 2);
	assert_int_equal(k.segment[0].paddr, 0x1000000);
	assert_int_equal(k.segment[1].paddr, 0x1003000);
	assert_int_equal(k.segment[1].offset, 0x3000);
	assert_int_equal(k.end, 0x100b000);
	assert_int_equal(k.entry, 0xffffffff830791c0);
	assert_int_equal(k.virt_base, 0xffffffff80000000);
	assert_true(elf_has_note(&k, XEN_ELFNOTE_INIT_P2M) && k.initrd_by_pfn);
	assert_false(elf_has_note(&k, XEN_ELFNOTE_HYPERCALL_PAGE));
	assert_int_equal(k.init_p2m, 0x8000000000);
	assert_int_equal(k.supported_features, 0x8801);
	assert_string_equal(k.guest_os, "linux");
}

static void test_paddr_offset(void **state)
{
	(void)state;
	build();
	note_number(XEN_ELFNOTE_PADDR_OFFSET, 0x1000000);
	assert_null(parse(FILE_BYTES));
	assert_int_equal(k.segment[0].paddr, 0);
	assert_int_equal(k.end, 0xb000);
	note_number(XEN_ELFNOTE_PADDR_OFFSET, 0x1000001);
	expect("outside of the range");
}

static void test_refused(void **state)
{
	(void)state;
	build();
	memset(file, 0, FILE_BYTES);
	memcpy(file + 0x1fe, "\x55\xaa", 2);
	memcpy(file + 0x202, "HdrS", 4);
	expect("domus-unpack-kernel VMLINUZ OUT.elf");
	build();
	file[0] = 0x1f;
	expect("no ELF kernel");
	build();
	file[4] = 1;
	expect("32-bit");
	build();
	header()->e_machine = 3;
	expect("32-bit");
	build();
	phdr(2)->p_type = PT_NULL;
	expect("no Xen notes");
	build();
	note(XEN_ELFNOTE_SUPPORTED_FEATURES, "\x01\x80\0\0", 4);
	expect("without dom0 support");
	build();
	note_string(XEN_ELFNOTE_LOADER, "other");
	expect("another ABI");
	build();
	note_string(XEN_ELFNOTE_FEATURES, "!auto_translated_physmap");
	expect("features");
	build();
	note_number(XEN_ELFNOTE_VIRT_BASE, 0xffff810000000000);
	expect("impossible addresses");
	build();
	note_number(XEN_ELFNOTE_ENTRY, 0x0000900000000000);
	expect("impossible addresses");
	build();
	phdr(1)->p_paddr = 0x1002000;
	expect("overlap");
	build();
	phdr(1)->p_memsz = ~0ull;
	expect("outside of the range");
	build();
	phdr(1)->p_filesz = 0x8001;
	phdr(1)->p_offset = 0;
	expect("cut short");
	build();
	phdr(0)->p_type = phdr(1)->p_type = PT_NULL;
	expect("no ELF segments");
	build();
	header()->e_phnum = 65;
	expect("malformed");
}

static void test_truncated(void **state)
{
	(void)state;
	build();
	for (u32 n = 0; n < 0x3000 + 0x1234; n++) {
		assert_non_null(parse(n));
	}
	assert_null(parse(0x3000 + 0x1234));
}

static void check_result(void)
{
	assert_true(k.segment_count >= 1 && k.segment_count <= ELF_MAX_SEGMENTS);
	for (unsigned int i = 0; i < k.segment_count; i++) {
		const struct elf_segment *s = &k.segment[i];

		assert_true(s->filesz <= s->memsz);
		assert_true(s->offset <= FILE_BYTES && s->filesz <= FILE_BYTES - s->offset);
		assert_true(s->paddr + s->memsz <= k.end && k.end <= 1ull << 30);
		for (unsigned int j = 0; j < i; j++) {
			const struct elf_segment *o = &k.segment[j];

			assert_true(s->paddr >= o->paddr + o->memsz ||
				    o->paddr >= s->paddr + s->memsz);
		}
	}
}

/* Whatever is accepted keeps the promises of elf.h. */
static void test_mutated(void **state)
{
	static const u8 edges[] = {0, 1, 0x7f, 0x80, 0xff};
	unsigned int accepted = 0;

	(void)state;
	srand(5);
	for (unsigned int round = 0; round < 100000; round++) {
		build();
		for (unsigned int i = 0; i <= round % 4; i++) {
			u32 at = rand() % 4 ? (u32)rand() % 0x120 : NOTES_AT + (u32)rand() % 0x140;

			file[at] = rand() % 2 ? edges[rand() % 5] : (u8)rand();
		}
		if (!parse(FILE_BYTES)) {
			accepted++;
			check_result();
		}
	}
	assert_true(accepted > 1000 && accepted < 90000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linux),   cmocka_unit_test(test_paddr_offset),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

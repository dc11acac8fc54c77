/* SPDX-License-Identifier: MIT */
/*
 * A plugin for QEMU's emulator that counts executed instructions and writes the count down when
 * an address is executed for the first time, and when the hypervisor first writes to a port
 * (its first line). QEMU's header is not packaged: the few prototypes needed stand here.
 *
 *     -plugin build/bench/plugin.so,out=FILE,NAME=0xADDRESS,...
 *
 * The names `begin` and `end` are special: whenever `end` is executed, all that ran in the
 * hypervisor since `begin`, on any CPU, is written down as a line "window INSTRUCTIONS" and a line
 * "block ADDRESS INSTRUCTIONS" for each of its blocks. A block that a fault leaves early counts as
 * a whole.
 *
 * One thread executes all virtual CPUs (as with -icount); no lock.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct tb;
struct insn;
struct info;
enum { INLINE_ADD = 0, NO_REGISTERS = 0, MAX_MARKS = 8, MAX_BLOCKS = 1 << 18 };

int qemu_plugin_version __attribute__((visibility("default"))) = 1;
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*cb)(plugin_id, struct tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct tb *tb, int op, void *to, uint64_t add);
void qemu_plugin_register_vcpu_insn_exec_cb(struct insn *insn, void (*cb)(unsigned int, void *),
					    int flags, void *arg);
size_t qemu_plugin_tb_n_insns(const struct tb *tb);
struct insn *qemu_plugin_tb_get_insn(const struct tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct insn *insn);
const void *qemu_plugin_insn_data(const struct insn *insn);
int qemu_plugin_install(plugin_id id, const struct info *info, int argc, char **argv);

struct mark {
	char name[32];
	uint64_t address;
	int seen;
};

/* A translated block of the hypervisor; the same code may come in blocks of several lengths. */
struct block {
	uint64_t address, executed; /* instructions */
	size_t length;
};

static uint64_t executed;
static FILE *out;
static struct mark marks[MAX_MARKS];
static unsigned int mark_count;
static struct mark first_out = {.name = "first-line"};
static struct block blocks[MAX_BLOCKS]; /* by a hash; address 0 is free */

/* The hypervisor's part of the address space, by the ABI. */
static int of_hypervisor(uint64_t address)
{
	return address >= 0xffff800000000000 && address < 0xffff880000000000;
}

static void reached(unsigned int cpu, void *arg)
{
	struct mark *mark = arg;

	(void)cpu;
	if (!mark->seen) {
		mark->seen = 1;
		fprintf(out, "%s %" PRIu64 "\n", mark->name, executed);
		fflush(out);
	}
}

static struct block *block_of(uint64_t address, size_t length)
{
	uint64_t hash = (address ^ length) * 0x9e3779b97f4a7c15ull;
	unsigned int i, tries;

	for (i = hash >> 46, tries = 0; tries < MAX_BLOCKS; i = (i + 1) % MAX_BLOCKS, tries++) {
		struct block *b = &blocks[i];

		if (!b->address) {
			b->address = address;
			b->length = length;
		}
		if (b->address == address && b->length == length) {
			return b;
		}
	}
	fprintf(stderr, "plugin: more than %u blocks\n", MAX_BLOCKS);
	abort();
}

static void window_begin(unsigned int cpu, void *arg)
{
	unsigned int i;

	(void)cpu;
	(void)arg;
	for (i = 0; i < MAX_BLOCKS; i++) {
		blocks[i].executed = 0;
	}
}

static void window_end(unsigned int cpu, void *arg)
{
	uint64_t sum = 0;
	unsigned int i;

	(void)cpu;
	(void)arg;
	for (i = 0; i < MAX_BLOCKS; i++) {
		sum += blocks[i].executed;
	}
	fprintf(out, "window %" PRIu64 "\n", sum);
	for (i = 0; i < MAX_BLOCKS; i++) {
		if (blocks[i].executed) {
			fprintf(out, "block %" PRIx64 " %" PRIu64 "\n", blocks[i].address,
				blocks[i].executed);
		}
	}
	fflush(out);
}

static void watch(struct insn *insn, struct mark *m)
{
	void (*fn)(unsigned int, void *) = strcmp(m->name, "begin") == 0 ? window_begin
					   : strcmp(m->name, "end") == 0 ? window_end
									 : reached;

	if (!m->seen) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, fn, NO_REGISTERS, m);
	}
}

static void translated(plugin_id id, struct tb *tb)
{
	size_t i, count = qemu_plugin_tb_n_insns(tb);
	uint64_t start = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	unsigned int m;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD, &executed, count);
	if (of_hypervisor(start)) {
		qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD,
							 &block_of(start, count)->executed, count);
	}
	for (i = 0; i < count; i++) {
		struct insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		for (m = 0; m < mark_count; m++) {
			if (address == marks[m].address) {
				watch(insn, &marks[m]);
			}
		}
		/* out dx, al */
		if (!first_out.seen && of_hypervisor(address) &&
		    *(const uint8_t *)qemu_plugin_insn_data(insn) == 0xee) {
			watch(insn, &first_out);
		}
	}
}

__attribute__((visibility("default"))) int
qemu_plugin_install(plugin_id id, const struct info *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		char *equal = strchr(argv[i], '=');

		if (!equal || (size_t)(equal - argv[i]) >= sizeof(marks[0].name)) {
			return -1;
		}
		*equal = 0;
		if (strcmp(argv[i], "out") == 0) {
			out = fopen(equal + 1, "w");
		} else if (mark_count < MAX_MARKS) {
			strcpy(marks[mark_count].name, argv[i]);
			marks[mark_count++].address = strtoull(equal + 1, NULL, 0);
		}
	}
	if (!out) {
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}

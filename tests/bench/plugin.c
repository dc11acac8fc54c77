/* SPDX-License-Identifier: MIT */
/*
 * A plugin for QEMU's emulator that counts executed instructions and writes the count down when
 * an address is executed for the first time, and when the hypervisor first writes to a port
 * (its first line). QEMU's header is not packaged: the few prototypes needed stand here.
 *
 *     -plugin build/bench/plugin.so,out=FILE,NAME=0xADDRESS,...
 *
 * One virtual CPU only; no lock.
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
enum { INLINE_ADD = 0, NO_REGISTERS = 0, MAX_MARKS = 8 };

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

static uint64_t executed;
static FILE *out;
static struct mark marks[MAX_MARKS];
static unsigned int mark_count;
static struct mark first_out = {.name = "first-line"};

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

static void translated(plugin_id id, struct tb *tb)
{
	size_t i, count = qemu_plugin_tb_n_insns(tb);
	unsigned int m;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD, &executed, count);
	for (i = 0; i < count; i++) {
		struct insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		for (m = 0; m < mark_count; m++) {
			if (address == marks[m].address && !marks[m].seen) {
				qemu_plugin_register_vcpu_insn_exec_cb(insn, reached, NO_REGISTERS,
								       &marks[m]);
			}
		}
		/* out dx, al */
		if (!first_out.seen && of_hypervisor(address) &&
		    *(const uint8_t *)qemu_plugin_insn_data(insn) == 0xee) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, reached, NO_REGISTERS,
							       &first_out);
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

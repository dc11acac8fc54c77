/* SPDX-License-Identifier: MIT */
/*
 * The calls, and the shape of their arguments, so that random values get past the first check.
 * A shape is a string of fields:
 *
 *   d u32  small   s u16  domain    p u32  port, reference, handle    n u32  count
 *   . u32  any     h u16  small     m u64  frame                      N u64  count
 *   v u64  pointer l u64  list      e u64  table entry                a u64  machine address
 *   g u32  flags of a grant mapping
 *   r u64  any     w u64  window    x u32  as it stands in `fixed`    c u32  command below 64
 */
#include "hostile.h"
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

enum where { CMD_FIRST, POINTER_FIRST, PLAIN }; /* op(cmd, arg), op(arg, ...), numbers only */

struct kind {
	u8 nr, where, cmds;
	const char *shape[12]; /* by command; the last one serves those above */
	u32 fixed;
};

static const struct kind kinds[] = {
	{1, POINTER_FIRST, 0, {"aeaeaeaeaeaeaeae"}, 0},
	{26, POINTER_FIRST, 0, {"c.mmc.mvc.mrc.vv"}, 0},
	{14, PLAIN, 0, {"vev"}, 0},
	{22, PLAIN, 0, {"ves"}, 0},
	{12,
	 CMD_FIRST,
	 28,
	 {"lNdds", "lNdds", "", "", "", "lNdds", "lNdds", "s", "", "n.v", "n.v",
	  "lNdds...lNdds...N"},
	 0},
	{12, CMD_FIRST, 30, {"shdNm", "sh.n.v", "lNdds...lNdds...N", "sh..dddmlr"}, 0},
	{20,
	 CMD_FIRST,
	 12,
	 {"wgpsh.r", "wrp.", "sh.n.v", "s.n.v", "msh.", "ph.shppsh..pd..", "shdd..", "ppsh..", "",
	  "pd", "shd", "rhhd"},
	 0},
	{32,
	 CMD_FIRST,
	 14,
	 {"sh..", "dd", "dd", "p", "p", "ssp", "shsp", "d.", "pd", "p", "s", "m.."},
	 0},
	{32, CMD_FIRST, 14, {"sp.", "d", "pd", "p", "shp....", "shsh.", "d.", "pd", "p", "s"}, 0},
	{29, CMD_FIRST, 8, {"lp.r"}, 0},
	{24, CMD_FIRST, 16, {"rrrrrr", "r", "r", "rr", "m.."}, 0},
	{33, CMD_FIRST, 36, {"p", "dddd", "v.", "pd", "shdd..pdddr", "hhr"}, 0},
	{36,
	 POINTER_FIRST,
	 0,
	 {"cxsh.vNlrrdddrr", "cxsh.ddddlrlrrr", "cxsh.d....ddddddddddddd"},
	 XEN_DOMCTL_INTERFACE_VERSION},
	{35, POINTER_FIRST, 0, {"cxvnnvnnvnnrrr"}, XEN_SYSCTL_INTERFACE_VERSION},
	{7, POINTER_FIRST, 0, {"cx..ddrrvdrr"}, XENPF_INTERFACE_VERSION},
	{17, CMD_FIRST, 14, {"v", "d.r", "rr"}, 0},
	{2, POINTER_FIRST, 0, {"mmmmmmmmmmmmmm"}, 0},
	{10, PLAIN, 0, {"ar"}, 0},
	{8, PLAIN, 0, {"dv"}, 0},
	{9, PLAIN, 0, {"d"}, 0},
	{25, PLAIN, 0, {"dr"}, 0},
	{5, PLAIN, 0, {"d"}, 0},
	{21, PLAIN, 0, {"dd"}, 0},
	{15, PLAIN, 0, {"r"}, 0},
	{18, PLAIN, 0, {"nnv"}, 0},
	{13, PLAIN, 0, {"ln"}, 0}, /* the list is made of calls: see multicall() */
};

static u16 nasty_domid(void)
{
	static const u16 ids[] = {DOMID_SELF, DOMID_SELF, DOMID_SELF, 0,
				  1,          DOMID_IO,   DOMID_XEN,  DOMID_INVALID,
				  DOMID_IDLE, DOMID_COW,  0xffff,     3};

	return ids[below(ARRAY_SIZE(ids))];
}

/* A mapping anywhere else would be overwritten one day, and that ends a domain. */
static u64 nasty_window(void)
{
	const char *w = window[below(WINDOWS)];
	u64 which = below(8);

	return which < 5 ? (u64)w : which < 7 ? pte_maddr(w) : random_next() >> (1 + below(30));
}

/* One field at p; returns its bytes. */
static unsigned int field(char kind, u8 *p, u32 fixed)
{
	u64 v = 0;

	switch (kind) {
	case 's':
		v = nasty_domid();
		memcpy(p, &v, 2);
		return 2;
	case 'h':
		v = below(4) ? below(32) : nasty();
		memcpy(p, &v, 2);
		return 2;
	case 'd':
		v = below(4) ? below(12) : nasty();
		break;
	case 'c':
		v = below(96);
		break;
	case 'p':
		v = below(4) ? below(20) : nasty();
		break;
	case 'n':
		v = below(8) ? below(40) : nasty();
		break;
	case 'g':
		v = below(8) ? below(64) : nasty();
		break;
	case 'x':
		v = below(16) ? fixed : nasty();
		break;
	case '.':
		v = below(2) ? 0 : nasty();
		break;
	default:
		v = kind == 'm'   ? nasty_mfn()
		    : kind == 'v' ? nasty_va()
		    : kind == 'l' ? (below(8) ? (u64)call_list : nasty_va())
		    : kind == 'e' ? nasty_entry()
		    : kind == 'a' ? nasty_maddr()
		    : kind == 'N' ? (below(8) ? below(20) : nasty())
		    : kind == 'w' ? nasty_window()
				  : nasty();
		memcpy(p, &v, 8);
		return 8;
	}
	memcpy(p, &v, 4);
	return 4;
}

/* Is it a base table that shows this kernel? Two do, until a call clears or copies over them. */
static bool is_base(u64 mfn)
{
	const u64 kernel = ((const u64 *)start_info_ptr->pt_base)[511];
	const unsigned int i = mfn == va_to_mfn(table[6]) ? 6 : 7;
	u64 entry = 0;

	if (mfn != va_to_mfn(table[i])) {
		return false;
	}
	TRY("movq (%0), %%rcx; movq %%rcx, (%1)", "r"(table[i] + 511), "r"(&entry));
	return caught_vector == -1 && !((entry ^ kernel) & ~PTE_AD);
}

static bool base_is_strange(void)
{
	for (unsigned int i = 0; i < WORDS / 3; i++) {
		const struct mmuext_op *op = (const struct mmuext_op *)call_args + i;

		if (op->cmd == MMUEXT_NEW_BASEPTR && !is_base(op->arg1.mfn)) {
			return true;
		}
	}
	return false;
}

/* Commands that would end this domain or the machine, and be right; text on the console. */
static bool deadly(unsigned long nr, const unsigned long *a)
{
	const u32 *w = (const u32 *)call_args;
	u32 cmd = (u32)a[0];

	switch (nr) {
	case __HYPERVISOR_sched_op:
		return cmd == SCHEDOP_shutdown || cmd == SCHEDOP_shutdown_code ||
		       cmd == SCHEDOP_remote_shutdown || cmd == SCHEDOP_watchdog;
	case __HYPERVISOR_mmuext_op:
		/* Elsewhere in our memory stands what nobody looked at. */
		return base_is_strange() || (a[0] >= VIRT_BASE && a[0] != (u64)call_args);
	case __HYPERVISOR_vcpu_op: /* up, down; the info page that events arrive by */
		return cmd == 1 || cmd == 2 || cmd == 10;
	case __HYPERVISOR_console_io:
		return cmd == 0 && (u32)a[1] > 4;
	case __HYPERVISOR_physdev_op: /* where the PCI configuration space is */
		return cmd == 24;
	case __HYPERVISOR_set_debugreg: /* QEMU complains of breakpoints that wrap */
		return a[1] >= ~0xfful;
	case __HYPERVISOR_platform_op:
		return w[0] == XENPF_enter_acpi_sleep;
	case __HYPERVISOR_sysctl: /* keys: reboot is one of them */
		return w[0] == XEN_SYSCTL_debug_keys;
	case __HYPERVISOR_event_channel_op:
		return !is_dom0() && (cmd == EVTCHNOP_reset || cmd == EVTCHNOP_close);
	case __HYPERVISOR_multicall: /* a page of zeros is a list of set_trap_table(NULL) */
		return a[0] != (u64)call_list;
	case __HYPERVISOR_set_trap_table: /* with main.c: handlers are put back at once */
	case __HYPERVISOR_set_callbacks:
	case __HYPERVISOR_callback_op:
	case __HYPERVISOR_nmi_op:
	case __HYPERVISOR_stack_switch:
	case __HYPERVISOR_iret:
		return true;
	}
	return false;
}

static void fill(const struct kind *k, const char *shape)
{
	u8 *p = (u8 *)call_args;

	/* Not all of it each time: that would take longer than the call. */
	for (unsigned int i = 0; i < WORDS / 4; i++) {
		call_args[i] = below(4) ? 0 : nasty();
	}
	for (unsigned int i = 0; i < WORDS / 8; i++) {
		call_list[below(WORDS)] = below(4) ? nasty_mfn() : nasty();
	}
	for (; *shape; shape++) {
		p += field(*shape, p, k->fixed);
	}
}

static void make(struct call *c, const struct kind *k)
{
	u32 cmd = (u32)(below(16) ? below(k->cmds + 1u) : nasty());
	unsigned int shapes = 1;

	while (shapes < ARRAY_SIZE(k->shape) && k->shape[shapes]) {
		shapes++;
	}
	c->nr = k->nr;
	fill(k, k->shape[cmd < shapes ? cmd : below(shapes)]);
	if (k->where == PLAIN) {
		memcpy(c->a, call_args, sizeof(c->a));
		return;
	}
	for (unsigned int i = 0; i < 4; i++) {
		c->a[i] = below(4) ? below(9) : nasty();
	}
	c->a[k->where == CMD_FIRST] = below(16) ? (u64)call_args : nasty_va();
	if (k->nr == __HYPERVISOR_sched_op) { /* a poll ends at once */
		call_args[2] = 1;
		c->a[1] = (u64)call_args;
	}
	if (k->where == CMD_FIRST) {
		c->a[0] = cmd;
		if (k->nr == __HYPERVISOR_vcpu_op) { /* cmd, vcpu, arg */
			c->a[2] = c->a[1];
			c->a[1] = below(3);
		}
		if (k->nr == __HYPERVISOR_grant_table_op) { /* what follows args was not shaped */
			c->a[2] = below(2);
		}
	} else if (below(4)) {
		c->a[3] = nasty_domid();
	}
}

/* Up to three calls in one; their arguments are the same words. */
static void multicall(struct call *c)
{
	multicall_entry_t *m = (multicall_entry_t *)call_list;
	struct call sub;
	unsigned int n = 1 + (unsigned int)below(3);

	for (unsigned int i = 0; i < n; i++) {
		do {
			make(&sub, &kinds[below(ARRAY_SIZE(kinds) - 1)]);
		} while (deadly(sub.nr, sub.a) || sub.nr == __HYPERVISOR_sched_op);
	}
	memset(m, 0, n * sizeof(*m));
	for (unsigned int i = 0; i < n; i++) {
		m[i].op = sub.nr;
		memcpy(m[i].args, sub.a, sizeof(sub.a));
	}
	c->nr = __HYPERVISOR_multicall;
	c->a[0] = (u64)m;
	c->a[1] = below(8) ? n : n + 1; /* then the last does nothing: __HYPERVISOR_multicall */
	m[n].op = __HYPERVISOR_multicall;
	c->a[2] = c->a[3] = 0;
}

void call_make(struct call *c)
{
	do {
		u64 which = below(ARRAY_SIZE(kinds) + 2);

		if (which >= ARRAY_SIZE(kinds)) { /* no shape at all */
			c->nr = below(4) ? below(64) : nasty();
			c->nr += c->nr == __HYPERVISOR_sched_op;
			for (unsigned int i = 0; i < 4; i++) {
				c->a[i] = nasty();
			}
		} else if (kinds[which].nr == __HYPERVISOR_multicall) {
			multicall(c);
		} else {
			make(c, &kinds[which]);
		}
	} while (deadly(c->nr, c->a));
}

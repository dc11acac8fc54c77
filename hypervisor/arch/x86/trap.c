/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts: those in the hypervisor itself are handled here (a registered
 * fixup, or the end); a guest's go to pv/. Interrupt vectors are looked up in a table.
 */
#include "arch/apic.h"
#include "arch/smp.h"
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "arch/guest_entry.h"

#define MSR_MCG_CAP      0x179
#define MSR_MC_STATUS(i) (0x401 + 4 * (i)) /* the address follows it */
#define MC_STATUS_VALID  BIT(63)

struct ex_entry {
	s32 from, to; /* relative to the fields themselves */
};

extern const struct ex_entry __ex_table_start[], __ex_table_end[];

static struct {
	vector_handler_t fn;
	void *arg;
} handlers[256];

void vector_set_handler(u8 vector, vector_handler_t fn, void *arg)
{
	WRITE_ONCE(handlers[vector].fn, NULL);
	WRITE_ONCE(handlers[vector].arg, arg);
	WRITE_ONCE(handlers[vector].fn, fn);
}

bool extable_fixup(struct cpu_regs *regs)
{
	for (const struct ex_entry *e = __ex_table_start; e < __ex_table_end; e++) {
		if ((u64)&e->from + (u64)(s64)e->from == regs->rip) {
			regs->rip = (u64)&e->to + (u64)(s64)e->to;
			return true;
		}
	}
	return false;
}

void regs_dump(const struct cpu_regs *r)
{
	printk(LOG_ERR "rip %04x:%016lx rflags %08lx rsp %04x:%016lx cr2 %016lx\n", r->cs, r->rip,
	       r->rflags, r->ss, r->rsp, read_cr2());
	printk(LOG_ERR "rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", r->rax, r->rbx, r->rcx,
	       r->rdx);
	printk(LOG_ERR "rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", r->rsi, r->rdi, r->rbp,
	       r->r8);
	printk(LOG_ERR "r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", r->r9, r->r10, r->r11,
	       r->r12);
	printk(LOG_ERR "r13 %016lx r14 %016lx r15 %016lx error %x vector %u\n", r->r13, r->r14,
	       r->r15, r->error_code, r->entry_vector);
}

static bool on_this_stack(u64 p)
{
	return ((p ^ (u64)cpu_info()) & ~(u64)(STACK_SIZE - 1)) == 0 && !(p & 7);
}

/* Frame pointers: the build keeps them. Addresses resolve with the image's symbol file. */
void stack_trace(u64 rip, u64 rbp)
{
	printk(LOG_ERR "at   %016lx\n", rip);
	for (int i = 0; i < 24 && on_this_stack(rbp) && on_this_stack(rbp + 8); i++) {
		printk(LOG_ERR "from %016lx\n", ((u64 *)rbp)[1]);
		if (((u64 *)rbp)[0] <= rbp) {
			break;
		}
		rbp = ((u64 *)rbp)[0];
	}
}

static void print_place(const struct cpu_regs *regs, const char *what)
{
	printk(LOG_ERR "%s in the hypervisor on CPU %u, vector %u, error code %x\n", what, cpu_id(),
	       regs->entry_vector, regs->error_code);
	regs_dump(regs);
	stack_trace(regs->rip, regs->rbp);
}

static void __noreturn fatal_trap(const struct cpu_regs *regs, const char *what)
{
	print_place(regs, what);
	panic("exception in the hypervisor: this is a defect in Domus, please report the lines above");
}

/* With what each bank of the CPU recorded: its status and its address, if it has one. */
static void __noreturn machine_check(const struct cpu_regs *regs)
{
	u64 banks, status, addr;

	(void)rdmsr_safe(MSR_MCG_CAP, &banks);
	for (u32 i = 0; i < (banks & 0xff); i++) {
		if (!rdmsr_safe(MSR_MC_STATUS(i), &status) && status & MC_STATUS_VALID) {
			(void)rdmsr_safe(MSR_MC_STATUS(i) + 1, &addr);
			printk(LOG_ERR "bank %u: status %016lx, address %016lx\n", i, status, addr);
		}
	}
	print_place(regs, "Machine check");
	panic("machine check: the hardware reports an error that cannot be mended");
}

static void nmi(const struct cpu_regs *regs)
{
	if (cpu_marked(cpu_id(), PENDING_REPORT)) {
		print_place(regs, "Asked by NMI,");
		cpu_take(PENDING_REPORT);
	} else {
		cpu_mark(cpu_id(), PENDING_NMI); /* to print it here might find locks taken */
		pv_hardware_nmi();
	}
}

static void interrupt(const struct cpu_regs *regs)
{
	u8 vector = (u8)regs->entry_vector;
	vector_handler_t fn = READ_ONCE(handlers[vector].fn);

	if (fn) {
		fn(vector, handlers[vector].arg);
	} else if (vector != VECTOR_SPURIOUS) {
		apic_eoi();
	}
}

/*
 * The final iretq faulted: what the guest asked to return to cannot be, or was not looked at yet.
 * Its registers were loaded already, so the new frame has them; the frame that iretq read is intact
 * above.
 */
static void __noreturn iret_fault(struct cpu_regs *regs, bool mended)
{
	struct cpu_regs *g = guest_regs();
	u32 vector = regs->entry_vector, ec = regs->error_code;

	memmove(g, regs, offsetof(struct cpu_regs, error_code));
	g->entry_vector = vector;
	g->error_code = ec;
	irq_enable();
	if (!mended) {
		pv_iret_fault(g);
	}
	enter_guest(); /* with a new look at what is pending */
}

void trap_from_hypervisor(struct cpu_regs *regs);
void trap_from_hypervisor(struct cpu_regs *regs)
{
	bool mended;

	if (regs->entry_vector >= 32) {
		interrupt(regs);
		return;
	}
	switch (regs->entry_vector) {
	case TRAP_NMI:
		nmi(regs);
		return;
	case TRAP_DB:
		/* A guest's breakpoint on memory that the hypervisor copied, or MOV SS before
		 * SYSCALL. */
		regs->rflags &= ~RFLAGS_TF;
		return;
	case TRAP_MC:
		machine_check(regs);
	case TRAP_DF:
		fatal_trap(regs, "Double fault (stack overflow?)");
	default:
		break;
	}
	mended = regs->entry_vector == TRAP_PF && pv_hypervisor_page_fault(read_cr2());
	if (regs->rip == (u64)iret_to_guest || regs->rip == (u64)isolated_iret_to_guest) {
		iret_fault(regs, mended);
	}
	if (mended) {
		return;
	}
	if (!extable_fixup(regs)) {
		fatal_trap(regs, "Exception");
	}
}

void trap_from_guest(struct cpu_regs *regs);
void trap_from_guest(struct cpu_regs *regs)
{
	u64 cr2;

	smap_close(); /* the guest's AC flag would hold it open */
	if (likely(regs->entry_vector == TRAP_PF)) {
		cr2 = read_cr2(); /* before another fault can replace it */
		irq_enable();
		pv_page_fault(regs, cr2);
		return;
	}
	if (regs->entry_vector >= 32 && regs->entry_vector != VECTOR_INT80) {
		interrupt(regs);
		return;
	}
	switch (regs->entry_vector) {
	case TRAP_NMI:
		nmi(regs);
		return;
	case TRAP_MC:
		machine_check(regs);
	default:
		irq_enable();
		pv_exception(regs);
		return;
	}
}

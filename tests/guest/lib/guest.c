/* SPDX-License-Identifier: MIT */
/* Start of a test kernel: shared page, traps, the test, the verdict. */
#include "guest.h"
#include <xen/callback.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

shared_info_t *shared_info;
unsigned int check_count, fail_count;
bool (*trap_handler)(struct trap_frame *f);
void (*event_handler)(void);
struct guest_cpu guest_cpus[2] = {{.vector = -1, .random = 0x9e3779b97f4a7c15ull},
				  {.vector = -1, .random = 0x9e3779b97f4a7c15ull}};

extern char trap_stubs[], event_stub[];
static char shared_page[PAGE_SIZE] __attribute__((aligned(4096)));
static const char *claim_name;
static unsigned int claim_fails;

void guest_main(void);
struct trap_frame *guest_trap(struct trap_frame *f);
struct trap_frame *guest_event(struct trap_frame *f);

/* Where it was, for who has to find out why. */
static void trap_show(const struct trap_frame *f)
{
	const u64 *sp = (const u64 *)f->rsp;

	print("vcpu %u cs %lx rsp %lx flags %lx rax %lx rbx %lx rcx %lx rdx %lx\n", this_vcpu(),
	      f->cs, f->rsp, f->rflags, f->rax, f->rbx, f->rcx, f->rdx);
	print("rsi %lx rdi %lx r8 %lx r10 %lx r11 %lx r15 %lx resume %lx at %lx\n", f->rsi, f->rdi,
	      f->r8, f->r10, f->r11, f->r15, try_resume, try_at);
	try_resume = 0;
	if (f->rsp - VIRT_BASE < 0x40000000) {
		for (unsigned int i = 0; i < 16; i++) {
			print("%lx%s", sp[i], i % 8 == 7 ? "\n" : " ");
		}
	}
}

struct trap_frame *guest_trap(struct trap_frame *f)
{
	if (trap_handler && trap_handler(f)) {
		return f;
	}
	if (try_resume) {
		caught_vector = (int)f->vector;
		caught_ec = f->error_code;
		f->rip = try_resume;
		return f;
	}
	print("FAIL unexpected trap %lu, error code %lx, rip %lx, cr2 %lx\n", f->vector,
	      f->error_code, f->rip,
	      shared_info ? shared_info->vcpu_info[this_vcpu()].arch.cr2 : 0);
	trap_show(f);
	print("RESULT: fail\n");
	guest_shutdown(SHUTDOWN_crash);
}

extern char user_return[], user_syscall_entry[];

/* rsp need not be right: user_return finds its own. */
void user_leave(struct trap_frame *f)
{
	f->rip = (u64)user_return;
	f->cs = 0xe030;
	f->ss = 0xe02b;
	f->rflags = (f->rflags & 0x200) | 2; /* user code may have set DF */
	f->rsp = (u64)f;
}

struct trap_frame *guest_event(struct trap_frame *f)
{
	shared_info->vcpu_info[this_vcpu()].evtchn_upcall_pending = 0;
	if (event_handler) {
		event_handler();
	}
	return f;
}

void guest_shutdown(unsigned int reason)
{
	struct sched_shutdown s = {.reason = reason};

	for (;;) {
		HC2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &s);
	}
}

bool is_dom0(void)
{
	return start_info_ptr->flags & SIF_INITDOMAIN;
}

void claim(const char *what)
{
	if (claim_name) {
		print("%s %s\n", fail_count == claim_fails ? "PASS" : "FAIL", claim_name);
	}
	claim_name = what;
	claim_fails = fail_count;
}

/* What stands behind NAME= in the command line, NULL if it is not there. */
static const char *word(const char *name)
{
	const char *s = (const char *)start_info_ptr->cmd_line;
	size_t n = strlen(name);

	for (; *s; s++) {
		bool start = s == (const char *)start_info_ptr->cmd_line || s[-1] == ' ';

		if (start && !memcmp(s, name, n) && s[n] == '=') {
			return s + n + 1;
		}
	}
	return NULL;
}

u64 argument(const char *name, u64 otherwise)
{
	const char *s = word(name);
	u64 v = 0;

	if (!s) {
		return otherwise;
	}
	for (; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (u64)(*s - '0');
	}
	return v;
}

bool argument_is(const char *name, const char *text)
{
	const char *s = word(name);
	size_t n = strlen(text);

	return s && !memcmp(s, text, n) && (!s[n] || s[n] == ' ');
}

void event_make_pending(void)
{
	vcpu_info_t *v = &shared_info->vcpu_info[this_vcpu()];

	*(volatile u8 *)&v->evtchn_upcall_mask = 0;
	*(volatile u8 *)&v->evtchn_upcall_pending = 1;
}

static void set_traps(void)
{
	static trap_info_t traps[33];
	struct callback_register event = {.type = CALLBACKTYPE_event};

	for (unsigned int i = 0; i < 32; i++) {
		/* Vectors 3 and 4 may be raised by user code, all by the kernel itself. */
		traps[i] = (trap_info_t){(u8)i, (u8)(i == 3 || i == 4 ? 3 : 1), 0xe033,
					 (unsigned long)trap_stubs + i * 16};
	}
	HC1(__HYPERVISOR_set_trap_table, traps);
	event.address = (unsigned long)event_stub;
	HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &event);
	event.type = CALLBACKTYPE_syscall;
	event.address = (unsigned long)user_syscall_entry;
	HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &event);
}

void guest_main(void)
{
	set_traps();
	if (HC3(__HYPERVISOR_update_va_mapping, shared_page, start_info_ptr->shared_info | 0x63,
		UVMF_INVLPG)) {
		print("FAIL shared_info cannot be mapped\n");
	}
	shared_info = (shared_info_t *)shared_page;
	test_main();
	claim(NULL);
	print("RESULT: %s (%u checks, %u failed)\n", fail_count ? "fail" : "pass", check_count,
	      fail_count);
	guest_shutdown(SHUTDOWN_poweroff);
}

void random_seed(u64 seed)
{
	this_cpu->random = seed | 1;
}

u64 random_next(void)
{
	u64 *r = &this_cpu->random;

	*r ^= *r << 13;
	*r ^= *r >> 7;
	*r ^= *r << 17;
	return *r;
}

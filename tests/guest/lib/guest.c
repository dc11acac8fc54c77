/* SPDX-License-Identifier: MIT */
/* Start of a test kernel: shared page, traps, the test. */
#include "guest.h"
#include <xen/callback.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

bool (*trap_handler)(struct trap_frame *f);
void (*event_handler)(void);
struct guest_cpu guest_cpus[2] = {{.vector = -1, .random = 0x9e3779b97f4a7c15ull},
				  {.vector = -1, .random = 0x9e3779b97f4a7c15ull}};

extern char user_return[], user_syscall_entry[];

struct trap_frame *kernel_trap(struct trap_frame *f)
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
	print("FAIL unexpected trap %lu, vcpu %u, cr2 %lx, resume %lx at %lx\n", f->vector,
	      this_vcpu(), shared_info ? shared_info->vcpu_info[this_vcpu()].arch.cr2 : 0,
	      try_resume, try_at);
	try_resume = 0;
	trap_show(f);
	print("RESULT: fail\n");
	guest_shutdown(SHUTDOWN_crash);
}

/* rsp need not be right: user_return finds its own. */
void user_leave(struct trap_frame *f)
{
	f->rip = (u64)user_return;
	f->cs = 0xe030;
	f->ss = 0xe02b;
	f->rflags = (f->rflags & 0x200) | 2; /* user code may have set DF */
	f->rsp = (u64)f;
}

struct trap_frame *kernel_event(struct trap_frame *f)
{
	shared_info->vcpu_info[this_vcpu()].evtchn_upcall_pending = 0;
	if (event_handler) {
		event_handler();
	}
	return f;
}

void event_make_pending(void)
{
	vcpu_info_t *v = &shared_info->vcpu_info[this_vcpu()];

	*(volatile u8 *)&v->evtchn_upcall_mask = 0;
	*(volatile u8 *)&v->evtchn_upcall_pending = 1;
}

void kernel_start(void)
{
	struct callback_register syscall = {.type = CALLBACKTYPE_syscall,
					    .address = (unsigned long)user_syscall_entry};

	traps_set();
	HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &syscall);
	if (shared_info_map()) {
		print("FAIL shared_info cannot be mapped\n");
	}
	test_main();
	claims_end();
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

/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's console keys: what each prints is the room's own. They run outside of
 * interrupts, take references to what they look at, and change nothing but for R.
 */
#include "control/control.h"
#include "drivers/console.h"
#include "event/event.h"
#include "grant/grant.h"
#include "irq/irq.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "sched/sched.h"

#define KEY_FOR_EACH(name, fn)        \
	static void name(void)        \
	{                             \
		domain_for_each (d) { \
			fn(d);        \
		}                     \
	}

static const char *vcpu_state(const struct vcpu *v)
{
	return !v->up             ? "down"
	       : v->unit.running  ? "running"
	       : v->unit.runnable ? "runnable"
	       : v->polling       ? "polling"
	       : v->blocked       ? "blocked"
				  : "paused";
}

static void domain_print(struct domain *d)
{
	printk("domain %u: %lu of %lu pages, %u ports, %u grant maps, paused %u%s%s\n",
	       domain_id(d), d->mm.pages, d->mm.limit, evtchn_count(d), grant_map_count(d),
	       d->pause_count, d->shut_down ? ", shut down" : "", d->dying ? ", dying" : "");
	vcpu_for_each (d, v, i) {
		printk(" vcpu %u on CPU %u: %s, upcall pending %u masked %u\n", v->id,
		       READ_ONCE(v->unit.cpu), vcpu_state(v),
		       v->info ? v->info->evtchn_upcall_pending : 0,
		       v->info ? v->info->evtchn_upcall_mask : 0);
	}
}

KEY_FOR_EACH(key_domains, domain_print)

static void registers_print(struct domain *d)
{
	vcpu_for_each (d, v, i) {
		const struct cpu_regs *r = v == current ? guest_regs() : &v->pv.regs;

		printk("d%uv%u rip %04x:%016lx rsp %04x:%016lx flags %lx %s\n", domain_id(d), v->id,
		       r->cs, r->rip, r->ss, r->rsp, r->rflags,
		       v->pv.kernel_mode ? "kernel" : "user");
		printk(" rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", r->rax, r->rbx, r->rcx,
		       r->rdx);
		printk(" rsi %016lx rdi %016lx rbp %016lx cr3 %016lx\n", r->rsi, r->rdi, r->rbp,
		       (v->pv.kernel_mode ? v->pv.cr3_kernel : v->pv.cr3_user));
	}
}

KEY_FOR_EACH(key_registers, registers_print)

KEY_FOR_EACH(key_events, evtchn_dump)

KEY_FOR_EACH(key_grants, grant_dump)

static void key_memory(void)
{
	printk("memory: %lu pages free, %lu of them dirty; hypervisor heap %lu KiB\n",
	       alloc_free_pages(), alloc_dirty_pages(), heap_bytes_used() >> 10);
}

static void key_reboot(void)
{
	machine_reboot();
}

void keys_init(void)
{
#ifdef CONFIG_DEBUG
	console_add_key('a', audit_key, "audit of all frames");
#endif
	console_add_key('d', key_registers, "registers of all vcpus");
	console_add_key('e', key_events, "event channels");
	console_add_key('g', key_grants, "grants");
	console_add_key('i', irq_dump, "interrupts");
	console_add_key('m', key_memory, "memory");
	console_add_key('q', key_domains, "domains and vcpus");
	console_add_key('r', sched_dump, "run queues");
	console_add_key('R', key_reboot, "reboot the machine");
}

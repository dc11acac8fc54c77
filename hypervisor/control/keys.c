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
	printk("domain %u: %llu of %llu pages, %u ports, %u grant maps, paused %u%s%s\n",
	       domain_id(d), (unsigned long long)d->mm.pages, (unsigned long long)d->mm.limit,
	       evtchn_count(d), grant_map_count(d), d->pause_count,
	       d->shut_down ? ", shut down" : "", d->dying ? ", dying" : "");
	vcpu_for_each (d, v, i) {
		printk(" vcpu %u on CPU %u: %s, upcall pending %u masked %u, paused %u\n", v->id,
		       v->unit.cpu, vcpu_state(v), v->info ? v->info->evtchn_upcall_pending : 0,
		       v->info ? v->info->evtchn_upcall_mask : 0, v->pause_count);
	}
}

static void key_domains(void)
{
	domain_for_each (d) {
		domain_print(d);
	}
}

static void registers_print(struct domain *d)
{
	vcpu_for_each (d, v, i) {
		const struct cpu_regs *r = v == current ? guest_regs() : &v->pv.regs;

		printk("d%uv%u rip %04x:%016llx rsp %04x:%016llx flags %llx %s\n", domain_id(d),
		       v->id, r->cs, (unsigned long long)r->rip, r->ss, (unsigned long long)r->rsp,
		       (unsigned long long)r->rflags, v->pv.kernel_mode ? "kernel" : "user");
		printk(" rax %016llx rbx %016llx rcx %016llx rdx %016llx\n",
		       (unsigned long long)r->rax, (unsigned long long)r->rbx,
		       (unsigned long long)r->rcx, (unsigned long long)r->rdx);
		printk(" rsi %016llx rdi %016llx rbp %016llx cr3 %016llx\n",
		       (unsigned long long)r->rsi, (unsigned long long)r->rdi,
		       (unsigned long long)r->rbp,
		       (unsigned long long)(v->pv.kernel_mode ? v->pv.cr3_kernel : v->pv.cr3_user));
	}
}

static void key_registers(void)
{
	domain_for_each (d) {
		registers_print(d);
	}
}

static void key_events(void)
{
	domain_for_each (d) {
		evtchn_dump(d);
	}
}

static void key_grants(void)
{
	domain_for_each (d) {
		grant_dump(d);
	}
}

static void key_memory(void)
{
	printk("memory: %llu pages free, %llu of them dirty; hypervisor heap %llu KiB\n",
	       (unsigned long long)alloc_free_pages(), (unsigned long long)alloc_dirty_pages(),
	       (unsigned long long)heap_bytes_used() >> 10);
}

static void key_reboot(void)
{
	machine_reboot();
}

void keys_init(void)
{
	console_add_key('d', key_registers, "registers of all vcpus");
	console_add_key('e', key_events, "event channels");
	console_add_key('g', key_grants, "grants");
	console_add_key('i', irq_dump, "interrupts");
	console_add_key('m', key_memory, "memory");
	console_add_key('q', key_domains, "domains and vcpus");
	console_add_key('R', key_reboot, "reboot the machine");
}

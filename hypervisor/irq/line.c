/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines: vectors, delivery, the hypervisor's own lines. A line has a handler as long as
 * it has a vector; with nobody listening its interrupts are dropped. Level lines are masked
 * before the local APIC's EOI and stay so until their guest's EOI: a guest that never answers
 * costs one interrupt. Locking: see line.h.
 */
#include "arch/apic.h"
#include "arch/cpu.h"
#include "event/event.h"
#include "lib/lib.h"
#include "line.h"
#include "mm/alloc.h"
#include "mm/pagetype.h"

spinlock_t irq_lock = SPINLOCK_INIT;
u32 gsi_count;

static struct irq_line *gsi_lines;
static u64 vectors_used[4]; /* bit v: vector v has a line */

struct irq_line *line_of_gsi(u32 gsi)
{
	return gsi < gsi_count ? &gsi_lines[gsi] : NULL;
}

/* Device interrupts go to CPU 0. */
void line_program(struct irq_line *line, bool masked)
{
	u32 apic_id = cpu_apic_id(0);

	if (line->kind == LINE_GSI) {
		ioapic_write_pin(line->pirq, ioapic_entry(line, apic_id, masked));
	} else {
		msi_program(line, apic_id, masked);
	}
}

/* An interrupt came. Messages and edges need no EOI of the guest: a lost race costs nothing. */
static void line_interrupt(u8 vector, void *arg)
{
	struct irq_line *line = arg;
	void (*fn)(void *);
	void *fn_arg;

	spin_lock(&irq_lock);
	line->count++;
	fn = line->fn;
	fn_arg = line->arg;
	if (!fn && line->level) {
		ioapic_mask_pin(line, true);
		line->owes_eoi = true;
	}
	if (!fn && line->port) {
		evtchn_raise(dom0, line->port);
	}
	spin_unlock(&irq_lock);
	if (fn) {
		fn(fn_arg);
	}
	apic_eoi();
}

int line_alloc_vector(struct irq_line *line)
{
	if (line->vector) {
		return 0;
	}
	for (unsigned int v = VECTOR_FIRST_DEV; v <= VECTOR_LAST_DEV; v++) {
		if (v != VECTOR_INT80 && !bit_test_and_set(vectors_used, v)) {
			line->vector = (u8)v;
			vector_set_handler((u8)v, line_interrupt, line);
			return 0;
		}
	}
	return -ENOSPC;
}

void line_free_vector(struct irq_line *line)
{
	if (line->vector) {
		/* Another CPU may be about to call with the argument: that stays. */
		vector_set_handler(line->vector, NULL, line);
		bit_test_and_clear(vectors_used, line->vector);
		line->vector = 0;
	}
}

/*
 * The hypervisor listens to a GSI itself; dom0 cannot have it any more. fn(arg) runs with
 * interrupts off. -EINVAL: no such GSI; -EBUSY; -ENOSPC: no vector.
 */
int irq_request_gsi(u32 gsi, void (*fn)(void *), void *arg)
{
	HOLD_LOCK_IRQSAVE(&irq_lock);
	struct irq_line *line = line_of_gsi(gsi);
	int rc = !line ? -EINVAL : line->fn || line->port ? -EBUSY : line_alloc_vector(line);

	if (!rc) {
		line->fn = fn;
		line->arg = arg;
		line->set_up = true;
		line_program(line, false);
	}
	return rc;
}

void irq_init(void)
{
	pte_mmio_read_only = mmio_read_only;
	gsi_count = ioapic_init();
	gsi_lines = heap_alloc(MAX(gsi_count, 1u) * sizeof(*gsi_lines));
	if (!gsi_lines) {
		panic("no memory for %u interrupt lines", gsi_count);
	}
	for (u32 gsi = 0; gsi < gsi_count; gsi++) {
		gsi_lines[gsi].kind = LINE_GSI;
		gsi_lines[gsi].pirq = gsi;
		gsi_default(gsi, &gsi_lines[gsi].level, &gsi_lines[gsi].active_low);
	}
}

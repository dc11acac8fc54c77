/* SPDX-License-Identifier: MIT */
/*
 * Timers: one pairing heap per CPU, ordered by expiry, guarded by its lock (taken with interrupts
 * off). The CPU's APIC timer is armed for the heap's first. A timer's `cpu` says which heap it
 * belongs to and whose lock guards it; it changes only while the timer is neither armed nor run.
 */
#include "arch/apic.h"
#include "arch/smp.h"
#include "lib/lib.h"
#include "lib/spinlock.h"
#include "time/time.h"

static struct timer_heap {
	spinlock_t lock;
	struct heap_node *root;
	struct timer *running; /* its callback runs now */
	u64 interrupts;
} heaps[CONFIG_NR_CPUS];

static struct timer *first(const struct timer_heap *h)
{
	return h->root ? container_of(h->root, struct timer, node) : NULL;
}

/* Locks the heap that a timer belongs to, which may be another one when the lock is there. */
static struct timer_heap *heap_lock(struct timer *t, unsigned long *flags)
{
	for (;;) {
		unsigned int cpu = READ_ONCE(t->cpu);
		struct timer_heap *h = &heaps[cpu];

		*flags = spin_lock_irqsave(&h->lock);
		if (t->cpu == cpu) {
			return h;
		}
		spin_unlock_irqrestore(&h->lock, *flags);
	}
}

/* Arms the hardware for the first timer; on another CPU, makes that one do it. */
static void program(struct timer_heap *h, unsigned int cpu)
{
	if (cpu != cpu_id()) {
		cpu_raise(cpu, PENDING_TIMER);
		return;
	}
	apic_timer_set(h->root ? time_ns_to_tsc(h->root->key) : 0);
}

static void timer_interrupt(u8 vector, void *arg)
{
	apic_eoi();
	heaps[cpu_id()].interrupts++;
	smp_timer_fired();
}

void timer_start_cpu(void)
{
	vector_set_handler(VECTOR_TIMER, timer_interrupt, NULL);
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
	*t = (struct timer){.fn = fn, .arg = arg, .cpu = cpu};
}

void timer_set(struct timer *t, u64 expires)
{
	unsigned long flags;
	struct timer_heap *h = heap_lock(t, &flags);
	struct timer *before = first(h);

	if (t->armed) {
		heap_remove(&h->root, &t->node);
	}
	t->node.key = MIN(expires, TIMER_NEVER);
	t->armed = true;
	heap_insert(&h->root, &t->node);
	if (first(h) != before || before == t) {
		program(h, t->cpu);
	}
	spin_unlock_irqrestore(&h->lock, flags);
}

void timer_set_here(struct timer *t, u64 expires)
{
	const unsigned int here = cpu_id();

	while (READ_ONCE(t->cpu) != here) {
		struct timer_heap *h;
		unsigned long flags;

		timer_stop(t); /* its callback must not be running there when stop looks here */
		h = heap_lock(t, &flags);
		if (!t->armed && h->running != t) {
			WRITE_ONCE(t->cpu, here);
		}
		spin_unlock_irqrestore(&h->lock, flags);
	}
	timer_set(t, expires);
}

void timer_stop(struct timer *t)
{
	struct timer_heap *h;
	unsigned long flags;
	bool runs;

	if (!t->fn) {
		return;
	}
	do { /* a callback that runs elsewhere may set it again */
		h = heap_lock(t, &flags);
		if (t->armed) {
			heap_remove(&h->root, &t->node);
			t->armed = false;
		}
		runs = h != &heaps[cpu_id()] && h->running == t;
		spin_unlock_irqrestore(&h->lock, flags);
		cpu_relax();
	} while (runs);
}

void timer_run(void)
{
	struct timer_heap *h = &heaps[cpu_id()];
	unsigned long flags = spin_lock_irqsave(&h->lock);
	u64 now = time_now();

	smp_overdue[cpu_id()] = 0;
	while (h->root && h->root->key <= now) {
		struct timer *t = first(h);

		heap_remove(&h->root, &t->node);
		t->armed = false;
		WRITE_ONCE(h->running, t);
		spin_unlock_irqrestore(&h->lock, flags);
		t->fn(t->arg);
		flags = spin_lock_irqsave(&h->lock);
		WRITE_ONCE(h->running, NULL);
	}
	program(h, cpu_id());
	spin_unlock_irqrestore(&h->lock, flags);
}

void timer_dump(void)
{
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		printk("CPU %u: %lu timer interrupts\n", cpu, heaps[cpu].interrupts);
	}
}

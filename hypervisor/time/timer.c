/* SPDX-License-Identifier: MIT */
/*
 * Timers: one pairing heap per CPU, ordered by expiry, guarded by its lock (taken with interrupts
 * off). The CPU's APIC timer is armed for the heap's first.
 */
#include "arch/apic.h"
#include "arch/cpu.h"
#include "lib/lib.h"
#include "lib/spinlock.h"
#include "time/time.h"

static struct timer_heap {
	spinlock_t lock;
	struct timer *root;
	struct timer *running; /* its callback runs now */
} heaps[CONFIG_NR_CPUS];

/* back: the left sibling, or the parent for a first child, or NULL for the root. */
static struct timer *meld(struct timer *a, struct timer *b)
{
	struct timer *low = a, *high = b;

	if (!a || !b) {
		return a ? a : b;
	}
	if (b->expires < a->expires) {
		low = b;
		high = a;
	}
	high->sibling = low->child;
	if (high->sibling) {
		high->sibling->back = high;
	}
	high->back = low;
	low->child = high;
	return low;
}

/* Melds a list of siblings: pairs from left to right, then the pairs from right to left. */
static struct timer *meld_list(struct timer *list)
{
	struct timer *pairs = NULL, *result = NULL;

	while (list) {
		struct timer *a = list, *b = a->sibling;

		list = b ? b->sibling : NULL;
		a->sibling = a->back = NULL;
		if (b) {
			b->sibling = b->back = NULL;
		}
		a = meld(a, b);
		a->sibling = pairs;
		pairs = a;
	}
	while (pairs) {
		struct timer *next = pairs->sibling;

		pairs->sibling = NULL;
		result = meld(result, pairs);
		pairs = next;
	}
	return result;
}

static void heap_remove(struct timer_heap *h, struct timer *t)
{
	struct timer *rest = meld_list(t->child);

	if (t == h->root) {
		h->root = rest;
	} else {
		if (t->back->child == t) {
			t->back->child = t->sibling;
		} else {
			t->back->sibling = t->sibling;
		}
		if (t->sibling) {
			t->sibling->back = t->back;
		}
		h->root = meld(h->root, rest);
	}
	t->child = t->sibling = t->back = NULL;
	t->armed = false;
}

/* Arms the hardware for the first timer; on another CPU, makes that one do it. */
static void program(struct timer_heap *h, unsigned int cpu)
{
	if (cpu != cpu_id()) {
		cpu_raise(cpu, PENDING_TIMER);
		return;
	}
	apic_timer_set(h->root ? time_ns_to_tsc(h->root->expires) : 0);
}

static void timer_interrupt(u8 vector, void *arg)
{
	apic_eoi();
	cpu_raise(cpu_id(), PENDING_TIMER);
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
	struct timer_heap *h = &heaps[t->cpu];
	HOLD_LOCK_IRQSAVE(&h->lock);
	struct timer *first = h->root;

	if (t->armed) {
		heap_remove(h, t);
	}
	t->expires = expires;
	t->armed = true;
	h->root = meld(h->root, t);
	if (h->root != first || first == t) {
		program(h, t->cpu);
	}
}

void timer_stop(struct timer *t)
{
	struct timer_heap *h = &heaps[t->cpu];
	unsigned long flags;

	if (!t->fn) {
		return;
	}
	flags = spin_lock_irqsave(&h->lock);
	if (t->armed) {
		heap_remove(h, t);
	}
	spin_unlock_irqrestore(&h->lock, flags);
	while (t->cpu != cpu_id() && READ_ONCE(h->running) == t) {
		cpu_relax();
	}
}

void timer_run(void)
{
	struct timer_heap *h = &heaps[cpu_id()];
	unsigned long flags = spin_lock_irqsave(&h->lock);
	u64 now = time_now();

	while (h->root && h->root->expires <= now) {
		struct timer *t = h->root;

		heap_remove(h, t);
		WRITE_ONCE(h->running, t);
		spin_unlock_irqrestore(&h->lock, flags);
		t->fn(t->arg);
		flags = spin_lock_irqsave(&h->lock);
		WRITE_ONCE(h->running, NULL);
	}
	program(h, cpu_id());
	spin_unlock_irqrestore(&h->lock, flags);
}

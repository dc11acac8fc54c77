/* SPDX-License-Identifier: MIT */
/* The console's key for run queues. */
#include "queue.h"

/*
 * Of one moment. Virtual times are relative to the queue's; the slice is what is left of it, 0 if
 * nothing ends it.
 */
static void queue_print(unsigned int cpu)
{
	struct runq *q = &queues[cpu];
	unsigned long flags = spin_lock_irqsave(&q->lock);
	const bool idle = q->running->idle, armed = READ_ONCE(q->slice.armed);
	const u64 now = time_now(), level = q->level, v = idle ? 0 : queue_running_v(q, now);
	const u64 ran = now - q->running->started, slice = armed ? q->slice.node.key - now : 0;
	const s64 first = q->waiting ? (s64)(q->first - level) : 0;
	const u32 waiting = q->waiting_count;

	spin_unlock_irqrestore(&q->lock, flags);
	if (idle) {
		printk("CPU %u: idle, %u waiting\n", cpu, waiting);
		return;
	}
	printk("CPU %u: at %ld us since %lu us, %u waiting, first at %ld us, slice %ld us\n", cpu,
	       (s64)(v - level) / 1000, ran / 1000, waiting, first / 1000, (s64)slice / 1000);
}

void sched_dump(void)
{
	for (unsigned int cpu = 0; cpu < READ_ONCE(cpu_count); cpu++) {
		queue_print(cpu);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * The watchdog: a CPU that neither runs a guest nor sleeps, but is stuck in the hypervisor, is
 * noticed, made to say where it is, and ends the machine.
 *
 * A CPU that takes interrupts notices it by itself: its timer's interrupt comes again each second
 * as long as the timers do not get their turn, which is on the way to a guest or to sleep. So a CPU
 * that waits in vain for another is found, whose registers are printed then, too: all CPUs' are, by
 * NMI.
 *
 * One that takes no interrupts is found by another: CPU 0 keeps watch over all others, and CPU 1
 * over CPU 0. Twice in a time-out the watcher asks those that have something to do for a sign of
 * life (PENDING_ALIVE, by IPI), which they take back on the same way. Who is asked twice in vain is
 * stuck.
 *
 * A CPU that sleeps is left in peace; so but for these two, which wake up once in 5 seconds, no
 * idle CPU takes a tick. The machine may have been stopped as a whole (a debugger, an emulator that
 * waits for its host), which shows as a look that comes late: it does not count. Messages are a
 * sign of life, since a slow line may keep a CPU for long.
 *
 * Options: watchdog=off, nowatchdog, watchdog_timeout=SECONDS.
 */
#include "arch/smp.h"
#include "domain/switch.h"
#include "lib/lib.h"
#include "lib/option.h"
#include "time/time.h"

#define LOOKS 2u /* in a time-out */

static struct watcher {
	struct timer timer;
	u64 due; /* the next look */
} watchers[2];
static u8 misses[CONFIG_NR_CPUS]; /* looks that found no sign of life; its watcher's */

static bool on = true, off;
static u64 timeout_s = 10;

OPTION(watchdog, option_switch, &on);
OPTION(nowatchdog, option_switch, &off);
OPTION(watchdog_timeout, option_number, &timeout_s);

/* It sleeps, or would if it had nothing to do. */
static bool at_rest(unsigned int cpu)
{
	const u32 work = 1u << PENDING_SCHEDULE | 1u << PENDING_TIMER;

	return cpu_is_idle(cpu) && !(READ_ONCE(cpu_info_of(cpu)->pending) & work);
}

static void look_at(unsigned int cpu, bool late)
{
	if (!cpu_marked(cpu, PENDING_ALIVE)) {
		misses[cpu] = 0;
	} else if (!late && ++misses[cpu] >= LOOKS) {
		smp_stuck(cpu);
	}
	if (!at_rest(cpu)) {
		cpu_raise(cpu, PENDING_ALIVE);
	}
}

static void look(void *arg)
{
	const u64 now = time_now(), period = timeout_s * NS_PER_SEC / LOOKS;
	struct watcher *w = arg;
	const bool late = now > w->due + period / 2, first = w->timer.cpu == 0;

	for (unsigned int cpu = first; cpu < (first ? cpu_count : 1); cpu++) {
		look_at(cpu, late);
	}
	w->due = now + period;
	timer_set(&w->timer, w->due);
}

void watchdog_start(void)
{
	smp_patience = on && !off ? timeout_s : 0;
	for (unsigned int cpu = 0; smp_patience && cpu_count > 1 && cpu < 2; cpu++) {
		struct watcher *w = &watchers[cpu];

		timer_init(&w->timer, look, w, cpu);
		w->due = time_now();
		timer_set(&w->timer, w->due);
	}
}

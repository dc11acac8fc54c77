/* SPDX-License-Identifier: MIT */
/* Decides what becomes of a guest that ended; see policy.h. Pure, no lock. */
#include <stdint.h>
#include <xen/xen.h>
#include <xen/sched.h>

#include "daemon/policy.h"

enum end_cause policy_cause(unsigned int shutdown_code)
{
	switch (shutdown_code) {
	case SHUTDOWN_poweroff:
		return CAUSE_POWEROFF;
	case SHUTDOWN_reboot:
	case SHUTDOWN_soft_reset:
		return CAUSE_REBOOT;
	case SHUTDOWN_suspend:
		return CAUSE_SUSPEND;
	case SHUTDOWN_watchdog:
		return CAUSE_WATCHDOG;
	default:
		return CAUSE_CRASH;
	}
}

const char *policy_cause_text(enum end_cause cause)
{
	static const char *const texts[CAUSE_COUNT] = {
		"powered off",
		"rebooted",
		"suspended",
		"crashed",
		"hung (its watchdog expired)",
		"gone (destroyed from outside domusd)",
	};

	return texts[cause];
}

static int restarts_exhausted(const struct restart_log *log, int64_t now_s)
{
	unsigned int i, recent = 0;

	for (i = 0; i < RESTART_BURST && i < log->count; i++) {
		recent += log->when[i] > now_s - RESTART_WINDOW_S && log->when[i] <= now_s;
	}
	return recent == RESTART_BURST;
}

enum end_action policy_decide(const struct guest_file *g, enum end_cause cause,
			      int was_asked_to_reboot, struct restart_log *log, int64_t now_s,
			      int *is_limited)
{
	enum end_action action = END_DESTROY;

	*is_limited = 0;
	if (cause == CAUSE_REBOOT) {
		action = was_asked_to_reboot ? END_RESTART : g->on_reboot;
	} else if (cause == CAUSE_POWEROFF) {
		action = g->on_poweroff;
	} else if (cause == CAUSE_CRASH || cause == CAUSE_WATCHDOG) {
		action = g->on_crash;
	} else if (cause == CAUSE_SUSPEND) {
		action = END_PRESERVE;
	}
	if (action == END_RESTART) {
		if (!was_asked_to_reboot && restarts_exhausted(log, now_s)) {
			*is_limited = 1;
			return END_DESTROY;
		}
		log->when[log->count++ % RESTART_BURST] = now_s;
	}
	return action;
}

/* SPDX-License-Identifier: MIT */
/* What happens when a guest ends: a decision without side effects. Pure, no lock. */
#pragma once

#include <stdint.h>

#include "lib/guest_file.h"

enum end_cause {
	CAUSE_POWEROFF,
	CAUSE_REBOOT,
	CAUSE_SUSPEND,
	CAUSE_CRASH,
	CAUSE_WATCHDOG,
	CAUSE_VANISHED, /* its domain is gone and nobody told us why */
	CAUSE_COUNT
};

/** A guest that ended this often within the window is not started again. */
#define RESTART_BURST    5
#define RESTART_WINDOW_S 60

/** When a guest was last restarted, in seconds since 1970; the oldest is overwritten. */
struct restart_log {
	int64_t when[RESTART_BURST];
	unsigned int count;
};

/** policy_cause - the meaning of a domain's shutdown code (SHUTDOWN_… of the Xen ABI). */
enum end_cause policy_cause(unsigned int shutdown_code);

/** policy_cause_text - how a cause is told: "crashed", "powered off", ... */
const char *policy_cause_text(enum end_cause cause);

/**
 * policy_decide - what to do about a guest that ended.
 * @was_asked_to_reboot: a person asked for the reboot, which beats policy.reboot
 * @is_limited: set if a restart was due but came too often; then the answer is END_DESTROY
 *
 * Takes the restart down in the log if the answer is END_RESTART.
 */
enum end_action policy_decide(const struct guest_file *g, enum end_cause cause,
			      int was_asked_to_reboot, struct restart_log *log, int64_t now_s,
			      int *is_limited);

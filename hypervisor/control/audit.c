/* SPDX-License-Identifier: MIT */
/*
 * Debug builds: the audit of all frames (mm/audit.h), a console key. dom0 presses it by sysctl.
 *
 * Invariant: while it runs no vcpu does, but the one whose CPU this is; that one is in this very
 * call, or between two. dom0 is stopped first: nobody else makes or ends domains. On a guest's CPU
 * it is not made, since a vcpu of dom0 may be waiting for that guest to stop.
 */
#include "control/control.h"
#include "event/event.h"
#include "grant/grant.h"
#include "mm/audit.h"
#include "mmu/mmu.h"

static void page_of_queues(mfn_t m)
{
	audit_hold(m, FT_WRITABLE);
}

static void frames_audit(void)
{
	if (!audit_begin()) {
		printk("audit: no memory\n");
		return;
	}
	domain_for_each (d) {
		audit_owner(&d->mm);
	}
	while (audit.first < frame_end) {
		domain_for_each (d) {
			mmu_audit(d);
			evtchn_guest_pages(d, page_of_queues);
			grant_audit(d);
		}
		audit_window();
	}
	audit_end();
	if (audit.unlisted || audit.pins) {
		audit_fault("%ld frames too few on lists, %ld pins too many\n", audit.unlisted,
			    audit.pins);
	}
	printk("audit: %lu frames, %lu references, %lu faults\n", audit.frames, audit.references,
	       audit.faults);
}

void audit_key(void)
{
	static bool busy; /* atomic */

	if ((!is_idle_vcpu(current) && !current->domain->privileged) ||
	    __atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE)) {
		printk("audit: not now, press again\n");
		return;
	}
	domain_for_each (d) {
		domain_pause(d);
	}
	frames_audit();
	domain_for_each (d) {
		domain_unpause(d);
	}
	__atomic_store_n(&busy, false, __ATOMIC_RELEASE);
}

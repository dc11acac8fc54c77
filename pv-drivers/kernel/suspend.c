/* SPDX-License-Identifier: MIT */
/*
 * Suspending: the domain stops and goes on, either as it was (the tools gave up what they wanted to
 * do) or as another domain, into which its memory was copied. The latter has
 *
 *	its pages, in other frames      the tools put them right in page tables and frame list
 *	a start info of its own         with new frames and ports for the store and the console
 *	no grants, no event channels    all that was shared is shared anew, and front ends begin
 *	no watches                      anew, too
 *
 * Before it stops, nothing may be mapped that is not a page of the domain's own: tables of grants
 * and the page that is shared with the hypervisor. Frames' numbers in the start info are replaced
 * by those of pages, which stay the same.
 */
#include "kernel.h"
#include <errno.h>
#include <xen/sched.h>

enum { LISTENERS = 16 };

static struct {
	void (*resumed)(void *arg);
	void *arg;
} listeners[LISTENERS];
static u32 listener_count;

void suspend_listen(void (*resumed)(void *arg), void *arg)
{
	if (listener_count == LISTENERS) {
		kernel_panic("too many wait for the end of a suspension");
	}
	listeners[listener_count].resumed = resumed;
	listeners[listener_count++].arg = arg;
}

/* 0: in another domain; 1: in this one. */
static long stop(void)
{
	struct sched_shutdown s = {.reason = SHUTDOWN_suspend};
	start_info_t *info = start_info_ptr;
	long rc;

	info->store_mfn = mfn_to_pfn(info->store_mfn);
	info->console.domU.mfn = mfn_to_pfn(info->console.domU.mfn);
	shared_info_unmap();
	rc = HC3(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &s, va_to_mfn(info));
	if (rc) {
		info->store_mfn = pfn_to_mfn(info->store_mfn);
		info->console.domU.mfn = pfn_to_mfn(info->console.domU.mfn);
	}
	if (shared_info_map()) {
		kernel_panic("the shared page cannot be mapped again");
	}
	memory_publish();
	return rc;
}

int suspend(void)
{
	u64 before;
	bool is_other;

	if (grants_suspend()) {
		return -ENOMEM;
	}
	store_suspend();
	before = system_time();
	is_other = !stop();
	grants_resume(is_other);
	if (is_other) {
		threads_shift(system_time() - before);
		events_forget();
	}
	store_resume(is_other);
	print("suspended, and resumed as %s\n", is_other ? "another domain" : "before");
	for (u32 i = 0; is_other && i < listener_count; i++) {
		listeners[i].resumed(listeners[i].arg);
	}
	thread_wake();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * How domains stop: shutdown (by themselves, by crash, by the tools), resume, and being killed.
 * d->lock guards the state changes.
 */
#include <xen/sched.h>
#include "domain/domain.h"
#include "domain/hooks.h"
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/frame.h"

void (*dom0_shutdown_hook)(u8 code);

void domain_shutdown(struct domain *d, u8 code)
{
	bool first;

	if (d->privileged && dom0_shutdown_hook) {
		dom0_shutdown_hook(code);
	}
	spin_lock(&d->lock);
	first = !d->shut_down;
	if (first) {
		d->shut_down = true;
		d->shutdown_code = code;
	}
	spin_unlock(&d->lock);
	if (!first) {
		return;
	}
	vcpu_for_each (d, v, i) {
		vcpu_update_runnable(v);
	}
	evtchn_send_global_virq(VIRQ_DOM_EXC);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	char why[200];
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	__builtin_va_end(ap);
	if (!d->shut_down) {
		printk_guest(LOG_ERR "domain %u crashed: %s\n", domain_id(d), why);
		if (current->domain == d) {
			printk_guest(LOG_ERR "domain %u vcpu %u, guest %s:\n", domain_id(d),
				     current->id, current->pv.kernel_mode ? "kernel" : "user");
			regs_dump(guest_regs());
		}
	}
	domain_shutdown(d, SHUTDOWN_crash);
}

static void drop_shared_info(struct domain *d)
{
	void *page = d->shared;

	vcpu_for_each (d, v, i) {
		vcpu_detach_info(v);
	}
	spin_lock(&d->lock);
	d->shared = NULL;
	spin_unlock(&d->lock);
	page_unshare(page);
}

/* Frames that others still map keep the domain; the last one to go lets it go. */
static void pages_gone(struct owner *o)
{
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	domain_put(owner_domain(o));
}

static void finish(struct domain *d)
{
	bool wait;

	drop_shared_info(d);
	d->dying = DOMAIN_DEAD;
	spin_lock(&d->mm.lock);
	wait = d->mm.pages || d->mm.xenheap_pages;
	if (wait) {
		d->mm.free_last = pages_gone;
	}
	spin_unlock(&d->mm.lock);
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	if (!wait) {
		domain_put(d);
	}
}

static void start_dying(struct domain *d)
{
	d->dying = DOMAIN_DYING;
	d->mm.dying = true;
	vcpu_for_each (d, v, i) {
		vcpu_stop_timers(v);
	}
	sched_group_stop(&d->sched);
}

/* Preemptible: -ERESTART, and the next call goes on where this one stopped. The domain is paused;
 * *first: it began to die here. */
static int give_back(struct domain *d, bool *first)
{
	HOLD_LOCK(&d->lock);
	*first = d->dying == DOMAIN_ALIVE;
	if (*first) {
		start_dying(d);
	}
	for (; d->destroy_step < domain_hook_count; d->destroy_step++) {
		const struct domain_hook *h = &domain_hooks[d->destroy_step];
		int err = h->destroy ? h->destroy(d) : 0;

		if (err) {
			return err;
		}
	}
	return 0;
}

int domain_kill(struct domain *d)
{
	bool first = false;
	int err = 0;

	if (d->dying != DOMAIN_DEAD) {
		/* Without the lock, for which a vcpu that is waited for may wait; for good at
		 * first. */
		domain_pause(d);
		err = give_back(d, &first);
		if (!first) {
			domain_unpause(d);
		}
	}
	if (!err && d->dying != DOMAIN_DEAD) {
		finish(d);
	}
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * The hypercall sched_op: giving up the CPU, waiting for events, shutting down, watchdogs.
 *
 * A polling vcpu has its bit in the domain's set of pollers. The bit is set before ports are looked
 * at, and senders look at it after setting a port's bit: one sees the other. Whoever clears the bit
 * wakes the vcpu; a bit left by a poll that timed out only costs the next sender a look.
 * The channel lock guards the watchdogs.
 */
#include <xen/sched.h>
#include "channel.h"
#include "mm/alloc.h"

#define POLL_PORTS_MAX 128u

void vcpu_poll_end(struct vcpu *v)
{
	if (bit_test_and_clear(v->domain->evtchn->pollers, v->id)) {
		vcpu_unblock(v);
	}
}

static bool poll_ready(struct vcpu *v, const evtchn_port_t *ports, unsigned int n)
{
	if (vcpu_event_deliverable(v)) {
		return true;
	}
	for (unsigned int i = 0; i < n; i++) {
		if (evtchn_pending(v->domain, ports[i])) {
			return true;
		}
	}
	return false;
}

static void poll_wait(struct vcpu *v, const evtchn_port_t *ports, unsigned int n, u64 timeout)
{
	timer_stop(&v->poll_timer); /* of an earlier poll that an event ended */
	WRITE_ONCE(v->poll_port, n == 1 ? ports[0] : 0);
	WRITE_ONCE(v->polling, true);
	bit_test_and_set(v->domain->evtchn->pollers, v->id);
	if (poll_ready(v, ports, n)) {
		vcpu_poll_end(v);
		return;
	}
	if (timeout) {
		timer_set(&v->poll_timer, timeout);
	}
	vcpu_update_runnable(v);
}

static long sched_poll(guest_ptr_t arg)
{
	struct vcpu *v = current;
	evtchn_port_t ports[POLL_PORTS_MAX];
	struct sched_poll op;

	if (copy_from_guest(&op, arg, sizeof(op))) {
		return -EFAULT;
	}
	if (op.nr_ports > POLL_PORTS_MAX) {
		return -EINVAL;
	}
	if (op.nr_ports &&
	    copy_from_guest(ports, (guest_ptr_t)op.ports.p, op.nr_ports * sizeof(ports[0]))) {
		return -EFAULT;
	}
	for (unsigned int i = 0; i < op.nr_ports; i++) {
		if (!evtchn_port_valid(v->domain, ports[i])) {
			return -EINVAL;
		}
	}
	poll_wait(v, ports, op.nr_ports, op.timeout);
	return 0;
}

static long sched_shutdown(guest_ptr_t arg, bool latch)
{
	struct domain *d = current->domain;
	struct sched_shutdown op;

	if (copy_from_guest(&op, arg, sizeof(op))) {
		return -EFAULT;
	}
	if (op.reason > SHUTDOWN_MAX) {
		return -EINVAL;
	}
	if (latch) {
		d->evtchn->latched_code = (u8)op.reason;
		d->evtchn->latched = true;
		return 0;
	}
	domain_shutdown(d, d->evtchn->latched ? d->evtchn->latched_code : (u8)op.reason);
	return 0;
}

static long sched_remote_shutdown(guest_ptr_t arg)
{
	struct sched_remote_shutdown op;
	struct domain *d;

	if (copy_from_guest(&op, arg, sizeof(op))) {
		return -EFAULT;
	}
	if (!current->domain->privileged) {
		return -EPERM;
	}
	if (op.reason > SHUTDOWN_MAX) {
		return -EINVAL;
	}
	d = domain_get(op.domain_id);
	if (!d) {
		return -ESRCH;
	}
	domain_shutdown(d, (u8)op.reason);
	domain_put(d);
	return 0;
}

static void watchdog_fire(void *arg)
{
	struct watchdog *w = arg;

	if (READ_ONCE(w->domain->evtchn->closed)) {
		return; /* dying already */
	}
	printk_guest(LOG_WARN "domain %u: its watchdog was not fed, shutting it down\n",
		     domain_id(w->domain));
	domain_shutdown(w->domain, SHUTDOWN_watchdog);
}

/* Not before the domain's last reference is gone: a callback takes locks that the killer holds. */
void watchdogs_free(struct evtchn_domain *e)
{
	for (unsigned int i = 0; e->watchdog && i < WATCHDOGS; i++) {
		if (e->watchdog[i].used) {
			timer_stop(&e->watchdog[i].timer);
		}
	}
	if (e->watchdog) {
		heap_free(e->watchdog, WATCHDOGS * sizeof(*e->watchdog));
	}
}

/* A free watchdog's index; lock held. */
static long watchdog_alloc(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;

	if (e->closed) {
		return -EINVAL;
	}
	if (!e->watchdog) {
		e->watchdog = heap_alloc(WATCHDOGS * sizeof(*e->watchdog));
		if (!e->watchdog) {
			return -ENOMEM;
		}
	}
	for (unsigned int i = 0; i < WATCHDOGS; i++) {
		struct watchdog *w = &e->watchdog[i];

		if (!w->used) {
			w->used = true;
			w->domain = d;
			timer_init(&w->timer, watchdog_fire, w, cpu_id());
			return i;
		}
	}
	return -ENOSPC;
}

/* id 0 starts one and returns its id (from 1); else feeds it, or stops it by timeout 0 (seconds).
 */
static long sched_watchdog(guest_ptr_t arg)
{
	struct domain *d = current->domain;
	struct sched_watchdog op;
	struct watchdog *w;
	long i, rc;

	if (copy_from_guest(&op, arg, sizeof(op))) {
		return -EFAULT;
	}
	if (op.id > WATCHDOGS || (!op.id && !op.timeout)) {
		return -EINVAL;
	}
	spin_lock(&d->evtchn->lock);
	i = op.id ? (long)op.id - 1 : watchdog_alloc(d);
	rc = op.id ? 0 : i < 0 ? i : i + 1;
	w = d->evtchn->watchdog;
	if (i >= 0 && (!w || !w[i].used)) {
		rc = -EINVAL;
	}
	if (rc >= 0 && op.timeout) {
		timer_set(&w[i].timer, time_now() + op.timeout * NS_PER_SEC);
	} else if (rc >= 0) {
		timer_stop(&w[i].timer);
		w[i].used = false;
	}
	spin_unlock(&d->evtchn->lock);
	return rc;
}

long do_sched_op(unsigned int cmd, guest_ptr_t arg, unsigned long arg2)
{
	switch (cmd) {
	case SCHEDOP_yield:
		sched_yield();
		return 0;
	case SCHEDOP_block:
		vcpu_block();
		return 0;
	case SCHEDOP_shutdown:
		return sched_shutdown(arg, false);
	case SCHEDOP_poll:
		return sched_poll(arg);
	case SCHEDOP_remote_shutdown:
		return sched_remote_shutdown(arg);
	case SCHEDOP_shutdown_code:
		return sched_shutdown(arg, true);
	case SCHEDOP_watchdog:
		return sched_watchdog(arg);
	default: /* pin_override among them: no CPU is special */
		return -ENOSYS;
	}
}

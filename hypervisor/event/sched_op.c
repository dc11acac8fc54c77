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
#include "domain/subop.h"

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
		timer_set_here(&v->poll_timer, timeout);
	}
	vcpu_update_runnable(v);
}

static long sched_poll(void *arg)
{
	const struct sched_poll *op = arg;
	struct vcpu *v = current;
	evtchn_port_t ports[POLL_PORTS_MAX];

	if (op->nr_ports > POLL_PORTS_MAX) {
		return -EINVAL;
	}
	if (op->nr_ports &&
	    copy_from_guest(ports, (guest_ptr_t)op->ports.p, op->nr_ports * sizeof(ports[0]))) {
		return -EFAULT;
	}
	for (unsigned int i = 0; i < op->nr_ports; i++) {
		if (!evtchn_port_valid(v->domain, ports[i])) {
			return -EINVAL;
		}
	}
	poll_wait(v, ports, op->nr_ports, op->timeout);
	return 0;
}

static long sched_shutdown_self(void *arg)
{
	const struct sched_shutdown *op = arg;
	struct domain *d = current->domain;

	if (op->reason > SHUTDOWN_MAX) {
		return -EINVAL;
	}
	domain_shutdown(d, d->evtchn->latched ? d->evtchn->latched_code : (u8)op->reason);
	return 0;
}

/* The code for a shutdown that comes later, whatever that one says. */
static long sched_shutdown_code(void *arg)
{
	const struct sched_shutdown *op = arg;
	struct evtchn_domain *e = current->domain->evtchn;

	if (op->reason > SHUTDOWN_MAX) {
		return -EINVAL;
	}
	e->latched_code = (u8)op->reason;
	e->latched = true;
	return 0;
}

static long sched_shutdown_other(void *arg)
{
	const struct sched_remote_shutdown *op = arg;
	DOMAIN_REF(d) = domain_get(op->domain_id);

	if (op->reason > SHUTDOWN_MAX || !d) {
		return d ? -EINVAL : -ESRCH;
	}
	domain_shutdown(d, (u8)op->reason);
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
void watchdogs_stop(struct evtchn_domain *e)
{
	for (unsigned int i = 0; i < WATCHDOGS; i++) {
		if (e->watchdog[i].used) {
			timer_stop(&e->watchdog[i].timer);
		}
	}
}

/* A free watchdog, NULL if there is none; lock held. */
static struct watchdog *watchdog_alloc(struct domain *d)
{
	for (unsigned int i = 0; i < WATCHDOGS; i++) {
		struct watchdog *w = &d->evtchn->watchdog[i];

		if (!w->used) {
			w->used = true;
			w->domain = d;
			timer_init(&w->timer, watchdog_fire, w, cpu_id());
			return w;
		}
	}
	return NULL;
}

/* id 0 starts one and returns its id (from 1); else feeds it, or stops it by timeout 0 (seconds).
 */
static long sched_watchdog(void *arg)
{
	const struct sched_watchdog *op = arg;
	struct domain *d = current->domain;
	struct evtchn_domain *e = d->evtchn;
	struct watchdog *w;

	if (op->id > WATCHDOGS || (!op->id && !op->timeout)) {
		return -EINVAL;
	}

	HOLD_LOCK(&e->lock);
	if (e->closed) {
		return -EINVAL;
	}
	w = op->id ? &e->watchdog[op->id - 1] : watchdog_alloc(d);
	if (!w || !w->used) {
		return w ? -EINVAL : -ENOSPC;
	}
	if (op->timeout) {
		timer_set(&w->timer, time_now() + op->timeout * NS_PER_SEC);
	} else {
		timer_stop(&w->timer);
		w->used = false;
	}
	return op->id ? 0 : w - e->watchdog + 1;
}

static long yield(void *arg)
{
	sched_yield();
	return 0;
}

static long block(void *arg)
{
	vcpu_block();
	return 0;
}

/* pin_override is not among them: no CPU is special. */
static const struct subop ops[] = {
	[SCHEDOP_yield] = {yield, 0, 0},
	[SCHEDOP_block] = {block, 0, 0},
	[SCHEDOP_shutdown] = {sched_shutdown_self, sizeof(struct sched_shutdown), 0},
	[SCHEDOP_poll] = {sched_poll, sizeof(struct sched_poll), 0},
	[SCHEDOP_remote_shutdown] = {sched_shutdown_other, sizeof(struct sched_remote_shutdown),
				     SUBOP_DOM0},
	[SCHEDOP_shutdown_code] = {sched_shutdown_code, sizeof(struct sched_shutdown), 0},
	[SCHEDOP_watchdog] = {sched_watchdog, sizeof(struct sched_watchdog), 0},
};

long do_sched_op(unsigned int cmd, guest_ptr_t arg)
{
	return subop_run(ops, ARRAY_SIZE(ops), cmd, arg);
}

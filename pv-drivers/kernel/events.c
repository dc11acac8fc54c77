/* SPDX-License-Identifier: MIT */
/*
 * Events: a bit for each port in the page that is shared with the hypervisor, and a word that tells
 * in which 64 of them to look.
 *
 *	evtchn_pending_sel   bit n: look at word n       the hypervisor sets bits,
 *	evtchn_pending[n]    bit b: port 64 n + b        we clear them before we handle them
 *
 * Invariant: a bit is cleared before its handler runs, so what happens meanwhile sets it again. No
 * upcalls are taken: who has nothing to do polls the ports with a handler, in the hypervisor.
 */
#include "kernel.h"
#include <errno.h>
#include <xen/sched.h>

enum { PORTS = 128, WORD_BITS = 64 };

static struct {
	void (*handler)(void *arg);
	void *arg;
} handlers[PORTS];

/* Those with a handler, for the hypervisor to read. */
static evtchn_port_t open_ports[PORTS];
static u32 open_count;

void events_init(void)
{
	if (shared_info_map()) {
		kernel_panic("the shared page cannot be mapped");
	}
}

static void open_ports_list(void)
{
	open_count = 0;
	for (evtchn_port_t port = 0; port < PORTS; port++) {
		if (handlers[port].handler) {
			open_ports[open_count++] = port;
		}
	}
}

void event_handle(evtchn_port_t port, void (*handler)(void *arg), void *arg)
{
	handlers[port].handler = handler;
	handlers[port].arg = arg;
	open_ports_list();
}

void events_forget(void)
{
	memset(handlers, 0, sizeof(handlers));
	open_ports_list();
	memset(shared_info->evtchn_mask, 0, sizeof(shared_info->evtchn_mask));
}

static void word_take(u32 word)
{
	u64 bits = __atomic_exchange_n(&shared_info->evtchn_pending[word], 0, __ATOMIC_SEQ_CST);

	for (; bits; bits &= bits - 1) {
		u32 port = word * WORD_BITS + (u32)__builtin_ctzl(bits);

		if (port < PORTS && handlers[port].handler) {
			handlers[port].handler(handlers[port].arg);
		}
	}
}

bool events_take(void)
{
	vcpu_info_t *v = &shared_info->vcpu_info[0];
	u64 words = __atomic_exchange_n(&v->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	bool is_any = words;

	for (; words; words &= words - 1) {
		word_take((u32)__builtin_ctzl(words));
	}
	return is_any;
}

void events_wait(u64 deadline_ns)
{
	struct sched_poll poll = {.nr_ports = open_count,
				  .timeout = deadline_ns == FOREVER ? 0 : deadline_ns};

	set_xen_guest_handle(poll.ports, open_ports);
	HC2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
}

static void close(evtchn_port_t port)
{
	struct evtchn_close op = {.port = port};

	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &op);
}

int platform_port_open(domid_t peer, void (*handler)(void *arg), void *arg, evtchn_port_t *port)
{
	struct evtchn_alloc_unbound open = {.dom = DOMID_SELF, .remote_dom = peer};
	long rc = HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &open);

	if (rc) {
		return (int)rc;
	}
	*port = open.port;
	if (open.port >= PORTS) {
		close(open.port);
		return -ENOSPC;
	}
	event_handle(open.port, handler, arg);
	return 0;
}

void platform_port_close(evtchn_port_t port)
{
	/* One that was forgotten is not there any more. */
	if (port < PORTS && handlers[port].handler) {
		event_handle(port, NULL, NULL);
		close(port);
	}
}

void platform_notify(evtchn_port_t port)
{
	struct evtchn_send send = {.port = port};

	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

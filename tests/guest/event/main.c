/* SPDX-License-Identifier: MIT */
/*
 * Event channels: every way to open one, sending, masking, waiting, closing.
 *
 * A port is a bit in shared_info. Sending sets it, and if it is not masked wakes the vcpu it is
 * bound to through its callback, with events masked meanwhile. Ports that are not there, or not
 * of the right kind, are errors. Failure: a FAIL line or a wait that does not end.
 */
#include "../lib/guest.h"
#include <xen/event_channel.h>
#include <xen/sched.h>

static volatile unsigned int upcalls;
static u32 port;

static bool pending(u32 p)
{
	return shared_info->evtchn_pending[p / 64] >> (p % 64) & 1;
}

static void clear(u32 p)
{
	__atomic_fetch_and(&shared_info->evtchn_pending[p / 64], ~(1ul << p % 64),
			   __ATOMIC_SEQ_CST);
}

static void upcall(void)
{
	upcalls++;
	shared_info->vcpu_info[0].evtchn_pending_sel = 0;
	clear(port);
}

static long op(unsigned int cmd, void *arg)
{
	return HC2(__HYPERVISOR_event_channel_op, cmd, arg);
}

static long send(u32 p)
{
	evtchn_send_t s = {.port = p};

	return op(EVTCHNOP_send, &s);
}

static long close(u32 p)
{
	evtchn_close_t c = {.port = p};

	return op(EVTCHNOP_close, &c);
}

static u32 status(u32 p)
{
	evtchn_status_t s = {.dom = DOMID_SELF, .port = p};
	long rc = op(EVTCHNOP_status, &s);

	return rc ? (u32)rc : s.status;
}

static void ipis(void)
{
	evtchn_bind_ipi_t b = {.vcpu = 0};
	evtchn_unmask_t u;

	claim("an IPI to oneself arrives at the callback, with events masked");
	CHECK_EQ(op(EVTCHNOP_bind_ipi, &b), 0);
	port = u.port = b.port;
	CHECK_EQ(status(port), EVTCHNSTAT_ipi);
	event_handler = upcall;
	shared_info->evtchn_mask[port / 64] &= ~(1ul << port % 64);
	shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
	CHECK_EQ(send(port), 0);
	CHECK_EQ(upcalls, 1);
	claim("while events are masked nothing arrives, and nothing is lost");
	shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
	CHECK_EQ(send(port), 0);
	CHECK_EQ(send(port), 0);
	CHECK_EQ(upcalls, 1);
	CHECK(pending(port));
	shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
	CHECK_EQ(HC1(__HYPERVISOR_sched_op, SCHEDOP_yield), 0);
	CHECK_EQ(upcalls, 2);
	claim("a masked port waits for unmask");
	shared_info->evtchn_mask[port / 64] |= 1ul << port % 64;
	CHECK_EQ(send(port), 0);
	CHECK_EQ(upcalls, 2);
	CHECK_EQ(op(EVTCHNOP_unmask, &u), 0);
	CHECK_EQ(upcalls, 3);
	CHECK_EQ(close(port), 0);
	CHECK_EQ(close(port), -XEN_EINVAL);
	CHECK_EQ(send(port), -XEN_EINVAL);
}

static void channels(void)
{
	evtchn_alloc_unbound_t a = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
	evtchn_bind_interdomain_t b = {.remote_dom = DOMID_SELF};
	evtchn_bind_vcpu_t v = {.vcpu = 0};

	claim("two ends of a channel find each other, and only once");
	shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
	CHECK_EQ(op(EVTCHNOP_alloc_unbound, &a), 0);
	CHECK_EQ(status(a.port), EVTCHNSTAT_unbound);
	CHECK_EQ(send(a.port), 0); /* nobody listens */
	b.remote_port = a.port;
	CHECK_EQ(op(EVTCHNOP_bind_interdomain, &b), 0);
	CHECK_EQ(op(EVTCHNOP_bind_interdomain, &b), -XEN_EINVAL);
	clear(a.port);
	CHECK_EQ(send(b.local_port), 0);
	CHECK(pending(a.port));
	claim("channels move to vcpus that exist");
	v.port = a.port;
	CHECK_EQ(op(EVTCHNOP_bind_vcpu, &v), 0);
	v.vcpu = 200;
	CHECK_EQ(op(EVTCHNOP_bind_vcpu, &v), -XEN_ENOENT);
	claim("closing one end leaves the other unbound");
	CHECK_EQ(close(b.local_port), 0);
	CHECK_EQ(status(b.local_port), EVTCHNSTAT_closed);
	CHECK_EQ(status(a.port), EVTCHNSTAT_unbound);
	CHECK_EQ(close(a.port), 0);
	b.remote_dom = 77;
	CHECK_EQ(op(EVTCHNOP_bind_interdomain, &b), -XEN_ESRCH);
}

static void virqs(void)
{
	evtchn_bind_virq_t b = {.virq = VIRQ_DEBUG};
	evtchn_bind_pirq_t p = {.pirq = 5000};

	claim("VIRQs are bound once, and to vcpus that exist");
	CHECK_EQ(op(EVTCHNOP_bind_virq, &b), 0);
	CHECK_EQ(op(EVTCHNOP_bind_virq, &b), -XEN_EEXIST);
	CHECK_EQ(close(b.port), 0);
	b.virq = 24;
	CHECK_EQ(op(EVTCHNOP_bind_virq, &b), -XEN_EINVAL);
	b = (evtchn_bind_virq_t){.virq = VIRQ_TIMER, .vcpu = 99};
	CHECK_EQ(op(EVTCHNOP_bind_virq, &b), -XEN_ENOENT);
	b = (evtchn_bind_virq_t){.virq = VIRQ_CONSOLE, .vcpu = 1}; /* a global one */
	CHECK_EQ(op(EVTCHNOP_bind_virq, &b), -XEN_EINVAL);
	CHECK_EQ(op(EVTCHNOP_bind_pirq, &p), -XEN_EINVAL);
	claim("ports and calls that are not there are refused");
	CHECK_EQ(send(0), -XEN_EINVAL);
	CHECK_EQ(send(4096), -XEN_EINVAL);
	CHECK_EQ(send(~0u), -XEN_EINVAL);
	CHECK_EQ(close(0), -XEN_EINVAL);
	CHECK_EQ(op(EVTCHNOP_send, (void *)0xffff820000000000ul), -XEN_EFAULT);
	CHECK_EQ(op(99, &b), -XEN_ENOSYS);
}

static void all_ports(void)
{
	evtchn_reset_t r = {.dom = DOMID_SELF};
	evtchn_bind_ipi_t b = {.vcpu = 0};
	unsigned int n = 0;

	claim("ports run out with an error, and reset gives all back");
	while (n < 5000 && !op(EVTCHNOP_bind_ipi, &b)) {
		n++;
	}
	CHECK(n >= 1000 && n < 5000);
	CHECK_EQ(op(EVTCHNOP_bind_ipi, &b), -XEN_ENOSPC);
	event_make_pending(); /* it gives way and goes on */
	CHECK_EQ(op(EVTCHNOP_reset, &r), 0);
	CHECK_EQ(op(EVTCHNOP_bind_ipi, &b), 0);
	CHECK(b.port < 4);
}

void test_main(void)
{
	ipis();
	channels();
	virqs();
	all_ports();
}

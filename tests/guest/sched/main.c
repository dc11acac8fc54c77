/* SPDX-License-Identifier: MIT */
/*
 * sched_op and timers: waiting ends when it should, and time goes on.
 *
 * block and poll give the CPU away until an event, or a point in time. A timer's event comes at
 * VIRQ_TIMER, not before its time. shared_info tells how the TSC becomes nanoseconds. Failure: a
 * FAIL line, or a wait that does not end.
 */
#include "../lib/guest.h"
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define MS 1000000ul

static u32 timer_port;
static volatile unsigned int upcalls;

/* Nanoseconds, as the ABI says: scaled TSC since the last update. */
static void upcall(void)
{
	upcalls++;
	shared_info->vcpu_info[0].evtchn_pending_sel = 0;
	__atomic_fetch_and(&shared_info->evtchn_pending[timer_port / 64], ~(1ul << timer_port % 64),
			   __ATOMIC_SEQ_CST);
}

/* A timer that fires before the CPU is given away is not missed: block unmasks and looks. */
static void wait_for(u64 deadline)
{
	shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
	CHECK_EQ(HC1(__HYPERVISOR_set_timer_op, deadline), 0);
	CHECK_EQ(HC1(__HYPERVISOR_sched_op, SCHEDOP_block), 0);
}

static void time_passes(void)
{
	u64 start = system_time(), last = start;

	claim("time does not go backwards");
	for (unsigned int i = 0; i < 20000; i++) {
		u64 t = system_time();

		if (t < last) {
			CHECK(t >= last);
			break;
		}
		last = t;
	}
	CHECK(last > start);
}

static void timers(void)
{
	evtchn_bind_virq_t b = {.virq = VIRQ_TIMER, .vcpu = 0};
	struct vcpu_set_singleshot_timer s = {.flags = VCPU_SSHOTTMR_future};
	struct vcpu_set_periodic_timer p = {.period_ns = 5 * MS};
	u64 start;

	CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &b), 0);
	timer_port = b.port;
	event_handler = upcall;
	shared_info->evtchn_mask[timer_port / 64] &= ~(1ul << timer_port % 64);
	claim("block ends with the timer's event, not before its time");
	start = system_time();
	wait_for(start + 20 * MS);
	CHECK_EQ(upcalls, 1);
	CHECK(system_time() >= start + 19 * MS);
	claim("a timer in the past fires at once; one that should be in the future says -ETIME");
	wait_for(1);
	CHECK_EQ(upcalls, 2);
	s.timeout_abs_ns = 1;
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, &s), -XEN_ETIME);
	claim("a stopped timer does not fire");
	HC1(__HYPERVISOR_set_timer_op, system_time() + 5 * MS);
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_stop_singleshot_timer, 0, 0), 0);
	for (start = system_time(); system_time() < start + 20 * MS;) {
	}
	CHECK_EQ(upcalls, 2);
	claim("a periodic timer fires until it is stopped; it cannot be too fast");
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_set_periodic_timer, 0, &p), 0);
	while (upcalls < 5) {
		HC1(__HYPERVISOR_sched_op, SCHEDOP_yield);
	}
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 0, 0), 0);
	p.period_ns = 1;
	CHECK_EQ(HC3(__HYPERVISOR_vcpu_op, VCPUOP_set_periodic_timer, 0, &p), -XEN_EINVAL);
}

static long poll(void *ports, unsigned int n, u64 timeout)
{
	struct sched_poll p = {.nr_ports = n, .timeout = timeout};

	set_xen_guest_handle(p.ports, ports);
	return HC2(__HYPERVISOR_sched_op, SCHEDOP_poll, &p);
}

static void polls(void)
{
	evtchn_bind_ipi_t b = {.vcpu = 0};
	evtchn_port_t port;
	evtchn_send_t s;
	u64 start = system_time();

	claim("poll ends by its time-out, or by a port that is pending");
	shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
	CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &b), 0);
	s.port = port = b.port;
	CHECK_EQ(poll(&port, 1, start + 10 * MS), 0);
	CHECK(system_time() >= start + 9 * MS);
	CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &s), 0);
	CHECK_EQ(poll(&port, 1, 0), 0); /* no time-out: it is pending */
	CHECK_EQ(poll(&port, 129, 0), -XEN_EINVAL);
	CHECK_EQ(poll((void *)0xffff820000000000ul, 1, 0), -XEN_EFAULT);
	port = 100000;
	CHECK_EQ(poll(&port, 1, 0), -XEN_EINVAL);
}

static void others(void)
{
	sched_shutdown_t bad = {.reason = 99};
	sched_watchdog_t w = {.timeout = 100};
	long id;

	claim("other calls check their arguments");
	CHECK_EQ(HC1(__HYPERVISOR_sched_op, SCHEDOP_yield), 0);
	CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &bad), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, 8), -XEN_EFAULT);
	CHECK_EQ(HC1(__HYPERVISOR_sched_op, 99), -XEN_ENOSYS);
	claim("a watchdog is started, fed and stopped by its number");
	id = HC2(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &w);
	CHECK(id > 0);
	w.id = (u32)id;
	CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &w), 0);
	w.timeout = 0;
	CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &w), 0);
	CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &w), -XEN_EINVAL);
	w.id = 77;
	CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &w), -XEN_EINVAL);
}

void test_main(void)
{
	time_passes();
	timers();
	polls();
	others();
}

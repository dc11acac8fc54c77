/* SPDX-License-Identifier: MIT */
/* The hypercall sched_op: polling, shutting down, watchdogs. */
#include "evtchn_fake.h"
#include "lib/lib.h"

static long poll_ports(evtchn_port_t *ports, unsigned int n, u64 timeout)
{
	struct sched_poll arg = {.nr_ports = n, .timeout = timeout};

	arg.ports.p = ports;
	return do_sched_op(SCHEDOP_poll, (guest_ptr_t)&arg);
}

static void polling(void **state)
{
	evtchn_port_t ports[129] = {0};
	struct vcpu *v = dom_a->vcpu[0];
	u32 p, q;

	assert_int_equal(alloc_unbound(DOMID_SELF, DOMID_SELF, &p), 0);
	assert_int_equal(bind_interdomain(DOMID_SELF, p, &q), 0);
	clear_shared(dom_a);
	bit_test_and_set(dom_a->shared->evtchn_mask, q);
	ports[0] = q;
	assert_int_equal(poll_ports(ports, 1, 0), 0);
	assert_true(v->polling);
	assert_false(v->poll_timer.armed);
	assert_true(bit_test(dom_a->shared->evtchn_mask, q));
	/* Another port does not wake it, this one does although it is masked. */
	fake_run(dom_a, 1);
	bit_test_and_set(dom_a->shared->evtchn_mask, p);
	assert_int_equal(send_port(q), 0);
	assert_true(v->polling);
	assert_int_equal(send_port(p), 0);
	assert_false(v->polling);
	/* Pending already: no sleep. */
	fake_run(dom_a, 0);
	assert_int_equal(poll_ports(ports, 1, 12345), 0);
	assert_false(v->polling);
	assert_false(v->poll_timer.armed);
	clear_shared(dom_a);
	assert_int_equal(poll_ports(ports, 1, 12345), 0);
	assert_true(v->polling && v->poll_timer.armed);
	assert_int_equal(v->poll_timer.node.key, 12345);
	vcpu_unblock(v); /* the timer's callback; the next poll begins afresh */
	assert_int_equal(poll_ports(ports, 0, 0), 0);
	assert_true(v->polling);
	vcpu_unblock(v);
	v->info->evtchn_upcall_pending = 1; /* an event waits to be delivered */
	assert_int_equal(poll_ports(ports, 1, 0), 0);
	assert_false(v->polling);
	assert_int_equal(poll_ports(ports, 129, 0), -EINVAL);
	assert_int_equal(poll_ports(NULL, 1, 0), -EFAULT);
	ports[0] = 5000;
	assert_int_equal(poll_ports(ports, 1, 0), -EINVAL);
	assert_int_equal(do_sched_op(SCHEDOP_poll, 0), -EFAULT);
}

static void shutdowns(void **state)
{
	struct sched_remote_shutdown remote = {.domain_id = 1, .reason = SHUTDOWN_reboot};
	struct sched_shutdown arg = {SHUTDOWN_suspend};

	fake_run(dom_b, 0);
	assert_int_equal(do_sched_op(SCHEDOP_shutdown, (guest_ptr_t)&arg), 0);
	assert_ptr_equal(shut_domain, dom_b);
	assert_int_equal(shut_code, SHUTDOWN_suspend);
	arg.reason = SHUTDOWN_MAX + 1;
	shut_code = -1;
	assert_int_equal(do_sched_op(SCHEDOP_shutdown, (guest_ptr_t)&arg), -EINVAL);
	assert_int_equal(do_sched_op(SCHEDOP_shutdown, 0), -EFAULT);
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, (guest_ptr_t)&remote), -EPERM);
	assert_int_equal(shut_code, -1);
	arg.reason = SHUTDOWN_crash;
	assert_int_equal(do_sched_op(SCHEDOP_shutdown_code, (guest_ptr_t)&arg), 0);
	assert_int_equal(shut_code, -1);
	arg.reason = SHUTDOWN_poweroff;
	assert_int_equal(do_sched_op(SCHEDOP_shutdown, (guest_ptr_t)&arg), 0);
	assert_int_equal(shut_code, SHUTDOWN_crash);
	fake_run(dom_a, 0);
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, (guest_ptr_t)&remote), 0);
	assert_int_equal(shut_code, SHUTDOWN_reboot);
	remote.domain_id = 9;
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, (guest_ptr_t)&remote), -ESRCH);
	remote = (struct sched_remote_shutdown){1, 77};
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, (guest_ptr_t)&remote), -EINVAL);
	assert_int_equal(do_sched_op(SCHEDOP_yield, 0), 0);
	assert_int_equal(do_sched_op(SCHEDOP_block, 0), 0);
	assert_true(yields == 1 && blocks == 1);
	assert_int_equal(do_sched_op(SCHEDOP_pin_override, 0), -ENOSYS);
	assert_int_equal(do_sched_op(99, 0), -ENOSYS);
}

static long watchdog(u32 id, u32 timeout)
{
	struct sched_watchdog arg = {id, timeout};

	return do_sched_op(SCHEDOP_watchdog, (guest_ptr_t)&arg);
}

static void watchdogs(void **state)
{
	assert_int_equal(watchdog(0, 0), -EINVAL);
	assert_int_equal(watchdog(1, 10), -EINVAL); /* not started */
	assert_int_equal(watchdog(3, 10), -EINVAL);
	assert_int_equal(watchdog(0, 10), 1);
	assert_int_equal(watchdog(0, 20), 2);
	assert_int_equal(watchdog(0, 30), -ENOSPC);
	assert_int_equal(watchdog(1, 15), 0);
	assert_int_equal(watchdog(2, 0), 0);
	assert_int_equal(watchdog(2, 10), -EINVAL);
	assert_int_equal(watchdog(0, 20), 2);
	assert_int_equal(do_sched_op(SCHEDOP_watchdog, 0), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(polling),
		TEST(shutdowns),
		TEST(watchdogs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

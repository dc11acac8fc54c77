/* SPDX-License-Identifier: MIT */
/* What happens when a guest ends: each cause, each action, and the limit on restarts. */
#include "unit.h"

#include "daemon/policy.h"

static enum end_action decide(const struct guest_file *g, enum end_cause cause, int asked)
{
	struct restart_log log = {.count = 0};
	int limited;
	enum end_action action = policy_decide(g, cause, asked, &log, 1000, &limited);

	assert_false(limited);
	assert_int_equal(log.count, action == END_RESTART);
	return action;
}

static void causes(void **state)
{
	(void)state;
	assert_int_equal(policy_cause(0), CAUSE_POWEROFF);
	assert_int_equal(policy_cause(1), CAUSE_REBOOT);
	assert_int_equal(policy_cause(2), CAUSE_SUSPEND);
	assert_int_equal(policy_cause(3), CAUSE_CRASH);
	assert_int_equal(policy_cause(4), CAUSE_WATCHDOG);
	assert_int_equal(policy_cause(5), CAUSE_REBOOT);
	assert_int_equal(policy_cause(255), CAUSE_CRASH);
}

static void each_cause_has_its_action(void **state)
{
	struct guest_file g = {0};
	int a;

	(void)state;
	for (a = END_DESTROY; a <= END_PRESERVE; a++) {
		g.on_poweroff = a;
		g.on_reboot = (a + 1) % 3;
		g.on_crash = (a + 2) % 3;
		assert_int_equal(decide(&g, CAUSE_POWEROFF, 0), g.on_poweroff);
		assert_int_equal(decide(&g, CAUSE_REBOOT, 0), g.on_reboot);
		assert_int_equal(decide(&g, CAUSE_CRASH, 0), g.on_crash);
		assert_int_equal(decide(&g, CAUSE_WATCHDOG, 0), g.on_crash);
		assert_int_equal(decide(&g, CAUSE_SUSPEND, 0), END_PRESERVE);
		assert_int_equal(decide(&g, CAUSE_VANISHED, 0), END_DESTROY);
		/* A person's wish beats the file, but only about what was wished. */
		assert_int_equal(decide(&g, CAUSE_REBOOT, 1), END_RESTART);
		assert_int_equal(decide(&g, CAUSE_POWEROFF, 1), g.on_poweroff);
	}
}

static void crash_loop_is_given_up(void **state)
{
	struct guest_file g = {.on_crash = END_RESTART};
	struct restart_log log = {.count = 0};
	int limited, i;

	(void)state;
	for (i = 0; i < RESTART_BURST; i++) {
		assert_int_equal(policy_decide(&g, CAUSE_CRASH, 0, &log, 1000 + i, &limited),
				 END_RESTART);
		assert_false(limited);
	}
	assert_int_equal(policy_decide(&g, CAUSE_CRASH, 0, &log, 1005, &limited), END_DESTROY);
	assert_true(limited);
	/* Once the first of them is long enough ago, it may start again. */
	assert_int_equal(policy_decide(&g, CAUSE_CRASH, 0, &log, 1000 + RESTART_WINDOW_S, &limited),
			 END_RESTART);
	assert_false(limited);
	assert_int_equal(policy_decide(&g, CAUSE_CRASH, 0, &log, 1000 + RESTART_WINDOW_S, &limited),
			 END_DESTROY);
	assert_true(limited);
}

static void slow_crashes_go_on_for_ever(void **state)
{
	struct guest_file g = {.on_crash = END_RESTART};
	struct restart_log log = {.count = 0};
	int limited, i;

	(void)state;
	for (i = 0; i < 100; i++) {
		assert_int_equal(policy_decide(&g, CAUSE_CRASH, 0, &log,
					       1000 + i * RESTART_WINDOW_S / 4, &limited),
				 END_RESTART);
	}
}

static void a_clock_set_back_does_not_lock_out(void **state)
{
	struct guest_file g = {.on_crash = END_RESTART};
	struct restart_log log = {.when = {9000, 9001, 9002, 9003, 9004}, .count = RESTART_BURST};
	int limited;

	(void)state;
	assert_int_equal(policy_decide(&g, CAUSE_CRASH, 0, &log, 1000, &limited), END_RESTART);
	assert_false(limited);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(causes),
		cmocka_unit_test(each_cause_has_its_action),
		cmocka_unit_test(crash_loop_is_given_up),
		cmocka_unit_test(slow_crashes_go_on_for_ever),
		cmocka_unit_test(a_clock_set_back_does_not_lock_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * A front end's device in the store: what it publishes and when, what it gives back, and what it
 * does with a back end or a store that misbehaves.
 */
#include "unit.h"

#include "pv-drivers/common/device.h"
#include "pv_platform.h"

#define PATH "device/vbd/51712"
#define BACK "/local/domain/3/backend/vbd/5/51712"

static struct device device;
static struct device_pages ring;
static unsigned int connects, changes, disconnects, closes;
static int publish_result, connect_result;

static int publish(struct device *d)
{
	int rc = device_share(d, &ring, 2);

	return rc               ? rc
	       : publish_result ? publish_result
				: device_write(d, "ring-ref", ring.refs[0]);
}

static int connect(struct device *d)
{
	(void)d;
	connects++;
	return connect_result;
}

static void changed(struct device *d)
{
	(void)d;
	changes++;
}

static void disconnect(struct device *d)
{
	(void)d;
	disconnects++;
	device_unshare(&ring);
}

static void closed(struct device *d)
{
	assert_true(d->is_closed);
	closes++;
}

static const struct device_driver block = {false, publish, connect, changed, disconnect, closed};
static const struct device_driver net = {true, publish, NULL, changed, disconnect, closed};

static int setup(void **state)
{
	(void)state;
	fake_reset();
	connects = changes = disconnects = closes = 0;
	publish_result = connect_result = 0;
	fake_store_set(PATH "/backend", BACK);
	fake_store_set(PATH "/backend-id", "%d", FAKE_BACK_ID);
	return 0;
}

static void back(enum xenbus_state state)
{
	fake_store_set(BACK "/state", "%d", state);
	fake_run();
}

static int teardown(void **state)
{
	(void)state;
	device_close(&device);
	back(XenbusStateClosed);
	assert_int_equal(closes, 1);
	assert_int_equal(fake_store_number(PATH "/state"), XenbusStateClosed);
	fake_reset();
	return 0;
}

static enum xenbus_state front(void)
{
	return (enum xenbus_state)fake_store_number(PATH "/state");
}

static void start(const struct device_driver *driver)
{
	assert_int_equal(device_start(&device, driver, PATH), 0);
	assert_int_equal(front(), XenbusStateInitialising);
	back(XenbusStateInitialising);
	assert_int_equal(fake_grant_count(), 0);
}

static void test_block(void **state)
{
	(void)state;
	start(&block);
	back(XenbusStateInitWait);
	assert_int_equal(front(), XenbusStateInitialised);
	assert_int_equal(fake_store_number(PATH "/ring-ref"), ring.refs[0]);
	assert_int_equal(fake_grant_count(), 2);
	back(XenbusStateConnected);
	assert_int_equal(front(), XenbusStateConnected);
	assert_int_equal(connects, 1);
	back(XenbusStateConnected);
	assert_int_equal(changes, 1);
}

static void test_net(void **state)
{
	(void)state;
	start(&net);
	back(XenbusStateInitWait);
	assert_int_equal(front(), XenbusStateConnected);
	back(XenbusStateConnected);
	assert_int_equal(changes, 1);
}

/* Pages stay away from everybody else until the back end lets go of them. */
static void test_back_end_goes(void **state)
{
	grant_ref_t held;

	(void)state;
	start(&block);
	back(XenbusStateInitWait);
	back(XenbusStateConnected);
	held = ring.refs[1];
	fake_grant_map(held, true);
	back(XenbusStateClosing);
	assert_int_equal(front(), XenbusStateClosed);
	assert_int_equal(disconnects, 1);
	assert_int_equal(fake_grant_count(), 1);
	fake_grant_map(held, false);
	assert_int_equal(fake_grant_count(), 0);
	fake_store_remove(BACK);
	fake_run();
	assert_int_equal(disconnects, 1);
}

/* A back end that did not see us close would take the next front end for this one. */
static void test_closing_waits_for_the_back_end(void **state)
{
	(void)state;
	start(&block);
	back(XenbusStateInitWait);
	back(XenbusStateConnected);
	device_close(&device);
	fake_run();
	assert_int_equal(front(), XenbusStateClosing);
	assert_int_equal(disconnects, 1);
	back(XenbusStateClosing);
	assert_int_equal(front(), XenbusStateClosed);
	assert_int_equal(closes, 0);
	back(XenbusStateClosed);
	assert_int_equal(closes, 1);
	closes = 0;
	start(&block);
}

/* What the tools took away, we may not even ask for; and another device may be in its place. */
static void test_back_end_is_gone(void **state)
{
	(void)state;
	start(&block);
	back(XenbusStateInitWait);
	back(XenbusStateConnected);
	fake_store_hide(BACK "/state");
	fake_run();
	assert_int_equal(front(), XenbusStateClosed);
	assert_int_equal(disconnects, 1);
	fake_store_set(PATH "/state", "%d", XenbusStateInitialising);
	device_close(&device);
	fake_run();
	assert_int_equal(front(), XenbusStateInitialising);
	assert_int_equal(closes, 1);
	closes = 0;
	fake_store_remove(BACK);
	start(&block);
}

/* Nonsense for a state does not keep rings and grants from coming back. */
static void test_closing_beside_nonsense(void **state)
{
	(void)state;
	start(&block);
	back(XenbusStateInitWait);
	back(XenbusStateConnected);
	fake_store_set(BACK "/state", "x");
	device_close(&device);
	fake_run();
	assert_int_equal(disconnects, 1);
	assert_int_equal(closes, 0);
}

static void test_driver_fails(void **state)
{
	(void)state;
	start(&block);
	publish_result = -ENOSPC;
	back(XenbusStateInitWait);
	assert_int_equal(front(), XenbusStateClosing);
	assert_int_equal(disconnects, 1);
	assert_non_null(strstr(fake_said(), "cannot be connected, error 28"));
}

static void test_grants_run_out(void **state)
{
	(void)state;
	start(&block);
	fake_grant_limit(1);
	back(XenbusStateInitWait);
	assert_int_equal(front(), XenbusStateClosing);
	assert_int_equal(fake_grant_count(), 0);
}

static void test_connect_fails(void **state)
{
	(void)state;
	start(&block);
	connect_result = -EINVAL;
	back(XenbusStateInitWait);
	back(XenbusStateConnected);
	assert_int_equal(front(), XenbusStateClosing);
	assert_int_equal(disconnects, 1);
}

/* A driver finds the back end at fault in the handler of an event, where the store cannot be asked.
 */
static void test_failure(void **state)
{
	(void)state;
	start(&block);
	back(XenbusStateInitWait);
	back(XenbusStateConnected);
	device_fail(&device, "it answers twice");
	assert_int_equal(front(), XenbusStateConnected);
	fake_run();
	assert_int_equal(front(), XenbusStateClosing);
	assert_int_equal(disconnects, 1);
	assert_non_null(strstr(fake_said(), "it answers twice"));
	back(XenbusStateClosed);
	assert_int_equal(front(), XenbusStateClosed);
	assert_int_equal(disconnects, 1);
}

/* States that no back end writes, in the middle of things. */
static void test_odd_states(void **state)
{
	static const char *const odd[] = {"7",  "4294967300", "99999999999999999999",
					  "-1", "",           "4x"};

	(void)state;
	start(&block);
	back(XenbusStateInitWait);
	back(XenbusStateConnected);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		fake_store_set(BACK "/state", "%s", odd[i]);
		fake_run();
	}
	assert_int_equal(front(), XenbusStateClosing);
	assert_int_equal(disconnects, 1);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} row[] = {{"0", 0},
		   {"18446744073709551615", UINT64_MAX},
		   {"18446744073709551616", 7},
		   {"", 7},
		   {"1 ", 7},
		   {"+1", 7},
		   {"0x10", 7},
		   {"000000000000000000012", 7},
		   {"012", 12}};
	char name[PLATFORM_VALUE_BYTES];

	(void)state;
	start(&block);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		fake_store_set(BACK "/sectors", "%s", row[i].text);
		assert_int_equal(device_back_number(&device, "sectors", 7), row[i].value);
	}
	assert_int_equal(device_back_number(&device, "none", 7), 7);
	assert_string_equal(device_name(name, "queue-", 4294967295u, "/tx-ring-ref"),
			    "queue-4294967295/tx-ring-ref");
}

/* In another domain there is another back end, and all begins anew; a wish to close holds. */
static void test_resume(void **state)
{
	(void)state;
	start(&block);
	assert_int_equal(device_resume(&device), 0); /* not connected yet: nothing to give back */
	assert_int_equal(disconnects, 0);
	back(XenbusStateInitWait);
	back(XenbusStateConnected);
	fake_store_set(PATH "/backend", BACK "0");
	fake_store_set(BACK "0/state", "%d", XenbusStateInitialising);
	assert_int_equal(device_resume(&device), 0);
	assert_int_equal(disconnects, 1);
	assert_int_equal(fake_grant_count(), 0);
	assert_int_equal(front(), XenbusStateInitialising);
	back(XenbusStateInitWait); /* the old one is nobody's any more */
	assert_int_equal(front(), XenbusStateInitialising);
	fake_store_set(BACK "0/state", "%d", XenbusStateInitWait);
	fake_run();
	assert_int_equal(front(), XenbusStateInitialised);
	fake_store_set(BACK "0/state", "%d", XenbusStateConnected);
	fake_run();
	assert_int_equal(connects, 2);
	device_close(&device);
	assert_int_equal(device_resume(&device), 0);
	fake_run();
	assert_false(device.is_closed);
	assert_int_equal(front(), XenbusStateClosing);
	fake_store_set(BACK "0/state", "%d", XenbusStateClosed);
	fake_run();
	assert_true(device.is_closed);
	assert_int_equal(device_resume(&device), 0);
	closes = 0;
	fake_store_set(PATH "/backend", BACK);
	start(&block);
}

static void test_resume_without(void **state)
{
	(void)state;
	start(&block);
	fake_store_remove(PATH);
	assert_int_equal(device_resume(&device), -ENOENT);
	assert_true(device.is_closed);
	assert_int_equal(device_resume(&device), 0);
	setup(state);
	start(&block);
}

static void test_no_device(void **state)
{
	struct device none;

	(void)state;
	assert_int_equal(device_start(&none, &block, "device/vbd/1"), -ENOENT);
	fake_store_set(PATH "/backend-id", "%u", DOMID_FIRST_RESERVED);
	assert_int_equal(device_start(&none, &block, PATH), -EINVAL);
	fake_store_set(PATH "/backend-id", "%d", FAKE_BACK_ID);
	start(&block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_block, setup, teardown),
		cmocka_unit_test_setup_teardown(test_net, setup, teardown),
		cmocka_unit_test_setup_teardown(test_back_end_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closing_waits_for_the_back_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_back_end_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closing_beside_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_driver_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grants_run_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_connect_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_odd_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume_without, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

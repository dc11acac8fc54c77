/* SPDX-License-Identifier: MIT */
/* A network front end on the test's kernel, brought up as far as a back end that is connected. */
#pragma once

#include "unit.h"

#include "pv-drivers/net/front.h"
#include "pv_platform.h"

#define PATH "device/vif/0"
#define BACK "/local/domain/3/backend/vif/5/0"

static struct net_front front;
static unsigned int changes, events;

static void on_change(struct net_front *f)
{
	assert_ptr_equal(f, &front);
	changes++;
}

static void on_event(struct net_front *f, uint32_t queue)
{
	assert_ptr_equal(f, &front);
	assert_true(queue < f->queue_count);
	events++;
}

static inline void back_state(enum xenbus_state state)
{
	fake_store_set(BACK "/state", "%d", state);
	fake_run();
}

static inline int peer_setup(void **state)
{
	static const char *const features[] = {
		"feature-rx-copy",
		"feature-sg",
		"feature-gso-tcpv4",
		"feature-gso-tcpv6",
		"feature-multicast-control",
		"feature-ipv6-csum-offload",
		"feature-split-event-channels",
	};

	(void)state;
	fake_reset();
	changes = events = 0;
	fake_store_set(PATH "/backend", BACK);
	fake_store_set(PATH "/backend-id", "%d", FAKE_BACK_ID);
	fake_store_set(BACK "/mac", "00:16:3E:00:aB:0f");
	fake_store_set(BACK "/multi-queue-max-queues", "4");
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), BACK "/%s", features[i]);
		fake_store_set(path, "1");
	}
	return 0;
}

static inline int peer_teardown(void **state)
{
	(void)state;
	net_stop(&front);
	back_state(XenbusStateClosed);
	fake_reset();
	return 0;
}

/* Up to the point where the back end has read what the front end published. */
static inline void peer_start(const struct net_options *options)
{
	assert_int_equal(net_start(&front, PATH, options, on_change, on_event), 0);
	back_state(XenbusStateInitWait);
}

static inline void peer_connect(const struct net_options *options)
{
	peer_start(options);
	assert_int_equal(fake_store_number(PATH "/state"), XenbusStateConnected);
	back_state(XenbusStateConnected);
	assert_true(front.is_ready);
	assert_int_equal(changes, 1);
}

/* A ring's page, as its reference in the store leads to it. */
static inline void *peer_ring(const char *node)
{
	void *page = fake_grant_page((grant_ref_t)fake_store_number(node), true);

	assert_non_null(page);
	return page;
}

/* SPDX-License-Identifier: MIT */
/*
 * test=scribble: connects each of its disks and networks as a front end does, and then writes what
 * it likes over the live rings while the back end reads them: bytes, counters, requests that are
 * nearly sane. A device that the back end takes away is connected again. Words: seconds=N, seed=N.
 *
 * It only keeps what a guest cannot get round: the grants that the rings are shared by. Requests
 * name those too, so that data is copied over the rings themselves.
 */
#include "kernel.h"
#include <errno.h>
#include <xen/io/blkif.h>
#include <xen/io/netif.h>
#include <xen/io/protocols.h>

#include "../common/device.h"
#include "../common/ring.h"

enum { DEVICES = 8, NAMES_BYTES = 256, RINGS = 2, WRITES = 16 };

struct victim {
	struct device device; /* first: the driver finds the victim by it */
	struct device_pages shared;
	evtchn_port_t port;
	bool is_ready;
};

static struct victim victims[DEVICES];
static u32 victim_count;
static u64 connections, writes, chance_state;

/* xorshift: the same numbers for the same seed. */
static u32 chance(u32 below)
{
	chance_state ^= chance_state << 13;
	chance_state ^= chance_state >> 7;
	chance_state ^= chance_state << 17;
	return (u32)(chance_state >> 32) % below;
}

/* --- The front end's side of the hand-shake, with nothing behind it --- */

static struct victim *victim_of(struct device *d)
{
	return (struct victim *)d;
}

/* What the back end answers is of no interest. */
static void port_event(void *arg)
{
}

static int block_publish(struct victim *v)
{
	int rc = device_write(&v->device, "ring-ref", v->shared.refs[0]);

	rc = rc ? rc : device_write(&v->device, "event-channel", v->port);
	/* The back end keeps what it is named mapped, as long as that is granted. */
	rc = rc ? rc : device_write(&v->device, "feature-persistent", 1);
	return rc ? rc : device_write_text(&v->device, "protocol", XEN_IO_PROTO_ABI_X86_64);
}

static int net_publish(struct victim *v)
{
	static const char *const features[] = {"request-rx-copy", "feature-sg", "feature-gso-tcpv4",
					       "feature-gso-tcpv6", "feature-ipv6-csum-offload"};
	int rc = device_write(&v->device, "tx-ring-ref", v->shared.refs[0]);

	rc = rc ? rc : device_write(&v->device, "rx-ring-ref", v->shared.refs[1]);
	rc = rc ? rc : device_write(&v->device, "event-channel", v->port);
	for (u32 i = 0; i < ARRAY_SIZE(features) && !rc; i++) {
		rc = device_write(&v->device, features[i], 1);
	}
	return rc;
}

static int publish(struct device *d)
{
	struct victim *v = victim_of(d);
	struct ring unused;
	int rc = device_share(d, &v->shared, RINGS);

	for (u32 i = 0; i < RINGS && !rc; i++) {
		ring_front_init(&unused, v->shared.pages + i * PAGE_SIZE, PAGE_SIZE, 16);
	}
	rc = rc ? rc : platform_port_open(d->back_id, port_event, v, &v->port);
	if (rc) {
		return rc;
	}
	return d->driver->is_net ? net_publish(v) : block_publish(v);
}

/* Both back ends are connected by now; a disk may say so again. */
static void changed(struct device *d)
{
	connections += !victim_of(d)->is_ready;
	victim_of(d)->is_ready = true;
	thread_wake();
}

static int connect(struct device *d)
{
	changed(d);
	return 0;
}

static void disconnect(struct device *d)
{
	struct victim *v = victim_of(d);

	v->is_ready = false;
	if (v->port) {
		platform_port_close(v->port);
		v->port = 0;
	}
	device_unshare(&v->shared);
	device_close(d);
}

static void closed(struct device *d)
{
	thread_wake();
}

static const struct device_driver block_driver = {.publish = publish,
						  .connect = connect,
						  .changed = changed,
						  .disconnect = disconnect,
						  .closed = closed};
static const struct device_driver net_driver = {.is_net = true,
						.publish = publish,
						.changed = changed,
						.disconnect = disconnect,
						.closed = closed};

static void victims_start(const char *folder, const struct device_driver *driver)
{
	static char names[NAMES_BYTES];
	int bytes = store_list(folder, names, sizeof(names));

	for (int i = 0; i < bytes && victim_count < DEVICES; i += (int)strlen(names + i) + 1) {
		size_t used = strlen(folder), more = strlen(names + i) + 1;
		char path[PLATFORM_PATH_BYTES] = {0};

		if (used + 1 + more <= sizeof(path)) {
			memcpy(path, folder, used);
			path[used] = '/';
			memcpy(path + used + 1, names + i, more);
			CHECK_EQ(device_start(&victims[victim_count++].device, driver, path), 0);
		}
	}
}

/* --- Scribbling --- */

/* Often one that copies work with, and then the ring is what they copy over. */
static grant_ref_t some_ref(const struct victim *v)
{
	return chance(4) ? v->shared.refs[chance(RINGS)] : chance(1u << chance(32));
}

static void block_request_put(const struct victim *v, u8 *slot)
{
	struct blkif_request r = {
		.operation = (u8)chance(8),
		.nr_segments = (u8)chance(chance(8) ? BLKIF_MAX_SEGMENTS_PER_REQUEST + 1 : 256),
		.id = chance(64),
		.sector_number = chance(1u << chance(32)),
	};

	for (u32 i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++) {
		r.seg[i].gref = some_ref(v);
		r.seg[i].first_sect = (u8)chance(4);
		r.seg[i].last_sect = (u8)(chance(64) ? 4 + chance(4) : chance(256));
	}
	if (r.operation == BLKIF_OP_INDIRECT) {
		struct blkif_request_indirect *indirect = (void *)&r;

		indirect->indirect_op = (u8)chance(2);
		indirect->nr_segments = (u16)chance(chance(8) ? 32 : 1 << 16);
		indirect->indirect_grefs[0] = some_ref(v);
	}
	memcpy(slot, &r, sizeof(r));
}

/* In the tx ring; as a buffer for what is received it will do as well. */
static void net_request_put(const struct victim *v, u8 *slot)
{
	netif_tx_request_t r = {
		.gref = some_ref(v),
		.offset = (u16)chance(64),
		.flags = (u16)(chance(8) ? chance(2) * NETTXF_csum_blank : chance(16)),
		.id = (u16)chance(256),
		.size = (u16)chance(chance(8) ? 1500 : 1 << 16),
	};

	memcpy(slot, &r, sizeof(r));
}

/* Requests over a ring from its beginning to its end, and some more that are said to be there. */
static void requests_put(const struct victim *v, bool is_net)
{
	u32 bytes = is_net ? sizeof(netif_tx_request_t) : sizeof(struct blkif_request);
	u8 *page = v->shared.pages + (is_net ? chance(RINGS) * PAGE_SIZE : 0);
	struct ring_shared *shared = (struct ring_shared *)page;
	u32 slots = ring_slots(PAGE_SIZE, bytes);

	for (u32 i = 0; i < slots; i++) {
		if (is_net) {
			net_request_put(v, page + sizeof(*shared) + i * bytes);
		} else {
			block_request_put(v, page + sizeof(*shared) + i * bytes);
		}
	}
	__atomic_store_n(&shared->req_prod, shared->rsp_prod + chance(slots + 1), __ATOMIC_RELEASE);
}

/* Seldom a counter: mostly that ends the connection. */
static void bytes_put(const struct victim *v)
{
	for (u32 i = 0; i < WRITES; i++) {
		u32 from = chance(64) ? sizeof(struct ring_shared) : 0;
		u8 *page = v->shared.pages + chance(RINGS) * PAGE_SIZE;

		*(volatile u8 *)(page + from + chance(PAGE_SIZE - from)) = (u8)chance(256);
	}
	writes += WRITES;
}

static void scribble(const struct victim *v)
{
	if (!chance(4)) {
		requests_put(v, v->device.driver->is_net);
	}
	bytes_put(v);
	if (chance(2)) {
		platform_notify(v->port);
	}
}

static void victims_turn(void)
{
	for (u32 i = 0; i < victim_count; i++) {
		struct victim *v = &victims[i];

		if (v->is_ready) {
			scribble(v);
		} else if (v->device.is_closed) {
			char path[PLATFORM_PATH_BYTES];

			memcpy(path, v->device.path, sizeof(path));
			CHECK_EQ(device_start(&v->device, v->device.driver, path), 0);
		}
	}
}

void program_scribble(void)
{
	u64 end = system_time() + argument("seconds", 5) * 1000000000ul;

	claim("there are devices, and they connect");
	chance_state = argument("seed", 1) * 0x9e3779b97f4a7c15ul + 1;
	victims_start("device/vbd", &block_driver);
	victims_start("device/vif", &net_driver);
	CHECK(victim_count);
	print("scribble: %u devices\n", victim_count);
	for (; system_time() < end; thread_wait(system_time())) {
		victims_turn();
	}
	print("scribble: %lu bytes and %lu connections\n", writes, connections);
	claim("the back end lets a device connect again");
	CHECK(connections > victim_count);
	claims_end();
}

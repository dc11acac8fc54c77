/* SPDX-License-Identifier: MIT */
/*
 * Network devices: what net.c (the device, its nodes and its tap) and net_queue.c (its rings)
 * share.
 *
 *	tx ring --net_queue_take()--> batch --[copied in together]--> tap
 *	rx ring <--[copied out together]-- batches <--net_queue_place()-- tap
 *
 * A guest that does not give buffers lets its packets wait in the tap, which drops what is too
 * much; here one packet waits at most.
 *
 * Invariant: nothing is in flight when the event loop waits but the wait for the tap and the one
 * for the rate, each of which a device awaits before it is let go. Event loop's thread only.
 */
#pragma once

#include "backend/device.h"
#include "backend/loop.h"
#include "backend/net_record.h"
#include "backend/tap.h"
#include "backend/xen.h"
#include "net/back.h"
#include "net/rate.h"

#define NET_QUEUES_MAX 4u

struct net_queue {
	struct port tx_port, rx_port; /* the first alone if the guest has but one */
	struct net_device *net;
	bool is_tx_woken;
	void *tx_page, *rx_page;
	struct net_record_queue *kept;
	struct net_back back;
	/* Packets on their way to the guest, and the memory of the first slot of each. */
	struct net_batch rx_batch;
	uint8_t *rx_data[NET_SLOTS];
};

/** A wait of the event loop's, which can be broken off. */
struct net_wait {
	struct loop_event event; /* first: the handler casts */
	struct net_device *net;
	bool is_waiting;
	bool is_over; /* and has not been looked after */
};

struct net_device {
	struct net_device *next;
	struct device *device;
	int tap;
	struct net_record_queue *record; /* NET_QUEUES_MAX, in a file that domusd keeps */
	struct tap_features features;    /* that the guest takes */
	struct net_multicast multicast;
	struct net_rate rate;
	struct net_wait tap_wait, rate_wait;
	struct __kernel_timespec rate_time;
	bool is_connected;
	bool is_rx_woken;       /* the guest gave buffers, perhaps */
	struct net_packet held; /* read, but there are no buffers; 0 bytes: none */
	uint8_t held_data[NET_PACKET_MAX];
	uint32_t queue_count;
	struct net_queue queues[NET_QUEUES_MAX];
};

/** net_init - before all else. */
void net_init(void);

/**
 * net_queues_open - maps what the front end published, as far as it goes; a successor ends what
 * its predecessor began. 0, or -errno.
 */
int net_queues_open(struct net_device *n, bool is_successor, struct complaint *c);
void net_queues_close(struct net_device *n);
/** net_queue_take - sends what is in the tx ring, as far as the rate allows. */
void net_queue_take(struct net_queue *q);
/** net_device_receive - reads packets for a while; true: there may be more. */
bool net_device_receive(struct net_device *n);
/** net_room_init - memory for packets, which all devices share; 0, or -errno. */
int net_room_init(void);

/* SPDX-License-Identifier: MIT */
/*
 * A tap device, whose packets carry a header that says what is left to be done on them. domusd
 * opens it, on a bridge or wherever it is to be; here it is read and written.
 *
 * Invariant: a packet that leaves through it is the guest's, so its headers are looked at only
 * where they cannot change any more. Event loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/virtio_net.h>
#include "backend/complaint.h"
#include "net/packet.h"

/** What lies before a packet that was read. */
#define TAP_HEADER_BYTES sizeof(struct virtio_net_hdr)

/** What the guest can be given. */
struct tap_features {
	bool csum_v4, csum_v6, gso_v4, gso_v6;
};

/** tap_check - makes the descriptor ready for use; 0, or -errno: it is no such tap. */
int tap_check(int fd, struct complaint *c);
/** tap_connect - a guest is there, and takes such packets; NULL: there is none. */
void tap_connect(int fd, const struct tap_features *f);
/** tap_write - sends a packet of the guest's, in which it may fill in a checksum; or drops it. */
void tap_write(int fd, const struct net_packet *p, uint8_t *data);
/**
 * tap_read - the next packet. @data: room for NET_PACKET_MAX + 1 bytes, behind room for a header.
 * False: there is none now. *p says what is left to be done, as far as the guest takes it; a packet
 * of 0 bytes was too large or too small, and is dropped.
 */
bool tap_read(int fd, const struct tap_features *f, struct net_packet *p, uint8_t *data);

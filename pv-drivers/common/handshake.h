/* SPDX-License-Identifier: MIT */
/*
 * How two halves of a driver find together and part: the XenbusState hand-shake of
 * <xen/io/xenbus.h> as a pure state machine. Each end writes its own state into the store and
 * watches the other's.
 *
 *	front (block)     Initialising ------------> Initialised ----------> Connected
 *	                        |    sees InitWait:   ^     |   sees Connected:   ^
 *	                        v    publishes rings /      v   reads what it is /
 *	back              InitWait -----------------'  Connected (maps rings) --'
 *
 *	front (net)       Initialising --> sees InitWait: publishes rings --> Connected
 *
 *	parting           either: Closing --> the other: Closing or Closed --> both: Closed;
 *	                  then a back end that is online waits in InitWait for the next front end,
 *	                  one that is not is removed
 *
 * Invariant: an answer depends only on the machine and the event; every state of the other end,
 * in any order and any number of times, has one. CONNECT and DISCONNECT alternate. No lock.
 */
#pragma once

#include <stdbool.h>
#include <xen/io/xenbus.h>

enum handshake_action {
	HANDSHAKE_NONE,
	HANDSHAKE_PUBLISH,    /* front: allocate rings and ports, write them to the store */
	HANDSHAKE_CONNECT,    /* map or use the rings; on failure call handshake_failed() */
	HANDSHAKE_DISCONNECT, /* stop, give back rings and ports */
	HANDSHAKE_CHANGED,    /* front: read again what the back end says about the device */
	HANDSHAKE_REMOVE,     /* DISCONNECT if connected; the device is gone for good */
	HANDSHAKE_BROKEN, /* the other end broke the order: DISCONNECT if connected, and say so */
};

/** What to do, then which state to write; the state is written after the action succeeded. */
struct handshake_step {
	enum handshake_action action;
	enum xenbus_state state; /* as it is, or the one to write */
	bool is_write;
};

struct handshake {
	enum xenbus_state state; /* ours, as it stands in the store */
	bool is_connected;       /* between CONNECT (or PUBLISH) and DISCONNECT */
	bool is_net;             /* front: goes from PUBLISH to Connected */
	bool is_online;          /* back: another front end may follow this one */
};

/**
 * handshake_back_start - the first step of a back end. @stored: our state as the store has it;
 * Connected with a front end that published its rings is left by a predecessor that died, whose
 * work is taken up.
 */
struct handshake_step handshake_back_start(struct handshake *h, enum xenbus_state stored,
					   enum xenbus_state peer);
/** handshake_back_peer - the front end's state changed, or may have: XenbusStateUnknown: gone. */
struct handshake_step handshake_back_peer(struct handshake *h, enum xenbus_state peer);
/** handshake_back_offline - the tools take the device away: the front end is asked to close. */
struct handshake_step handshake_back_offline(struct handshake *h);

/** handshake_front_start - the first step of a front end. */
struct handshake_step handshake_front_start(struct handshake *h, bool is_net);
/** handshake_front_peer - the back end's state changed, or may have: XenbusStateUnknown: gone. */
struct handshake_step handshake_front_peer(struct handshake *h, enum xenbus_state peer);
/** handshake_front_close - the kernel gives the device up. */
struct handshake_step handshake_front_close(struct handshake *h);

/** handshake_failed - CONNECT or PUBLISH failed, or the other end abused the ring: part. */
struct handshake_step handshake_failed(struct handshake *h);

/* SPDX-License-Identifier: MIT */
/* The hand-shake's tables; see handshake.h. No lock. */
#include "handshake.h"

static struct handshake_step stay(const struct handshake *h, enum handshake_action action)
{
	return (struct handshake_step){action, h->state, false};
}

static struct handshake_step go(struct handshake *h, enum handshake_action action,
				enum xenbus_state state)
{
	h->state = state;
	return (struct handshake_step){action, state, true};
}

/* Parts if connected; writes the state unless it stands there already. */
static struct handshake_step part(struct handshake *h, enum xenbus_state state)
{
	enum handshake_action action = h->is_connected ? HANDSHAKE_DISCONNECT : HANDSHAKE_NONE;

	h->is_connected = false;
	return h->state == state ? stay(h, action) : go(h, action, state);
}

static struct handshake_step connect(struct handshake *h, enum handshake_action action,
				     enum xenbus_state state)
{
	h->is_connected = true;
	return go(h, action, state);
}

static struct handshake_step broken(struct handshake *h)
{
	h->is_connected = false;
	return go(h, HANDSHAKE_BROKEN, XenbusStateClosing);
}

struct handshake_step handshake_failed(struct handshake *h)
{
	return part(h, XenbusStateClosing);
}

static struct handshake_step removed(struct handshake *h)
{
	h->is_connected = false;
	return go(h, HANDSHAKE_REMOVE, XenbusStateClosed);
}

/*
 * The front end starts, or starts anew without having closed: a kernel that was replaced. Nothing
 * is shared with it yet, so a device that is to go need not wait for it.
 */
static struct handshake_step back_peer_starts(struct handshake *h)
{
	return h->is_online ? part(h, XenbusStateInitWait) : removed(h);
}

static struct handshake_step back_peer_ready(struct handshake *h)
{
	if (h->is_connected) {
		return stay(h, HANDSHAKE_NONE);
	}
	/* Rings that were published before we asked for them would be those of an earlier life. */
	return h->state == XenbusStateInitWait ? connect(h, HANDSHAKE_CONNECT, XenbusStateConnected)
					       : stay(h, HANDSHAKE_NONE);
}

struct handshake_step handshake_back_start(struct handshake *h, enum xenbus_state stored,
					   enum xenbus_state peer)
{
	*h = (struct handshake){.state = stored, .is_online = true};
	if (stored == XenbusStateConnected &&
	    (peer == XenbusStateInitialised || peer == XenbusStateConnected)) {
		return connect(h, HANDSHAKE_CONNECT, XenbusStateConnected);
	}
	return go(h, HANDSHAKE_NONE, XenbusStateInitWait);
}

struct handshake_step handshake_back_peer(struct handshake *h, enum xenbus_state peer)
{
	switch (peer) {
	case XenbusStateInitialising:
		return back_peer_starts(h);
	case XenbusStateInitWait:
		return stay(h, HANDSHAKE_NONE);
	case XenbusStateInitialised:
	case XenbusStateConnected:
		return back_peer_ready(h);
	case XenbusStateClosing:
		return part(h, XenbusStateClosing);
	case XenbusStateClosed:
		return h->is_online ? part(h, XenbusStateClosed) : removed(h);
	case XenbusStateUnknown:
		return removed(h);
	default: /* reconfiguring is for buses of devices */
		return broken(h);
	}
}

struct handshake_step handshake_back_offline(struct handshake *h)
{
	h->is_online = false;
	/* A front end that closed already will not answer again. */
	return h->state == XenbusStateClosed ? removed(h)
					     : go(h, HANDSHAKE_NONE, XenbusStateClosing);
}

struct handshake_step handshake_front_start(struct handshake *h, bool is_net)
{
	*h = (struct handshake){.is_net = is_net};
	return go(h, HANDSHAKE_NONE, XenbusStateInitialising);
}

static struct handshake_step front_peer_waits(struct handshake *h)
{
	if (h->state != XenbusStateInitialising) {
		return stay(h, HANDSHAKE_NONE);
	}
	return connect(h, HANDSHAKE_PUBLISH,
		       h->is_net ? XenbusStateConnected : XenbusStateInitialised);
}

static struct handshake_step front_peer_connected(struct handshake *h)
{
	switch (h->state) {
	case XenbusStateInitialised:
		return go(h, HANDSHAKE_CONNECT, XenbusStateConnected);
	case XenbusStateConnected:
		return stay(h, HANDSHAKE_CHANGED);
	default:
		return stay(h, HANDSHAKE_NONE);
	}
}

/* A back end that has not seen yet that we start closes behind the front end before us. */
static struct handshake_step front_peer_closes(struct handshake *h)
{
	return h->state == XenbusStateInitialising ? stay(h, HANDSHAKE_NONE)
						   : part(h, XenbusStateClosed);
}

struct handshake_step handshake_front_peer(struct handshake *h, enum xenbus_state peer)
{
	switch (peer) {
	case XenbusStateInitWait:
		return front_peer_waits(h);
	case XenbusStateConnected:
		return front_peer_connected(h);
	case XenbusStateClosing:
	case XenbusStateClosed:
		return front_peer_closes(h);
	case XenbusStateUnknown:
		return part(h, XenbusStateClosed);
	case XenbusStateInitialising:
	case XenbusStateInitialised:
		return stay(h, HANDSHAKE_NONE);
	default:
		return broken(h);
	}
}

/* Once it is closed nobody waits for a word of it: another device may be in its place by now. */
struct handshake_step handshake_front_close(struct handshake *h)
{
	return h->state == XenbusStateClosed ? stay(h, HANDSHAKE_NONE)
					     : part(h, XenbusStateClosing);
}

/* SPDX-License-Identifier: MIT */
/*
 * The hand-shake of split drivers: every order of seven events of the other end and of our own
 * side, legal or not, against the rules that drivers rely on; and both ends against one another.
 */
#include "unit.h"
#include "common/handshake.h"

enum { DEPTH = 7, STATES = XenbusStateReconfigured + 2 }; /* one state more: nonsense */

/* What a driver does on the machine's word. */
struct driver {
	struct handshake h;
	bool is_back, is_up, is_removed, was_written;
	enum xenbus_state stored; /* ours, as the store has it */
};

static void obey(struct driver *d, struct handshake_step step)
{
	bool is_connect = step.action == HANDSHAKE_PUBLISH ||
			  (d->is_back && step.action == HANDSHAKE_CONNECT);

	if (is_connect) {
		assert_false(d->is_up);
		d->is_up = true;
	}
	if (step.action == HANDSHAKE_CONNECT && !d->is_back) {
		assert_true(d->is_up);
	}
	if (step.action == HANDSHAKE_CHANGED) {
		assert_true(!d->is_back && d->is_up && d->stored == XenbusStateConnected);
	}
	if (step.action == HANDSHAKE_DISCONNECT) {
		assert_true(d->is_up);
		d->is_up = false;
	}
	if (step.action == HANDSHAKE_REMOVE || step.action == HANDSHAKE_BROKEN) {
		d->is_up = false;
		d->is_removed = step.action == HANDSHAKE_REMOVE;
	}
	d->stored = step.is_write ? step.state : d->stored;
}

static void check(const struct driver *d)
{
	assert_int_equal(d->h.is_connected, d->is_up);
	assert_int_equal(d->h.state, d->stored);
	assert_in_range(d->stored, XenbusStateInitialising, XenbusStateClosed);
	if (d->stored == XenbusStateConnected) {
		assert_true(d->is_up);
	}
	if (d->stored == XenbusStateInitWait || d->stored == XenbusStateClosed ||
	    (d->stored == XenbusStateInitialising && !d->is_back)) {
		assert_false(d->is_up);
	}
}

/* Events: a state of the other end, then what our own side may do. */
enum { EVENT_FAILED = STATES, EVENT_END, EVENTS };

static struct handshake_step event_do(struct driver *d, unsigned int event)
{
	if (event < STATES) {
		return d->is_back ? handshake_back_peer(&d->h, event)
				  : handshake_front_peer(&d->h, event);
	}
	if (event == EVENT_FAILED) {
		return handshake_failed(&d->h);
	}
	return d->is_back ? handshake_back_offline(&d->h) : handshake_front_close(&d->h);
}

/*
 * The same news twice is no news, but for a back end's size (CHANGED) and broken states: the
 * watches of two ends would wake each other for ever.
 */
static void check_repeats(const struct driver *before, unsigned int event)
{
	struct driver d = *before;
	struct handshake_step step = event_do(&d, event);

	if (event >= STATES || step.action == HANDSHAKE_BROKEN || step.action == HANDSHAKE_REMOVE) {
		return;
	}
	obey(&d, step);
	step = event_do(&d, event);
	if (d.is_back || event != XenbusStateConnected) {
		/* A new start of the front end closes first, then it is waited for. */
		assert_true(step.action == HANDSHAKE_NONE || step.action == HANDSHAKE_CONNECT);
	}
}

static unsigned long walked;

static void walk(const struct driver *d, unsigned int depth)
{
	unsigned int event;

	for (event = 0; event < EVENTS && depth && !d->is_removed; event++) {
		struct driver next = *d;

		check_repeats(d, event);
		obey(&next, event_do(&next, event));
		check(&next);
		walked++;
		walk(&next, depth - 1);
	}
}

static void test_every_order_back(void **state)
{
	unsigned int stored, peer;

	(void)state;
	for (stored = 0; stored < STATES; stored++) {
		for (peer = 0; peer < STATES; peer++) {
			struct driver d = {.is_back = true};

			obey(&d, handshake_back_start(&d.h, stored, peer));
			check(&d);
			assert_int_equal(d.is_up, stored == XenbusStateConnected &&
							  (peer == XenbusStateInitialised ||
							   peer == XenbusStateConnected));
			walk(&d, DEPTH - 4);
		}
	}
	walk(&(struct driver){.is_back = true,
			      .stored = XenbusStateInitWait,
			      .h = {.state = XenbusStateInitWait, .is_online = true}},
	     DEPTH - 1);
	assert_true(walked > 1000000);
}

static void test_every_order_front(void **state)
{
	unsigned int is_net;

	(void)state;
	for (is_net = 0; is_net < 2; is_net++) {
		struct driver d = {.is_back = false};

		obey(&d, handshake_front_start(&d.h, is_net));
		check(&d);
		walk(&d, DEPTH - 1);
	}
}

/* Both ends, each hearing of the other's present state, in every order of their turns. */
static void meet(struct driver front, struct driver back, unsigned int turns, bool must_meet)
{
	unsigned int bits, i;

	for (bits = 0; bits < 1u << turns; bits++) {
		struct driver ends[2] = {front, back};

		for (i = 0; i < turns; i++) {
			unsigned int who = bits >> i & 1;

			obey(&ends[who], event_do(&ends[who], ends[!who].stored));
			check(&ends[who]);
			assert_false(ends[0].is_removed);
		}
		for (i = 0; i < 4; i++) { /* then each as often as it takes */
			obey(&ends[0], event_do(&ends[0], ends[1].stored));
			obey(&ends[1], event_do(&ends[1], ends[0].stored));
		}
		assert_int_equal(ends[0].stored == XenbusStateConnected, must_meet);
		assert_int_equal(ends[1].stored == XenbusStateConnected, must_meet);
	}
}

static void test_ends_meet(void **state)
{
	unsigned int is_net;

	(void)state;
	for (is_net = 0; is_net < 2; is_net++) {
		struct driver front = {.is_back = false}, back = {.is_back = true};

		obey(&front, handshake_front_start(&front.h, is_net));
		obey(&back, handshake_back_start(&back.h, XenbusStateInitialising, front.stored));
		meet(front, back, 8, true);
	}
}

/* Connects two ends. */
static void met(struct driver *front, struct driver *back)
{
	int i;

	*front = (struct driver){.is_back = false};
	*back = (struct driver){.is_back = true};
	obey(front, handshake_front_start(&front->h, false));
	obey(back, handshake_back_start(&back->h, XenbusStateInitialising, front->stored));
	for (i = 0; i < 4; i++) {
		obey(front, event_do(front, back->stored));
		obey(back, event_do(back, front->stored));
	}
	assert_true(front->stored == XenbusStateConnected && back->stored == XenbusStateConnected);
}

static void test_a_killed_back_end_goes_on(void **state)
{
	struct driver front, back, next = {.is_back = true};

	(void)state;
	met(&front, &back);
	obey(&next, handshake_back_start(&next.h, back.stored, front.stored));
	assert_true(next.is_up && next.stored == XenbusStateConnected);
	meet(front, next, 6, true);
}

static void test_a_new_front_end_connects_again(void **state)
{
	struct driver front, back;
	int i;

	(void)state;
	met(&front, &back);
	/* It closes. */
	obey(&front, handshake_front_close(&front.h));
	for (i = 0; i < 3; i++) {
		obey(&back, event_do(&back, front.stored));
		obey(&front, event_do(&front, back.stored));
	}
	assert_int_equal(front.stored, XenbusStateClosed);
	assert_int_equal(back.stored, XenbusStateClosed);
	assert_false(handshake_front_close(&front.h).is_write);
	/* Another kernel starts; or it starts with no word of an end. */
	front = (struct driver){.is_back = false};
	obey(&front, handshake_front_start(&front.h, false));
	meet(front, back, 8, true);
	met(&front, &back);
	front = (struct driver){.is_back = false};
	obey(&front, handshake_front_start(&front.h, false));
	obey(&back, event_do(&back, front.stored));
	assert_false(back.is_up);
	meet(front, back, 6, true);
}

static void test_tools_take_the_device_away(void **state)
{
	struct driver front, back;
	int i;

	(void)state;
	met(&front, &back);
	obey(&back, handshake_back_offline(&back.h));
	assert_int_equal(back.stored, XenbusStateClosing);
	for (i = 0; i < 3 && !back.is_removed; i++) {
		obey(&front, event_do(&front, back.stored));
		obey(&back, event_do(&back, front.stored));
	}
	assert_true(back.is_removed && !back.is_up && !front.is_up);
	assert_int_equal(back.stored, XenbusStateClosed);
}

static void test_a_device_that_nobody_uses_goes_at_once(void **state)
{
	struct driver front = {.is_back = false}, back = {.is_back = true};

	(void)state;
	obey(&front, handshake_front_start(&front.h, false));
	obey(&back, handshake_back_start(&back.h, XenbusStateInitialising, front.stored));
	obey(&back, handshake_back_offline(&back.h));
	obey(&back, event_do(&back, front.stored));
	assert_true(back.is_removed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_order_back),
		cmocka_unit_test(test_every_order_front),
		cmocka_unit_test(test_ends_meet),
		cmocka_unit_test(test_a_killed_back_end_goes_on),
		cmocka_unit_test(test_a_new_front_end_connects_again),
		cmocka_unit_test(test_tools_take_the_device_away),
		cmocka_unit_test(test_a_device_that_nobody_uses_goes_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The FIFO ABI on several CPUs: senders, consumers and moving ports lose nothing; a guest that
 * writes anything into its words harms itself alone; the ABI changes under senders.
 */
#include <time.h>
#include <unistd.h>
#include "channel.h"
#include "fifo_guest.h"
#include "lib/lib.h"

#define PORTS 12u

static struct fifo_guest g;
static u32 port[PORTS];
static u64 posted[PORTS + 1], seen[PORTS + 1]; /* by port */
static bool over;
static time_t race_ends;

/* Each thread is a CPU and vcpu 0 of the domain. */
static __thread u32 thread_seed;
static u32 thread_rnd(u32 n)
{
	thread_seed = thread_seed * 1664525u + 1013904223u;
	return (thread_seed >> 8) % n;
}

static void thread_begin(unsigned int cpu)
{
	fake_cpu = cpu;
	thread_seed = cpu * 7919 + 1;
	fake_run(dom_a, 0);
}

static bool going(void)
{
	return !__atomic_load_n(&over, __ATOMIC_SEQ_CST);
}

static void threads_run(void *(*const fn[])(void *), unsigned int count, void (*meanwhile)(void))
{
	pthread_t t[FAKE_CPUS];

	over = false;
	race_ends = time(NULL) + 3;
	for (unsigned long i = 0; i < count; i++) {
		assert_int_equal(pthread_create(&t[i], NULL, fn[i], (void *)(i + 1)), 0);
	}
	meanwhile();
	__atomic_store_n(&over, true, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < count; i++) {
		pthread_join(t[i], NULL);
	}
	thread_begin(0);
}

/* What a handler does: the event stands for all that was posted before. */
static void handle(struct fifo_guest *guest, unsigned int vcpu, u32 p)
{
	u64 now, old;

	/* Some are dealt with masked, as by a thread of its own, and unmasked later. */
	if (thread_rnd(4) == 0) {
		fifo_mask(guest, p);
	}
	fifo_clear(guest, p);
	now = __atomic_load_n(&posted[p], __ATOMIC_SEQ_CST);
	old = __atomic_load_n(&seen[p], __ATOMIC_SEQ_CST);
	while (old < now && !__atomic_compare_exchange_n(&seen[p], &old, now, false,
							 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
	}
}

static void open_ports(void)
{
	memset(posted, 0, sizeof(posted));
	memset(seen, 0, sizeof(seen));
	for (unsigned int i = 0; i < PORTS; i++) {
		assert_int_equal(bind_pirq(i % 8, 0, &port[i]), 0);
		assert_true(port[i] <= PORTS);
	}
}

static void post(u32 p)
{
	__atomic_fetch_add(&posted[p], 1, __ATOMIC_SEQ_CST);
	evtchn_raise(dom_a, p);
}

static void *sender(void *arg)
{
	thread_begin((unsigned int)(unsigned long)arg);
	while (going()) {
		post(port[thread_rnd(PORTS)]);
	}
	return NULL;
}

/* The vcpu with the CPU's number less 3. */
static void *consumer(void *arg)
{
	unsigned int vcpu = (unsigned int)(unsigned long)arg - 3;

	thread_begin((unsigned int)(unsigned long)arg);
	while (going()) {
		if (__atomic_load_n(&dom_a->vcpu[vcpu]->info->evtchn_upcall_pending,
				    __ATOMIC_SEQ_CST)) {
			fifo_consume(&g, vcpu);
		}
		fifo_unmask_port(&g, port[thread_rnd(PORTS)]);
	}
	return NULL;
}

/*
 * Until the consumers had enough to do: the host may have given them no time yet. On a busy machine
 * each hand-over of a lock costs a time slice: the clock bounds it too.
 */
static bool few_handled(void)
{
	return __atomic_load_n(&g.handled, __ATOMIC_SEQ_CST) < 30000 && time(NULL) < race_ends;
}

static void move_ports(void)
{
	while (few_handled()) {
		u32 p = port[rnd(PORTS)];

		assert_int_equal(bind_vcpu(p, rnd(2)), 0);
		assert_int_equal(fifo_call_priority(p, rnd(3)), 0);
	}
}

static void stay(void)
{
	while (few_handled()) {
		post(port[rnd(2)]); /* one more sender */
	}
}

/* Unmasks all and takes what waits: then nothing may be missing. */
static void drain(void)
{
	for (unsigned int round = 0; round < 20; round++) {
		for (unsigned int i = 0; i < PORTS; i++) {
			fifo_unmask_port(&g, port[i]);
		}
		for (unsigned int v = 0; v < 2; v++) {
			if (dom_a->vcpu[v]->info->evtchn_upcall_pending) {
				fifo_consume(&g, v);
			}
		}
	}
	for (unsigned int i = 0; i < PORTS; i++) {
		assert_int_equal(seen[port[i]], posted[port[i]]);
		assert_int_equal(*fifo_word(&g, port[i]) & ~FIFO_MASKED, 0);
	}
}

static void race(void (*meanwhile)(void))
{
	void *(*const threads[])(void *) = {sender, sender, consumer, consumer};

	fifo_guest_start(&g, dom_a, 2, 1);
	g.handle = handle;
	open_ports();
	threads_run(threads, 4, meanwhile);
	drain();
}

static void nothing_is_lost(void **state)
{
	race(stay);
}

static void nothing_is_lost_by_moving(void **state)
{
	race(move_ports);
}

/* --- A hostile guest --- */

static u64 *neighbour[4];

/* Writes anything anywhere into the pages it shares: links to itself, out of range, garbage. */
static void *scribbler(void *arg)
{
	thread_begin((unsigned int)(unsigned long)arg);
	while (going()) {
		event_word_t *page = mfn_to_virt(thread_rnd(4) ? g.array_mfn[0] : g.control_mfn[0]);
		u32 at = thread_rnd(4) ? thread_rnd(PORTS + 2) : thread_rnd(PAGE_PORTS);
		u32 bits = thread_rnd(16) << 28 | (thread_rnd(2) ? at : thread_rnd(~0u));

		if (thread_rnd(2)) {
			__atomic_fetch_xor(&page[at], bits, __ATOMIC_SEQ_CST);
		} else {
			__atomic_store_n(&page[at], bits, __ATOMIC_SEQ_CST);
		}
	}
	return NULL;
}

static void hostile_calls(void)
{
	for (unsigned int i = 0; i < 60000 && time(NULL) < race_ends; i++) {
		u32 p = port[rnd(PORTS)], q;

		switch (rnd(6)) {
		case 0:
			unmask_port(p);
			break;
		case 1:
			bind_vcpu(p, rnd(3));
			break;
		case 2:
			fifo_call_priority(p, rnd(17));
			break;
		case 3:
			close_port(p);
			bind_ipi(rnd(2), &q);
			break;
		case 4:
			evtchn_pending(dom_a, p);
			break;
		default:
			unmask_port(rnd(200000));
		}
	}
}

static void a_guest_harms_itself_alone(void **state)
{
	void *(*const threads[])(void *) = {sender, sender, scribbler};

	for (unsigned int i = 0; i < ARRAY_SIZE(neighbour); i++) {
		neighbour[i] = mfn_to_virt(fake_frame(dom_a));
		if (i == 1) {
			fifo_guest_start(&g, dom_a, 2, 1);
		}
	}
	open_ports();
	threads_run(threads, 3, hostile_calls);
	for (unsigned int i = 0; i < ARRAY_SIZE(neighbour); i++) {
		for (unsigned int at = 0; at < PAGE_SIZE / sizeof(u64); at++) {
			assert_int_equal(neighbour[i][at], 0);
		}
	}
	assert_int_equal(reset_domain(DOMID_SELF), 0);
	fifo_guest_check_released(&g);
	clear_shared(dom_a);
	race(stay); /* the next kernel finds nothing of it */
}

/* --- The ABI changes under senders --- */

static bool paused, is_paused[FAKE_CPUS + 1];

static void *pausing_sender(void *arg)
{
	unsigned int cpu = (unsigned int)(unsigned long)arg;

	thread_begin(cpu);
	while (going()) {
		bool wait = __atomic_load_n(&paused, __ATOMIC_SEQ_CST);

		__atomic_store_n(&is_paused[cpu], wait, __ATOMIC_SEQ_CST);
		if (!wait) {
			post(1 + thread_rnd(PORTS));
		}
	}
	return NULL;
}

static void senders_pause(bool wait)
{
	__atomic_store_n(&paused, wait, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&is_paused[1], __ATOMIC_SEQ_CST) != wait ||
	       __atomic_load_n(&is_paused[2], __ATOMIC_SEQ_CST) != wait) {
		fake_pause();
	}
}

/* Opened with two levels, gone over to queues, closed by reset, all while events are sent. */
static void change_abi(void)
{
	for (unsigned int i = 0; i < 2 || (i < 300 && time(NULL) < race_ends); i++) {
		senders_pause(true);
		clear_shared(dom_a);
		open_ports();
		senders_pause(false);
		for (unsigned int spin = rnd(50); spin; spin--) {
			fake_pause();
		}
		fifo_guest_start(&g, dom_a, 2, 0);
		g.handle = handle;
		if (i % 2) {
			fifo_guest_expand(&g); /* in the middle of it, or nobody is sending */
		}
		senders_pause(true);
		if (!(i % 2)) {
			fifo_guest_expand(&g);
		}
		drain();
		senders_pause(false);
		assert_int_equal(reset_domain(DOMID_SELF), 0);
		fifo_guest_check_released(&g);
	}
}

static void abi_changes(void **state)
{
	void *(*const threads[])(void *) = {pausing_sender, pausing_sender};

	threads_run(threads, 2, change_abi);
	assert_int_equal(evtchn_count(dom_a), 0);
}

/* --- Who was sending before the change is waited for --- */

static bool changed;

static void *change_to_queues(void *arg)
{
	thread_begin(1);
	fifo_guest_start(&g, dom_a, 2, 0);
	__atomic_store_n(&changed, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *change_back(void *arg)
{
	thread_begin(1);
	assert_int_equal(reset_domain(DOMID_SELF), 0);
	__atomic_store_n(&changed, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/* The change is not over while this CPU is inside a send that does `late` at its end. */
static void change_waits(void *(*change)(void *), u32 late)
{
	pthread_t t;
	u32 *mark;

	thread_begin(2);
	changed = false;
	mark = evtchn_enter();
	assert_int_equal(pthread_create(&t, NULL, change, NULL), 0);
	usleep(200000);
	assert_false(__atomic_load_n(&changed, __ATOMIC_SEQ_CST));
	bit_test_and_set(dom_a->shared->evtchn_pending, late);
	evtchn_leave(mark);
	pthread_join(t, NULL);
	assert_true(changed);
	thread_begin(0);
}

static void changes_wait_for_senders(void **state)
{
	open_ports();
	change_waits(change_to_queues, port[3]);
	assert_true(evtchn_pending(dom_a, port[3]));
	assert_false(evtchn_pending(dom_a, port[4]));
	for (unsigned int i = 0; i < PORTS; i++) {
		assert_int_equal(close_port(port[i]), 0);
	}
	change_waits(change_back, port[3]); /* no port is left to wait for */
	fifo_guest_check_released(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_lost),
		TEST(nothing_is_lost_by_moving),
		TEST(a_guest_harms_itself_alone),
		TEST(abi_changes),
		TEST(changes_wait_for_senders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * FIFO event channels: setting them up, order, masks, and going back to two levels.
 *
 * A port is a word of memory that the guest gives; pending ports are linked into a list for each
 * priority, whose head stands in a control block. The guest takes them off in that order. What was
 * pending before comes with the array's first page. Failure: a FAIL line, or no end.
 */
#include "../lib/guest.h"
#include <xen/event_channel.h>
#include <xen/sched.h>

#define MASKED  (1u << EVTCHN_FIFO_MASKED)
#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define LINKED  (1u << EVTCHN_FIFO_LINKED)

static struct evtchn_fifo_control_block *control;
static u32 *words;
static u32 order[16], handled;

static void consume(void)
{
	u32 ready;

	while ((ready = __atomic_exchange_n(&control->ready, 0, __ATOMIC_SEQ_CST))) {
		for (; ready; ready &= ready - 1) {
			u32 p = control->head[__builtin_ctz(ready)];

			while (p && handled < ARRAY_SIZE(order)) {
				u32 w = __atomic_fetch_and(&words[p],
							   ~(LINKED | EVTCHN_FIFO_LINK_MASK),
							   __ATOMIC_SEQ_CST);

				if ((w & (PENDING | MASKED)) == PENDING) {
					__atomic_fetch_and(&words[p], ~PENDING, __ATOMIC_SEQ_CST);
					order[handled++] = p;
				}
				p = w & EVTCHN_FIFO_LINK_MASK;
			}
		}
	}
}

static long op(unsigned int cmd, void *arg)
{
	return HC2(__HYPERVISOR_event_channel_op, cmd, arg);
}

static u32 bind(void)
{
	evtchn_bind_ipi_t b = {.vcpu = 0};

	CHECK_EQ(op(EVTCHNOP_bind_ipi, &b), 0);
	return b.port;
}

static long send(u32 p)
{
	evtchn_send_t s = {.port = p};

	return op(EVTCHNOP_send, &s);
}

static long priority(u32 p, u32 prio)
{
	evtchn_set_priority_t s = {.port = p, .priority = prio};

	return op(EVTCHNOP_set_priority, &s);
}

static long init(u64 mfn, u32 offset, u32 vcpu)
{
	evtchn_init_control_t c = {.control_gfn = mfn, .offset = offset, .vcpu = vcpu};
	long rc = op(EVTCHNOP_init_control, &c);

	CHECK(rc || c.link_bits == EVTCHN_FIFO_LINK_BITS);
	return rc;
}

static long expand(u64 mfn)
{
	evtchn_expand_array_t e = {.array_gfn = mfn};

	return op(EVTCHNOP_expand_array, &e);
}

static void refusals(u32 port)
{
	u64 mfn = va_to_mfn(control);

	claim("without a control block there are two levels");
	CHECK_EQ(expand(va_to_mfn(words)), -XEN_EOPNOTSUPP);
	CHECK_EQ(priority(port, 1), -XEN_ENOSYS);
	claim("a control block is in a page of one's own, aligned, for a vcpu that exists");
	CHECK_EQ(init(mfn, 0, 200), -XEN_ENOENT);
	CHECK_EQ(init(mfn, PAGE_SIZE - 64, 0), -XEN_EINVAL);
	CHECK_EQ(init(mfn, 4, 0), -XEN_EINVAL);
	CHECK_EQ(init(~0ul >> 12, 0, 0), -XEN_EINVAL);
	CHECK_EQ(init(va_to_mfn((void *)start_info_ptr->pt_base), 0, 0), -XEN_EINVAL);
}

static void switch_over(u32 port)
{
	claim("what was pending comes when its word is there");
	CHECK_EQ(send(port), 0);
	CHECK_EQ(init(va_to_mfn(control), 64, 0), 0);
	CHECK_EQ(init(va_to_mfn(control), 64, 0), -XEN_EINVAL);
	control = (void *)((char *)control + 64);
	for (u32 i = 0; i < PAGE_SIZE / 4; i++) {
		words[i] = MASKED;
	}
	CHECK_EQ(expand(va_to_mfn((void *)start_info_ptr->pt_base)), -XEN_EINVAL);
	CHECK_EQ(expand(va_to_mfn(words)), 0);
	CHECK_EQ(words[port], MASKED | PENDING);
	claim("a page of the array does not become a table meanwhile");
	CHECK_EQ(page_make_ro(words), 0);
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(words), 0) != 0);
	CHECK_EQ(page_make_rw(words), 0);
	claim("unmasking makes the upcall come");
	evtchn_unmask_t u = {.port = port};

	event_handler = consume;
	shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
	CHECK_EQ(handled, 0);
	CHECK_EQ(op(EVTCHNOP_unmask, &u), 0);
	CHECK_EQ(handled, 1);
	CHECK_EQ(order[0], port);
	CHECK_EQ(words[port], 0);
}

static void ordered(void)
{
	const u32 prio[] = {15, 7, 7, 0};
	u32 p[4];

	claim("events come by priority, and in order within one");
	shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
	handled = 0;
	for (unsigned int i = 0; i < 4; i++) {
		p[i] = bind();
		CHECK_EQ(priority(p[i], prio[i]), 0);
		words[p[i]] = 0;
		CHECK_EQ(send(p[i]), 0);
	}
	CHECK_EQ(priority(p[0], 16), -XEN_EINVAL);
	CHECK_EQ(handled, 0);
	shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
	CHECK_EQ(HC1(__HYPERVISOR_sched_op, SCHEDOP_yield), 0);
	CHECK_EQ(handled, 4);
	CHECK(order[0] == p[3] && order[1] == p[1] && order[2] == p[2] && order[3] == p[0]);
	claim("a poll sees a masked port");
	struct sched_poll poll = {.nr_ports = 1};

	set_xen_guest_handle(poll.ports, &p[1]);
	words[p[1]] = MASKED;
	CHECK_EQ(send(p[1]), 0);
	CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll), 0);
	CHECK_EQ(handled, 4);
}

static void back(void)
{
	evtchn_reset_t r = {.dom = DOMID_SELF};
	u32 p;

	claim("reset goes back to two levels and gives the pages back");
	CHECK_EQ(op(EVTCHNOP_reset, &r), 0);
	event_handler = NULL;
	shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
	p = bind();
	CHECK_EQ(send(p), 0);
	CHECK(shared_info->evtchn_pending[p / 64] >> (p % 64) & 1);
	CHECK_EQ(expand(va_to_mfn(words)), -XEN_EOPNOTSUPP);
	memset(words, 0, PAGE_SIZE);
	CHECK_EQ(page_make_ro(words), 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(words), 0), 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(words), 0), 0);
}

void test_main(void)
{
	u32 port = bind();

	control = page_alloc();
	words = page_alloc();
	refusals(port);
	switch_over(port);
	ordered();
	back();
}

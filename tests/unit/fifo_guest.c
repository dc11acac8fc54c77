/* SPDX-License-Identifier: MIT */
/* The guest of fifo_guest.h. Its words change under its hands: everything is atomic. */
#include "fifo_guest.h"
#include "lib/lib.h"

long fifo_call_init(struct fifo_guest *g, unsigned int vcpu, mfn_t m, u32 offset)
{
	evtchn_init_control_t a = {.control_gfn = m.n, .offset = offset, .vcpu = vcpu};
	long rc = evtchn_op(EVTCHNOP_init_control, &a);

	assert_int_equal(a.link_bits, rc ? 0 : EVTCHN_FIFO_LINK_BITS);
	return rc;
}

long fifo_call_expand(mfn_t m)
{
	evtchn_expand_array_t a = {.array_gfn = m.n};

	return evtchn_op(EVTCHNOP_expand_array, &a);
}

long fifo_call_priority(u32 port, u32 priority)
{
	evtchn_set_priority_t a = {.port = port, .priority = priority};

	return evtchn_op(EVTCHNOP_set_priority, &a);
}

void fifo_guest_control(struct fifo_guest *g, unsigned int vcpu)
{
	/* Not at the page's begin, so that a forgotten offset shows. */
	const u32 offset = 8 + 128 * vcpu;

	g->control_mfn[vcpu] = fake_frame(g->d);
	g->control[vcpu] = (void *)((u8 *)mfn_to_virt(g->control_mfn[vcpu]) + offset);
	assert_int_equal(fifo_call_init(g, vcpu, g->control_mfn[vcpu], offset), 0);
}

void fifo_guest_expand(struct fifo_guest *g)
{
	mfn_t m = fake_frame(g->d);
	event_word_t *words = mfn_to_virt(m);

	for (u32 i = 0; i < PAGE_PORTS; i++) {
		words[i] = FIFO_MASKED;
	}
	g->array_mfn[g->array_pages++] = m;
	assert_int_equal(fifo_call_expand(m), 0);
}

void fifo_guest_start(struct fifo_guest *g, struct domain *d, unsigned int vcpus, u32 pages)
{
	memset(g, 0, sizeof(*g));
	g->d = d;
	for (unsigned int i = 0; i < vcpus; i++) {
		fifo_guest_control(g, i);
	}
	for (u32 i = 0; i < pages; i++) {
		fifo_guest_expand(g);
	}
}

void fifo_guest_check_released(struct fifo_guest *g)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(g->control_mfn); i++) {
		if (g->control[i]) {
			assert_int_equal(fake_refs(g->control_mfn[i]), 0);
			assert_int_equal(fake_writers(g->control_mfn[i]), 0);
		}
	}
	for (u32 i = 0; i < g->array_pages; i++) {
		assert_int_equal(fake_refs(g->array_mfn[i]), 0);
		assert_int_equal(fake_writers(g->array_mfn[i]), 0);
	}
}

event_word_t *fifo_word(struct fifo_guest *g, u32 port)
{
	assert(port / PAGE_PORTS < g->array_pages);
	return (event_word_t *)mfn_to_virt(g->array_mfn[port / PAGE_PORTS]) + port % PAGE_PORTS;
}

void fifo_mask(struct fifo_guest *g, u32 port)
{
	__atomic_fetch_or(fifo_word(g, port), FIFO_MASKED, __ATOMIC_SEQ_CST);
}

/* As current kernels do it: the hypervisor unmasks what is pending, they what is not. */
void fifo_unmask_port(struct fifo_guest *g, u32 port)
{
	event_word_t *word = fifo_word(g, port);
	u32 w = __atomic_load_n(word, __ATOMIC_SEQ_CST);

	while (w & FIFO_MASKED && !(w & FIFO_PENDING)) {
		w &= ~FIFO_BUSY;
		if (__atomic_compare_exchange_n(word, &w, w & ~FIFO_MASKED, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST)) {
			return;
		}
	}
	if (w & FIFO_MASKED) {
		assert_int_equal(unmask_port(port), 0);
	}
}

bool fifo_clear(struct fifo_guest *g, u32 port)
{
	return __atomic_fetch_and(fifo_word(g, port), ~FIFO_PENDING, __ATOMIC_SEQ_CST) &
	       FIFO_PENDING;
}

static u32 take_ready(struct fifo_guest *g, unsigned int vcpu)
{
	return __atomic_exchange_n(&g->control[vcpu]->ready, 0, __ATOMIC_SEQ_CST);
}

bool fifo_consume_one(struct fifo_guest *g, unsigned int vcpu, u32 *ready)
{
	unsigned int q;
	u32 port, w;

	*ready |= take_ready(g, vcpu);
	if (!*ready) {
		return false;
	}
	q = bit_first(*ready);
	port = g->head[vcpu][q];
	if (!port) {
		port = __atomic_load_n(&g->control[vcpu]->head[q], __ATOMIC_SEQ_CST);
	}
	w = __atomic_fetch_and(fifo_word(g, port), ~(FIFO_LINKED | EVTCHN_FIFO_LINK_MASK),
			       __ATOMIC_SEQ_CST);
	/* Nothing is ever taken off that was not on: no queue is told of twice. */
	assert_true(w & FIFO_LINKED);
	g->head[vcpu][q] = w & EVTCHN_FIFO_LINK_MASK;
	if (!g->head[vcpu][q]) {
		*ready &= ~(1u << q);
	}
	w = __atomic_load_n(fifo_word(g, port), __ATOMIC_SEQ_CST);
	if ((w & (FIFO_PENDING | FIFO_MASKED)) == FIFO_PENDING) {
		__atomic_fetch_add(&g->handled, 1, __ATOMIC_SEQ_CST);
		g->handle(g, vcpu, port);
	}
	return true;
}

void fifo_consume(struct fifo_guest *g, unsigned int vcpu)
{
	u32 ready = 0;

	__atomic_store_n(&g->d->vcpu[vcpu]->info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
	while (fifo_consume_one(g, vcpu, &ready)) {
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * The queues of the FIFO ABI, and the calls that set them up.
 *
 * The hypervisor never reads a number from the guest's words: tails and the queue that a port was
 * last on are its own. It only sets and clears bits there, by single locked instructions that
 * cannot fail, so a guest that changes its words all the time holds nobody up, and breaks no list
 * but its own. That is also why BUSY, which makes a guest wait while a word is exchanged, is not
 * needed.
 *
 * No event is lost, since whoever sets PENDING or clears MASKED sees in the same instruction what
 * the word was. MASKED: the one who unmasks will see PENDING and link. LINKED: the guest will clear
 * it, and look at PENDING after that. Else it is linked here.
 *
 * Invariant: a port that is some queue's tail is on record as having been on that queue last
 * (`last`). Both change only under the vcpu's lock, and with a change of vcpu under move_lock and
 * both vcpus' locks, so nobody else links a tail while its LINK is written.
 * Locks, interrupts off and innermost: move_lock, then vcpus' in the order of their ids. The
 * channel lock guards the tables of pages.
 */
#include "fifo.h"
#include "mm/alloc.h"
#include "mm/pagetype.h"

#define PENDING    (1u << EVTCHN_FIFO_PENDING)
#define MASKED     (1u << EVTCHN_FIFO_MASKED)
#define LINKED     (1u << EVTCHN_FIFO_LINKED)
#define PAGE_WORDS (PAGE_SIZE / sizeof(event_word_t))

/* A port's last queue as a number: the vcpu's id and the priority. */
#define QUEUE(vcpu, priority) ((u16)((vcpu)*EVTCHN_FIFO_MAX_QUEUES + (priority)))
#define QUEUE_VCPU(q)         ((q) / EVTCHN_FIFO_MAX_QUEUES)
#define QUEUE_PRIORITY(q)     ((q) % EVTCHN_FIFO_MAX_QUEUES)

struct fifo_vcpu {
	spinlock_t lock;
	u32 tail[EVTCHN_FIFO_MAX_QUEUES];          /* the port linked last, 0: none or moved on */
	struct evtchn_fifo_control_block *control; /* the guest's, or NULL */
};

struct fifo_page {
	event_word_t *words; /* the guest's */
	u16 *last;           /* of each port: the queue it was last on */
};

struct fifo {
	spinlock_t move_lock;
	u32 page_count; /* published with release */
	u32 page_limit;
	struct fifo_vcpu *vcpu;
	u64 *early; /* a bit a port: pending before its word was there */
	struct fifo_page page[];
};

static struct fifo_page *page_of(const struct fifo *f, u32 port)
{
	u32 n = port / PAGE_WORDS;

	return n < __atomic_load_n(&f->page_count, __ATOMIC_ACQUIRE)
		       ? (struct fifo_page *)&f->page[n]
		       : NULL;
}

/* NULL: the guest has not given the page yet. */
static event_word_t *word_of(const struct fifo *f, u32 port)
{
	struct fifo_page *p = page_of(f, port);

	return p ? &p->words[port % PAGE_WORDS] : NULL;
}

static bool word_has(const event_word_t *word, u32 bit)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST) & bit;
}

/* The port was last on another vcpu: both are locked, and returns that one (or q, if it came back).
 */
static struct fifo_vcpu *queues_lock_both(struct fifo *f, struct fifo_vcpu *q, const u16 *last)
{
	struct fifo_vcpu *old;

	spin_lock(&f->move_lock);
	old = &f->vcpu[QUEUE_VCPU(READ_ONCE(*last))];
	spin_lock(&MIN(q, old)->lock);
	if (old == q) {
		spin_unlock(&f->move_lock);
	} else {
		spin_lock(&MAX(q, old)->lock);
	}
	return old;
}

/* Links `port` behind `tail`. False if the guest took that one off: its queue is empty. */
static __noinline bool tail_link(const struct fifo *f, u32 tail, u32 port)
{
	event_word_t *word = word_of(f, tail);

	if (!word_has(word, LINKED)) {
		return false;
	}
	/* LINK is 0 while it is the tail; a guest that put something there harms itself. */
	if (__atomic_fetch_or(word, port, __ATOMIC_SEQ_CST) & LINKED) {
		return true;
	}
	__atomic_fetch_and(word, ~EVTCHN_FIFO_LINK_MASK, __ATOMIC_SEQ_CST);
	return false;
}

/* Queues locked; the port was just marked LINKED. True if the guest must be told of the queue. */
static inline bool queue_append(struct fifo *f, struct fifo_vcpu *q, u32 priority, u32 port)
{
	struct evtchn_fifo_control_block *control = q->control;
	u32 tail = q->tail[priority];

	q->tail[priority] = port;
	if (tail && tail_link(f, tail, port)) {
		return false;
	}
	__atomic_store_n(&control->head[priority], port, __ATOMIC_RELEASE);
	/* Eight bytes: the block is aligned, the rest of them is reserved. */
	return !bit_test_and_set(&control->ready, priority);
}

/*
 * Queues locked: puts a port on its queue, unless somebody dealt with it meanwhile. Without a
 * control block it stays off: the ABI has guests unmask no event of a vcpu before. True if the
 * guest must be told.
 */
static __inline_here bool link_locked(struct fifo *f, struct fifo_vcpu *q, struct fifo_vcpu *old,
				      u16 queue, u32 port, event_word_t *word, u16 *last)
{
	u32 *old_tail = &old->tail[QUEUE_PRIORITY(*last)];

	if (!q->control ||
	    (__atomic_load_n(word, __ATOMIC_SEQ_CST) & (PENDING | MASKED)) != PENDING ||
	    __atomic_fetch_or(word, LINKED, __ATOMIC_SEQ_CST) & LINKED) {
		return false;
	}
	if (*old_tail == port) {
		*old_tail = 0;
	}
	WRITE_ONCE(*last, queue);
	return queue_append(f, q, QUEUE_PRIORITY(queue), port);
}

/* The port was last on another vcpu: both are locked. */
static __noinline bool link_moved(struct fifo *f, struct fifo_vcpu *q, u16 queue, u32 port,
				  event_word_t *word, u16 *last)
{
	struct fifo_vcpu *old = queues_lock_both(f, q, last);
	bool tell = link_locked(f, q, old, queue, port, word, last);

	if (old != q) {
		spin_unlock(&old->lock);
		spin_unlock(&f->move_lock);
	}
	spin_unlock(&q->lock);
	return tell;
}

static void port_link(struct fifo *f, struct vcpu *v, u32 priority, u32 port, event_word_t *word)
{
	const u16 queue = QUEUE(v->id, priority);
	struct fifo_vcpu *q = &f->vcpu[v->id];
	u16 *last = &f->page[port / PAGE_WORDS].last[port % PAGE_WORDS]; /* as its word is there */
	vcpu_info_t *info;
	unsigned long flags = irq_save();
	bool tell;

	spin_lock(&q->lock);
	if (likely(QUEUE_VCPU(READ_ONCE(*last)) == v->id)) {
		tell = link_locked(f, q, q, queue, port, word, last);
		spin_unlock(&q->lock);
	} else {
		spin_unlock(&q->lock);
		tell = link_moved(f, q, queue, port, word, last);
	}
	irq_restore(flags);
	info = READ_ONCE(v->info);
	if (tell && info) {
		vcpu_upcall(v, info);
	}
}

/* The word is not there yet: expand_array will raise the event, unless it just missed this one. */
static __noinline bool early_set(struct fifo *f, struct vcpu *v, u32 priority, u32 port)
{
	bool first = !bit_test_and_set(f->early, port);

	if (word_of(f, port) && bit_test_and_clear(f->early, port)) {
		return fifo_set_pending(f, v, priority, port);
	}
	return first;
}

bool fifo_set_pending(struct fifo *f, struct vcpu *v, u32 priority, u32 port)
{
	event_word_t *word = word_of(f, port);
	u32 old;

	if (unlikely(!word)) {
		return early_set(f, v, priority, port);
	}
	old = __atomic_fetch_or(word, PENDING, __ATOMIC_SEQ_CST);
	if (!(old & (MASKED | LINKED))) {
		port_link(f, v, priority, port, word);
	}
	return !(old & PENDING);
}

void fifo_unmask(struct fifo *f, struct vcpu *v, u32 priority, u32 port)
{
	event_word_t *word = word_of(f, port);

	/* Also when it was not masked: guests clear the bit and call if it was pending. */
	if (word &&
	    (__atomic_fetch_and(word, ~MASKED, __ATOMIC_SEQ_CST) & (PENDING | LINKED)) == PENDING) {
		port_link(f, v, priority, port, word);
	}
}

void fifo_clear_pending(struct fifo *f, u32 port)
{
	event_word_t *word = word_of(f, port);

	/* Off its queue the guest takes it itself. */
	if (word) {
		__atomic_fetch_and(word, ~PENDING, __ATOMIC_SEQ_CST);
	}
	bit_test_and_clear(f->early, port);
}

bool fifo_is_pending(const struct fifo *f, u32 port)
{
	const event_word_t *word = word_of(f, port);

	return word ? word_has(word, PENDING) : bit_test(f->early, port);
}

bool fifo_is_masked(const struct fifo *f, u32 port)
{
	const event_word_t *word = word_of(f, port);

	return !word || word_has(word, MASKED);
}

bool fifo_is_linked(const struct fifo *f, u32 port)
{
	const event_word_t *word = word_of(f, port);

	return word && word_has(word, LINKED);
}

/* --- Setting up --- */

static u32 early_words(const struct evtchn_domain *e)
{
	return (e->ports + 63) / 64;
}

static u32 page_limit(const struct evtchn_domain *e)
{
	return (u32)(ROUND_UP(e->ports, PAGE_WORDS) / PAGE_WORDS);
}

/* One allocation: the structure with its pages, the vcpus, the early bits. */
static size_t fifo_bytes(const struct domain *d)
{
	return sizeof(struct fifo) + page_limit(d->evtchn) * sizeof(struct fifo_page) +
	       d->max_vcpus * sizeof(struct fifo_vcpu) + early_words(d->evtchn) * sizeof(u64);
}

static struct fifo *fifo_create(const struct domain *d)
{
	struct fifo *f = heap_alloc(fifo_bytes(d));

	if (f) {
		f->page_limit = page_limit(d->evtchn);
		f->vcpu = (struct fifo_vcpu *)&f->page[f->page_limit];
		f->early = (u64 *)&f->vcpu[d->max_vcpus];
	}
	return f;
}

static void guest_pages(const struct domain *d, const struct fifo *f, void (*fn)(mfn_t page))
{
	for (unsigned int i = 0; i < d->max_vcpus; i++) {
		if (f->vcpu[i].control) {
			fn(virt_to_mfn(f->vcpu[i].control));
		}
	}
	for (u32 i = 0; i < f->page_count; i++) {
		fn(virt_to_mfn(f->page[i].words));
	}
}

void evtchn_guest_pages(const struct domain *d, void (*fn)(mfn_t page))
{
	if (d->evtchn && d->evtchn->fifo) {
		guest_pages(d, d->evtchn->fifo, fn);
	}
}

static void fifo_free(const struct domain *d, struct fifo *f)
{
	guest_pages(d, f, frame_put_and_type);
	for (u32 i = 0; i < f->page_count; i++) {
		heap_free(f->page[i].last, PAGE_WORDS * sizeof(u16));
	}
	heap_free(f, fifo_bytes(d));
}

/* Lock held: switches over. What is pending goes with it, to be raised when its word is there. */
static void fifo_enter(struct domain *d, struct fifo *f)
{
	struct evtchn_domain *e = d->evtchn;

	__atomic_store_n(&e->fifo, f, __ATOMIC_RELEASE);
	evtchn_grace();
	for (u32 p = 1; p <= MIN(e->top_port, PORTS_TWO_LEVEL - 1); p++) {
		struct chan *c = chan_of(e, p);

		if (c && chan_in_use(c->state) &&
		    bit_test_and_clear(d->shared->evtchn_pending, p)) {
			bit_test_and_set(f->early, p);
		}
	}
}

int fifo_leave(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	struct fifo *f;

	spin_lock(&e->lock);
	f = e->fifo;
	if (f && e->used) {
		spin_unlock(&e->lock);
		return -ERESTART;
	}
	if (f) {
		__atomic_store_n(&e->fifo, NULL, __ATOMIC_RELEASE);
		evtchn_grace();
	}
	spin_unlock(&e->lock);
	if (f) {
		fifo_free(d, f);
	}
	return 0;
}

/* Lock held; one general and one writable reference taken for the block. */
static int control_set(struct domain *d, const evtchn_init_control_t *op)
{
	struct fifo *f = d->evtchn->fifo ? d->evtchn->fifo : fifo_create(d);
	void *page = mfn_to_virt(_mfn(op->control_gfn));

	if (!f) {
		return -ENOMEM;
	}
	if (f->vcpu[op->vcpu].control) {
		return -EINVAL;
	}
	WRITE_ONCE(f->vcpu[op->vcpu].control, (void *)((char *)page + op->offset));
	if (f != d->evtchn->fifo) {
		fifo_enter(d, f);
	}
	return 0;
}

long fifo_init_control(void *arg)
{
	evtchn_init_control_t *op = arg;
	struct domain *d = current->domain;
	int rc;

	if (!domain_vcpu(d, op->vcpu)) {
		return -ENOENT;
	}
	if (op->offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) || op->offset % 8) {
		return -EINVAL;
	}
	op->link_bits = EVTCHN_FIFO_LINK_BITS;

	HOLD_LOCK(&d->evtchn->lock);
	rc = d->evtchn->closed ? -EINVAL
			       : frame_get_and_type(_mfn(op->control_gfn), &d->mm, FT_WRITABLE);
	if (!rc) {
		rc = control_set(d, op);
		if (rc) {
			frame_put_and_type(_mfn(op->control_gfn));
		}
	}
	return rc;
}

/* Lock held. Raises what waited for the page; a sender that missed the page clears its own bit. */
static void early_raise(struct domain *d, struct fifo *f, u32 port)
{
	for (u32 end = MIN(port + (u32)PAGE_WORDS, d->evtchn->ports); port < end; port++) {
		struct chan *c = chan_of(d->evtchn, port);

		if (bit_test(f->early, port) && bit_test_and_clear(f->early, port) && c &&
		    chan_in_use(c->state)) {
			chan_deliver(d, c->state, port);
		}
	}
}

long fifo_expand_array(void *arg)
{
	const evtchn_expand_array_t *op = arg;
	struct domain *d = current->domain;
	struct fifo_page *p;
	struct fifo *f;
	int rc;

	HOLD_LOCK(&d->evtchn->lock);
	f = d->evtchn->fifo;
	if (!f || f->page_count == f->page_limit) {
		return f ? -ENOSPC : -EOPNOTSUPP;
	}
	p = &f->page[f->page_count];
	rc = frame_get_and_type(_mfn(op->array_gfn), &d->mm, FT_WRITABLE);
	if (rc) {
		return rc;
	}
	p->last = heap_alloc(PAGE_WORDS * sizeof(u16));
	if (!p->last) {
		frame_put_and_type(_mfn(op->array_gfn));
		return -ENOMEM;
	}
	p->words = mfn_to_virt(_mfn(op->array_gfn));
	/* A full barrier: a sender sees the page, or we see its early bit. */
	__atomic_store_n(&f->page_count, f->page_count + 1, __ATOMIC_SEQ_CST);
	early_raise(d, f, (f->page_count - 1) * (u32)PAGE_WORDS);
	return 0;
}

long fifo_set_priority(void *arg)
{
	const evtchn_set_priority_t *op = arg;
	struct domain *d = current->domain;
	struct chan *c = chan_of(d->evtchn, op->port);

	HOLD_LOCK(&d->evtchn->lock);
	if (!c || !d->evtchn->fifo) {
		return c ? -ENOSYS : -EINVAL;
	}
	if (op->priority > EVTCHN_FIFO_PRIORITY_MIN || !chan_in_use(c->state)) {
		return -EINVAL;
	}
	/* A port that is linked already goes by the old one until the guest takes it off. */
	chan_store(c, (c->state & ~0xf000ull) | op->priority << 12);
	return 0;
}

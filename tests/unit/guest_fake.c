/* SPDX-License-Identifier: MIT */
/* The fake machine of guest_fake.h. fake_lock guards frames and heap; references are atomic. */
#include "arch/tlb.h"
#include "domain/continuation.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/pagetype.h"

__thread struct vcpu *fake_current;
__thread unsigned int fake_cpu;
uint64_t fake_m2p[FAKE_FRAMES];
u64 *m2p_rw = fake_m2p;
u64 frame_end = FAKE_FRAMES;
unsigned int cpu_count = FAKE_CPUS;
struct domain *dom0;

void (*fake_domain_free)(struct domain *d);
long fake_heap_left = -1, fake_preempt_every;
size_t fake_heap_bytes;
__thread unsigned int fake_continued, fake_cont_nr;
__thread unsigned long fake_cont_args[6];
unsigned int fake_flushes, fake_kicks;
uint64_t fake_now;

static _Alignas(4096) u8 memory[FAKE_FRAMES][PAGE_SIZE];
static bool taken[FAKE_FRAMES];
static struct frame frames[FAKE_FRAMES];
struct frame *frame_table = frames;
static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static struct domain *domains[16];
static __thread long preempt_looks;

void *host_frame(mfn_t m)
{
	assert(m.n < FAKE_FRAMES);
	return memory[m.n];
}

mfn_t host_mfn(const void *p)
{
	size_t off = (size_t)((const u8 *)p - memory[0]);

	assert(off < sizeof(memory));
	return _mfn(off / PAGE_SIZE);
}

/* Lowest free block; frame 0 is never given away. */
static u64 block_find(unsigned int order)
{
	for (u64 m = 1ull << order; m + (1ull << order) <= FAKE_FRAMES; m += 1ull << order) {
		u64 i = 0;

		while (i < 1ull << order && !taken[m + i]) {
			i++;
		}
		if (i == 1ull << order) {
			return m;
		}
	}
	return 0;
}

mfn_t alloc_frames(unsigned int order, unsigned int bits, unsigned int flags)
{
	u64 m;

	pthread_mutex_lock(&fake_lock);
	m = block_find(order);
	if (m && bits && (m + (1ull << order)) << PAGE_SHIFT > 1ull << bits) {
		m = 0;
	}
	for (u64 i = 0; m && i < 1ull << order; i++) {
		taken[m + i] = true;
		memset(memory[m + i], 0, PAGE_SIZE);
		frames[m + i] = (struct frame){.owner = FRAME_OWNER_NONE};
	}
	pthread_mutex_unlock(&fake_lock);
	return m ? _mfn(m) : INVALID_MFN;
}

void free_frames(mfn_t m, unsigned int order)
{
	pthread_mutex_lock(&fake_lock);
	for (u64 i = 0; i < 1ull << order; i++) {
		assert(taken[m.n + i]);
		taken[m.n + i] = false;
		frames[m.n + i] = (struct frame){.owner = FRAME_OWNER_NONE};
	}
	pthread_mutex_unlock(&fake_lock);
}

u64 alloc_free_pages(void)
{
	u64 n = 0;

	for (u64 i = 1; i < FAKE_FRAMES; i++) {
		n += !taken[i];
	}
	return n;
}

void *heap_alloc(size_t bytes)
{
	assert(bytes);
	if (fake_heap_left >= 0 && fake_heap_left-- == 0) {
		fake_heap_left = 0;
		return NULL;
	}
	__atomic_add_fetch(&fake_heap_bytes, bytes, __ATOMIC_RELAXED);
	if (bytes == PAGE_SIZE) {
		mfn_t m = alloc_frames(0, 0, ALLOC_ZERO);

		assert(!mfn_eq(m, INVALID_MFN));
		return host_frame(m);
	}
	return calloc(1, bytes);
}

void heap_free(void *p, size_t bytes)
{
	if (!p) {
		return;
	}
	__atomic_sub_fetch(&fake_heap_bytes, bytes, __ATOMIC_RELAXED);
	if (bytes == PAGE_SIZE) {
		free_frames(host_mfn(p), 0);
	} else {
		free(p);
	}
}

/* --- Frames: counts under one lock --- */

bool frame_valid(mfn_t m)
{
	return m.n && m.n < FAKE_FRAMES;
}

int frame_get(mfn_t m, const struct owner *o)
{
	int rc = -EINVAL;

	pthread_mutex_lock(&fake_lock);
	if (frame_valid(m) && frames[m.n].owner == o->id &&
	    frames[m.n].count & (FRAME_ALLOCATED | FRAME_COUNT)) {
		frames[m.n].count++;
		rc = 0;
	}
	pthread_mutex_unlock(&fake_lock);
	return rc;
}

static struct owner *owner_of(u16 id)
{
	return id < ARRAY_SIZE(domains) && domains[id] ? &domains[id]->mm : NULL;
}

static void frame_gone(mfn_t m)
{
	bool heap = frames[m.n].count & FRAME_XENHEAP;
	struct owner *o = owner_of(frames[m.n].owner);

	assert(!(frames[m.n].type & FT_COUNT) || heap);
	if (o && !heap) {
		__atomic_sub_fetch(&o->pages, 1, __ATOMIC_RELAXED);
		fake_m2p[m.n] = M2P_INVALID;
	}
	if (heap) {
		heap_free_page(host_frame(m));
	} else {
		free_frames(m, 0);
	}
}

static void frame_drop(mfn_t m, u32 what)
{
	bool gone;

	pthread_mutex_lock(&fake_lock);
	if (what == 1) {
		assert(frames[m.n].count & FRAME_COUNT);
		frames[m.n].count--;
	} else {
		frames[m.n].count &= ~what;
	}
	gone = !(frames[m.n].count & (FRAME_ALLOCATED | FRAME_COUNT));
	pthread_mutex_unlock(&fake_lock);
	if (gone) {
		frame_gone(m);
	}
}

void frame_put(mfn_t m)
{
	frame_drop(m, 1);
}

bool frame_release(mfn_t m)
{
	bool was = frames[m.n].count & FRAME_ALLOCATED;

	if (was) {
		frame_drop(m, FRAME_ALLOCATED);
	}
	return was;
}

int frame_get_and_type(mfn_t m, const struct owner *o, enum frame_kind kind)
{
	int rc = frame_get(m, o);

	assert(kind == FT_WRITABLE);
	if (rc) {
		return rc;
	}
	pthread_mutex_lock(&fake_lock);
	if (FT_KIND(frames[m.n].type) != FT_WRITABLE && frames[m.n].type & FT_COUNT) {
		rc = -EINVAL;
	} else {
		frames[m.n].type = (u32)FT_WRITABLE << 29 | ((frames[m.n].type & FT_COUNT) + 1);
	}
	pthread_mutex_unlock(&fake_lock);
	if (rc) {
		frame_put(m);
	}
	return rc;
}

void frame_put_and_type(mfn_t m)
{
	pthread_mutex_lock(&fake_lock);
	assert(frames[m.n].type & FT_COUNT);
	frames[m.n].type--;
	pthread_mutex_unlock(&fake_lock);
	frame_put(m);
}

int frame_adopt(struct owner *o, mfn_t m, u64 count)
{
	if (o->dying || o->pages + count > o->limit) {
		return o->dying ? -EINVAL : -E2BIG;
	}
	for (u64 i = 0; i < count; i++) {
		assert(taken[m.n + i] && !frames[m.n + i].count);
		frames[m.n + i] = (struct frame){.owner = o->id, .count = FRAME_ALLOCATED};
	}
	o->pages += count;
	return 0;
}

int frame_alloc_owned(struct owner *o, unsigned int order, unsigned int bits, mfn_t *m)
{
	int rc;

	*m = alloc_frames(order, bits, ALLOC_ZERO);
	if (mfn_eq(*m, INVALID_MFN)) {
		return -ENOMEM;
	}
	rc = frame_adopt(o, *m, 1ull << order);
	if (rc) {
		free_frames(*m, order);
	}
	return rc;
}

void frame_share(void *page, struct owner *o)
{
	frames[host_mfn(page).n] = (struct frame){
		.owner = o->id,
		.count = FRAME_ALLOCATED | FRAME_XENHEAP,
		.type = (u32)FT_WRITABLE << 29 | 1,
	};
	o->xenheap_pages++;
}

bool frame_unshare(void *page)
{
	struct frame *f = &frames[host_mfn(page).n];

	owner_of(f->owner)->xenheap_pages--;
	f->type--;
	f->count &= ~FRAME_ALLOCATED;
	return !(f->count & FRAME_COUNT);
}

mfn_t fake_frame(struct domain *d)
{
	mfn_t m;

	assert(!frame_alloc_owned(&d->mm, 0, 0, &m));
	return m;
}

unsigned int fake_refs(mfn_t m)
{
	return frames[m.n].count & FRAME_COUNT;
}

unsigned int fake_writers(mfn_t m)
{
	return frames[m.n].type & FT_COUNT;
}

bool fake_owned(mfn_t m, struct domain *d)
{
	return frames[m.n].owner == domain_id(d) && frames[m.n].count & FRAME_ALLOCATED;
}

void fake_set_kind(mfn_t m, unsigned int kind)
{
	frames[m.n].type = kind ? kind << 29 | 1 : 0;
}

/* --- Domains --- */

struct domain *domain_get(domid_t id)
{
	struct domain *d = NULL;

	if (id == DOMID_SELF) {
		d = current->domain;
	} else if (id < ARRAY_SIZE(domains)) {
		pthread_mutex_lock(&fake_lock);
		d = domains[id];
		if (d) {
			domain_ref(d);
		}
		pthread_mutex_unlock(&fake_lock);
		return d;
	}
	if (d) {
		domain_ref(d);
	}
	return d;
}

void domain_ref(struct domain *d)
{
	assert(__atomic_fetch_add(&d->refs, 1, __ATOMIC_SEQ_CST));
}

void domain_put(struct domain *d)
{
	pthread_mutex_lock(&fake_lock);
	if (__atomic_sub_fetch(&d->refs, 1, __ATOMIC_SEQ_CST)) {
		pthread_mutex_unlock(&fake_lock);
		return;
	}
	domains[domain_id(d)] = NULL;
	pthread_mutex_unlock(&fake_lock);
	if (fake_domain_free) {
		fake_domain_free(d);
	}
	for (unsigned int i = 0; i < d->max_vcpus; i++) {
		free(d->vcpu[i]);
	}
	free(d->vcpu);
	free(d->shared);
	free(d->e820);
	free(d);
}

struct domain *fake_domain(domid_t id, unsigned int vcpus)
{
	struct domain *d = calloc(1, sizeof(*d));

	d->mm.id = id;
	d->mm.limit = 1u << 20;
	d->refs = 1;
	d->privileged = id == 0;
	d->max_vcpus = vcpus;
	d->vcpu = calloc(vcpus, sizeof(struct vcpu *));
	d->shared = calloc(1, sizeof(*d->shared));
	d->config_max_grant_frames = 4;
	d->config_max_grant_version = 2;
	d->config_max_maptrack_frames = 4;
	for (unsigned int i = 0; i < vcpus; i++) {
		d->vcpu[i] = calloc(1, sizeof(struct vcpu));
		d->vcpu[i]->domain = d;
		d->vcpu[i]->id = i;
		d->vcpu[i]->info = &d->shared->vcpu_info[MIN(i, 31u)];
	}
	assert(!domains[id]);
	domains[id] = d;
	if (!id) {
		dom0 = d;
	}
	return d;
}

void fake_domain_gone(struct domain *d)
{
	if (d == dom0) {
		dom0 = NULL;
	}
	domain_put(d);
}

void fake_run(struct domain *d, unsigned int vcpu)
{
	fake_current = d->vcpu[vcpu];
}

void fake_reset(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(domains); i++) {
		assert(!domains[i]);
	}
	assert(!fake_heap_bytes);
	memset(taken, 0, sizeof(taken));
	memset(frames, 0, sizeof(frames));
	memset(fake_m2p, 0xff, sizeof(fake_m2p));
	fake_heap_left = -1;
	fake_preempt_every = 0;
	fake_continued = fake_flushes = fake_kicks = 0;
}

/* --- The rest of the hypervisor --- */

bool preempt_needed(void)
{
	return fake_preempt_every && ++preempt_looks % fake_preempt_every == 0;
}

long hypercall_continue(unsigned int nr, unsigned int nargs, const unsigned long *args)
{
	fake_continued++;
	fake_cont_nr = nr;
	for (unsigned int i = 0; i < nargs; i++) {
		fake_cont_args[i] = args[i];
	}
	return nr;
}

void tlb_flush_mask(const cpumask_t *mask)
{
	__atomic_add_fetch(&fake_flushes, 1, __ATOMIC_RELAXED);
}

u64 time_now(void)
{
	return fake_now;
}

void vcpu_unblock(struct vcpu *v)
{
	v->blocked = v->polling = false;
}

void vcpu_kick(struct vcpu *v)
{
	__atomic_add_fetch(&fake_kicks, 1, __ATOMIC_RELAXED);
	vcpu_unblock(v);
}

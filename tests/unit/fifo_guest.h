/* SPDX-License-Identifier: MIT */
/*
 * A guest's side of the FIFO ABI, written from the public header: pages it gives, what it does to
 * its words, and how it takes events off its queues.
 */
#pragma once

#include "evtchn_fake.h"

#define FIFO_PENDING (1u << EVTCHN_FIFO_PENDING)
#define FIFO_MASKED  (1u << EVTCHN_FIFO_MASKED)
#define FIFO_LINKED  (1u << EVTCHN_FIFO_LINKED)
#define FIFO_BUSY    (1u << EVTCHN_FIFO_BUSY)
#define PAGE_PORTS   1024u

/* What a guest's kernel knows of one domain. */
struct fifo_guest {
	struct domain *d;
	mfn_t control_mfn[4], array_mfn[128];
	struct evtchn_fifo_control_block *control[4];
	u32 array_pages;
	u32 head[4][EVTCHN_FIFO_MAX_QUEUES]; /* where each vcpu goes on reading */
	/* Called for each event that is pending and not masked; it clears PENDING. */
	void (*handle)(struct fifo_guest *g, unsigned int vcpu, u32 port);
	u32 handled;
};

/* The calls; their results. The current vcpu is one of the domain's. */
long fifo_call_init(struct fifo_guest *g, unsigned int vcpu, mfn_t m, u32 offset);
long fifo_call_expand(mfn_t m);
long fifo_call_priority(u32 port, u32 priority);

/* A guest with control blocks for `vcpus` and `pages` array pages, all masked. */
void fifo_guest_start(struct fifo_guest *g, struct domain *d, unsigned int vcpus, u32 pages);
void fifo_guest_control(struct fifo_guest *g, unsigned int vcpu);
void fifo_guest_expand(struct fifo_guest *g);
/* All frames have only the owner's reference left. */
void fifo_guest_check_released(struct fifo_guest *g);

event_word_t *fifo_word(struct fifo_guest *g, u32 port);
void fifo_mask(struct fifo_guest *g, u32 port);
void fifo_unmask_port(struct fifo_guest *g, u32 port); /* with the call where the ABI wants it */
bool fifo_clear(struct fifo_guest *g, u32 port);       /* PENDING; was it set? */
/* The upcall: takes events off all queues, highest priority first, until none is ready. */
void fifo_consume(struct fifo_guest *g, unsigned int vcpu);
/* One event of the first ready queue; false if none is. */
bool fifo_consume_one(struct fifo_guest *g, unsigned int vcpu, u32 *ready);

/* SPDX-License-Identifier: MIT */
/* An owner's page list: linked through frame.next/prev, ended by 0, first frame in owner.head. */
#ifndef MM_OWNED_H
#define MM_OWNED_H

#include "mm/frame.h"

/* Both with o->lock held; they keep o->pages too. */
static inline void owner_list_add(struct owner *o, mfn_t m)
{
	struct frame *f = frame_of(m);

	f->next = o->head;
	f->prev = 0;
	if (o->head) {
		frame_table[o->head].prev = (u32)m.n;
	}
	o->head = (u32)m.n;
	o->pages++;
}
static inline void owner_list_del(struct owner *o, mfn_t m)
{
	struct frame *f = frame_of(m);

	if (f->prev) {
		frame_table[f->prev].next = f->next;
	} else if (o->kept == m.n) {
		o->kept = f->next;
	} else {
		o->head = f->next;
	}
	if (f->next) {
		frame_table[f->next].prev = f->prev;
	}
	f->next = f->prev = 0;
	o->pages--;
}

#endif

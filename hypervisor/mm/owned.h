/* SPDX-License-Identifier: MIT */
/*
 * Lists of frames: linked through frame.next/prev, ended by 0, the first one in *head. An owner's
 * begins in owner.head or owner.kept.
 */
#pragma once

#include "mm/frame.h"

static inline void frame_list_add(u32 *head, u64 m)
{
	struct frame *f = &frame_table[m];

	f->next = *head;
	f->prev = 0;
	if (*head) {
		frame_table[*head].prev = (u32)m;
	}
	*head = (u32)m;
}
static inline void frame_list_del(u32 *head, u64 m)
{
	struct frame *f = &frame_table[m];

	*(f->prev ? &frame_table[f->prev].next : head) = f->next;
	if (f->next) {
		frame_table[f->next].prev = f->prev;
	}
	f->next = f->prev = 0;
}

/* Both with o->lock held; they keep o->pages too. */
static inline void owner_list_add(struct owner *o, mfn_t m)
{
	frame_list_add(&o->head, m.n);
	o->pages++;
}
static inline void owner_list_del(struct owner *o, mfn_t m)
{
	frame_list_del(o->kept == m.n ? &o->kept : &o->head, m.n);
	o->pages--;
}

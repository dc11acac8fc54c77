/* SPDX-License-Identifier: MIT */
/* Circular doubly linked lists with the links embedded in the objects. */
#pragma once

#include "lib/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name) ((struct list){&(name), &(name)})

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}
static inline void list_add_tail(struct list *head, struct list *n)
{
	n->next = head;
	n->prev = head->prev;
	head->prev->next = n;
	head->prev = n;
}
/* Removes n and leaves it self-linked, so removing twice is harmless. */
static inline void list_del(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_first(head, type, member) \
	(list_empty(head) ? (type *)NULL : list_entry((head)->next, type, member))
/* Visits the objects of `type` that a list links by `member`; none may be taken out meanwhile. */
#define list_for_each_entry(pos, head, type, member)                                     \
	for (type *pos = list_entry((head)->next, type, member); &pos->member != (head); \
	     pos = list_entry(pos->member.next, type, member))

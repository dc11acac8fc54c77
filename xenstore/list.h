/* SPDX-License-Identifier: MIT */
/*
 * Intrusive doubly linked lists. Invariant: an element that is in no list points to itself, so
 * that removing it again is harmless. No lock: the daemon has one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define list_entry(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define list_for_each(it, head)       for (it = (head)->next; it != (head); it = it->next)
#define list_for_each_safe(it, tmp, head) \
	for (it = (head)->next, tmp = it->next; it != (head); it = tmp, tmp = it->next)

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_append(struct list *head, struct list *l)
{
	l->next = head;
	l->prev = head->prev;
	head->prev->next = l;
	head->prev = l;
}

static inline void list_remove(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

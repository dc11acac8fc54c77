/* SPDX-License-Identifier: MIT */
/*
 * Ticket spinlocks. The hypervisor runs with interrupts enabled outside of interrupt handlers;
 * a lock that a handler also takes is taken with spin_lock_irqsave(). Order: docs/locking.md.
 */
#pragma once

#include "lib/types.h"

typedef struct {
	union {
		u32 both;
		struct {
			u16 owner, next;
		};
	};
} spinlock_t;

#define SPINLOCK_INIT ((spinlock_t){{0}})

static inline void spin_lock(spinlock_t *l)
{
	u16 mine = __atomic_fetch_add(&l->next, 1, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != mine) {
		__builtin_ia32_pause();
	}
}
static inline void spin_unlock(spinlock_t *l)
{
	__atomic_store_n(&l->owner, (u16)(l->owner + 1), __ATOMIC_RELEASE);
}
static inline bool spin_trylock(spinlock_t *l)
{
	spinlock_t old = {{__atomic_load_n(&l->both, __ATOMIC_RELAXED)}};
	spinlock_t new = old;

	new.next++;
	return old.owner == old.next &&
	       __atomic_compare_exchange_n(&l->both, &old.both, new.both, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

#ifdef DOMUS_HOST_TEST
static inline unsigned long irq_save(void)
{
	return 0;
}
static inline void irq_restore(unsigned long flags)
{
	(void)flags;
}
#else
static inline unsigned long irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
	return flags;
}
static inline void irq_restore(unsigned long flags)
{
	__asm__ volatile("pushq %0; popfq" ::"r"(flags) : "memory", "cc");
}
#endif

static inline unsigned long spin_lock_irqsave(spinlock_t *l)
{
	unsigned long flags = irq_save();

	spin_lock(l);
	return flags;
}
static inline void spin_unlock_irqrestore(spinlock_t *l, unsigned long flags)
{
	spin_unlock(l);
	irq_restore(flags);
}

/* A lock held to the end of the block that takes it, however the block is left. */
struct lock_held {
	spinlock_t *lock;
	unsigned long flags;
};
static inline void lock_held_end(struct lock_held *h)
{
	spin_unlock_irqrestore(h->lock, h->flags);
}
static inline void lock_held_end_plain(spinlock_t **l)
{
	spin_unlock(*l);
}
#define HOLD_LOCK_IRQSAVE(l) \
	struct lock_held held_ __unused __cleanup(lock_held_end) = {(l), spin_lock_irqsave(l)}
#define HOLD_LOCK(l)                                                  \
	spinlock_t *held_plain_ __cleanup(lock_held_end_plain) = (l); \
	spin_lock(held_plain_)

/* SPDX-License-Identifier: MIT */
/*
 * Domains and vcpus: life and death. Rooms further down keep their own state behind the opaque
 * pointers; they are told of births and deaths by the tables in domain/hooks.c.
 *
 * Life of a domain: created paused -> runs -> shut down (code kept, all vcpus stopped) -> dying
 * (killed: resources given back, preemptibly) -> dead (waits for foreign references) -> freed.
 * References: domain_get() keeps the struct; frames owned keep it too.
 */
#pragma once

#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/vcpu.h>
#include "arch/vcpu.h"
#include "lib/list.h"
#include "lib/spinlock.h"
#include "mm/owner.h"
#include "sched/sched.h"
#include "time/time.h"

#define DOM_MAX_VCPUS 128u

struct evtchn_domain;
struct grant_domain;
struct cpuid_policy;

struct domain;

struct vcpu {
	struct sched_unit unit;
	struct domain *domain;
	unsigned int id;
	struct pv_vcpu pv;

	vcpu_info_t *info;    /* shared with the guest: read once, never trust */
	mfn_t info_mfn;       /* registered page, or INVALID_MFN: in shared_info */
	bool initialised, up; /* VCPUOP_initialise done; VCPUOP_up */
	bool blocked;         /* SCHEDOP_block: until an event is pending */
	bool polling;         /* SCHEDOP_poll: until one of the ports, or the timer */
	u32 poll_port;        /* the only port polled, or 0 for several */
	spinlock_t run_lock;  /* runnable or not, runstate; interrupts off; innermost but the run
				 queue's */

	struct timer singleshot, periodic, poll_timer;
	u64 period_ns;

	vcpu_runstate_info_t runstate;
	guest_ptr_t runstate_area; /* 0 = none */
	guest_ptr_t time_area;
	bool area_stale;  /* must be written at the next entry to guest kernel mode */
	u32 time_version; /* of the clock's record that its info has */

	u64 continuation_progress;  /* of a preempted multicall or teardown */
	struct multicall_state *mc; /* inside a multicall: the entry being run */
	mfn_t old_table;            /* L4 whose release was preempted, or INVALID_MFN */
};

enum domain_dying { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };

struct domain {
	struct owner mm;  /* id, page counts, limits, dirty mask */
	struct list link; /* all domains, ascending ids */
	u32 refs;         /* atomic */
	bool privileged;  /* dom0: control and hardware domain */
	enum domain_dying dying;
	bool shut_down;
	u8 shutdown_code;
	u32 pause_count; /* atomic: by domctl and the hypervisor */
	u32 paused_by_tools;
	spinlock_t lock; /* life cycle, vcpu array, shutdown */

	struct sched_group sched;
	unsigned int max_vcpus;
	struct vcpu **vcpu; /* max_vcpus pointers, entries may be NULL */

	shared_info_t *shared; /* owned page, mappable by the guest */
	xen_domain_handle_t handle;
	u64 vm_assist;
	u32 tsc_mode, tsc_incarnation; /* as its builder set them */
	u64 config_max_evtchn_port;
	u32 config_max_grant_frames, config_max_maptrack_frames;
	u8 config_max_grant_version; /* 1 or 2: the hook checks it */

	struct e820_entry *e820; /* XENMEM_set_memory_map */
	unsigned int e820_count;

	struct evtchn_domain *evtchn;
	struct grant_domain *grant;
	struct cpuid_policy *cpuid;

	unsigned int destroy_step; /* progress of domain_kill() */
	u64 cpu_time_dead;         /* ns of vcpus already gone */
};

struct e820_entry {
	u64 addr, size;
	u32 type;
} __packed;

extern struct domain *dom0;
extern struct domain idle_domain;

static inline u16 domain_id(const struct domain *d)
{
	return d->mm.id;
}
static inline struct domain *owner_domain(struct owner *o)
{
	return container_of(o, struct domain, mm);
}
static inline bool is_idle_vcpu(const struct vcpu *v)
{
	return v->domain == &idle_domain;
}

/* upcall_pending set and upcalls not masked; never for idle vcpus. */
static inline bool vcpu_event_deliverable(const struct vcpu *v)
{
	const vcpu_info_t *info = v->info;

	return info && READ_ONCE(info->evtchn_upcall_pending) &&
	       !READ_ONCE(info->evtchn_upcall_mask);
}

/* NULL if there is none; the second is for numbers that the hypervisor noted itself. */
#define domain_vcpu(d, i)       ((i) < (d)->max_vcpus ? (d)->vcpu[index_clamp(i, (d)->max_vcpus)] : NULL)
#define domain_vcpu_known(d, i) ((i) < (d)->max_vcpus ? (d)->vcpu[i] : NULL)
#define vcpu_for_each(d, v, i)                            \
	for (unsigned int i = 0; i < (d)->max_vcpus; i++) \
		for (struct vcpu *v = (d)->vcpu[i]; v; v = NULL)

/* Finds a living or dying domain and takes a reference; NULL if there is none. DOMID_SELF works. */
struct domain *domain_get(domid_t id);
/* The one with the lowest id >= `id`, with a reference. */
struct domain *domain_get_next(domid_t id);
void domain_ref(struct domain *d); /* another reference: the caller already has one */
void domain_put(struct domain *d);
/* A reference that ends with the block: DOMAIN_REF(d) = domain_get(id); */
static inline void domain_ref_end(struct domain **d)
{
	if (*d) {
		domain_put(*d);
	}
}
#define DOMAIN_REF(d) struct domain *d __unused __cleanup(domain_ref_end)
/* domain_get() for an operation on a domain: another than one's own only for the control domain.
 * NULL and *err: -ESRCH, -EPERM. */
struct domain *domain_target(domid_t id, int *err);

/* Creates a domain with pause count 1. id DOMID_COUNT..: choose the next free one (ids are
 * not reused soon). -EEXIST, -ENOMEM, -EINVAL. */
int domain_create(domid_t id, const struct xen_domctl_createdomain *cfg, struct domain **d);
int domain_alloc_vcpu(struct domain *d, unsigned int id); /* -ENOMEM, -EEXIST, -EINVAL */
/* Gives everything back; -ERESTART when preempted: call again. Idempotent. Not for the caller's own
 * domain. */
int domain_kill(struct domain *d);
/* SCHEDOP_shutdown and friends: stops all vcpus, keeps the code, VIRQ_DOM_EXC to dom0. */
void domain_shutdown(struct domain *d, u8 code);
/* A guest did what it must not: prints the sentence and registers, shuts down with SHUTDOWN_crash.
 * The current vcpu does not return to the guest afterwards. Rate-limited. */
void domain_crash(struct domain *d, const char *fmt, ...) __printf(2, 3);

void domain_pause(struct domain *d); /* counted; returns when no vcpu runs */
void domain_unpause(struct domain *d);
/* Re-evaluates whether v may run (after up/down, block, pause, events). */
void vcpu_update_runnable(struct vcpu *v);
void vcpu_block(void);             /* current: SCHEDOP_block */
void vcpu_unblock(struct vcpu *v); /* an event came: wakes a blocked vcpu */
void vcpu_send_nmi(struct vcpu *v);
void vcpu_kick(struct vcpu *v); /* makes it look at its pending events soon, wherever it is */
int vcpu_set_context(struct vcpu *v, const vcpu_guest_context_t *c); /* see pv/ */
/* Reads a context from guest memory and sets it; once in a vcpu's life: -EEXIST, -ERESTART. */
long vcpu_read_context(struct vcpu *v, guest_ptr_t from);
int vcpu_register_info(struct vcpu *v, mfn_t m, unsigned int offset);
/* CPU time used so far, ns, and the runstate with the current period added. */
void vcpu_runstate(struct vcpu *v, vcpu_runstate_info_t *r);
/* Writes the vcpu_time_info of v (it moved, or the scale changed), and of its secondary area. */
void vcpu_update_time(struct vcpu *v);
/* The clock gets another rate while no vcpu runs. Not with locks held or interrupts off; one
 * caller at a time. */
void vcpus_set_time_rate(u32 mul);
/* Writes the areas registered by virtual address; v is current and in guest kernel mode. */
void vcpu_write_areas(struct vcpu *v);
/* What dom0's shutdown does to the machine; set at boot, below in the order of rooms. */
extern void (*dom0_shutdown_hook)(u8 code);
/* The domain after d in the order of ids; d's reference goes over to it. NULL at the end. */
struct domain *domain_next(struct domain *d);
/* Who leaves the loop early has a reference to d. */
#define domain_for_each(d) for (struct domain *d = domain_get_next(0); d; d = domain_next(d))
unsigned int domain_count(void);
long do_vcpu_op(unsigned int cmd, unsigned int id, guest_ptr_t arg);
long do_set_timer_op(u64 deadline);
void domain_update_wallclock(struct domain *d); /* d->lock held, or nobody else knows d */

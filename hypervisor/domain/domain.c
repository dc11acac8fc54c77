/* SPDX-License-Identifier: MIT */
/*
 * Birth, lookup and end of struct domain. domains_lock guards the list and the way from an id to a
 * domain; whoever finds a domain under it takes a reference before letting go.
 */
#include "domain/domain.h"
#include "domain/hooks.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/frame.h"

struct domain *dom0;

static spinlock_t domains_lock = SPINLOCK_INIT;
static struct list domains = LIST_INIT(domains);
static unsigned int domains_count;
static u16 last_id;

#define DEFAULT_GRANT_FRAMES    64u
#define DEFAULT_MAPTRACK_FRAMES 1024u

struct domain *domain_get(domid_t id)
{
	struct owner *o;

	if (id >= DOMID_COUNT && id != DOMID_SELF) {
		return NULL;
	}
	HOLD_LOCK(&domains_lock);
	o = id == DOMID_SELF ? &current->domain->mm : owner_find(id);
	if (!o) {
		return NULL;
	}
	domain_ref(owner_domain(o));
	return owner_domain(o);
}

struct domain *domain_get_next(domid_t id)
{
	HOLD_LOCK(&domains_lock);
	list_for_each_entry (d, &domains, struct domain, link) {
		if (domain_id(d) >= id) {
			domain_ref(d);
			return d;
		}
	}
	return NULL;
}

struct domain *domain_next(struct domain *d)
{
	struct domain *next = NULL;

	spin_lock(&domains_lock);
	/* A reference keeps d on the list. */
	if (d->link.next != &domains) {
		next = list_entry(d->link.next, struct domain, link);
		domain_ref(next);
	}
	spin_unlock(&domains_lock);
	domain_put(d);
	return next;
}

unsigned int domain_count(void)
{
	return READ_ONCE(domains_count);
}

void domain_ref(struct domain *d)
{
	BUG_ON(__atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED) > 0x7fffffff);
}

static void free_vcpus(struct domain *d)
{
	vcpu_for_each (d, v, i) {
		vcpu_free(v);
	}
	heap_free(d->vcpu, d->max_vcpus * sizeof(struct vcpu *));
}

static void free_domain(struct domain *d)
{
	for (unsigned int i = domain_hook_count; i-- > 0;) {
		if (domain_hooks[i].free) {
			domain_hooks[i].free(d);
		}
	}
	free_vcpus(d);
	heap_free(d->e820, d->e820_count * sizeof(struct e820_entry));
	heap_free(d, sizeof(*d));
}

void domain_put(struct domain *d)
{
	u32 old = __atomic_load_n(&d->refs, __ATOMIC_RELAXED);

	/* The last reference is dropped under the lock, so that nobody can find it any more. */
	while (old > 1) {
		if (__atomic_compare_exchange_n(&d->refs, &old, old - 1, false, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED)) {
			return;
		}
	}
	spin_lock(&domains_lock);
	if (__atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL)) {
		spin_unlock(&domains_lock);
		return;
	}
	owner_set(domain_id(d), NULL);
	list_del(&d->link);
	domains_count--;
	spin_unlock(&domains_lock);
	free_domain(d);
}

/*
 * Lock held. Ids go round, so that one is not used again soon; at most half of those it goes round
 * are taken, and for a few domains the table of owners stays one page.
 */
static int choose_id(u16 *id)
{
	u32 range = MIN(ROUND_UP(2 * domains_count + 1, OWNERS_PER_PAGE), DOMID_COUNT);

	for (u32 i = 1; i < range; i++) {
		u16 try = (u16)((last_id + i) % range);

		if (try && !owner_find(try)) {
			*id = last_id = try;
			return 0;
		}
	}
	return -ENOMEM;
}

static int insert(struct domain *d, domid_t id)
{
	struct list *before;
	int err = 0;

	HOLD_LOCK(&domains_lock);
	if (id >= DOMID_COUNT || (id == 0 && dom0)) {
		err = choose_id(&id);
	} else if (owner_find(id)) {
		err = -EEXIST;
	}
	d->mm.id = id;
	err = err ? err : owner_set(id, &d->mm);
	if (err) {
		return err;
	}
	for (before = domains.next; before != &domains; before = before->next) {
		if (domain_id(list_entry(before, struct domain, link)) > id) {
			break;
		}
	}
	list_add_tail(before, &d->link);
	domains_count++;
	return 0;
}

static int check_config(const struct xen_domctl_createdomain *cfg)
{
	if (cfg->flags & ~XEN_DOMCTL_CDF_xs_domain) {
		return -EINVAL;
	}
	if (cfg->iommu_opts || cfg->vmtrace_size || cfg->cpupool_id || cfg->arch.emulation_flags ||
	    cfg->arch.misc_flags || (cfg->grant_opts & ~XEN_DOMCTL_GRANT_version_mask)) {
		return -EINVAL;
	}
	return cfg->max_vcpus && cfg->max_vcpus <= DOM_MAX_VCPUS ? 0 : -EINVAL;
}

static u32 limit_or(s32 wanted, u32 dflt)
{
	return wanted < 0 ? dflt : (u32)wanted;
}

/* What was set up before a failure is undone by the ordinary end of a domain. */
static int build(struct domain *d)
{
	int err;

	d->shared = page_share(&d->mm);
	err = d->shared ? 0 : -ENOMEM;
	for (unsigned int i = 0; !err && i < domain_hook_count; i++) {
		err = domain_hooks[i].create ? domain_hooks[i].create(d) : 0;
	}
	return err;
}

int domain_create(domid_t id, const struct xen_domctl_createdomain *cfg, struct domain **out)
{
	struct domain *d;
	int err = check_config(cfg);

	if (err) {
		return err;
	}
	d = heap_alloc(sizeof(*d));
	if (!d) {
		return -ENOMEM;
	}
	d->refs = 1;
	d->pause_count = 1;
	d->privileged = d->mm.io_cap = id == 0 && !dom0;
	d->config_max_evtchn_port = cfg->max_evtchn_port;
	d->config_max_grant_frames = limit_or(cfg->max_grant_frames, DEFAULT_GRANT_FRAMES);
	d->config_max_grant_version = cfg->grant_opts & XEN_DOMCTL_GRANT_version_mask;
	d->config_max_maptrack_frames = limit_or(cfg->max_maptrack_frames, DEFAULT_MAPTRACK_FRAMES);
	memcpy(d->handle, cfg->handle, sizeof(d->handle));
	sched_group_init(&d->sched);
	d->vcpu = heap_alloc(cfg->max_vcpus * sizeof(struct vcpu *));
	d->max_vcpus = d->vcpu ? cfg->max_vcpus : 0;
	err = d->vcpu ? insert(d, id) : -ENOMEM;
	if (err) {
		free_vcpus(d);
		heap_free(d, sizeof(*d));
		return err;
	}
	err = build(d);
	if (err) {
		while (domain_kill(d) == -ERESTART) {
		}
		return err;
	}
	domain_update_wallclock(d);
	*out = d;
	return 0;
}

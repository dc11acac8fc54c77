/* SPDX-License-Identifier: MIT */
/*
 * domctl, sysctl and xen_version on fake domains: versions, privilege, unknown numbers, the answers
 * that libxenctrl depends on, bitmaps of any size, and tools' structures with hostile sizes.
 */
#include "unit.h"
#include <xen/features.h>
#include <xen/sysctl.h>
#include <xen/version.h>
#include "arch/tsc.h"
#include "control/control.h"
#include "domctl.h"
#include "domus.h"
#include "drivers/console.h"
#include "event/event.h"
#include "grant/grant.h"
#include "mm/alloc.h"
#include "mm/pagetype.h"
#include "pv/cpuid.h"

#define CONTINUED 0x600d

/* --- What control/ takes from other rooms. --- */

struct vcpu *fake_current;
struct cpu_features cpu_features;
unsigned int cpu_count = 3;
u64 tsc_khz = 2000000, frame_end = 0x1000;
struct domain idle_domain;
struct frame *frame_table;
struct host_facts host_facts = {.cmdline = "dom0_mem=1G", .total_pages = 4096};
static struct cpuid_policy policies[2];

static struct domain domains[3]; /* ids 0, 2, 5 */
static struct vcpu vcpus[2], caller;
static struct vcpu *vcpu_array[2];
static int kill_result, context_result;
static unsigned int pauses, refs, nmis;

struct domain *domain_get(domid_t id)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(domains); i++) {
		if (domains[i].mm.id == id) {
			refs++;
			return &domains[i];
		}
	}
	return NULL;
}
struct domain *domain_get_next(domid_t id)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(domains); i++) {
		if (domains[i].mm.id >= id) {
			refs++;
			return &domains[i];
		}
	}
	return NULL;
}
struct domain *domain_next(struct domain *d)
{
	if (d < &domains[ARRAY_SIZE(domains) - 1]) {
		return d + 1; /* with d's reference */
	}
	refs--;
	return NULL;
}
void domain_put(struct domain *d)
{
	assert_true(refs);
	refs--;
}
unsigned int domain_count(void)
{
	return ARRAY_SIZE(domains);
}
int domain_create(domid_t id, const struct xen_domctl_createdomain *cfg, struct domain **d)
{
	*d = &domains[2];
	return cfg->max_vcpus ? 0 : -EINVAL;
}
int domain_kill(struct domain *d)
{
	return kill_result;
}
int domain_alloc_vcpu(struct domain *d, unsigned int id)
{
	d->vcpu[id] = &vcpus[id];
	vcpus[id].domain = d;
	vcpus[id].id = id;
	return 0;
}
void vcpu_send_nmi(struct vcpu *v)
{
	nmis += v == &vcpus[0];
}
void domain_pause(struct domain *d)
{
	pauses++;
}
void domain_unpause(struct domain *d)
{
	pauses--;
}
long vcpu_read_context(struct vcpu *v, guest_ptr_t from)
{
	assert_true(pauses && from);
	return context_result;
}
void vcpu_runstate(struct vcpu *v, vcpu_runstate_info_t *r)
{
	r->time[RUNSTATE_running] = 1000;
}
int sched_group_set(struct sched_group *g, u32 weight, u32 cap)
{
	g->weight = weight;
	g->cap = cap;
	return 0;
}
int sched_unit_set_affinity(struct sched_unit *u, const cpumask_t *hard, const cpumask_t *soft)
{
	if (!(hard->bits[0] & 7)) {
		return -EINVAL;
	}
	u->hard = *hard;
	u->soft = *soft;
	return 0;
}
static u32 ratelimit = 100;
int sched_set_ratelimit(u32 us)
{
	ratelimit = us;
	return us == 1 ? -EINVAL : 0;
}
u32 sched_ratelimit(void)
{
	return ratelimit;
}
u64 time_now(void)
{
	return 123;
}
unsigned int evtchn_count(struct domain *d)
{
	return 10;
}
u32 grant_version_max = 2;

unsigned int grant_map_count(struct domain *d)
{
	return 2;
}
int console_read_ring(struct xen_sysctl_readconsole *op)
{
	op->count = 0;
	return 0;
}
static char keys_seen[8];
void console_handle_key(char key)
{
	keys_seen[strlen(keys_seen)] = key;
}
u64 alloc_free_pages(void)
{
	return 1000;
}
u64 alloc_dirty_pages(void)
{
	return 10;
}
u64 heap_bytes_used(void)
{
	return 5 * PAGE_SIZE;
}
static size_t heap_in_use;
void *heap_alloc(size_t n)
{
	heap_in_use += n;
	return calloc(1, n);
}
void heap_free(void *p, size_t n)
{
	heap_in_use -= n;
	free(p);
}
long hypercall_continue(unsigned int nr, unsigned int nargs, const unsigned long *args)
{
	return CONTINUED;
}
int frame_get(mfn_t m, const struct owner *o)
{
	return m.n < 8 ? 0 : -EINVAL;
}
void frame_put(mfn_t m)
{
}
void *host_frame(mfn_t m)
{
	return NULL;
}
mfn_t host_mfn(const void *p)
{
	return _mfn(0x77);
}
int hypercall_page_install(struct domain *d, mfn_t m)
{
	return -EINVAL;
}
const struct cpuid_policy *cpuid_system_policy(unsigned int index)
{
	return index <= 1 || index == 2 || index == 4 ? &policies[1] : NULL;
}

static int setup(void **state)
{
	memset(domains, 0, sizeof(domains));
	memset(vcpus, 0, sizeof(vcpus));
	memset(vcpu_array, 0, sizeof(vcpu_array));
	memset(policies, 0, sizeof(policies));
	memset(keys_seen, 0, sizeof(keys_seen));
	domains[1].mm.id = 2;
	domains[2].mm.id = 5;
	domains[0].privileged = true;
	domains[1].max_vcpus = 2;
	domains[1].vcpu = vcpu_array;
	policies[1].basic[0].a = 2;
	policies[1].extd[0].a = 0x80000001;
	policies[0] = policies[1];
	domains[1].cpuid = &policies[0];
	caller.domain = &domains[0];
	fake_current = &caller;
	kill_result = context_result = 0;
	pauses = refs = 0;
	return 0;
}

static int nothing_left(void **state)
{
	assert_int_equal(refs, 0);
	assert_int_equal(pauses, 0);
	assert_int_equal(heap_in_use, 0);
	return 0;
}

static struct xen_domctl op;

static long domctl(u32 cmd, domid_t id)
{
	op.cmd = cmd;
	op.domain = id;
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	return do_domctl((guest_ptr_t)&op);
}

static struct xen_sysctl sys;

static long sysctl(u32 cmd)
{
	sys.cmd = cmd;
	sys.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return do_sysctl((guest_ptr_t)&sys);
}

static void test_conventions(void **state)
{
	op = (struct xen_domctl){.cmd = XEN_DOMCTL_getdomaininfo, .interface_version = 0x14};
	assert_int_equal(do_domctl((guest_ptr_t)&op), -EACCES);
	assert_int_equal(do_domctl(0), -EFAULT);
	assert_int_equal(domctl(999, 2), -ENOSYS);
	assert_int_equal(domctl(0, 2), -ENOSYS);
	assert_int_equal(domctl(XEN_DOMCTL_pausedomain, 3), -ESRCH);
	domains[0].privileged = false;
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, 0), -EPERM);
	assert_int_equal(sysctl(XEN_SYSCTL_physinfo), -EPERM);
	domains[0].privileged = true;
	sys = (struct xen_sysctl){.cmd = XEN_SYSCTL_physinfo, .interface_version = 1};
	assert_int_equal(do_sysctl((guest_ptr_t)&sys), -EACCES);
	assert_int_equal(sysctl(998), -ENOSYS);
}

static void test_life(void **state)
{
	assert_int_equal(domctl(XEN_DOMCTL_createdomain, 0xffff), -EINVAL);
	op.u.createdomain.max_vcpus = 1;
	assert_int_equal(domctl(XEN_DOMCTL_createdomain, 0xffff), 0);
	assert_int_equal(op.domain, 5);
	assert_int_equal(domains[2].paused_by_tools, 1);
	domains[1].paused_by_tools = 0;
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain, 2), -EINVAL);
	assert_int_equal(domctl(XEN_DOMCTL_pausedomain, 2), 0);
	assert_int_equal(pauses, 1);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain, 2), 0);
	assert_int_equal(domctl(XEN_DOMCTL_pausedomain, 0), -EINVAL); /* the caller */
	assert_int_equal(domctl(XEN_DOMCTL_destroydomain, 0), -EINVAL);
	assert_int_equal(domctl(XEN_DOMCTL_destroydomain, 2), 0);
	kill_result = -ERESTART;
	assert_int_equal(domctl(XEN_DOMCTL_destroydomain, 2), CONTINUED);
	op.u.max_vcpus.max = 3; /* not what it was created with */
	assert_int_equal(domctl(XEN_DOMCTL_max_vcpus, 2), -EINVAL);
	op.u.max_vcpus.max = 2;
	assert_int_equal(domctl(XEN_DOMCTL_max_vcpus, 2), 0);
	assert_int_equal(domctl(XEN_DOMCTL_max_vcpus, 2), 0);
}

static void test_domain_info(void **state)
{
	xen_domctl_getdomaininfo_t list[4];

	domains[1].shut_down = true;
	domains[1].shutdown_code = 2;
	domains[1].mm.pages = 50;
	domains[1].paused_by_tools = 1;
	domains[1].dying = DOMAIN_DYING; /* still counts as there */
	vcpu_array[0] = &vcpus[0];
	vcpu_array[1] = &vcpus[1];
	vcpus[1].id = 1;
	vcpus[0].up = vcpus[0].blocked = true;
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, 1), 0); /* the next one */
	assert_int_equal(op.domain, 2);
	assert_int_equal(op.u.getdomaininfo.flags,
			 XEN_DOMINF_shutdown | XEN_DOMINF_paused | XEN_DOMINF_blocked | 2 << 16);
	assert_int_equal(op.u.getdomaininfo.tot_pages, 50);
	assert_int_equal(op.u.getdomaininfo.nr_online_vcpus, 1);
	assert_int_equal(op.u.getdomaininfo.max_vcpu_id, 1);
	assert_int_equal(op.u.getdomaininfo.cpu_time, 2000);
	vcpus[1].up = vcpus[1].unit.running = true; /* one that does not wait is enough */
	domains[1].dying = DOMAIN_DEAD;
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, 2), 0);
	assert_true(op.u.getdomaininfo.flags & XEN_DOMINF_running);
	assert_true(op.u.getdomaininfo.flags & XEN_DOMINF_dying);
	assert_false(op.u.getdomaininfo.flags & XEN_DOMINF_blocked);
	assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, 6), -ESRCH);

	memset(&sys, 0, sizeof(sys));
	sys.u.getdomaininfolist.max_domains = 2;
	sys.u.getdomaininfolist.buffer.p = list;
	assert_int_equal(sysctl(XEN_SYSCTL_getdomaininfolist), 0);
	assert_int_equal(sys.u.getdomaininfolist.num_domains, 2);
	assert_int_equal(list[0].domain, 0);
	assert_int_equal(list[1].domain, 2);
	sys.u.getdomaininfolist.first_domain = 3;
	assert_int_equal(sysctl(XEN_SYSCTL_getdomaininfolist), 0);
	assert_int_equal(sys.u.getdomaininfolist.num_domains, 1);
	assert_int_equal(list[0].domain, 5);
	sys.u.getdomaininfolist.buffer.p = NULL;
	assert_int_equal(sysctl(XEN_SYSCTL_getdomaininfolist), -EFAULT);
}

static void test_bitmaps(void **state)
{
	u64 bits[2] = {0x8000000000000001, 0x3f};
	u8 small[2] = {0}, large[64];
	struct xenctl_bitmap b = {.bitmap.p = small, .nr_bits = 10};

	assert_int_equal(bitmap_to_guest(bits, 70, &b), 0);
	assert_int_equal(small[0], 1);
	memset(large, 0xff, sizeof(large));
	b = (struct xenctl_bitmap){.bitmap.p = large, .nr_bits = 63 * 8};
	assert_int_equal(bitmap_to_guest(bits, 70, &b), 0);
	assert_int_equal(large[7], 0x80);
	assert_int_equal(large[8], 0x3f);
	assert_int_equal(large[62], 0);
	assert_int_equal(large[63], 0xff);
	small[0] = small[1] = 0xff;
	b = (struct xenctl_bitmap){.bitmap.p = small, .nr_bits = 11};
	assert_int_equal(bitmap_from_guest(bits, 70, &b), 0);
	assert_int_equal(bits[0], 0x7ff);
	assert_int_equal(bits[1], 0);
	b.nr_bits = ~0u;
	assert_int_equal(bitmap_from_guest(bits, 70, &b), -EINVAL);
	assert_int_equal(bitmap_to_guest(bits, 70, &b), -EINVAL);
	b = (struct xenctl_bitmap){.nr_bits = 8};
	assert_int_equal(bitmap_from_guest(bits, 70, &b), -EFAULT);
}

static void test_affinity(void **state)
{
	u8 hard[8] = {0xff}, soft[8] = {0x04};
	struct xen_domctl_vcpuaffinity a = {
		.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT,
		.cpumap_hard = {.bitmap.p = hard, .nr_bits = 64},
		.cpumap_soft = {.bitmap.p = soft, .nr_bits = 64},
	};

	vcpu_array[1] = &vcpus[1];
	op.u.vcpuaffinity = a;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 2), -ESRCH);
	op.u.vcpuaffinity.vcpu = 1;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 2), 0);
	assert_int_equal(hard[0], 7); /* as far as there are CPUs */
	assert_int_equal(soft[0], 4);
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity, 2), 0);
	assert_int_equal(hard[0], 0xff); /* as it was set */
	hard[0] = 0xf8;                  /* no such CPUs */
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 2), -EINVAL);
	op.u.vcpuaffinity.flags = 0;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 2), -EINVAL);
	op.u.vcpuaffinity.vcpu = ~0u;
	assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity, 2), -ESRCH);
}

static void test_scheduler(void **state)
{
	vcpu_array[0] = &vcpus[0];
	domains[1].sched.weight = 256;
	domains[1].max_vcpus = 2;
	op.u.scheduler_op = (struct xen_domctl_scheduler_op){.sched_id = XEN_SCHEDULER_CREDIT2,
							     .cmd = XEN_DOMCTL_SCHEDOP_getinfo};
	assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 2), 0);
	assert_int_equal(op.u.scheduler_op.u.credit2.weight, 256);
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	op.u.scheduler_op.u.credit2.weight = 512;
	op.u.scheduler_op.u.credit2.cap = 200;
	assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 2), 0);
	assert_int_equal(domains[1].sched.weight, 512);
	assert_int_equal(domains[1].sched.cap, 200);
	op.u.scheduler_op.u.credit2.weight = 0; /* as it is */
	op.u.scheduler_op.u.credit2.cap = 50;
	assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 2), 0);
	assert_int_equal(domains[1].sched.weight, 512);
	op.u.scheduler_op.u.credit2.cap = 201; /* more than its vcpus can use */
	assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 2), -EINVAL);
	assert_int_equal(domains[1].sched.cap, 50);
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getvcpuinfo;
	assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 2), -EINVAL);
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_RTDS;
	assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 2), -EINVAL);
}

static void test_vcpu_context(void **state)
{
	static vcpu_guest_context_t c;

	vcpu_array[1] = &vcpus[1];
	op.u.vcpucontext.vcpu = 1;
	op.u.vcpucontext.ctxt.p = NULL;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, 2), -EOPNOTSUPP);
	op.u.vcpucontext.ctxt.p = &c;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, 2), 0);
	context_result = -ERESTART;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, 2), CONTINUED);
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, 0), -EINVAL); /* the caller */
	op.u.vcpucontext.vcpu = 2;
	assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, 2), -ESRCH);
}

static void test_cpu_policy(void **state)
{
	static xen_cpuid_leaf_t leaves[CPUID_MAX_LEAVES + 1];
	struct xen_domctl_cpu_policy *c = &op.u.cpu_policy;

	memset(&op, 0, sizeof(op));
	assert_int_equal(domctl(XEN_DOMCTL_get_cpu_policy, 2), 0);
	assert_int_equal(c->nr_leaves, CPUID_MAX_LEAVES);
	assert_int_equal(c->nr_msrs, 2);
	c->leaves.p = leaves;
	c->nr_leaves = 1;
	assert_int_equal(domctl(XEN_DOMCTL_get_cpu_policy, 2), -ENOBUFS);
	c->nr_leaves = CPUID_MAX_LEAVES;
	assert_int_equal(domctl(XEN_DOMCTL_get_cpu_policy, 2), 0);
	assert_int_equal(c->nr_leaves, 3 + 2 + 2);
	c->nr_msrs = 0;
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy, 2), 0);
	leaves[1].d = 1; /* a feature that this machine has not */
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy, 2), -EINVAL);
	assert_int_equal(c->err_leaf, 1);
	assert_int_equal(policies[0].basic[1].d, 0); /* nothing of it was taken */
	leaves[0].leaf = 0x12345;
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy, 2), -ERANGE);
	assert_int_equal(c->err_leaf, 0x12345);
	c->nr_leaves = CPUID_MAX_LEAVES + 1;
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy, 2), -E2BIG);
	c->nr_leaves = 0;
	c->nr_msrs = 1; /* MSRs cannot be chosen */
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy, 2), -EOPNOTSUPP);
	assert_int_equal(domctl(XEN_DOMCTL_set_cpu_policy, 0), -EINVAL); /* the caller */

	memset(&sys, 0, sizeof(sys));
	assert_int_equal(sysctl(XEN_SYSCTL_get_cpu_policy), 0);
	assert_int_equal(sys.u.cpu_policy.nr_leaves, 120);
	sys.u.cpu_policy.index = XEN_SYSCTL_cpu_policy_hvm_max;
	assert_int_equal(sysctl(XEN_SYSCTL_get_cpu_policy), -EOPNOTSUPP);
	sys.u.cpu_policy.index = 6;
	assert_int_equal(sysctl(XEN_SYSCTL_get_cpu_policy), -EINVAL);
}

static void test_featureset(void **state)
{
	u32 words[CPUID_FEATURE_WORDS];

	memset(&sys, 0, sizeof(sys));
	policies[1].basic[1].d = 0xabc;
	assert_int_equal(sysctl(XEN_SYSCTL_get_cpu_featureset), 0);
	assert_int_equal(sys.u.cpu_featureset.nr_features, 19);
	sys.u.cpu_featureset.features.p = words;
	assert_int_equal(sysctl(XEN_SYSCTL_get_cpu_featureset), 0);
	assert_int_equal(words[0], 0xabc);
	sys.u.cpu_featureset.nr_features = 1; /* libxenguest takes what fits */
	words[1] = 0x77;
	assert_int_equal(sysctl(XEN_SYSCTL_get_cpu_featureset), -ENOBUFS);
	assert_int_equal(sys.u.cpu_featureset.nr_features, 1);
	assert_int_equal(words[1], 0x77);
	sys.u.cpu_featureset.index = XEN_SYSCTL_cpu_featureset_hvm;
	assert_int_equal(sysctl(XEN_SYSCTL_get_cpu_featureset), -EOPNOTSUPP);
	sys.u.cpu_featureset.index = 9;
	assert_int_equal(sysctl(XEN_SYSCTL_get_cpu_featureset), -EINVAL);
}

static void test_machine(void **state)
{
	static u8 map[8];
	xen_sysctl_cputopo_t topo[4];

	memset(&sys, 0, sizeof(sys));
	assert_int_equal(sysctl(XEN_SYSCTL_physinfo), 0);
	assert_int_equal(sys.u.physinfo.nr_cpus, 3);
	assert_int_equal(sys.u.physinfo.total_pages, 4096);
	assert_int_equal(sys.u.physinfo.capabilities, 0x302); /* PV, grant tables v1 and v2 */
	grant_version_max = 1;
	assert_int_equal(sysctl(XEN_SYSCTL_physinfo), 0);
	assert_int_equal(sys.u.physinfo.capabilities, 0x102);
	grant_version_max = 2;
	memset(&sys, 0, sizeof(sys));
	assert_int_equal(sysctl(XEN_SYSCTL_cputopoinfo), 0);
	assert_int_equal(sys.u.cputopoinfo.num_cpus, 3);
	sys.u.cputopoinfo.num_cpus = 4;
	sys.u.cputopoinfo.cputopo.p = topo;
	assert_int_equal(sysctl(XEN_SYSCTL_cputopoinfo), 0);
	assert_int_equal(sys.u.cputopoinfo.num_cpus, 3);
	assert_int_equal(topo[2].core, 2);
	memset(&sys, 0, sizeof(sys));
	sys.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
	sys.u.cpupool_op.cpumap = (struct xenctl_bitmap){.bitmap.p = map, .nr_bits = 64};
	assert_int_equal(sysctl(XEN_SYSCTL_cpupool_op), 0);
	assert_int_equal(map[0], 7);
	sys.u.cpupool_op.cpupool_id = 1;
	assert_int_equal(sysctl(XEN_SYSCTL_cpupool_op), -ENOENT);
	memset(&sys, 0, sizeof(sys));
	sys.u.debug_keys.keys.p = "qe";
	sys.u.debug_keys.nr_keys = 2;
	assert_int_equal(sysctl(XEN_SYSCTL_debug_keys), 0);
	assert_string_equal(keys_seen, "qe");
	sys.u.debug_keys.nr_keys = ~0u;
	assert_int_equal(sysctl(XEN_SYSCTL_debug_keys), -E2BIG);
}

static void test_counters(void **state)
{
	/* Exactly as large as the structure: a longer copy is the sanitizer's find. */
	struct domus_counters *c = calloc(1, sizeof(*c));

	*c = (struct domus_counters){.cmd = DOMUS_SYSCTL_COUNTERS,
				     .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
	assert_int_equal(do_sysctl((guest_ptr_t)c), -EINVAL);
	c->version = 9; /* a later tool */
	domains[1].mm.pages = 50;
	assert_int_equal(do_sysctl((guest_ptr_t)c), 0);
	assert_int_equal(c->version, 1);
	assert_int_equal(c->free_pages, 1000);
	assert_int_equal(c->heap_pages, 5);
	assert_int_equal(c->domains, 3);
	assert_int_equal(c->domain_pages, 50);
	assert_int_equal(c->event_channels, 30);
	assert_int_equal(c->grant_maps, 6);
	free(c);
}

static void test_version(void **state)
{
	struct xen_feature_info fi = {0};
	char text[1024];

	assert_int_equal(do_xen_version(XENVER_version, 0), 0x40011);
	assert_int_equal(version_features(true, 0), 0x228e0);
	assert_int_equal(version_features(false, 0), 0x220e0);
	assert_int_equal(version_features(false, 1 << 3), 0x220f0);
	assert_int_equal(do_xen_version(XENVER_get_features, (guest_ptr_t)&fi), 0);
	assert_int_equal(fi.submap, 0x228e0);
	fi.submap_idx = 1;
	assert_int_equal(do_xen_version(XENVER_get_features, (guest_ptr_t)&fi), -EINVAL);
	assert_int_equal(do_xen_version(XENVER_capabilities, (guest_ptr_t)text), 0);
	assert_string_equal(text, "xen-3.0-x86_64 ");
	assert_int_equal(do_xen_version(XENVER_commandline, (guest_ptr_t)text), 0);
	assert_string_equal(text, "dom0_mem=1G");
	assert_int_equal(do_xen_version(XENVER_build_id, 0), -ENODATA);
	domains[0].privileged = false;
	assert_int_equal(do_xen_version(XENVER_commandline, (guest_ptr_t)text), 0);
	assert_string_equal(text, "<denied>");
	assert_int_equal(do_xen_version(XENVER_build_id, 0), -EPERM);
	assert_int_equal(do_xen_version(XENVER_pagesize, 0), 4096);
	assert_int_equal(do_xen_version(77, 0), -ENOSYS);
	assert_int_equal(do_xen_version(XENVER_changeset, 0), -EFAULT);
}

static void test_settings(void **state)
{
	memset(&op, 0, sizeof(op));
	op.u.address_size.size = 64;
	assert_int_equal(domctl(XEN_DOMCTL_set_address_size, 2), 0);
	op.u.address_size.size = 32;
	assert_int_equal(domctl(XEN_DOMCTL_set_address_size, 2), -EINVAL);
	assert_int_equal(domctl(XEN_DOMCTL_get_address_size, 2), 0);
	assert_int_equal(op.u.address_size.size, 64);
	op.u.max_mem.max_memkb = 0x32400;
	assert_int_equal(domctl(XEN_DOMCTL_max_mem, 2), 0);
	assert_int_equal(domains[1].mm.limit, 0xc900);
	op.u.tsc_info.tsc_mode = 2;
	op.u.tsc_info.incarnation = 3;
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo, 2), 0);
	memset(&op.u, 0xff, sizeof(op.u));
	assert_int_equal(domctl(XEN_DOMCTL_gettscinfo, 2), 0);
	assert_int_equal(op.u.tsc_info.tsc_mode, 2);
	assert_int_equal(op.u.tsc_info.incarnation, 3);
	assert_int_equal(op.u.tsc_info.elapsed_nsec, 0);
	op.u.tsc_info.tsc_mode = 1;
	assert_int_equal(domctl(XEN_DOMCTL_settscinfo, 2), -EOPNOTSUPP);
	op.u.sendtrigger = (struct xen_domctl_sendtrigger){XEN_DOMCTL_SENDTRIGGER_NMI, 0};
	assert_int_equal(domctl(XEN_DOMCTL_sendtrigger, 2), -ESRCH);
	vcpu_array[0] = &vcpus[0];
	assert_int_equal(domctl(XEN_DOMCTL_sendtrigger, 2), 0);
	assert_int_equal(nmis, 1);
	op.u.hypercall_init.gmfn = ~0ull;
	assert_int_equal(domctl(XEN_DOMCTL_hypercall_init, 2), -EACCES);
	memset(&op, 0, sizeof(op));
	assert_int_equal(domctl(XEN_DOMCTL_getnodeaffinity, 2), 0);
	assert_int_equal(domctl(XEN_DOMCTL_setnodeaffinity, 2), -EINVAL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, nothing_left)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_conventions),  TEST(test_life),       TEST(test_domain_info),
		TEST(test_bitmaps),      TEST(test_affinity),   TEST(test_scheduler),
		TEST(test_vcpu_context), TEST(test_cpu_policy), TEST(test_featureset),
		TEST(test_machine),      TEST(test_counters),   TEST(test_version),
		TEST(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

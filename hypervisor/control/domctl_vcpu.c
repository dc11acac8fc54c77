/* SPDX-License-Identifier: MIT */
/*
 * domctl: the state of single vcpus, as built, saved and restored by the tools. A vcpu is paused
 * while its state is read or written.
 */
#include <xen/vcpu.h>
#include "arch/uaccess.h"
#include "domctl.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "pv/cpuid.h"

/* A vcpu of another domain that exists, or the error. */
static long find_vcpu(struct domain *d, u32 id, struct vcpu **v)
{
	if (d == current->domain) {
		return -EINVAL;
	}
	*v = domain_vcpu(d, id);
	return *v ? 0 : -ESRCH;
}

long domctl_setvcpucontext(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	guest_ptr_t from = (guest_ptr_t)op->u.vcpucontext.ctxt.p;
	vcpu_guest_context_t *c;
	struct vcpu *v;
	long rc = find_vcpu(d, op->u.vcpucontext.vcpu, &v);

	if (rc) {
		return rc;
	}
	if (!from) {
		return -EOPNOTSUPP; /* a reset, for resuming in place */
	}
	c = heap_alloc(sizeof(*c));
	if (!c) {
		return -ENOMEM;
	}
	if (copy_from_guest(c, from, sizeof(*c))) {
		rc = -EFAULT;
	} else {
		domain_pause(d);
		rc = vcpu_set_context(v, c);
		domain_unpause(d);
	}
	heap_free(c, sizeof(*c));
	return rc;
}

long domctl_getvcpucontext(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	vcpu_guest_context_t *c;
	struct vcpu *v;
	long rc = find_vcpu(d, op->u.vcpucontext.vcpu, &v);

	if (rc) {
		return rc;
	}
	if (!v->initialised) {
		return -ENODATA;
	}
	c = heap_alloc(sizeof(*c));
	if (!c) {
		return -ENOMEM;
	}
	vcpu_pause(v);
	vcpu_get_context(v, c);
	vcpu_unpause(v);
	if (copy_to_guest((guest_ptr_t)op->u.vcpucontext.ctxt.p, c, sizeof(*c))) {
		rc = -EFAULT;
	}
	heap_free(c, sizeof(*c));
	return rc;
}

long domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
	struct vcpu *v = domain_vcpu(d, info->vcpu);
	vcpu_runstate_info_t r = {0};

	if (!v) {
		return -ESRCH;
	}
	vcpu_runstate(v, &r);
	*info = (struct xen_domctl_getvcpuinfo){
		.vcpu = v->id,
		.online = v->up,
		.blocked = v->blocked || v->polling,
		.running = v->unit.running,
		.cpu_time = r.time[RUNSTATE_running],
		.cpu = v->unit.cpu,
	};
	*copyback = true;
	return 0;
}

long domctl_sendtrigger(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	struct vcpu *v = domain_vcpu(d, op->u.sendtrigger.vcpu);

	if (!v) {
		return -ESRCH;
	}
	if (op->u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI) {
		return -ENOSYS;
	}
	if (!__atomic_exchange_n(&v->pv.nmi_pending, true, __ATOMIC_SEQ_CST)) {
		vcpu_unblock(v);
		vcpu_kick(v);
	}
	return 0;
}

long domctl_get_ext_vcpucontext(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	struct vcpu *v = domain_vcpu(d, op->u.ext_vcpucontext.vcpu);

	if (!v) {
		return -ESRCH;
	}
	op->u.ext_vcpucontext = (struct xen_domctl_ext_vcpucontext){
		.vcpu = v->id,
		.size = sizeof(op->u.ext_vcpucontext),
		.syscall32_callback_eip = v->pv.callback[PV_CB_SYSCALL32],
		.sysenter_callback_eip = v->pv.callback[PV_CB_SYSENTER],
		.syscall32_callback_cs = SEL_GUEST_CS64,
		.sysenter_callback_cs = SEL_GUEST_CS64,
		.syscall32_disables_events = v->pv.syscall_masks_events[PV_CB_SYSCALL32],
		.sysenter_disables_events = v->pv.syscall_masks_events[PV_CB_SYSENTER],
	};
	*copyback = true;
	return 0;
}

/* Selectors are always the flat ones; machine-check state is none. */
long domctl_set_ext_vcpucontext(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	struct xen_domctl_ext_vcpucontext *c = &op->u.ext_vcpucontext;
	struct vcpu *v;
	long rc = find_vcpu(d, c->vcpu, &v);

	if (rc) {
		return rc;
	}
	if (c->size < offsetof(struct xen_domctl_ext_vcpucontext, mcg_cap) ||
	    !va_canonical(c->syscall32_callback_eip) || !va_canonical(c->sysenter_callback_eip)) {
		return -EINVAL;
	}
	vcpu_pause(v);
	v->pv.callback[PV_CB_SYSCALL32] = c->syscall32_callback_eip;
	v->pv.callback[PV_CB_SYSENTER] = c->sysenter_callback_eip;
	v->pv.syscall_masks_events[PV_CB_SYSCALL32] = c->syscall32_disables_events;
	v->pv.syscall_masks_events[PV_CB_SYSENTER] = c->sysenter_disables_events;
	vcpu_unpause(v);
	return 0;
}

/* What the tools' buffer starts with, before the XSAVE area. */
struct extstate_head {
	u64 xcr0, xcr0_accum;
};

/* The part of an XSAVE area that says what is in it. */
#define XSAVE_HEADER 512u
struct xsave_header {
	u64 xstate_bv, xcomp_bv, reserved[6];
};
#define XSAVE_BYTES_MIN (XSAVE_HEADER + sizeof(struct xsave_header))

long domctl_getvcpuextstate(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	struct xen_domctl_vcpuextstate *e = &op->u.vcpuextstate;
	guest_ptr_t to = (guest_ptr_t)e->buffer.p;
	struct extstate_head head;
	struct vcpu *v;
	u64 size;
	long rc = find_vcpu(d, e->vcpu, &v);

	if (rc) {
		return rc;
	}
	size = cpu_features.xsave ? sizeof(head) + cpu_features.xsave_size : 0;
	if (!to || !size) { /* how much would it be? */
		e->size = size;
		e->xfeature_mask = cpu_features.xcr0_max;
		*copyback = true;
		return 0;
	}
	if (e->size != size || e->xfeature_mask != cpu_features.xcr0_max) {
		return -EINVAL;
	}
	vcpu_pause(v);
	head = (struct extstate_head){v->pv.xcr0, cpu_features.xcr0_max};
	if (copy_to_guest(to, &head, sizeof(head)) ||
	    copy_to_guest(to + sizeof(head), v->pv.fpu, cpu_features.xsave_size)) {
		rc = -EFAULT;
	}
	vcpu_unpause(v);
	return rc;
}

static bool extstate_valid(const struct domain *d, const struct extstate_head *head,
			   const struct xsave_header *h)
{
	u64 allowed = cpuid_policy_xcr0(d->cpuid) | 3;

	for (unsigned int i = 0; i < ARRAY_SIZE(h->reserved); i++) {
		if (h->reserved[i]) {
			return false;
		}
	}
	return (head->xcr0 & 1) && !(head->xcr0 & ~allowed) && !(head->xcr0 & ~head->xcr0_accum) &&
	       !(head->xcr0_accum & ~cpu_features.xcr0_max) &&
	       !(h->xstate_bv & ~head->xcr0_accum) && !h->xcomp_bv;
}

long domctl_setvcpuextstate(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	struct xen_domctl_vcpuextstate *e = &op->u.vcpuextstate;
	guest_ptr_t from = (guest_ptr_t)e->buffer.p;
	struct extstate_head head;
	struct xsave_header *h;
	struct vcpu *v;
	u64 bytes = e->size - sizeof(head);
	u8 *area;
	long rc = find_vcpu(d, e->vcpu, &v);

	if (rc) {
		return rc;
	}
	if (!cpu_features.xsave || e->size < sizeof(head) + XSAVE_BYTES_MIN ||
	    bytes > cpu_features.xsave_size) {
		return -EINVAL;
	}
	area = heap_alloc(cpu_features.xsave_size); /* zeroed: what is not sent is at rest */
	if (!area) {
		return -ENOMEM;
	}
	h = (struct xsave_header *)(area + XSAVE_HEADER);
	if (copy_from_guest(&head, from, sizeof(head)) ||
	    copy_from_guest(area, from + sizeof(head), bytes)) {
		rc = -EFAULT;
	} else if (!extstate_valid(d, &head, h)) {
		rc = -EINVAL;
	} else {
		h->xstate_bv &= head.xcr0;
		vcpu_pause(v);
		v->pv.xcr0 = head.xcr0;
		memcpy(v->pv.fpu, area, cpu_features.xsave_size);
		vcpu_unpause(v);
	}
	heap_free(area, cpu_features.xsave_size);
	return rc;
}

/* No MSR of a vcpu needs saving beside what its context holds: none are given, none are taken. */
long domctl_vcpu_msrs(struct domain *d, struct xen_domctl *op, bool *copyback)
{
	struct xen_domctl_vcpu_msrs *m = &op->u.vcpu_msrs;
	struct vcpu *v;
	long rc = find_vcpu(d, m->vcpu, &v);

	if (rc) {
		return rc;
	}
	if (op->cmd == XEN_DOMCTL_set_vcpu_msrs && m->msrs.p && m->msr_count) {
		m->msr_count = 0; /* the index of the first that was refused */
		*copyback = true;
		return -EINVAL;
	}
	m->msr_count = 0;
	*copyback = true;
	return 0;
}

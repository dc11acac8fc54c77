/* SPDX-License-Identifier: MIT */
/*
 * domctl: what dom0's tools do to domains. This file reads the call, finds the domain, passes the
 * call on by the table below and writes the answer back.
 *
 * One domctl runs at a time. The turn is not a lock that anyone spins on: who does not get it
 * issues the call again, so holding it while guest memory is copied can block nobody.
 */
#include <xen/xen.h>
#include "arch/uaccess.h"
#include "control/control.h"
#include "domctl.h"
#include "domain/continuation.h"
#include "lib/lib.h"

static const struct {
	u32 cmd;
	domctl_fn_t fn;
} handlers[] = {
	{XEN_DOMCTL_destroydomain, domctl_destroydomain},
	{XEN_DOMCTL_pausedomain, domctl_pausedomain},
	{XEN_DOMCTL_unpausedomain, domctl_unpausedomain},
	{XEN_DOMCTL_setvcpuaffinity, domctl_setvcpuaffinity},
	{XEN_DOMCTL_shadow_op, domctl_shadow_op},
	{XEN_DOMCTL_max_mem, domctl_max_mem},
	{XEN_DOMCTL_setvcpucontext, domctl_setvcpucontext},
	{XEN_DOMCTL_getvcpucontext, domctl_getvcpucontext},
	{XEN_DOMCTL_getvcpuinfo, domctl_getvcpuinfo},
	{XEN_DOMCTL_max_vcpus, domctl_max_vcpus},
	{XEN_DOMCTL_scheduler_op, domctl_scheduler_op},
	{XEN_DOMCTL_setdomainhandle, domctl_setdomainhandle},
	{XEN_DOMCTL_setdebugging, domctl_setdebugging},
	{XEN_DOMCTL_irq_permission, domctl_permission},
	{XEN_DOMCTL_iomem_permission, domctl_permission},
	{XEN_DOMCTL_ioport_permission, domctl_permission},
	{XEN_DOMCTL_hypercall_init, domctl_hypercall_init},
	{XEN_DOMCTL_settimeoffset, domctl_settimeoffset},
	{XEN_DOMCTL_getvcpuaffinity, domctl_getvcpuaffinity},
	{XEN_DOMCTL_resumedomain, domctl_resumedomain},
	{XEN_DOMCTL_sendtrigger, domctl_sendtrigger},
	{XEN_DOMCTL_set_address_size, domctl_set_address_size},
	{XEN_DOMCTL_get_address_size, domctl_get_address_size},
	{XEN_DOMCTL_set_ext_vcpucontext, domctl_set_ext_vcpucontext},
	{XEN_DOMCTL_get_ext_vcpucontext, domctl_get_ext_vcpucontext},
	{XEN_DOMCTL_gettscinfo, domctl_gettscinfo},
	{XEN_DOMCTL_settscinfo, domctl_settscinfo},
	{XEN_DOMCTL_getpageframeinfo3, domctl_getpageframeinfo3},
	{XEN_DOMCTL_setvcpuextstate, domctl_setvcpuextstate},
	{XEN_DOMCTL_getvcpuextstate, domctl_getvcpuextstate},
	{XEN_DOMCTL_set_virq_handler, domctl_set_virq_handler},
	{XEN_DOMCTL_setnodeaffinity, domctl_setnodeaffinity},
	{XEN_DOMCTL_getnodeaffinity, domctl_getnodeaffinity},
	{XEN_DOMCTL_get_vcpu_msrs, domctl_vcpu_msrs},
	{XEN_DOMCTL_set_vcpu_msrs, domctl_vcpu_msrs},
	{XEN_DOMCTL_get_cpu_policy, domctl_cpu_policy},
	{XEN_DOMCTL_set_cpu_policy, domctl_cpu_policy},
};

static bool turn_taken;

static long dispatch(struct xen_domctl *op, bool *copyback)
{
	struct domain *d;
	long rc;

	/* These two name no domain that must exist. */
	if (op->cmd == XEN_DOMCTL_createdomain) {
		return domctl_createdomain(NULL, op, copyback);
	}
	if (op->cmd == XEN_DOMCTL_getdomaininfo) {
		return domctl_getdomaininfo(NULL, op, copyback);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(handlers); i++) {
		if (handlers[i].cmd != op->cmd) {
			continue;
		}
		d = domain_get(op->domain);
		if (!d) {
			return -ESRCH;
		}
		rc = handlers[i].fn(d, op, copyback);
		domain_put(d);
		return rc;
	}
	return -ENOSYS;
}

long do_domctl(guest_ptr_t arg)
{
	struct xen_domctl op;
	bool copyback = false;
	long rc;

	if (!current->domain->privileged) {
		return -EPERM;
	}
	if (copy_from_guest(&op, arg, sizeof(op))) {
		return -EFAULT;
	}
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION) {
		return -EACCES;
	}
	if (__atomic_test_and_set(&turn_taken, __ATOMIC_ACQUIRE)) {
		return HYPERCALL_CONTINUE(__HYPERVISOR_domctl, arg);
	}
	rc = dispatch(&op, &copyback);
	__atomic_clear(&turn_taken, __ATOMIC_RELEASE);
	if (copyback && copy_to_guest(arg, &op, sizeof(op))) {
		rc = -EFAULT;
	}
	return rc == -ERESTART ? HYPERCALL_CONTINUE(__HYPERVISOR_domctl, arg) : rc;
}

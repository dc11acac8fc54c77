/* SPDX-License-Identifier: MIT */
/*
 * domctl: what dom0's tools do to domains. This file reads the call, finds the domain, passes the
 * call on by the tables of handlers and writes the answer back.
 *
 * One domctl runs at a time. The turn is not a lock that anyone spins on: who does not get it
 * issues the call again, so holding it while guest memory is copied can block nobody.
 */
#include <xen/xen.h>
#include "arch/uaccess.h"
#include "control/control.h"
#include "domctl.h"
#include "domain/continuation.h"
#include "domain/subop.h"
#include "lib/lib.h"

static const struct domctl_handler *const tables[] = {domctl_domain, domctl_vcpu, domctl_policy};

static bool turn_taken;

static const struct domctl_handler *find_handler(u32 cmd)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(tables); i++) {
		for (const struct domctl_handler *h = tables[i]; h->cmd; h++) {
			if (h->cmd == cmd) {
				return h;
			}
		}
	}
	return NULL;
}

static long call_handler(const struct domctl_handler *h, struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v;

	if (h->target == OTHER_DOMAIN && d == current->domain) {
		return -EINVAL;
	}
	if (h->on_domain) {
		return h->on_domain(d, op);
	}
	v = domain_vcpu(d, op->u.vcpucontext.vcpu);
	return v ? h->on_vcpu(v, op) : -ESRCH;
}

static long dispatch(struct xen_domctl *op)
{
	const struct domctl_handler *h = find_handler(op->cmd);
	struct domain *d;
	long rc;

	if (!h) {
		return -ENOSYS;
	}
	if (h->target == NO_DOMAIN) {
		return h->on_domain(NULL, op);
	}
	d = domain_get(op->domain);
	if (!d) {
		return -ESRCH;
	}
	rc = call_handler(h, d, op);
	domain_put(d);
	return rc;
}

long do_domctl(guest_ptr_t arg)
{
	struct xen_domctl op;
	long rc = tools_call_read(&op, sizeof(op), arg, XEN_DOMCTL_INTERFACE_VERSION);

	if (rc) {
		return rc;
	}
	if (__atomic_test_and_set(&turn_taken, __ATOMIC_ACQUIRE)) {
		return HYPERCALL_CONTINUE(__HYPERVISOR_domctl, arg);
	}
	rc = dispatch(&op);
	__atomic_clear(&turn_taken, __ATOMIC_RELEASE);
	if (copy_to_guest(arg, &op, sizeof(op))) {
		rc = -EFAULT;
	}
	return rc == -ERESTART ? HYPERCALL_CONTINUE(__HYPERVISOR_domctl, arg) : rc;
}

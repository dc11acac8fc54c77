/* SPDX-License-Identifier: MIT */
/*
 * The hypercall event_channel_op: arguments are copied in once, the operation is done, results are
 * copied out. Only 2-level channels are offered: the calls of the FIFO ABI answer -ENOSYS, on which
 * guests stay with two levels. No lock.
 */
#include "channel.h"
#include "domain/continuation.h"

union evtchn_arg {
	evtchn_bind_interdomain_t bind_interdomain;
	evtchn_bind_virq_t bind_virq;
	evtchn_bind_pirq_t bind_pirq;
	evtchn_close_t close;
	evtchn_send_t send;
	evtchn_status_t status;
	evtchn_alloc_unbound_t alloc_unbound;
	evtchn_bind_ipi_t bind_ipi;
	evtchn_bind_vcpu_t bind_vcpu;
	evtchn_unmask_t unmask;
	evtchn_reset_t reset;
};

/* Bytes of each command's structure; `out`: it also carries results. */
static const struct {
	u8 bytes;
	bool out;
} evtchn_args[] = {
	[EVTCHNOP_bind_interdomain] = {sizeof(evtchn_bind_interdomain_t), true},
	[EVTCHNOP_bind_virq] = {sizeof(evtchn_bind_virq_t), true},
	[EVTCHNOP_bind_pirq] = {sizeof(evtchn_bind_pirq_t), true},
	[EVTCHNOP_close] = {sizeof(evtchn_close_t), false},
	[EVTCHNOP_send] = {sizeof(evtchn_send_t), false},
	[EVTCHNOP_status] = {sizeof(evtchn_status_t), true},
	[EVTCHNOP_alloc_unbound] = {sizeof(evtchn_alloc_unbound_t), true},
	[EVTCHNOP_bind_ipi] = {sizeof(evtchn_bind_ipi_t), true},
	[EVTCHNOP_bind_vcpu] = {sizeof(evtchn_bind_vcpu_t), false},
	[EVTCHNOP_unmask] = {sizeof(evtchn_unmask_t), false},
	[EVTCHNOP_reset] = {sizeof(evtchn_reset_t), false},
};

/* Closes all ports of a domain, as after its creation. Another's only while the tools hold it. */
static long evtchn_reset(domid_t id, guest_ptr_t arg)
{
	int rc = 0;
	struct domain *d = evtchn_target(id, &rc);

	if (!d) {
		return rc;
	}
	if (d != current->domain && !READ_ONCE(d->pause_count) && !READ_ONCE(d->paused_by_tools)) {
		rc = -EINVAL;
	} else {
		rc = chan_close_all(d);
	}
	domain_put(d);
	if (rc == -ERESTART) {
		return HYPERCALL_CONTINUE(__HYPERVISOR_event_channel_op, EVTCHNOP_reset, arg);
	}
	return rc;
}

static long evtchn_dispatch(unsigned int cmd, union evtchn_arg *a, guest_ptr_t arg)
{
	switch (cmd) {
	case EVTCHNOP_bind_interdomain:
		return chan_bind_interdomain(&a->bind_interdomain);
	case EVTCHNOP_bind_virq:
		return chan_bind_virq(&a->bind_virq);
	case EVTCHNOP_bind_pirq:
		return chan_bind_pirq(&a->bind_pirq);
	case EVTCHNOP_close:
		return chan_close(current->domain, a->close.port);
	case EVTCHNOP_status:
		return chan_status(&a->status);
	case EVTCHNOP_alloc_unbound:
		return chan_alloc_unbound(&a->alloc_unbound);
	case EVTCHNOP_bind_ipi:
		return chan_bind_ipi(&a->bind_ipi);
	case EVTCHNOP_bind_vcpu:
		return chan_bind_vcpu(&a->bind_vcpu);
	case EVTCHNOP_unmask:
		return chan_unmask(a->unmask.port);
	case EVTCHNOP_reset:
		return evtchn_reset(a->reset.dom, arg);
	default:
		return -ENOSYS;
	}
}

long do_event_channel_op(unsigned int cmd, guest_ptr_t arg)
{
	union evtchn_arg a;
	long rc;

	if (likely(cmd == EVTCHNOP_send)) {
		if (copy_from_guest(&a.send, arg, sizeof(a.send))) {
			return -EFAULT;
		}
		return chan_send(a.send.port);
	}
	if (cmd >= ARRAY_SIZE(evtchn_args) || !evtchn_args[cmd].bytes) {
		return -ENOSYS; /* init_control, expand_array, set_priority among them */
	}
	if (copy_from_guest(&a, arg, evtchn_args[cmd].bytes)) {
		return -EFAULT;
	}
	rc = evtchn_dispatch(cmd, &a, arg);
	if (!rc && evtchn_args[cmd].out && copy_to_guest(arg, &a, evtchn_args[cmd].bytes)) {
		return -EFAULT; /* the port stays open: the guest lost its number, not we */
	}
	return rc;
}

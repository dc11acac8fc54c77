/* SPDX-License-Identifier: MIT */
/* Error numbers of the ABI (<xen/errno.h>) under their plain names: EPERM, EINVAL, ... */
#pragma once

#ifdef DOMUS_HOST_TEST
#include <errno.h>
#else
#define XEN_ERRNO(name, value) name = value,
enum abi_errno {
#include <xen/errno.h>
};
/* Inside the hypervisor only: preempted, ask again. Guests never see it. */
#define ERESTART 85
#endif

/* SPDX-License-Identifier: MIT */
#ifndef CONTROL_PLATFORM_H
#define CONTROL_PLATFORM_H

#include <xen/platform.h>

/* XENPF_efi_runtime_call, *c being copied back if it is done. Errors of the ABI; what the firmware
 * answers is in c->status. */
long efi_runtime_call(struct xenpf_efi_runtime_call *c);

#endif

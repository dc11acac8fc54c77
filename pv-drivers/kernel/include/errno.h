/* SPDX-License-Identifier: MIT */
/* Error numbers by the names of the C library; their values are the ABI's. */
#pragma once

enum {
#define XEN_ERRNO(name, value) name = value,
#include <xen/errno.h>
	EPROTO = 71, /* not in the ABI: the drivers' own */
};
/* <xen/io/xs_wire.h> has its table of errors for who has a macro of this name. */
#define EINVAL EINVAL

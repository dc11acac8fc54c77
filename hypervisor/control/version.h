/* SPDX-License-Identifier: MIT */
#ifndef CONTROL_VERSION_H
#define CONTROL_VERSION_H

#include "lib/types.h"

/* The feature word (submap 0) of xen_version's get_features. */
u32 version_features(bool privileged, u64 vm_assist);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What Domus adds to the Xen ABI: a CPUID leaf range by which guests and tools recognise it, and
 * a sysctl that reports counters. Both are versioned; structures only ever grow at their end.
 * Includable by hypervisor, tools and guests.
 */
#pragma once

#include <stdint.h>

/*
 * CPUID, through the forced prefix (0f 0b 'x' 'e' 'n' 0f a2), behind the ABI's own 0x40000000:
 *   0x40000100  eax highest leaf of the range; ebx, ecx, edx the signature "DomusDomus\0\0"
 *   0x40000101  eax DOMUS_VERSION; other registers 0
 */
#define DOMUS_CPUID_BASE 0x40000100u
#define DOMUS_CPUID_EBX  0x756d6f44u /* "Domu" */
#define DOMUS_CPUID_ECX  0x6d6f4473u /* "sDom" */
#define DOMUS_CPUID_EDX  0x00007375u /* "us" */

/* major << 16 | minor */
#define DOMUS_VERSION        0x00000001u
#define DOMUS_VERSION_STRING "0.1"

/*
 * Counters: hypercall __HYPERVISOR_sysctl with this structure instead of struct xen_sysctl. Only
 * dom0 may call it (-EPERM). The caller sets the first three fields; -EACCES: other interface
 * version, -EINVAL: a counters version of 0. The hypervisor writes back as much as the lower of
 * both versions defines and sets `version` to that.
 */
#define DOMUS_SYSCTL_COUNTERS  0x646f6d01u
#define DOMUS_COUNTERS_VERSION 1u

struct domus_counters {
	uint32_t cmd;               /* in: DOMUS_SYSCTL_COUNTERS */
	uint32_t interface_version; /* in: XEN_SYSCTL_INTERFACE_VERSION */
	uint32_t version;           /* in, out */
	uint32_t reserved;          /* 0 */
	uint64_t total_pages;       /* RAM of the machine, 4 KiB frames */
	uint64_t free_pages;        /* unused frames */
	uint64_t heap_pages;        /* frames that the hypervisor keeps for itself */
	uint64_t domain_pages;      /* frames that all domains own, dom0 included */
	uint64_t event_channels;    /* ports in use, all domains */
	uint64_t grant_maps;        /* active grant mappings, all domains */
	uint64_t domains;           /* domains that exist, dying ones included */
	uint64_t vcpus;             /* their vcpus */
	uint64_t uptime_ns;         /* system time */
};

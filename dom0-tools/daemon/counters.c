/* SPDX-License-Identifier: MIT */
/* Calls the hypervisor directly, since no library knows Domus's own call; see counters.h. */
#include <errno.h>
#include <string.h>
#include <xencall.h>
#include <xenctrl.h>

#include "daemon/counters.h"

int counters_read(struct domus_counters *out)
{
	static xencall_handle *calls;
	struct domus_counters *buffer;
	int ret = -1;

	if (!calls) {
		calls = xencall_open(NULL, 0);
	}
	buffer = calls ? xencall_alloc_buffer(calls, sizeof(*buffer)) : NULL;
	if (!buffer) {
		return -1;
	}
	memset(buffer, 0, sizeof(*buffer));
	buffer->cmd = DOMUS_SYSCTL_COUNTERS;
	buffer->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	buffer->version = DOMUS_COUNTERS_VERSION;
	if (xencall1(calls, __HYPERVISOR_sysctl, (uint64_t)(uintptr_t)buffer) == 0 &&
	    buffer->version >= DOMUS_COUNTERS_VERSION) {
		*out = *buffer;
		ret = 0;
	}
	xencall_free_buffer(calls, buffer);
	return ret;
}

/* SPDX-License-Identifier: MIT */
/*
 * domus-backend's network device between the test's kernel and a socket: the store, the grants and
 * the ports are those of pv_platform.h, the tap is a socket whose other end the test holds, the
 * event loop is backend_run().
 */
#pragma once

#include <stdint.h>

/* Attaches a device whose folders are these; returns the wire: the other end of its tap. */
int backend_start(const char *folder, const char *front, uint64_t rate_bytes);
int backend_connect(void); /* 0, or -errno */
void backend_disconnect(void);
void backend_stop(void);
void backend_run(void); /* all waits are over, events are told of, all work is done */

const char *backend_abuse(void); /* what the guest did, NULL: nothing wrong */
unsigned long backend_offload(void);

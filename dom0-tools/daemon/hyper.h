/* SPDX-License-Identifier: MIT */
/*
 * One thread's handles: hypervisor, store, and what libxenctrl said last. Invariant: a handle is
 * used by the thread that opened it and by no other; hence no lock.
 */
#pragma once

#include <stdint.h>
#include <xenctrl.h>
#include <xenstore.h>
#include <xentoollog.h>

#include "lib/err.h"

struct hyper {
	xentoollog_logger log; /* first: libxentoollog hands it back */
	char said[256];        /* the last complaint of libxenctrl or libxenguest, or "" */
	xc_interface *xch;
	struct xs_handle *xsh;
	int batch_fd; /* for batches of requests to the store (batch.h); -1: closed */
};

/** hyper_open - opens both handles; 0, or -1 with ERR_HOST. To be closed in either case. */
int hyper_open(struct hyper *h, struct err *e);

/** hyper_close - closes what is open. */
void hyper_close(struct hyper *h);

/** hyper_store - the store's handle, opened again if a call saw the connection break; NULL with
 *  errno set if the store cannot be reached. */
struct xs_handle *hyper_store(struct hyper *h);

/** hyper_store_failed - tells that a call on the store failed with errnum: a broken connection
 *  is closed, so that the next hyper_store() opens a new one. */
void hyper_store_failed(struct hyper *h, int errnum);

/**
 * hyper_error - starts an error about a call of libxenctrl or libxenguest that just failed.
 * @call: its name; errno and what the library said become the cause. Always returns -1.
 */
int hyper_error(struct hyper *h, struct err *e, enum err_class class, const char *what,
		const char *call);

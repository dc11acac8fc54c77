/* SPDX-License-Identifier: MIT */
/* Opens a thread's handles and catches what the libraries say; see hyper.h. No lock. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hyper.h"

/* libxenguest says what went wrong only here; the last complaint explains a failure best. */
static void hear(struct xentoollog_logger *log, xentoollog_level level, int errnum,
		 const char *context, const char *fmt, va_list ap)
{
	struct hyper *h = (struct hyper *)log;

	(void)errnum;
	(void)context;
	if (level >= XTL_ERROR) {
		vsnprintf(h->said, sizeof(h->said), fmt, ap);
	}
}

int hyper_open(struct hyper *h, struct err *e)
{
	memset(h, 0, sizeof(*h));
	h->batch_fd = -1;
	h->log.vmessage = hear;
	h->xch = xc_interface_open(&h->log, &h->log, 0);
	if (!h->xch) {
		hyper_error(h, e, ERR_HOST, "the hypervisor cannot be reached",
			    "open /dev/xen/privcmd");
		return err_fix(e, "boot this host under Domus and load the module xen-privcmd");
	}
	if (!hyper_store(h)) {
		err_set(e, ERR_HOST, "the store cannot be reached");
		err_errno(e, errno, "xs_open");
		return err_fix(e, "start domus-xenstored (systemctl start domus-xenstored)");
	}
	return 0;
}

void hyper_close(struct hyper *h)
{
	if (h->xsh) {
		xs_close(h->xsh);
	}
	if (h->xch) {
		xc_interface_close(h->xch);
	}
	if (h->batch_fd >= 0) {
		close(h->batch_fd);
	}
	h->batch_fd = -1;
	h->xsh = NULL;
	h->xch = NULL;
}

struct xs_handle *hyper_store(struct hyper *h)
{
	if (!h->xsh) {
		h->xsh = xs_open(0);
	}
	return h->xsh;
}

void hyper_store_failed(struct hyper *h, int errnum)
{
	if (h->xsh && (errnum == EPIPE || errnum == ECONNRESET || errnum == EBADF)) {
		xs_close(h->xsh);
		h->xsh = NULL;
	}
}

int hyper_error(struct hyper *h, struct err *e, enum err_class class, const char *what,
		const char *call)
{
	int errnum = errno;

	if (errnum == ENOMEM) {
		class = ERR_NO_MEMORY;
	}
	err_set(e, class, "%s", what);
	if (h->said[0]) {
		h->said[strcspn(h->said, "\n")] = '\0';
		err_why(e, "%s: %s", call, h->said);
		h->said[0] = '\0';
		return -1;
	}
	return err_errno(e, errnum, call);
}

/* SPDX-License-Identifier: MIT */
/*
 * What domusd and a guest's back-end process say to each other. domusd starts one process a guest,
 * `domus-backend --domain N`, with one end of a SOCK_SEQPACKET pair as its descriptor BACKEND_FD;
 * each message is one struct, and each request gets one answer, in order. Files are opened by
 * domusd and passed along, so that the process needs no right to open any.
 *
 * The device's nodes stand in the store before ATTACH: the back end's below
 * /local/domain/0/backend/<type>/<domain>/<handle>, the front end's where its `frontend` says. What
 * follows (the hand-shake) is between back end and guest. A process that was killed is started
 * again and gets the same ATTACH requests, with the same record; it takes up what its predecessor
 * left.
 *
 *	 domusd                        domus-backend
 *	   | ATTACH handle [image, record] -> |   writes InitWait, or takes the rings up again
 *	   | <------------------- answer 0    |
 *	   | DETACH handle, force ----------> |   Closing; Closed once the guest has let go
 *	   | <-------------- answer -EBUSY    |   not yet: it is asked again
 *	   | DETACH handle -----------------> |
 *	   | <------------------- answer 0    |   the image is closed
 *	   | end of file -------------------> |   everything is let go, the process ends
 */
#pragma once

#include <stdint.h>

/** Descriptor of the conversation in the back-end process, and of that about the store. */
#define BACKEND_FD       3
#define BACKEND_STORE_FD 4

/** Names of the types in the store. Not vbd and vif: those are the kernel's own back ends. */
#define BACKEND_STORE_BLOCK "domus-vbd"
#define BACKEND_STORE_NET   "domus-vif"

/** What a server of an image calls it. */
#define BACKEND_EXPORT "disk"

enum backend_op { BACKEND_ATTACH = 1, BACKEND_DETACH, BACKEND_RESIZE };
enum backend_type { BACKEND_BLOCK = 1, BACKEND_NET };

enum backend_flag {
	BACKEND_READ_ONLY = 1, /* block: writes are refused */
	BACKEND_CDROM = 2,     /* block: a CD-ROM drive */
	BACKEND_DISCARD = 4,   /* block: the guest may give space back */
	BACKEND_SHARED = 16,   /* block: other guests write the image, too */
	BACKEND_FORCE = 8,     /* DETACH: the guest is not waited for any more */
};

/**
 * Descriptors by SCM_RIGHTS: ATTACH of a block device the image (or none: an empty drive) and the
 * record of requests in flight, a memory file that domusd keeps and the process makes as large as
 * it needs; of a network device the tap and such a record. The image is a file or a block device,
 * opened anew for each process: a lock on it tells the successor that all requests of a killed
 * process have ended (docs/backend.md); of one that is shared, on a byte of the guest's own. Or it
 * is a socket connected to an NBD server, which is started anew for each process when the last one
 * is gone.
 */
struct backend_request {
	uint32_t op, type;
	uint32_t handle; /* the device's number in the store */
	uint32_t flags;
	uint32_t sector_bytes; /* block: 512 or 4096 */
	uint32_t fence; /* block, SHARED: the guest's number among those that write the image */
	uint64_t rate_bytes; /* net: bytes a second, 0: no limit */
};

struct backend_answer {
	uint32_t op, type;
	uint32_t handle;
	int32_t status; /* 0, or -errno; of DETACH -EBUSY: the device is not gone yet */
	char text[192]; /* of an error: what failed and why; ends with a zero byte */
};

enum backend_store_op {
	BACKEND_STORE_READ = 1,
	BACKEND_STORE_WRITE,
	BACKEND_STORE_WATCH, /* of a front end's state */
	BACKEND_STORE_UNWATCH,
	BACKEND_STORE_EVENT, /* what is watched changed, or may have */
};

#define BACKEND_STORE_PATH_BYTES  128
#define BACKEND_STORE_VALUE_BYTES 256

/**
 * The process does not reach the store: it asks domusd, which does for it what concerns its own
 * devices (dom0-tools/daemon/broker_rules.h), over a SOCK_SEQPACKET pair of its own. It asks one
 * thing at a time, and gets the same message back with status and value. Events come in between, at
 * most one a watch until the node is read again.
 */
struct backend_store_message {
	uint32_t op;
	int32_t status;                      /* 0, or -errno: -EACCES, it may not */
	uint32_t bytes;                      /* of the value */
	char path[BACKEND_STORE_PATH_BYTES]; /* ends with a zero byte */
	char value[BACKEND_STORE_VALUE_BYTES];
};

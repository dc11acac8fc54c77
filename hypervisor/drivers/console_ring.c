/* SPDX-License-Identifier: MIT */
/*
 * The message ring: the hypervisor's last messages, for `xl dmesg`. Positions only grow (modulo
 * 2^32) and start <= end <= start + RING_BYTES holds. ring_lock guards all; it is the innermost
 * lock and held for a bounded copy only.
 */
#include "arch/uaccess.h"
#include <xen/sysctl.h>
#include "drivers/console.h"
#include "printk.h"
#include "lib/lib.h"
#include "lib/spinlock.h"

#define RING_BYTES 32768u
#define CHUNK      256u

static char ring[RING_BYTES];
static u32 ring_start, ring_end;
static spinlock_t ring_lock = SPINLOCK_INIT;

void ring_write(const char *s, size_t n)
{
	HOLD_LOCK_IRQSAVE(&ring_lock);

	for (size_t i = 0; i < n; i++) {
		ring[ring_end++ % RING_BYTES] = s[i];
	}
	if (ring_end - ring_start > RING_BYTES) {
		ring_start = ring_end - RING_BYTES;
	}
}

/* Copies up to n bytes from *pos on; moves *pos up to what is still there. */
static size_t ring_copy(u32 *pos, char *buf, size_t n)
{
	HOLD_LOCK_IRQSAVE(&ring_lock);
	size_t got = 0;

	if (ring_end - *pos > ring_end - ring_start) {
		*pos = ring_start;
	}
	while (got < n && *pos != ring_end) {
		buf[got++] = ring[(*pos)++ % RING_BYTES];
	}
	return got;
}

static void ring_clear(u32 upto)
{
	HOLD_LOCK_IRQSAVE(&ring_lock);

	if (ring_end - upto <= ring_end - ring_start) {
		ring_start = upto;
	}
}

/*
 * XEN_SYSCTL_readconsole. incremental: from op->index on if that still is in the ring, else from
 * the oldest byte. op->index becomes where the copy ended, op->count what was copied. clear: what
 * was written up to now is forgotten, copied or not. -EFAULT.
 */
int console_read_ring(struct xen_sysctl_readconsole *op)
{
	char buf[CHUNK];
	u32 pos = op->incremental ? op->index : READ_ONCE(ring_start);
	u32 end = READ_ONCE(ring_end);
	u32 done = 0;

	/* At most one ring's worth: writers cannot keep the caller here. */
	while (done < op->count && done < RING_BYTES) {
		size_t n = MIN(MIN(CHUNK, op->count - done), RING_BYTES - done);

		n = ring_copy(&pos, buf, n);
		if (!n) {
			break;
		}
		if (copy_to_guest((guest_ptr_t)op->buffer.p + done, buf, n)) {
			return -EFAULT;
		}
		done += (u32)n;
	}
	if (op->clear) {
		ring_clear(end);
	}
	op->count = done;
	op->index = pos;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Moves bytes through a console ring whose other side is not trusted; see ring.h. No lock. */
#include "daemon/ring.h"

#define IN_BYTES  sizeof(((struct xencons_interface *)0)->in)
#define OUT_BYTES sizeof(((struct xencons_interface *)0)->out)

static uint32_t index_read(volatile XENCONS_RING_IDX *index)
{
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void index_write(volatile XENCONS_RING_IDX *index, uint32_t value)
{
	__atomic_store_n(index, value, __ATOMIC_SEQ_CST);
}

size_t ring_take(volatile struct xencons_interface *ring, char *buf, size_t room, int *broken)
{
	uint32_t untrusted_prod = index_read(&ring->out_prod);
	uint32_t cons = index_read(&ring->out_cons);
	uint32_t waiting = untrusted_prod - cons, i;

	*broken = 0;
	if (waiting > OUT_BYTES) {
		*broken = 1;
		index_write(&ring->out_cons, untrusted_prod);
		return 0;
	}
	if (waiting > room) {
		waiting = room;
	}
	for (i = 0; i < waiting; i++) {
		buf[i] = ring->out[(cons + i) % OUT_BYTES];
	}
	index_write(&ring->out_cons, cons + waiting);
	return waiting;
}

size_t ring_put(volatile struct xencons_interface *ring, const char *buf, size_t bytes)
{
	uint32_t untrusted_cons = index_read(&ring->in_cons);
	uint32_t prod = index_read(&ring->in_prod);
	uint32_t used = prod - untrusted_cons, i;

	if (used >= IN_BYTES) {
		return 0;
	}
	if (bytes > IN_BYTES - used) {
		bytes = IN_BYTES - used;
	}
	for (i = 0; i < bytes; i++) {
		ring->in[(prod + i) % IN_BYTES] = buf[i];
	}
	index_write(&ring->in_prod, prod + bytes);
	return bytes;
}

/* SPDX-License-Identifier: MIT */
/* Bitmaps of the tools' interface (struct xenctl_bitmap) to and from arrays of u64. */
#include "arch/uaccess.h"
#include "domctl.h"
#include "lib/lib.h"

#define GUEST_BITS_MAX 32768u

static size_t bytes_of(unsigned int bits)
{
	return (bits + 7) / 8;
}

int bitmap_from_guest(u64 *bits, unsigned int count, const struct xenctl_bitmap *b)
{
	unsigned int take = MIN(count, b->nr_bits);

	memset(bits, 0, (count + 63) / 64 * sizeof(u64));
	if (b->nr_bits > GUEST_BITS_MAX) {
		return -EINVAL;
	}
	if (copy_from_guest(bits, (guest_ptr_t)b->bitmap.p, bytes_of(take))) {
		return -EFAULT;
	}
	if (take % 64) {
		bits[take / 64] &= BIT(take % 64) - 1;
	}
	return 0;
}

int bitmap_to_guest(const u64 *bits, unsigned int count, const struct xenctl_bitmap *b)
{
	static const u8 zero[64];
	guest_ptr_t to = (guest_ptr_t)b->bitmap.p;
	size_t want = bytes_of(b->nr_bits), have = MIN(bytes_of(count), want);

	if (b->nr_bits > GUEST_BITS_MAX) {
		return -EINVAL;
	}
	if (copy_to_guest(to, bits, have)) {
		return -EFAULT;
	}
	while (have < want) {
		size_t n = MIN(sizeof(zero), want - have);

		if (copy_to_guest(to + have, zero, n)) {
			return -EFAULT;
		}
		have += n;
	}
	return 0;
}

void cpumask_online(cpumask_t *m)
{
	memset(m, 0, sizeof(*m));
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		m->bits[cpu / 64] |= BIT(cpu % 64);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * What guests are told about memory: their own map, the machine's map, where the M2P lies, and the
 * frames of a domain's resources. Invariant: d->e820 and d->e820_count change together, under
 * d->lock; the machine's map is constant once dom0 runs.
 */
#include "control/machine.h"
#include "grant/grant.h"
#include "memory.h"
#include "mm/alloc.h"

#define GUEST_MAP_MAX   128u
#define MACHINE_MAP_MAX 192u
#define M2P_CHUNK_BYTES 0x200000ul

static struct e820_entry machine_map[MACHINE_MAP_MAX];
static unsigned int machine_map_count;

void machine_map_add(u64 addr, u64 size, u32 type)
{
	if (machine_map_count == MACHINE_MAP_MAX) {
		printk(LOG_WARN "memory map: no room for %lx+%lx, dom0 will not know of it\n",
		       (unsigned long)addr, (unsigned long)size);
		return;
	}
	machine_map[machine_map_count++] = (struct e820_entry){addr, size, type};
}

long memory_map_machine(void *arg)
{
	struct xen_memory_map *op = arg;
	guest_ptr_t to = (guest_ptr_t)op->buffer.p; /* none: only their number is asked for */

	op->nr_entries = to ? MIN(op->nr_entries, machine_map_count) : machine_map_count;
	if (to && copy_to_guest(to, machine_map, op->nr_entries * sizeof(machine_map[0]))) {
		return -EFAULT;
	}
	return 0;
}

long memory_map_get(void *arg)
{
	struct domain *d = current->domain;
	struct e820_entry map[GUEST_MAP_MAX];
	struct xen_memory_map *op = arg;
	unsigned int count;

	spin_lock(&d->lock);
	count = d->e820_count;
	op->nr_entries = MIN(op->nr_entries, count);
	if (count) {
		memcpy(map, d->e820, op->nr_entries * sizeof(map[0]));
	}
	spin_unlock(&d->lock);
	if (!count) {
		return -ENOSYS;
	}
	return copy_to_guest((guest_ptr_t)op->buffer.p, map, op->nr_entries * sizeof(map[0]))
		       ? -EFAULT
		       : 0;
}

static long guest_map_replace(struct domain *d, const struct xen_memory_map *new)
{
	const size_t bytes = new->nr_entries * sizeof(struct e820_entry);
	struct e820_entry *map = heap_alloc(bytes), *old;
	unsigned int old_count;

	if (!map) {
		return -ENOMEM;
	}
	if (copy_from_guest(map, (guest_ptr_t) new->buffer.p, bytes)) {
		heap_free(map, bytes);
		return -EFAULT;
	}
	spin_lock(&d->lock);
	old = d->e820;
	old_count = d->e820_count;
	d->e820 = map;
	d->e820_count = new->nr_entries;
	spin_unlock(&d->lock);
	heap_free(old, old_count * sizeof(*old));
	return 0;
}

long memory_map_set(void *arg)
{
	const struct xen_foreign_memory_map *op = arg;
	int err;

	if (!op->map.nr_entries || op->map.nr_entries > GUEST_MAP_MAX) {
		return -EINVAL;
	}
	DOMAIN_REF(d) = domain_target(op->domid, &err);
	return d ? guest_map_replace(d, &op->map) : err;
}

long memory_m2p_mapping(void *arg)
{
	*(struct xen_machphys_mapping *)arg = (struct xen_machphys_mapping){
		.v_start = M2P_VIRT,
		.v_end = M2P_VIRT + ROUND_UP(frame_end * sizeof(u64), M2P_CHUNK_BYTES),
		.max_mfn = frame_end - 1,
	};
	return 0;
}

/* Frames of d's grant table, or of its status words, from op->frame on; without a list, how many
 * there can be. */
static long resource_acquire(struct xen_mem_acquire_resource *op, struct domain *d)
{
	const bool status = op->id == XENMEM_resource_grant_table_id_status;
	const u32 max = grant_table_max(d, status); /* few enough for one go */
	guest_ptr_t list = (guest_ptr_t)op->frame_list.p;

	if (status && !max) { /* version 1 */
		return -EINVAL;
	}
	if (!list) {
		op->nr_frames = max;
		return 0;
	}
	if (op->frame > max || op->nr_frames > max - op->frame) {
		return -EINVAL;
	}
	for (u32 i = 0; i < op->nr_frames; i++) {
		mfn_t m;
		int rc = grant_table_frame(d, status, (unsigned int)(op->frame + i), &m);

		if (rc) {
			return rc;
		}
		if (copy_to_guest(list + i * sizeof(xen_pfn_t), &m.n, sizeof(xen_pfn_t))) {
			return -EFAULT;
		}
	}
	return 0;
}

long memory_acquire_resource(void *arg)
{
	struct xen_mem_acquire_resource *op = arg;
	int err;

	if (op->type != XENMEM_resource_grant_table ||
	    (op->id != XENMEM_resource_grant_table_id_shared &&
	     op->id != XENMEM_resource_grant_table_id_status)) {
		return -EOPNOTSUPP;
	}
	DOMAIN_REF(d) = domain_target(op->domid, &err);
	return d ? resource_acquire(op, d) : err;
}

/* SPDX-License-Identifier: MIT */
/* The fake of grant_fake.h. */
#include "grant_fake.h"
#include "mmu/mmu.h"

pte_t slot[SLOTS];
unsigned int slots_used;
struct domain *granter, *user, *other;
grant_entry_v1_t *table;
grant_entry_v2_t *table2;
mfn_t page;

int mmu_grant_map(u64 host_addr, bool is_pte, pte_t entry)
{
	u64 i = host_addr >> PAGE_SHIFT;

	if (i >= SLOTS) {
		return -EFAULT;
	}
	if (__atomic_exchange_n(&slot[i], entry, __ATOMIC_SEQ_CST)) {
		return -EINVAL;
	}
	__atomic_add_fetch(&slots_used, 1, __ATOMIC_RELAXED);
	return 0;
}

int mmu_grant_unmap(u64 host_addr, bool is_pte, mfn_t frame, bool writable)
{
	u64 i = host_addr >> PAGE_SHIFT;

	if (i >= SLOTS || !(slot[i] & PTE_P) || !mfn_eq(pte_mfn(slot[i]), frame) ||
	    !!(slot[i] & PTE_RW) != writable) {
		return -EINVAL;
	}
	slot[i] = 0;
	__atomic_sub_fetch(&slots_used, 1, __ATOMIC_RELAXED);
	return 0;
}

long op(unsigned int cmd, void *arg, unsigned int count)
{
	return do_grant_table_op(cmd, (guest_ptr_t)arg, count);
}

void grant(u32 ref, mfn_t m, u16 flags)
{
	table[ref] = (grant_entry_v1_t){.flags = flags, .domid = 1, .frame = (u32)mfn_x(m)};
}

int grants_start(void **state)
{
	mfn_t m;

	fake_reset();
	memset(slot, 0, sizeof(slot));
	slots_used = 0;
	fake_domain_free = grant_domain_free;
	granter = fake_domain(0, 1);
	user = fake_domain(1, 3);
	other = fake_domain(2, 1);
	assert_int_equal(grant_domain_create(granter), 0);
	assert_int_equal(grant_domain_create(user), 0);
	assert_int_equal(grant_domain_create(other), 0);
	assert_int_equal(grant_table_frame(granter, false, 0, &m), 0);
	table = host_frame(m);
	table2 = host_frame(m);
	page = fake_frame(granter);
	fake_run(user, 0);
	return 0;
}

void end_domain(struct domain *d)
{
	d->dying = DOMAIN_DYING;
	while (grant_domain_destroy(d) == -ERESTART) {
	}
	assert_int_equal(grant_map_count(d), 0);
	assert_int_equal(d->mm.xenheap_pages, 0);
	fake_domain_gone(d);
}

int grants_stop(void **state)
{
	assert_int_equal(fake_refs(page), 0);
	assert_int_equal(fake_writers(page), 0);
	assert_int_equal(table[0].flags & (GTF_reading | GTF_writing), 0);
	assert_int_equal(grant_map_count(user), 0);
	assert_int_equal(user->refs + granter->refs + other->refs, 3);
	end_domain(granter);
	end_domain(user);
	end_domain(other);
	assert_int_equal(fake_heap_bytes, 0);
	return 0;
}

s16 map(u32 flags, domid_t dom, u32 ref, u64 va, u32 *handle)
{
	struct gnttab_map_grant_ref a = {.host_addr = va, .flags = flags, .ref = ref, .dom = dom};

	a.status = 99;
	assert_int_equal(op(GNTTABOP_map_grant_ref, &a, 1), 0);
	*handle = a.handle;
	if (!a.status) {
		assert_int_equal(a.dev_bus_addr >> PAGE_SHIFT,
				 grant_version(granter) == 1 ? table[ref].frame
							     : table2[ref].full_page.frame);
	}
	return a.status;
}

s16 unmap(u32 handle, u64 va, u64 dev)
{
	struct gnttab_unmap_grant_ref a = {.host_addr = va, .dev_bus_addr = dev, .handle = handle};

	a.status = 99;
	assert_int_equal(op(GNTTABOP_unmap_grant_ref, &a, 1), 0);
	return a.status;
}

void copy_init(struct gnttab_copy *c, mfn_t to)
{
	*c = (struct gnttab_copy){.len = 100, .flags = GNTCOPY_source_gref};
	c->source.offset = 50;
	c->dest.u.gmfn = mfn_x(to);
	c->dest.domid = DOMID_SELF;
	c->dest.offset = 3000;
	c->status = 99;
}

s16 copy(struct gnttab_copy *c)
{
	assert_int_equal(op(GNTTABOP_copy, c, 1), 0);
	return c->status;
}

void grant2(u32 ref, mfn_t m, u16 flags)
{
	table2[ref] = (grant_entry_v2_t){
		.full_page = {.hdr = {.flags = flags, .domid = 1}, .frame = mfn_x(m)}};
}

long set_version(u32 version)
{
	struct gnttab_set_version v = {version};
	struct gnttab_get_version g = {.dom = DOMID_SELF};
	long rc = op(GNTTABOP_set_version, &v, 1);

	assert_int_equal(op(GNTTABOP_get_version, &g, 1), 0);
	assert_int_equal(v.version, g.version);
	assert_true(rc || v.version == version);
	return rc;
}

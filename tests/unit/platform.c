/* SPDX-License-Identifier: MIT */
/*
 * What dom0's kernel asks of machine checks and of UEFI's variables: privilege, versions, buffers
 * that cannot be read, sizes that are too large, and the firmware's own answers.
 */
#include "unit.h"
#include <xen/xen.h>
#include <xen/platform.h>
#include <xen/arch-x86/xen-mca.h>
#include "arch/firmware.h"
#include "control/control.h"
#include "mm/alloc.h"

#define EFI_ERROR     0x8000000000000000ull
#define EFI_TOO_SMALL (EFI_ERROR | 5)
#define EFI_NOT_FOUND (EFI_ERROR | 14)

enum { GET = 6, NEXT = 7, SET = 8, QUERY = 13 };

struct vcpu *fake_current;
unsigned int cpu_count = 3;
struct host_facts host_facts;
static struct domain domain;
static struct vcpu caller = {.domain = &domain};
static const u64 services[14] = {[GET] = GET, [NEXT] = NEXT, [SET] = SET, [QUERY] = QUERY};
static size_t heap_bytes;
static bool heap_empty;
static unsigned int calls;

struct domain *domain_get(domid_t id)
{
	return NULL;
}
void domain_put(struct domain *d)
{
}
u32 cpu_apic_id(unsigned int cpu)
{
	return 10 + cpu;
}
void *heap_alloc(size_t n)
{
	heap_bytes += heap_empty ? 0 : n;
	return heap_empty ? NULL : calloc(1, n);
}
void heap_free(void *p, size_t n)
{
	heap_bytes -= p ? n : 0;
	free(p);
}

/* A firmware with one variable, named "Ab". */
static const u16 the_name[] = {'A', 'b', 0};
static u8 value[16] = "12345678";
static u64 value_bytes = 8;
static u32 value_attr = 7;

static u64 get(const u16 *name, u32 *attr, u64 *size, void *data)
{
	u64 room = *size;

	if (memcmp(name, the_name, sizeof(the_name)) || !value_bytes) {
		return EFI_NOT_FOUND;
	}
	*attr = value_attr;
	*size = value_bytes;
	if (room < value_bytes) {
		return EFI_TOO_SMALL;
	}
	memcpy(data, value, value_bytes);
	return 0;
}

static u64 next(u64 *size, u16 *name)
{
	if (name[0]) {
		return EFI_NOT_FOUND;
	}
	if (*size < sizeof(the_name)) {
		*size = sizeof(the_name);
		return EFI_TOO_SMALL;
	}
	memcpy(name, the_name, sizeof(the_name));
	*size = sizeof(the_name);
	return 0;
}

u64 firmware_call(struct pv_vcpu *pv, u64 service, const u64 arg[5])
{
	assert_ptr_equal(pv, &caller.pv);
	calls++;
	switch (service) {
	case GET:
		return get((void *)arg[0], (void *)arg[2], (void *)arg[3], (void *)arg[4]);
	case NEXT:
		return next((void *)arg[0], (void *)arg[1]);
	case SET:
		assert_memory_equal((void *)arg[0], the_name, sizeof(the_name));
		value_attr = (u32)arg[2];
		value_bytes = arg[3];
		memcpy(value, (void *)arg[4], value_bytes);
		return 0;
	default:
		*(u64 *)arg[1] = 1000;
		*(u64 *)arg[2] = 100;
		*(u64 *)arg[3] = 10 + arg[0];
		return 0;
	}
}

static int setup(void **state)
{
	fake_current = &caller;
	domain.privileged = true;
	host_facts.efi_services = services;
	host_facts.efi_rt_version = 0x20046;
	heap_empty = false;
	heap_bytes = 0;
	calls = 0;
	return 0;
}

static int teardown(void **state)
{
	return heap_bytes ? -1 : 0;
}

static void test_mca(void **state)
{
	struct mcinfo_logical_cpu cpu[3] = {{0}};
	struct xen_mc op = {.cmd = XEN_MC_physcpuinfo,
			    .interface_version = XEN_MCA_INTERFACE_VERSION};

	assert_int_equal(do_mca((guest_ptr_t)&op), 0);
	assert_int_equal(op.u.mc_physcpuinfo.ncpus, 3);
	op.u.mc_physcpuinfo.ncpus = 2;
	op.u.mc_physcpuinfo.info.p = cpu;
	assert_int_equal(do_mca((guest_ptr_t)&op), 0);
	assert_int_equal(op.u.mc_physcpuinfo.ncpus, 3);
	assert_int_equal(cpu[1].mc_cpunr, 1);
	assert_int_equal(cpu[1].mc_apicid, 11);
	assert_int_equal(cpu[2].mc_apicid, 0); /* only as many as there is room for */
	op.cmd = XEN_MC_fetch;
	op.u.mc_fetch.flags = XEN_MC_URGENT;
	assert_int_equal(do_mca((guest_ptr_t)&op), 0);
	assert_int_equal(op.u.mc_fetch.flags, XEN_MC_NODATA);
	op.cmd = XEN_MC_msrinject;
	assert_int_equal(do_mca((guest_ptr_t)&op), -EOPNOTSUPP);
	op.interface_version--;
	assert_int_equal(do_mca((guest_ptr_t)&op), -EACCES);
	assert_int_equal(do_mca(0), -EFAULT);
	domain.privileged = false;
	assert_int_equal(do_mca((guest_ptr_t)&op), -EPERM);
}

static void test_get(void **state)
{
	char data[9] = "........";
	u16 other[] = {'A', 0};
	struct xenpf_efi_runtime_call c = {.function = XEN_EFI_get_variable};

	c.u.get_variable.name.p = (void *)the_name;
	assert_int_equal(efi_runtime_call(&c), 0);
	assert_true(c.status == EFI_TOO_SMALL);
	assert_int_equal(c.u.get_variable.size, 8);
	c.u.get_variable.data.p = data;
	assert_int_equal(efi_runtime_call(&c), 0);
	assert_int_equal(c.status, 0);
	assert_int_equal(c.misc, 7);
	assert_string_equal(data, "12345678");
	c.u.get_variable.data.p = NULL;
	assert_int_equal(efi_runtime_call(&c), -EFAULT);
	c.u.get_variable.name.p = other;
	assert_int_equal(efi_runtime_call(&c), 0);
	assert_true(c.status == EFI_NOT_FOUND);
}

static void test_set(void **state)
{
	char data[] = "new";
	struct xenpf_efi_runtime_call c = {.function = XEN_EFI_set_variable, .misc = 3};

	c.u.set_variable.name.p = (void *)the_name;
	c.u.set_variable.size = 3;
	assert_int_equal(efi_runtime_call(&c), -EFAULT);
	assert_int_equal(calls, 0);
	c.u.set_variable.data.p = data;
	assert_int_equal(efi_runtime_call(&c), 0);
	assert_int_equal(value_bytes, 3);
	assert_int_equal(value_attr, 3);
	assert_memory_equal(value, "new", 3);
}

static void test_names(void **state)
{
	u16 name[4] = {0};
	struct xenpf_efi_runtime_call c = {.function = XEN_EFI_get_next_variable_name};

	c.u.get_next_variable_name.name.p = name;
	c.u.get_next_variable_name.size = 2;
	assert_int_equal(efi_runtime_call(&c), 0);
	assert_true(c.status == EFI_TOO_SMALL);
	assert_int_equal(c.u.get_next_variable_name.size, 6);
	c.u.get_next_variable_name.size = ~0ul; /* as much as fits is asked for */
	assert_int_equal(efi_runtime_call(&c), 0);
	assert_memory_equal(name, the_name, sizeof(the_name));
	assert_int_equal(efi_runtime_call(&c), 0);
	assert_true(c.status == EFI_NOT_FOUND);
}

static void test_info(void **state)
{
	struct xenpf_efi_runtime_call c = {.function = XEN_EFI_query_variable_info};

	c.u.query_variable_info.attr = 7;
	assert_int_equal(efi_runtime_call(&c), 0);
	assert_int_equal(c.u.query_variable_info.max_store_size, 1000);
	assert_int_equal(c.u.query_variable_info.remain_store_size, 100);
	assert_int_equal(c.u.query_variable_info.max_size, 17);
	host_facts.efi_rt_version = 0x1000a;
	assert_int_equal(efi_runtime_call(&c), -EOPNOTSUPP);
}

static void test_refused(void **state)
{
	static u16 endless[4096];
	struct xenpf_efi_runtime_call c = {.function = XEN_EFI_get_variable};

	memset(endless, 'x', sizeof(endless));
	c.u.get_variable.name.p = endless;
	assert_int_equal(efi_runtime_call(&c), -EINVAL);
	c.u.get_variable.name.p = NULL;
	assert_int_equal(efi_runtime_call(&c), -EFAULT);
	c.u.get_variable.name.p = (void *)the_name;
	c.u.get_variable.size = 0x10001;
	assert_int_equal(efi_runtime_call(&c), -E2BIG);
	c.u.get_variable.size = 1;
	heap_empty = true;
	assert_int_equal(efi_runtime_call(&c), -ENOMEM);
	c.function = XEN_EFI_update_capsule;
	assert_int_equal(efi_runtime_call(&c), -ENOSYS);
	host_facts.efi_services = NULL;
	c.function = XEN_EFI_get_variable;
	assert_int_equal(efi_runtime_call(&c), -ENOSYS);
	assert_int_equal(calls, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_mca),   TEST(test_get),  TEST(test_set),
					   TEST(test_names), TEST(test_info), TEST(test_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

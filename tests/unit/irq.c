/* SPDX-License-Identifier: MIT */
/* I/O APIC entries, PIRQs, MSI and MSI-X, config space and physdev_op, on one fake I/O APIC and
 * two fake PCI functions: 00:03.0 with MSI, 00:04.0 with MSI-X. */
#include "unit.h"
#include "arch/apic.h"
#include "arch/uaccess.h"
#include <xen/physdev.h>
#include "event/event.h"
#include "lib/lib.h"
#include "line.h"
#include "mm/alloc.h"
#include "mm/pagetype.h"

#define IOAPIC_MADDR 0xfec00000ull
#define BAR_MADDR    0xfeb00000ull
#define MMCFG_BASE   0xb0000000ull
#define PINS         24u
#define DEV_MSI      0x0018
#define DEV_MSIX     0x0020
#define MSI_CAP      0x50
#define MSIX_CAP     0x70
#define RTE_MASKED   0x10000u

struct vcpu *fake_current;
struct domain *dom0;
bool (*pte_mmio_read_only)(mfn_t m);
static struct vcpu vcpu;
static struct domain host, guest;

static u32 ioapic_regs[8];
static u8 bar[2 * PAGE_SIZE], mmcfg_page[PAGE_SIZE];
static u8 config[2][256];
static u32 conf_address;
static vector_handler_t handlers[256];
static void *handler_args[256];
static unsigned int eois, raised;
static u32 raised_port;
static bool heap_empty;

static u8 *config_of(u32 address)
{
	u32 bdf = address >> 8 & 0xffff;

	return !(address >> 31)  ? NULL
	       : bdf == DEV_MSI  ? config[0]
	       : bdf == DEV_MSIX ? config[1]
				 : NULL;
}

u32 fake_in(u16 port, unsigned int size)
{
	u8 *c = config_of(conf_address);
	u32 v = ~0u;

	if (port >= 0xcfc && port <= 0xcff && c) {
		memcpy(&v, c + (conf_address & 0xfc) + (port & 3), size);
	}
	return size == 4 ? v : v & ((1u << size * 8) - 1);
}

void fake_out(u16 port, unsigned int size, u32 v)
{
	u8 *c = config_of(conf_address);

	if (port == 0xcf8 && size == 4) {
		conf_address = v;
	} else if (port >= 0xcfc && port <= 0xcff && c) {
		memcpy(c + (conf_address & 0xfc) + (port & 3), &v, size);
	}
}

u64 fake_rdtsc(void)
{
	return 0;
}
void *map_mmio(maddr_t ma, size_t bytes)
{
	if ((ma & PAGE_MASK) == IOAPIC_MADDR) {
		return ioapic_regs;
	}
	if (ma >= BAR_MADDR && ma + bytes <= BAR_MADDR + sizeof(bar)) {
		return bar + (ma - BAR_MADDR);
	}
	return (ma & PAGE_MASK) == MMCFG_BASE + (DEV_MSI << 12) ? mmcfg_page + (ma & 0xfff) : NULL;
}
u32 cpu_apic_id(unsigned int cpu)
{
	return 5;
}
void apic_eoi(void)
{
	eois++;
}
void vector_set_handler(u8 vector, vector_handler_t fn, void *arg)
{
	handlers[vector] = fn;
	handler_args[vector] = arg;
}
void evtchn_raise(struct domain *d, u32 port)
{
	assert_ptr_equal(d, &host);
	raised++;
	raised_port = port;
}
bool frame_valid(mfn_t m)
{
	return mfn_x(m) < 0x1000;
}
struct domain *domain_get(domid_t id)
{
	return NULL;
}
void domain_put(struct domain *d)
{
}
void *heap_alloc(size_t bytes)
{
	return heap_empty ? NULL : calloc(1, bytes);
}
void heap_free(void *p, size_t bytes)
{
	free(p);
}

/* Low half of the pin's entry, if that was the last one written. */
static u32 rte_last(u32 gsi)
{
	assert_int_equal(ioapic_regs[0], 0x10 + 2 * gsi);
	return ioapic_regs[4];
}

static void config_init(void)
{
	memset(config, 0, sizeof(config));
	memset(bar, 0, sizeof(bar));
	config[0][0x06] = config[1][0x06] = 0x10;
	config[0][0x34] = MSI_CAP;
	config[1][0x34] = 0x40; /* some other capability first */
	config[1][0x40] = 0x01;
	config[1][0x41] = MSIX_CAP;
	config[0][MSI_CAP] = 0x05;
	config[0][MSI_CAP + 2] = 0x86; /* 64-bit, 8 messages possible, not maskable */
	config[1][0x04] = 0x02;
	config[1][MSIX_CAP] = 0x11;
	config[1][MSIX_CAP + 2] = 3;                         /* four entries */
	memcpy(&config[1][MSIX_CAP + 4], (u32[]){0x801}, 4); /* BAR 1, offset 0x800 */
	memcpy(&config[1][0x14], (u32[]){BAR_MADDR}, 4);
}

static int start(void **state)
{
	config_init();
	host.privileged = true;
	guest.mm.id = 3;
	dom0 = &host;
	vcpu.domain = &host;
	fake_current = &vcpu;
	ioapic_regs[4] = (PINS - 1) << 16; /* what the version register answers */
	ioapic_add(0, IOAPIC_MADDR, 0);
	irq_add_override(0, 2, false, false);
	irq_add_override(9, 9, true, false);
	irq_init();
	return 0;
}

static int stop(void **state)
{
	msix_unprotect(DEV_MSIX);
	free(line_of_gsi(0));
	return 0;
}

static int fresh(void **state)
{
	vcpu.domain = &host;
	eois = raised = raised_port = 0;
	heap_empty = false;
	return 0;
}

static void interrupt(u8 vector)
{
	assert_non_null(handlers[vector]);
	handlers[vector](vector, handler_args[vector]);
}

static void entry_encoding(void **state)
{
	struct irq_line line = {.vector = 0x31};

	assert_int_equal(ioapic_entry(&line, 5, true), 0x0500000000010031ull);
	line.level = line.active_low = true;
	assert_int_equal(ioapic_entry(&line, 0xfe, false), 0xfe0000000000a031ull);
}

static void defaults_and_overrides(void **state)
{
	assert_int_equal(gsi_count, PINS);
	assert_int_equal(irq_isa_to_gsi(0), 2);
	assert_int_equal(irq_isa_to_gsi(4), 4);
	assert_false(line_of_gsi(1)->level);
	assert_true(line_of_gsi(9)->level);
	assert_false(line_of_gsi(9)->active_low);
	assert_true(line_of_gsi(16)->level);
	assert_true(line_of_gsi(16)->active_low);
	assert_null(line_of_gsi(PINS));
	assert_int_equal(rte_last(PINS - 1), RTE_MASKED);
}

static void edge_needs_no_eoi(void **state)
{
	bool needs = true;
	u8 vector;

	assert_int_equal(pirq_bind_port(&host, 1, 17), 0);
	vector = line_of_gsi(1)->vector;
	assert_in_range(vector, VECTOR_FIRST_DEV, VECTOR_LAST_DEV);
	assert_int_equal(rte_last(1), vector);
	assert_int_equal(pirq_bind_port(&host, 1, 18), -EBUSY);
	interrupt(vector);
	interrupt(vector);
	assert_int_equal(raised, 2);
	assert_int_equal(raised_port, 17);
	assert_int_equal(eois, 2);
	assert_int_equal(rte_last(1), vector);
	assert_int_equal(pirq_setup_gsi(1, false, false), 0);
	assert_int_equal(pirq_status(1, &needs), 0);
	assert_false(needs);
	pirq_unbind_port(1, 18); /* an older port of the number's */
	assert_int_equal(rte_last(1), vector);
	pirq_unbind_port(1, 17);
	assert_int_equal(rte_last(1), vector | RTE_MASKED);
	interrupt(vector); /* one was on its way */
	assert_int_equal(raised, 2);
	assert_int_equal(eois, 3);
}

static void no_device_has_the_guests_vector(void **state)
{
	static struct irq_line lines[256];
	unsigned int n = 0;

	while (!line_alloc_vector(&lines[n])) {
		assert_int_not_equal(lines[n].vector, VECTOR_INT80);
		n++;
	}
	assert_in_range(n, 100, VECTOR_LAST_DEV - VECTOR_FIRST_DEV);
	while (n--) {
		line_free_vector(&lines[n]);
	}
}

static void level_waits_for_eoi(void **state)
{
	struct irq_line *line = line_of_gsi(10);
	bool needs;

	assert_int_equal(pirq_setup_gsi(10, true, true), 0);
	assert_int_equal(pirq_setup_gsi(10, false, false), -EEXIST);
	assert_true(line->level && line->active_low);
	assert_int_equal(pirq_bind_port(&host, 10, 20), 0);
	assert_int_equal(pirq_status(10, &needs), 0);
	assert_true(needs);

	interrupt(line->vector);
	assert_int_equal(raised, 1);
	assert_int_equal(eois, 1);
	assert_int_equal(rte_last(10), line->vector | 0xa000 | RTE_MASKED);
	assert_int_equal(pirq_eoi(10), 0);
	assert_int_equal(rte_last(10), line->vector | 0xa000);
	assert_int_equal(pirq_eoi(500), -EINVAL);

	/* Released while an EOI is owed: masked, and as new for the next. */
	interrupt(line->vector);
	pirq_unbind_port(10, 20);
	assert_int_equal(pirq_eoi(10), 0);
	assert_int_equal(rte_last(10), line->vector | 0xa000 | RTE_MASKED);
	assert_int_equal(pirq_bind_port(&host, 10, 21), 0);
	assert_false(line->owes_eoi);
	assert_int_equal(rte_last(10), line->vector | 0xa000);
	interrupt(line->vector);
	assert_int_equal(raised_port, 21);
	pirq_unbind_port(10, 21);
}

static unsigned int own_calls;
static void own_handler(void *arg)
{
	assert_ptr_equal(arg, &own_calls);
	assert_int_equal(eois, 0);
	own_calls++;
}

static void own_lines_are_not_for_dom0(void **state)
{
	assert_int_equal(irq_request_gsi(4, own_handler, &own_calls), 0);
	assert_int_equal(irq_request_gsi(4, own_handler, &own_calls), -EBUSY);
	assert_int_equal(irq_request_gsi(PINS, own_handler, NULL), -EINVAL);
	assert_int_equal(pirq_bind_port(&host, 4, 30), -EBUSY);
	assert_int_equal(pirq_setup_gsi(4, true, true), -EEXIST);
	interrupt(line_of_gsi(4)->vector);
	assert_int_equal(own_calls, 1);
	assert_int_equal(eois, 1);
	assert_int_equal(raised, 0);
}

static u16 conf16(unsigned int dev, unsigned int at)
{
	u16 v;

	memcpy(&v, &config[dev][at], 2);
	return v;
}
static u32 conf32(unsigned int dev, unsigned int at)
{
	u32 v;

	memcpy(&v, &config[dev][at], 4);
	return v;
}

static int map(u16 bdf, u16 entry, u64 table, s32 *pirq)
{
	struct irq_line line = {.kind = table ? LINE_MSIX : LINE_MSI,
				.msi = {.sbdf = bdf, .entry = entry}};

	return pirq_map_msi(&line, table, pirq);
}

static void plain_msi(void **state)
{
	const u32 cf8 = 0x80000000u | DEV_MSI << 8 | MSI_CAP;
	s32 pirq = -1, again = -1;
	u8 vector;

	assert_int_equal(map(DEV_MSI, 1, 0, &again), -EINVAL);
	assert_int_equal(map(DEV_MSIX, 0, 0, &again), -ENODEV);
	assert_int_equal(map(0x1234, 0, 0, &again), -ENODEV);
	assert_int_equal(map(DEV_MSI, 0, 0, &pirq), 0);
	assert_int_equal(pirq, gsi_count + 191);
	assert_int_equal(map(DEV_MSI, 0, 0, &again), -EEXIST);
	assert_int_equal(conf32(0, MSI_CAP + 4), 0xfee05000);
	vector = (u8)conf16(0, MSI_CAP + 12);
	assert_int_equal(conf16(0, MSI_CAP + 2), 0x0087);
	interrupt(vector); /* nobody listens yet */
	assert_int_equal(raised, 0);
	assert_int_equal(pirq_bind_port(&host, (u32)pirq, 40), 0);
	interrupt(vector);
	assert_int_equal(raised_port, 40);
	assert_int_equal(eois, 2);

	/* dom0 may switch it on and off, but neither redirect nor multiply it. */
	pci_conf_write(cf8 + 4, 0, 4, 0x11111111);
	pci_conf_write(cf8 + 12, 0, 2, 0x22);
	assert_int_equal(conf32(0, MSI_CAP + 4), 0xfee05000);
	assert_int_equal(conf16(0, MSI_CAP + 12), vector);
	pci_conf_write(cf8, 2, 2, 0x00b7);
	assert_int_equal(conf16(0, MSI_CAP + 2), 0x0087);
	pci_conf_write(cf8, 0, 4, 0x00b60005);
	assert_int_equal(conf32(0, MSI_CAP), 0x00860005);
	pci_conf_write(0x80000000u | DEV_MSI << 8 | 0x3c, 0, 1, 11);
	assert_int_equal(pci_conf_read(0x80000000u | DEV_MSI << 8 | 0x3c, 0, 1), 11);

	assert_int_equal(pirq_unmap((u32)pirq), 0); /* still bound */
	assert_int_equal(pirq_unmap((u32)pirq), -EINVAL);
	assert_int_equal(conf16(0, MSI_CAP + 2) & 1, 0);
	assert_null(handlers[vector]);
	pirq_unbind_port((u32)pirq, 40);
	again = -1;
	assert_int_equal(map(DEV_MSI, 0, 0, &again), 0);
	assert_int_equal(again, pirq);
	assert_int_equal(pirq_restore_msi(DEV_MSI), 0);
	assert_int_equal(pirq_restore_msi(DEV_MSIX), -ENODEV);
	assert_true(pirq_device_in_use(DEV_MSI));
	assert_int_equal(pirq_unmap((u32)again), 0);
}

static void msix(void **state)
{
	volatile u32 *slot = (u32 *)(bar + 0x800 + 2 * 16);
	s32 pirq = -1, second = -1;
	bool needs = true;

	slot[3] = 1;
	assert_int_equal(map(DEV_MSIX, 4, BAR_MADDR, &pirq), -EINVAL);
	assert_int_equal(map(DEV_MSIX, 2, BAR_MADDR, &pirq), 0);
	assert_int_equal(map(DEV_MSIX, 2, BAR_MADDR, &second), -EEXIST);
	assert_int_equal(map(DEV_MSIX, 0, BAR_MADDR, &second), 0);
	assert_int_equal(second, pirq - 1);
	assert_int_equal(slot[0], 0xfee05000);
	assert_int_equal(slot[3], 1);
	assert_int_equal(pirq_bind_port(&host, (u32)pirq, 50), 0);
	assert_int_equal(slot[3], 0);
	assert_int_equal(pirq_status((u32)pirq, &needs), 0);
	assert_false(needs);
	interrupt((u8)slot[2]);
	assert_int_equal(raised_port, 50);
	pirq_unbind_port((u32)pirq, 50);
	assert_int_equal(slot[3], 1);
	assert_int_equal(pirq_unmap((u32)pirq), 0);
	assert_int_equal(pirq_unmap((u32)second), 0);
	config[1][0x04] = 0; /* memory decoding off: the table is not there */
	assert_int_equal(map(DEV_MSIX, 0, BAR_MADDR, &second), -ENXIO);
	config[1][0x04] = 2;
	memcpy(&config[1][0x14], (u32[]){0x10000}, 4); /* a BAR over RAM */
	assert_int_equal(map(DEV_MSIX, 0, BAR_MADDR, &second), -EINVAL);
	memcpy(&config[1][0x14], (u32[]){BAR_MADDR}, 4);
	heap_empty = true;
	assert_int_equal(map(DEV_MSIX, 0, BAR_MADDR, &second), -ENOMEM);
}

static void tables_are_read_only(void **state)
{
	u32 *word = (u32 *)(bar + 0x800);

	assert_int_equal(msix_protect(DEV_MSIX, 0), 0);
	assert_int_equal(msix_protect(DEV_MSIX, 0), 0);
	assert_int_equal(msix_protect(DEV_MSI, 0), 0);
	assert_true(mmio_read_only(_mfn(BAR_MADDR >> PAGE_SHIFT)));
	assert_false(mmio_read_only(_mfn((BAR_MADDR >> PAGE_SHIFT) + 1)));
	*word = 0xaaaa;
	mmio_write(BAR_MADDR + 0x800, 4, 0x5555);
	mmio_write(BAR_MADDR + 0x7fc, 8, 0x5555); /* not aligned */
	assert_int_equal(*word, 0xaaaa);
	mmio_write(BAR_MADDR + 0x840, 4, 0x5555); /* behind the four entries */
	assert_int_equal(word[16], 0x5555);
	mmio_write(BAR_MADDR + 0x10, 8, 0x1122334455667788ull);
	assert_int_equal(*(u64 *)(bar + 0x10), 0x1122334455667788ull);
	msix_unprotect(DEV_MSIX);
	assert_false(mmio_read_only(_mfn(BAR_MADDR >> PAGE_SHIFT)));
}

static void mmcfg(void **state)
{
	assert_int_equal(mmcfg_add(MMCFG_BASE + 1, 0, 0, 255), -EINVAL);
	assert_int_equal(mmcfg_add(MMCFG_BASE, 0, 5, 4), -EINVAL);
	assert_int_equal(mmcfg_add(MMCFG_BASE, 0, 0, 255), 0);
	assert_int_equal(mmcfg_add(MMCFG_BASE, 0, 0, 255), 0);
	assert_int_equal(mmcfg_add(MMCFG_BASE + (1 << 28), 0, 0, 255), -EEXIST);
	assert_true(mmio_read_only(_mfn(MMCFG_BASE >> PAGE_SHIFT)));
	assert_true(mmio_read_only(_mfn((MMCFG_BASE >> PAGE_SHIFT) + 0xffff)));
	assert_false(mmio_read_only(_mfn((MMCFG_BASE >> PAGE_SHIFT) + 0x10000)));
	mmio_write(MMCFG_BASE + (DEV_MSI << 12) + 0x3c, 1, 9);
	assert_int_equal(config[0][0x3c], 9);
	mmio_write(MMCFG_BASE + (DEV_MSI << 12) + 0x100, 4, 0x12345678);
	assert_int_equal(*(u32 *)(mmcfg_page + 0x100), 0x12345678);
	assert_int_equal(pci_read(DEV_MSI, 0x102, 2), 0x1234);
	assert_int_equal(pci_read(0x10000 | DEV_MSI, 0, 4), ~0u);
	assert_int_equal(pci_conf_read(DEV_MSI << 8, 0, 4), ~0u); /* not enabled */
}

#define OP(cmd, ...)                                  \
	({                                            \
		op = (__typeof__(op)){__VA_ARGS__};   \
		do_physdev_op(cmd, (guest_ptr_t)&op); \
	})

static void call_map_pirq(void **state)
{
	physdev_map_pirq_t op;

	assert_int_equal(OP(PHYSDEVOP_map_pirq, DOMID_SELF, MAP_PIRQ_TYPE_GSI, 7, 7), 0);
	assert_int_equal(OP(PHYSDEVOP_map_pirq, DOMID_SELF, MAP_PIRQ_TYPE_GSI, 7, -1), 0);
	assert_int_equal(op.pirq, 7);
	assert_int_equal(OP(PHYSDEVOP_map_pirq, DOMID_SELF, MAP_PIRQ_TYPE_GSI, 7, 8), -EINVAL);
	assert_int_equal(OP(PHYSDEVOP_map_pirq, DOMID_SELF, MAP_PIRQ_TYPE_GSI, -1, -1), -EINVAL);
	assert_int_equal(OP(PHYSDEVOP_map_pirq, 3, MAP_PIRQ_TYPE_GSI, 7, 7), -EOPNOTSUPP);
	assert_int_equal(
		OP(PHYSDEVOP_map_pirq, DOMID_SELF, MAP_PIRQ_TYPE_MULTI_MSI, -1, -1, 0, DEV_MSI, 4),
		-EOPNOTSUPP);
	assert_int_equal(OP(PHYSDEVOP_map_pirq, DOMID_SELF, 9), -EINVAL);
	assert_int_equal(
		OP(PHYSDEVOP_map_pirq, DOMID_SELF, MAP_PIRQ_TYPE_MSI_SEG, -1, -1, 0, 0x118),
		-EINVAL);
	assert_int_equal(
		OP(PHYSDEVOP_map_pirq, DOMID_SELF, MAP_PIRQ_TYPE_MSI_SEG, -1, 3, 0, DEV_MSI),
		-EINVAL); /* a GSI's number */
	assert_int_equal(
		OP(PHYSDEVOP_map_pirq, DOMID_SELF, MAP_PIRQ_TYPE_MSI_SEG, -1, -1, 0, DEV_MSI), 0);
	assert_int_equal(do_physdev_op(PHYSDEVOP_unmap_pirq,
				       (guest_ptr_t) & (physdev_unmap_pirq_t){DOMID_SELF, op.pirq}),
			 0);
}

/* dom0 may name the number: one of a message's, and free. */
static void map_to_a_number(void **state)
{
	s32 pirq = (s32)gsi_count + 100, other = (s32)gsi_count + 192;

	assert_int_equal(map(DEV_MSI, 0, 0, &other), -EINVAL);
	assert_int_equal(map(DEV_MSI, 0, 0, &pirq), 0);
	assert_int_equal(pirq, gsi_count + 100);
	assert_int_equal(map(DEV_MSIX, 1, BAR_MADDR, &pirq), -EEXIST);
	assert_int_equal(pirq_bind_port(&host, (u32)pirq + 1, 1), -EINVAL);
	assert_int_equal(pirq_unmap((u32)pirq), 0);
}

static void call_small_ones(void **state)
{
	physdev_apic_t op;

	ioapic_regs[4] = 0x170011;
	assert_int_equal(OP(PHYSDEVOP_apic_read, IOAPIC_MADDR, 1), 0);
	assert_int_equal(op.value, 0x170011);
	assert_int_equal(OP(PHYSDEVOP_apic_read, IOAPIC_MADDR, 0x10 + 2 * PINS), -EINVAL);
	assert_int_equal(OP(PHYSDEVOP_apic_read, 0xfec10000, 1), -EINVAL);
	assert_int_equal(OP(PHYSDEVOP_apic_write, IOAPIC_MADDR, 0x12), -ENOSYS);
	assert_int_equal(do_physdev_op(PHYSDEVOP_alloc_irq_vector,
				       (guest_ptr_t) & (physdev_irq_t){.irq = 1}),
			 0);
	assert_int_equal(do_physdev_op(PHYSDEVOP_setup_gsi,
				       (guest_ptr_t) & (physdev_setup_gsi_t){.gsi = -1}),
			 -EINVAL);
	assert_int_equal(do_physdev_op(99, 0), -ENOSYS);
	assert_int_equal(do_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, 0), -ENOSYS);
}

/* Every operation: a bad pointer is an error; a domU gets at the harmless ones only. */
static void call_privileges(void **state)
{
	static const unsigned int harmless[] = {PHYSDEVOP_set_iopl, PHYSDEVOP_set_iobitmap};
	physdev_set_iopl_t op;

	for (unsigned int cmd = 0; cmd < 40; cmd++) {
		bool free_for_all = false;
		long host_rc, guest_rc;

		for (unsigned int i = 0; i < ARRAY_SIZE(harmless); i++) {
			free_for_all |= harmless[i] == cmd;
		}
		vcpu.domain = &host;
		host_rc = do_physdev_op(cmd, 0);
		vcpu.domain = &guest;
		guest_rc = do_physdev_op(cmd, 0);
		assert_true(host_rc == -EFAULT || host_rc == -ENOSYS);
		assert_int_equal(guest_rc, host_rc == -ENOSYS || free_for_all ? host_rc : -EPERM);
	}
	assert_int_equal(OP(PHYSDEVOP_set_iopl, 1), 0);
	assert_int_equal(vcpu.pv.iopl, 1);
	assert_int_equal(OP(PHYSDEVOP_set_iopl, 4), -EINVAL);
	assert_int_equal(OP(PHYSDEVOP_eoi, 1), -EPERM);
	assert_int_equal(pirq_bind_port(&guest, 1, 5), -EINVAL);
}

static void vectors_run_out(void **state)
{
	static struct irq_line lines[256];
	unsigned int n = 0;

	while (!line_alloc_vector(&lines[n])) {
		n++;
	}
	assert_in_range(n, 150, 176);
	while (n--) {
		line_free_vector(&lines[n]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_encoding),
		cmocka_unit_test(defaults_and_overrides),
		cmocka_unit_test_setup(edge_needs_no_eoi, fresh),
		cmocka_unit_test_setup(no_device_has_the_guests_vector, fresh),
		cmocka_unit_test_setup(level_waits_for_eoi, fresh),
		cmocka_unit_test_setup(own_lines_are_not_for_dom0, fresh),
		cmocka_unit_test_setup(plain_msi, fresh),
		cmocka_unit_test_setup(msix, fresh),
		cmocka_unit_test_setup(tables_are_read_only, fresh),
		cmocka_unit_test_setup(mmcfg, fresh),
		cmocka_unit_test_setup(call_map_pirq, fresh),
		cmocka_unit_test_setup(map_to_a_number, fresh),
		cmocka_unit_test_setup(call_small_ones, fresh),
		cmocka_unit_test_setup(call_privileges, fresh),
		cmocka_unit_test_setup(vectors_run_out, fresh),
	};

	return cmocka_run_group_tests_name("irq", tests, start, stop);
}

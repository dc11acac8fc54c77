# SPDX-License-Identifier: MIT
# The allocator, and what boot reads from loader, firmware, command line and kernel.
UNIT_TESTS += $(patsubst tests/unit/%.c,%,$(wildcard $(addprefix tests/unit/,alloc.c mb2.c elf.c acpi.c options.c dom0.c)))
alloc_SRCS := tests/unit/alloc.c $(addprefix hypervisor/mm/,alloc.c heap.c owner.c owned.c frame_init.c)
alloc_CFLAGS := $(HV_TEST_CFLAGS) -DHOST_FRAME_TABLE -Ihypervisor/mm
mb2_SRCS := tests/unit/mb2.c hypervisor/boot/mb2.c hypervisor/boot/e820.c
mb2_CFLAGS := $(HV_TEST_CFLAGS) -Ihypervisor/boot
elf_SRCS := tests/unit/elf.c hypervisor/boot/elf.c hypervisor/boot/elfnotes.c
elf_CFLAGS := $(HV_TEST_CFLAGS)
acpi_SRCS := tests/unit/acpi.c hypervisor/boot/acpi_tables.c
acpi_CFLAGS := $(HV_TEST_CFLAGS) -Ihypervisor/boot
options_SRCS := tests/unit/options.c hypervisor/boot/options.c hypervisor/boot/dom0_options.c \
	hypervisor/lib/number.c
options_CFLAGS := $(HV_TEST_CFLAGS) -Ihypervisor/boot
dom0_SRCS := tests/unit/dom0.c hypervisor/boot/dom0_layout.c
dom0_CFLAGS := $(HV_TEST_CFLAGS) -Ihypervisor/boot

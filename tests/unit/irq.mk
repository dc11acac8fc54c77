# SPDX-License-Identifier: MIT
# Interrupts, drivers and the port policy, on fake ports and device memory.
IRQ_TEST_CFLAGS := $(HV_TEST_CFLAGS) -include tests/unit/irq_fake.h

UNIT_TESTS += irq irq_ports uart console console_print
irq_SRCS := tests/unit/irq.c hypervisor/domain/subop.c $(wildcard hypervisor/irq/*.c)
irq_CFLAGS := $(IRQ_TEST_CFLAGS) -Ihypervisor/irq -Wno-missing-field-initializers
irq_ports_SRCS := tests/unit/irq_ports.c hypervisor/pv/io.c hypervisor/drivers/rtc.c \
	hypervisor/drivers/platform_timer.c
irq_ports_CFLAGS := $(IRQ_TEST_CFLAGS)
uart_SRCS := tests/unit/uart.c hypervisor/lib/number.c
uart_CFLAGS := $(IRQ_TEST_CFLAGS)
console_SRCS := tests/unit/console.c hypervisor/drivers/console_ring.c \
	hypervisor/lib/number.c
console_CFLAGS := $(IRQ_TEST_CFLAGS) -Ihypervisor/drivers
console_print_SRCS := tests/unit/console_print.c
console_print_CFLAGS := $(IRQ_TEST_CFLAGS)

UNIT_TESTS += mtrr
mtrr_SRCS := tests/unit/mtrr.c hypervisor/arch/x86/mtrr.c
mtrr_CFLAGS := $(HV_TEST_CFLAGS) -include tests/unit/mtrr_fake.h

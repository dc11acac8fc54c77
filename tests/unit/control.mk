# SPDX-License-Identifier: MIT
# The privileged-instruction emulator, CPUID policies and domctl, on a fake CPU and fake domains.
CONTROL_TEST_CFLAGS := $(HV_TEST_CFLAGS) -include tests/unit/control_fake.h \
	-Wno-missing-field-initializers

UNIT_TESTS += decode cpuid emulate domctl
decode_SRCS := tests/unit/decode.c hypervisor/pv/decode.c
decode_CFLAGS := $(HV_TEST_CFLAGS)
cpuid_SRCS := tests/unit/cpuid.c hypervisor/pv/cpuid_policy.c hypervisor/pv/cpuid.c
cpuid_CFLAGS := $(CONTROL_TEST_CFLAGS)
emulate_SRCS := tests/unit/emulate.c hypervisor/pv/emulate.c hypervisor/pv/decode.c \
	hypervisor/pv/msr.c hypervisor/pv/hypercall_page.c hypervisor/pv/cpuid_policy.c
emulate_CFLAGS := $(CONTROL_TEST_CFLAGS)
domctl_SRCS := tests/unit/domctl.c $(wildcard hypervisor/control/domctl*.c) \
	hypervisor/control/bitmap.c hypervisor/control/policy.c hypervisor/control/sysctl.c \
	hypervisor/control/sysctl_cpu.c hypervisor/control/version.c hypervisor/pv/cpuid_policy.c \
	hypervisor/domain/subop.c
domctl_CFLAGS := $(CONTROL_TEST_CFLAGS) -Ihypervisor/control

UNIT_TESTS += platform
platform_SRCS := tests/unit/platform.c hypervisor/control/mca.c hypervisor/control/efi.c \
	hypervisor/domain/subop.c
platform_CFLAGS := $(CONTROL_TEST_CFLAGS) -Ihypervisor/control

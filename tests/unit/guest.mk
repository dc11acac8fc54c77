# SPDX-License-Identifier: MIT
# Event channels, grant tables and memory_op on a fake machine whose CPUs are threads.
GUEST_TEST_CFLAGS := $(HV_TEST_CFLAGS) -include tests/unit/guest_fake.h -Wno-missing-field-initializers

UNIT_TESTS += evtchn
evtchn_SRCS := tests/unit/evtchn.c tests/unit/guest_fake.c hypervisor/domain/subop.c \
	$(wildcard hypervisor/event/*.c)
evtchn_CFLAGS := $(GUEST_TEST_CFLAGS)
evtchn_LIBS := -lpthread

UNIT_TESTS += grant
grant_SRCS := tests/unit/grant.c tests/unit/guest_fake.c hypervisor/domain/subop.c \
	$(wildcard hypervisor/grant/*.c)
grant_CFLAGS := $(GUEST_TEST_CFLAGS)
grant_LIBS := -lpthread

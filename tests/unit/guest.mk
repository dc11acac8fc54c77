# SPDX-License-Identifier: MIT
# Event channels, grant tables and memory_op on a fake machine whose CPUs are threads.
GUEST_TEST_CFLAGS := $(HV_TEST_CFLAGS) -include tests/unit/guest_fake.h -Wno-missing-field-initializers

UNIT_TESTS += evtchn
evtchn_SRCS := tests/unit/evtchn.c tests/unit/guest_fake.c hypervisor/domain/subop.c \
	$(wildcard hypervisor/event/*.c)
evtchn_CFLAGS := $(GUEST_TEST_CFLAGS)
evtchn_LIBS := -lpthread

GRANT_TEST_SRCS := tests/unit/grant_fake.c tests/unit/guest_fake.c hypervisor/domain/subop.c \
	$(wildcard hypervisor/grant/*.c)
define grant_test
UNIT_TESTS += $(1)
$(1)_SRCS := tests/unit/$(1).c $(GRANT_TEST_SRCS)
$(1)_CFLAGS := $(GUEST_TEST_CFLAGS)
$(1)_LIBS := -lpthread
endef
$(foreach t,grant grant_copy grant_v2 grant_races,$(eval $(call grant_test,$(t))))

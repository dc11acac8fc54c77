# SPDX-License-Identifier: MIT
# Event channels, grant tables and memory_op on a fake machine whose CPUs are threads.
GUEST_TEST_CFLAGS := $(HV_TEST_CFLAGS) -include tests/unit/guest_fake.h -Wno-missing-field-initializers

EVTCHN_TESTS := evtchn evtchn_model evtchn_races sched_op evtchn_fifo evtchn_fifo_races
UNIT_TESTS += $(EVTCHN_TESTS)
EVTCHN_TEST_SRCS := $(addprefix tests/unit/,evtchn_fake.c guest_fake.c) hypervisor/domain/subop.c \
	$(wildcard hypervisor/event/*.c)
define evtchn_test
$(1)_SRCS := tests/unit/$(1).c $(EVTCHN_TEST_SRCS) $(2)
$(1)_CFLAGS := $(GUEST_TEST_CFLAGS) -Ihypervisor/event
$(1)_LIBS := -lpthread
endef
$(foreach t,$(filter-out evtchn_fifo%,$(EVTCHN_TESTS)),$(eval $(call evtchn_test,$(t))))
# With a guest that consumes events.
$(foreach t,$(filter evtchn_fifo%,$(EVTCHN_TESTS)),$(eval $(call evtchn_test,$(t),tests/unit/fifo_guest.c)))

GRANT_TEST_SRCS := tests/unit/grant_fake.c tests/unit/guest_fake.c hypervisor/domain/subop.c \
	$(filter-out %/audit.c,$(wildcard hypervisor/grant/*.c))
define grant_test
UNIT_TESTS += $(1)
$(1)_SRCS := tests/unit/$(1).c $(GRANT_TEST_SRCS)
$(1)_CFLAGS := $(GUEST_TEST_CFLAGS) -Ihypervisor/event
$(1)_LIBS := -lpthread
endef
$(foreach t,grant grant_copy grant_v2 grant_races,$(eval $(call grant_test,$(t))))

UNIT_TESTS += grant_races_tsan
grant_races_tsan_SRCS := $(grant_races_SRCS)
grant_races_tsan_CFLAGS := $(GUEST_TEST_CFLAGS) $(TSAN_CFLAGS)
grant_races_tsan_LIBS := -lpthread

UNIT_TESTS += grant_steps
grant_steps_SRCS := tests/unit/grant_steps.c
grant_steps_CFLAGS := $(HV_TEST_CFLAGS) -Ihypervisor/grant -fno-sanitize=address # as pagetype_steps

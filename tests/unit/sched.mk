# SPDX-License-Identifier: MIT
# The scheduler on a simulated machine, and on threads for CPUs.
SCHED_SRCS := $(wildcard hypervisor/sched/*.c) hypervisor/lib/heap.c
SCHED_CFLAGS := $(HV_TEST_CFLAGS) -DCONFIG_NR_CPUS=8 -include tests/unit/sched_fake.h

UNIT_TESTS += sched_share
sched_share_SRCS := tests/unit/sched_share.c tests/unit/sched_sim.c $(SCHED_SRCS)
sched_share_CFLAGS := $(SCHED_CFLAGS)

# SPDX-License-Identifier: MIT
# The scheduler on a simulated machine, and on threads for CPUs.
SCHED_SRCS := $(wildcard hypervisor/sched/*.c) hypervisor/lib/heap.c
SCHED_CFLAGS := $(HV_TEST_CFLAGS) -DCONFIG_NR_CPUS=8 -include tests/unit/sched_fake.h

UNIT_TESTS += sched_share
sched_share_SRCS := tests/unit/sched_share.c tests/unit/sched_sim.c $(SCHED_SRCS)
sched_share_CFLAGS := $(SCHED_CFLAGS)

UNIT_TESTS += sched_wake
sched_wake_SRCS := tests/unit/sched_wake.c tests/unit/sched_sim.c $(SCHED_SRCS)
sched_wake_CFLAGS := $(SCHED_CFLAGS)

# Threads for CPUs, once under the sanitizers of all unit tests and once under ThreadSanitizer.
UNIT_TESTS += sched_threads sched_races
sched_threads_SRCS := tests/unit/sched_threads.c $(SCHED_SRCS)
sched_threads_CFLAGS := $(SCHED_CFLAGS)
sched_threads_LIBS := -lpthread
sched_races_SRCS := $(sched_threads_SRCS)
sched_races_CFLAGS := $(SCHED_CFLAGS) -fno-sanitize=address,undefined -fsanitize=thread -Wno-tsan
sched_races_LIBS := -lpthread

UNIT_TESTS += timer
timer_SRCS := tests/unit/timer.c hypervisor/lib/heap.c
timer_CFLAGS := $(SCHED_CFLAGS)

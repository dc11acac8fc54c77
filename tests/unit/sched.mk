# SPDX-License-Identifier: MIT
# The scheduler; it is included as a source, since its CPU is the test's.
UNIT_TESTS += sched
sched_SRCS := tests/unit/sched.c
sched_CFLAGS := $(HV_TEST_CFLAGS) -DCONFIG_NR_CPUS=1

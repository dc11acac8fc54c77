# SPDX-License-Identifier: MIT
# The clock, its recalibration and its record in the guests, the TSCs' comparison, the watchdog.
UNIT_TESTS += clock_drift clock_races tsc_sync watchdog
clock_drift_SRCS := tests/unit/clock_drift.c
clock_drift_CFLAGS := $(HV_TEST_CFLAGS) -include tests/unit/irq_fake.h
clock_drift_LIBS := -lm
clock_races_SRCS := tests/unit/clock_races.c
clock_races_CFLAGS := $(HV_TEST_CFLAGS)
clock_races_LIBS := -lpthread
tsc_sync_SRCS := tests/unit/tsc_sync.c
tsc_sync_CFLAGS := $(HV_TEST_CFLAGS)
tsc_sync_LIBS := -lpthread
watchdog_SRCS := tests/unit/watchdog.c hypervisor/lib/number.c
watchdog_CFLAGS := $(HV_TEST_CFLAGS)

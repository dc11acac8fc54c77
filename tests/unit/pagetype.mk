# SPDX-License-Identifier: MIT
# Frame types: the truth table and the rules for entries, random operations with and without
# threads, every interleaving of two CPUs, the audit of all frames, what empty tables cost; and the
# store decoder.
PAGETYPE_SRCS := hypervisor/mm/pagetype.c hypervisor/mm/table.c hypervisor/mm/refs.c

# With frame_valid() as it is in the hypervisor.
PAGETYPE_CFLAGS = $(HV_TEST_CFLAGS) -DHOST_FRAME_TABLE

UNIT_TESTS += pagetype
pagetype_SRCS   := tests/unit/pagetype.c $(PAGETYPE_SRCS)
pagetype_CFLAGS := $(PAGETYPE_CFLAGS)

UNIT_TESTS += pagetype_steps
pagetype_steps_SRCS   := tests/unit/pagetype_steps.c
pagetype_steps_CFLAGS := $(PAGETYPE_CFLAGS) -Ihypervisor/mm -fno-sanitize=address # which does not want stacks copied

UNIT_TESTS += audit
audit_SRCS   := tests/unit/audit.c $(PAGETYPE_SRCS)
audit_CFLAGS := $(PAGETYPE_CFLAGS) -Ihypervisor/mm

UNIT_TESTS += pagetype_random
pagetype_random_SRCS   := tests/unit/pagetype_random.c $(PAGETYPE_SRCS)
pagetype_random_CFLAGS := $(PAGETYPE_CFLAGS)
pagetype_random_LIBS   := -lpthread

UNIT_TESTS += pagetype_cost
pagetype_cost_SRCS   := tests/unit/pagetype_cost.c $(PAGETYPE_SRCS)
pagetype_cost_CFLAGS := $(PAGETYPE_CFLAGS) -O2 -fno-sanitize=all -DNDEBUG

UNIT_TESTS += pagetype_random_tsan
pagetype_random_tsan_SRCS   := $(pagetype_random_SRCS)
pagetype_random_tsan_CFLAGS := $(PAGETYPE_CFLAGS) $(TSAN_CFLAGS)
pagetype_random_tsan_LIBS   := -lpthread

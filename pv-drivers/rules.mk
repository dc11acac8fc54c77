# SPDX-License-Identifier: MIT
include pv-drivers/kernel/rules.mk

# Split drivers: the pure halves, and domus-backend, which serves guests from dom0.
PV_O      := $(O)/pv-drivers
PV_CFLAGS := -Ipv-drivers -Iinclude

$(PV_O)/%.o: pv-drivers/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(USER_CFLAGS) $(PV_CFLAGS) -c -o $@ $<

BACKEND_SRCS := $(wildcard pv-drivers/backend/*.c) pv-drivers/common/handshake.c \
	pv-drivers/block/back.c pv-drivers/net/back.c pv-drivers/net/offload.c
$(PV_O)/domus-backend: $(BACKEND_SRCS:pv-drivers/%.c=$(PV_O)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(USER_LDFLAGS) -o $@ $^ -luring -lseccomp -lxenevtchn -lxengnttab

all: $(PV_O)/domus-backend
-include $(wildcard $(PV_O)/*/*.d)

# Unit tests of what is pure.
UNIT_TESTS += pv_ring pv_handshake pv_record pv_persistent pv_block
pv_ring_SRCS        := tests/unit/pv_ring.c
pv_ring_CFLAGS      := $(PV_CFLAGS)
pv_handshake_SRCS   := tests/unit/pv_handshake.c pv-drivers/common/handshake.c
pv_handshake_CFLAGS := $(PV_CFLAGS)
pv_record_SRCS      := tests/unit/pv_record.c
pv_record_CFLAGS    := $(PV_CFLAGS)
pv_persistent_SRCS   := tests/unit/pv_persistent.c
pv_persistent_CFLAGS := $(PV_CFLAGS)
pv_block_SRCS       := tests/unit/pv_block.c pv-drivers/block/back.c
pv_block_CFLAGS     := $(PV_CFLAGS)

UNIT_TESTS += pv_syscalls
# Sanitizers make system calls of their own.
pv_syscalls_SRCS    := tests/unit/pv_syscalls.c pv-drivers/backend/syscalls.c
pv_syscalls_CFLAGS  := $(PV_CFLAGS) -fno-sanitize=all
pv_syscalls_LIBS    := -lseccomp

UNIT_TESTS += pv_block_fuzz
pv_block_fuzz_SRCS   := tests/unit/pv_block_fuzz.c pv-drivers/block/back.c
$(O)/tests/unit/pv_block_fuzz: CC := clang-14
pv_block_fuzz_CFLAGS := $(PV_CFLAGS) -fsanitize=fuzzer

UNIT_TESTS += pv_image_nbd
pv_image_nbd_SRCS   := tests/unit/pv_image_nbd.c $(patsubst %,pv-drivers/backend/%.c,loop \
	image_file image_nbd nbd_library)
pv_image_nbd_CFLAGS := $(PV_CFLAGS)
pv_image_nbd_LIBS   := -luring

# SPDX-License-Identifier: MIT
# Front ends, on a kernel of the test's with the test as back end.
PV_FRONT_SRCS := tests/unit/pv_platform.c pv-drivers/common/device.c pv-drivers/common/handshake.c
define pv_front_test
UNIT_TESTS += $(1)
$(1)_SRCS := tests/unit/$(1).c $(PV_FRONT_SRCS) $(2)
endef
$(eval $(call pv_front_test,pv_device))
$(eval $(call pv_front_test,pv_block_front,pv-drivers/block/front.c pv-drivers/block/queue.c))

# libFuzzer is clang's, and so are its sanitizers.
$(eval $(call pv_front_test,pv_block_front_fuzz,pv-drivers/block/front.c pv-drivers/block/queue.c))
$(O)/tests/unit/pv_block_front_fuzz: CC := clang-14
pv_block_front_fuzz_CFLAGS := -Wno-missing-field-initializers -fsanitize=fuzzer

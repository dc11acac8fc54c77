# SPDX-License-Identifier: MIT
# The network drivers' two engines, each against scripted and hostile peers, and one against another.
NET_CFLAGS := -Ipv-drivers -Wno-missing-field-initializers

UNIT_TESTS += pv_net_back pv_net_offload
pv_net_back_SRCS := tests/unit/pv_net_back.c pv-drivers/net/back.c
pv_net_back_CFLAGS := $(NET_CFLAGS)
pv_net_offload_SRCS := tests/unit/pv_net_offload.c pv-drivers/net/offload.c
pv_net_offload_CFLAGS := $(NET_CFLAGS)

# libFuzzer is clang's, and so are its sanitizers.
UNIT_TESTS += pv_net_fuzz
pv_net_fuzz_SRCS := tests/unit/pv_net_fuzz.c pv-drivers/net/back.c pv-drivers/net/offload.c
$(O)/tests/unit/pv_net_fuzz: CC := clang-14
pv_net_fuzz_CFLAGS := $(NET_CFLAGS) -fsanitize=fuzzer

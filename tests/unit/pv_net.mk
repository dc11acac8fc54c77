# SPDX-License-Identifier: MIT
# The network drivers' two engines, each against scripted and hostile peers, and one against another.
NET_CFLAGS := -Wno-missing-field-initializers

UNIT_TESTS += pv_net_back pv_net_offload
pv_net_back_SRCS := tests/unit/pv_net_back.c pv-drivers/net/back.c
pv_net_back_CFLAGS := $(NET_CFLAGS)
pv_net_offload_SRCS := tests/unit/pv_net_offload.c pv-drivers/net/offload.c
pv_net_offload_CFLAGS := $(NET_CFLAGS)

# The front end on the kernel of pv_front.mk, with scripted back ends, and with ours.
PV_NET_FRONT_SRCS := tests/unit/pv_platform.c $(addprefix pv-drivers/,common/device.c \
	common/handshake.c net/front.c net/queue.c)
UNIT_TESTS += pv_net_front pv_net_pair
pv_net_front_SRCS := tests/unit/pv_net_front.c $(PV_NET_FRONT_SRCS)
pv_net_front_CFLAGS := $(NET_CFLAGS)
pv_net_pair_SRCS := tests/unit/pv_net_pair.c $(PV_NET_FRONT_SRCS) pv-drivers/net/back.c
pv_net_pair_CFLAGS := $(NET_CFLAGS)

# libFuzzer is clang's, and so are its sanitizers.
UNIT_TESTS += pv_net_fuzz
pv_net_fuzz_SRCS := tests/unit/pv_net_fuzz.c pv-drivers/net/back.c pv-drivers/net/offload.c
$(O)/tests/unit/pv_net_fuzz: CC := clang-14
pv_net_fuzz_CFLAGS := $(NET_CFLAGS) -fsanitize=fuzzer

UNIT_TESTS += pv_net_front_fuzz
pv_net_front_fuzz_SRCS := tests/unit/pv_net_front_fuzz.c $(PV_NET_FRONT_SRCS)
$(O)/tests/unit/pv_net_front_fuzz: CC := clang-14
pv_net_front_fuzz_CFLAGS := $(NET_CFLAGS) -fsanitize=fuzzer

# The reference kernel's answers to packets.
UNIT_TESTS += pv_net_echo
pv_net_echo_SRCS := tests/unit/pv_net_echo.c pv-drivers/kernel/net_echo.c \
	pv-drivers/kernel/net_ip.c pv-drivers/net/offload.c

# The reference kernel's TCP.
UNIT_TESTS += pv_net_tcp
pv_net_tcp_SRCS := tests/unit/pv_net_tcp.c pv-drivers/kernel/net_tcp.c \
	pv-drivers/kernel/net_ip.c pv-drivers/net/offload.c

# domus-backend's network device between the front end and a socket for its tap.
UNIT_TESTS += pv_net_backend
pv_net_backend_SRCS := $(addprefix tests/unit/,pv_net_backend.c pv_net_backend_fake.c) \
	$(PV_NET_FRONT_SRCS) $(addprefix pv-drivers/,net/back.c net/offload.c backend/net.c \
	backend/net_queue.c backend/net_record.c backend/kept.c)
pv_net_backend_CFLAGS := $(NET_CFLAGS) -Ipv-drivers -Iinclude

# What survives a kill of the process between two answers.
UNIT_TESTS += pv_net_record
pv_net_record_SRCS := tests/unit/pv_net_record.c pv-drivers/net/back.c
pv_net_record_CFLAGS := $(NET_CFLAGS) -Ipv-drivers

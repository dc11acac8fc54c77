# SPDX-License-Identifier: MIT
# The bench's own programs: micro runs in dom0 and guests, plugin.so inside QEMU.
BENCH_O := $(O)/bench
$(BENCH_O)/micro: $(wildcard tests/bench/micro/*.c tests/bench/micro/*.h)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -static -Wl,-Ttext-segment=0x5a000000 -o $@ $(filter %.c,$^)
$(BENCH_O)/plugin.so: tests/bench/plugin.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared -o $@ $<
bench-programs: $(BENCH_O)/micro $(BENCH_O)/plugin.so
.PHONY: bench-programs

# SPDX-License-Identifier: MIT
# Test kernels: one folder with sources is one kernel, build/tests/guest/<name>.elf.
GUEST_TESTS := $(patsubst tests/guest/%/main.c,%,$(wildcard tests/guest/*/main.c))
GUEST_LIB_SRCS := $(wildcard tests/guest/lib/*.c tests/guest/lib/*.S)
GUEST_CFLAGS := -nostdinc -isystem $(GCC_INCLUDE) -isystem $(XEN_HEADERS) \
	-D__XEN_INTERFACE_VERSION__=0x00040e00 -D__XEN_TOOLS__ -std=gnu11 -O2 -g -Wall -Wextra \
	-Werror -ffreestanding \
	-fno-pic -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
	-fno-strict-aliasing -fcf-protection=none -Wno-unused-parameter -fno-asynchronous-unwind-tables

define guest_test
$(O)/tests/guest/$(1).elf: $(wildcard tests/guest/$(1)/*.c tests/guest/$(1)/*.h) $(GUEST_LIB_SRCS) \
		$(wildcard tests/guest/lib/*.h) tests/guest/lib/guest.lds | $(XEN_HEADERS)/xen
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$(CC) $(GUEST_CFLAGS) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack \
		-Wl,--no-warn-rwx-segments -Wl,-T,tests/guest/lib/guest.lds -o $$@ \
		$(wildcard tests/guest/$(1)/*.c) $(filter %.c,$(GUEST_LIB_SRCS)) -x assembler-with-cpp $(filter %.S,$(GUEST_LIB_SRCS))
endef
$(foreach t,$(GUEST_TESTS),$(eval $(call guest_test,$(t))))
guests: $(GUEST_TESTS:%=$(O)/tests/guest/%.elf) ## Build the PV test kernels
.PHONY: guests

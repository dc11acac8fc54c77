# SPDX-License-Identifier: MIT
# Test kernels: one folder with sources is one kernel, build/tests/guest/<name>.elf. What they share
# is built once, on the base of the reference kernel.
GUEST_TESTS := $(patsubst tests/guest/%/main.c,%,$(wildcard tests/guest/*/main.c))
GUEST_LIB_OBJS := $(patsubst %,$(O)/kernel/%.o,$(KERNEL_BASE) $(wildcard tests/guest/lib/*.c tests/guest/lib/*.S))

define guest_test
$(O)/tests/guest/$(1).elf: $(patsubst %,$(O)/kernel/%.o,$(wildcard tests/guest/$(1)/*.c)) \
		$(GUEST_LIB_OBJS) $(KERNEL)/kernel.lds
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$(CC) $(KERNEL_LDFLAGS) -o $$@ $$(filter %.o,$$^)
GUEST_TEST_OBJS += $(patsubst %,$(O)/kernel/%.o,$(wildcard tests/guest/$(1)/*.c))
endef
$(foreach t,$(GUEST_TESTS),$(eval $(call guest_test,$(t))))
guests: $(GUEST_TESTS:%=$(O)/tests/guest/%.elf) ## Build the PV test kernels
.PHONY: guests
-include $(GUEST_LIB_OBJS:.o=.d) $(GUEST_TEST_OBJS:.o=.d)

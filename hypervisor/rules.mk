# SPDX-License-Identifier: MIT
# The hypervisor: every source of every room, linked into build/domus and build/domus.gz.
# Debug builds also have what recounts all references.
HV_SRCS := $(filter-out $(if $(CONFIG_DEBUG),,%/audit.c), \
	$(wildcard hypervisor/*/*.c hypervisor/arch/x86/*.c))
HV_ASMS := $(wildcard hypervisor/arch/x86/*.S)
HV_OBJS := $(HV_SRCS:%.c=$(O)/%.o) $(HV_ASMS:%.S=$(O)/%.o)
HV_LDS  := hypervisor/arch/x86/domus.lds

# Xen's public headers, and nothing else of the system, through a folder that holds only xen/.
XEN_HEADERS := $(O)/xen-headers
GCC_INCLUDE := $(shell $(CC) -print-file-name=include)

HV_CPPFLAGS := -nostdinc -isystem $(GCC_INCLUDE) -isystem $(XEN_HEADERS) -Ihypervisor/include \
	-Iinclude/public -I$(O) -D__XEN_TOOLS__ -D__XEN_INTERFACE_VERSION__=0x00040e00 $(if $(wildcard $(O)/config.h),-include $(O)/config.h)
HV_CFLAGS := -include stdint.h -include hypervisor/include/lib/hidden.h -std=gnu11 -O2 -g -Wall -Wextra -Werror -ffreestanding -fno-common -fPIE -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fno-strict-aliasing -fno-asynchronous-unwind-tables \
	-fno-omit-frame-pointer -momit-leaf-frame-pointer -fno-jump-tables -fcf-protection=none -Wno-unused-parameter -MMD -MP

$(XEN_HEADERS)/xen:
	@mkdir -p $(@D)
	ln -sfn /usr/include/xen $@

$(O)/hypervisor/asm_offsets.s: hypervisor/asm_offsets.c | $(XEN_HEADERS)/xen
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(HV_CPPFLAGS) $(HV_CFLAGS) -MT $@ -S -o $@ $<
$(O)/asm_offsets.h: $(O)/hypervisor/asm_offsets.s
	@sed -n 's/^.*==>\([A-Za-z0-9_]*\) [$$]*\([-0-9]*\).*$$/#define \1 \2/p' $< > $@

$(O)/hypervisor/%.o: hypervisor/%.c | $(XEN_HEADERS)/xen
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(HV_CPPFLAGS) $(HV_CFLAGS) -c -o $@ $<
$(O)/hypervisor/%.o: hypervisor/%.S $(O)/asm_offsets.h | $(XEN_HEADERS)/xen
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(HV_CPPFLAGS) -D__ASSEMBLY__ -g -MMD -MP -c -o $@ $<

$(O)/domus: $(HV_OBJS) $(HV_LDS)
	$(call say,LD,$@)
	$(Q)$(CC) -nostdlib -static -Wl,-z,max-page-size=0x1000 -Wl,-z,noexecstack -Wl,--build-id=sha1 \
		-Wl,--no-warn-rwx-segments -Wl,-T,$(HV_LDS) -o $@ $(HV_OBJS)
$(O)/domus.gz: $(O)/domus
	$(call say,GZ,$@)
	$(Q)objcopy --strip-debug $< $(O)/domus.stripped
	$(Q)gzip -9 -n -c $(O)/domus.stripped > $@

hypervisor: $(O)/domus $(O)/domus.gz ## Build build/domus and build/domus.gz
.PHONY: hypervisor
all: hypervisor

-include $(HV_OBJS:.o=.d) $(O)/hypervisor/asm_offsets.d

# Flags for host tests that compile hypervisor modules: X_CFLAGS := $(HV_TEST_CFLAGS)
HV_TEST_CFLAGS := -DDOMUS_HOST_TEST -Ihypervisor/include -Iinclude/public -Itests/unit \
	-D__XEN_TOOLS__ -D__XEN_INTERFACE_VERSION__=0x00040e00 -Wno-unused-parameter

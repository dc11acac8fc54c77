# SPDX-License-Identifier: MIT
# The reference PV kernel, build/domus-kernel; the files of its base serve the test
# kernels, too.
KERNEL := pv-drivers/kernel
KERNEL_BASE := $(addprefix $(KERNEL)/,start.S claims.c console.c domain.c string.c tables.c time.c traps.c)
KERNEL_CFLAGS := -nostdinc -isystem $(GCC_INCLUDE) -isystem $(XEN_HEADERS) \
	-isystem $(KERNEL)/include -D__XEN_INTERFACE_VERSION__=0x00040e00 -D__XEN_TOOLS__ \
	-std=gnu11 -O2 -g -Wall -Wextra -Werror -ffreestanding -MMD -MP \
	-fno-pic -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
	-fno-strict-aliasing -fcf-protection=none -Wno-unused-parameter -fno-asynchronous-unwind-tables
KERNEL_LDFLAGS := -nostdlib -static -Wl,--build-id=none -Wl,-z,noexecstack \
	-Wl,--no-warn-rwx-segments -Wl,-T,$(KERNEL)/kernel.lds
KERNEL_SRCS := $(wildcard $(KERNEL)/*.c $(KERNEL)/*.S) $(addprefix pv-drivers/,common/device.c \
	common/handshake.c block/front.c block/queue.c net/front.c net/queue.c net/offload.c)
KERNEL_OBJS := $(KERNEL_SRCS:%=$(O)/kernel/%.o)

$(O)/kernel/%.c.o: %.c | $(XEN_HEADERS)/xen
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(KERNEL_CFLAGS) -c -o $@ $<
$(O)/kernel/%.S.o: %.S | $(XEN_HEADERS)/xen
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(CC) $(KERNEL_CFLAGS) -c -o $@ $<
# With symbols for a debugger, and without for a guest.
$(O)/kernel/domus-kernel.debug: $(KERNEL_OBJS) $(KERNEL)/kernel.lds
	$(call say,LD,$@)
	$(Q)$(CC) $(KERNEL_LDFLAGS) -o $@ $(KERNEL_OBJS)
$(O)/domus-kernel: $(O)/kernel/domus-kernel.debug
	$(call say,STRIP,$@)
	$(Q)objcopy --strip-all $< $@
all: $(O)/domus-kernel
-include $(KERNEL_OBJS:.o=.d)

# SPDX-License-Identifier: MIT
# dom0-tools: the daemon domusd, its client domus, and the kernel unpacker.
TOOLS_O := $(O)/dom0-tools

$(TOOLS_O)/%.o: dom0-tools/%.c
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) -Idom0-tools -c -o $@ $<

UNPACK_OBJS := $(patsubst %,$(TOOLS_O)/kernel/%.o,domus-unpack-kernel unpack decompress)
$(TOOLS_O)/domus-unpack-kernel: $(UNPACK_OBJS)
	$(CC) $(USER_LDFLAGS) -o $@ $^ -llzma -llz4 -lz -lzstd

all: $(TOOLS_O)/domus-unpack-kernel
-include $(wildcard $(TOOLS_O)/*/*.d)

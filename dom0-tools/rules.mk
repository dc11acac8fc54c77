# SPDX-License-Identifier: MIT
# dom0-tools: the daemon domusd, its client domus, and the kernel unpacker.
TOOLS_O := $(O)/dom0-tools

TOOLS_CFLAGS := -Idom0-tools -D__XEN_TOOLS__

$(TOOLS_O)/%.o: dom0-tools/%.c
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) $(TOOLS_CFLAGS) -c -o $@ $<

tools_objs = $(patsubst dom0-tools/%.c,$(TOOLS_O)/%.o,$(wildcard $(1)))

UNPACK_OBJS := $(patsubst %,$(TOOLS_O)/kernel/%.o,domus-unpack-kernel unpack decompress)
$(TOOLS_O)/domus-unpack-kernel: $(UNPACK_OBJS)
	$(CC) $(USER_LDFLAGS) -o $@ $^ -llzma -llz4 -lz -lzstd

# Static: what starts for every command must not spend its time on loading libraries.
CLIENT_OBJS := $(call tools_objs,dom0-tools/cmd/*.c) $(patsubst %,$(TOOLS_O)/lib/%.o,\
	err size nearest client http_parse output cells)
$(TOOLS_O)/domus: $(CLIENT_OBJS)
	$(CC) $(USER_LDFLAGS) -static-pie -o $@ $^ -ljansson

DAEMON_OBJS := $(call tools_objs,dom0-tools/daemon/*.c) $(patsubst %,$(TOOLS_O)/lib/%.o,\
	err size nearest guest_schema guest_file harmless)
$(TOOLS_O)/domusd: $(DAEMON_OBJS)
	$(CC) $(USER_LDFLAGS) -pthread -o $@ $^ -lxenguest -lxenctrl -lxenstore -lxenevtchn \
		-lxengnttab -lxenforeignmemory -lxentoollog -lmicrohttpd -ljansson -lyaml

all: $(TOOLS_O)/domus-unpack-kernel $(TOOLS_O)/domus $(TOOLS_O)/domusd
-include $(wildcard $(TOOLS_O)/*/*.d)

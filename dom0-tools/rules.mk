# SPDX-License-Identifier: MIT
# dom0-tools: the daemon domusd, its client domus, and the kernel unpacker.
TOOLS_O := $(O)/dom0-tools

TOOLS_CFLAGS := -Idom0-tools -Iinclude -D__XEN_TOOLS__ -isystem /usr/include/libnl3

$(TOOLS_O)/%.o: dom0-tools/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(USER_CFLAGS) $(TOOLS_CFLAGS) -c -o $@ $<

tools_objs = $(patsubst dom0-tools/%.c,$(TOOLS_O)/%.o,$(wildcard $(1)))

UNPACK_OBJS := $(patsubst %,$(TOOLS_O)/kernel/%.o,domus-unpack-kernel unpack decompress)
$(TOOLS_O)/domus-unpack-kernel: $(UNPACK_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(USER_LDFLAGS) -o $@ $^ -llzma -llz4 -lz -lzstd

# Static and at a fixed place, in few pieces: what starts for every command must not spend its time on
# loading libraries and moving itself. It reads what root wrote, and what domusd answers.
CLIENT_OBJS := $(call tools_objs,dom0-tools/cmd/*.c) $(patsubst %,$(TOOLS_O)/lib/%.o,\
	err size nearest client http_parse output cells)
$(TOOLS_O)/domus: $(CLIENT_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(filter-out -pie,$(USER_LDFLAGS)) -static -Wl,-z,noseparate-code -o $@ $^ \
		-ljansson

DAEMON_OBJS := $(call tools_objs,dom0-tools/daemon/*.c) $(patsubst %,$(TOOLS_O)/lib/%.o,\
	err size nearest schema reader value guest_schema guest_file guest_value guest_device \
	guest_items host_schema host_file ipv4 harmless cpulist disk_uri)
$(TOOLS_O)/domusd: $(DAEMON_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(USER_LDFLAGS) -pthread -o $@ $^ -lxenguest -lxenctrl -lxencall -lxenstore -lxenevtchn \
		-lxengnttab -lxenforeignmemory -lxentoollog -lmicrohttpd -ljansson -lyaml \
		-lnl-route-3 -lnl-3 -lnftables

all: $(TOOLS_O)/domus-unpack-kernel $(TOOLS_O)/domus $(TOOLS_O)/domusd
-include $(wildcard $(TOOLS_O)/*/*.d)

# JSON Schemas for editors are made from the tables of keys: `make schema` after a change.
$(TOOLS_O)/make-schema: $(patsubst %,$(TOOLS_O)/lib/%.o,make_schema schema guest_schema host_schema)
	$(call say,LD,$@)
	$(Q)$(CC) $(USER_LDFLAGS) -o $@ $^ -ljansson
schema: $(TOOLS_O)/make-schema ## Write config/schema/*.json anew
	$< guest > config/schema/guest.schema.json
	$< host > config/schema/host.schema.json
.PHONY: schema

tools_lib = $(patsubst %,dom0-tools/lib/%.c,$(1))
UNIT_TESTS += tools_text tools_guest_file tools_console tools_client tools_policy tools_backends \
	tools_host_file tools_guest_items tools_broker
tools_text_SRCS   := tests/unit/tools_text.c $(call tools_lib,err size nearest cpulist)
tools_text_CFLAGS := $(TOOLS_CFLAGS)
tools_text_LIBS   := -ljansson
tools_guest_file_SRCS   := tests/unit/tools_guest_file.c \
	$(call tools_lib,err size nearest schema reader value guest_schema guest_file guest_value \
	guest_device host_schema disk_uri)
tools_guest_file_CFLAGS := $(TOOLS_CFLAGS)
tools_guest_file_LIBS   := -ljansson -lyaml
tools_guest_items_SRCS   := tests/unit/tools_guest_items.c \
	$(call tools_lib,err size nearest schema reader value guest_schema guest_file guest_value \
	guest_device guest_items disk_uri)
tools_guest_items_CFLAGS := $(TOOLS_CFLAGS)
tools_guest_items_LIBS   := -ljansson -lyaml
tools_host_file_SRCS   := tests/unit/tools_host_file.c dom0-tools/daemon/nat.c \
	$(call tools_lib,err size nearest schema reader value guest_schema guest_file guest_value \
	guest_device host_schema host_file ipv4 disk_uri)
tools_host_file_CFLAGS := $(TOOLS_CFLAGS)
tools_host_file_LIBS   := -ljansson -lyaml
tools_console_SRCS   := tests/unit/tools_console.c dom0-tools/daemon/ring.c \
	$(call tools_lib,harmless)
tools_console_CFLAGS := $(TOOLS_CFLAGS)
tools_client_SRCS   := tests/unit/tools_client.c $(call tools_lib,http_parse output cells)
tools_client_CFLAGS := $(TOOLS_CFLAGS)
tools_client_LIBS   := -ljansson
tools_policy_SRCS   := tests/unit/tools_policy.c dom0-tools/daemon/policy.c
tools_policy_CFLAGS := $(TOOLS_CFLAGS)
tools_policy_LIBS   := -ljansson
tools_backends_SRCS   := tests/unit/tools_backends.c dom0-tools/daemon/backends.c \
	$(call tools_lib,err size guest_device)
tools_backends_CFLAGS := $(TOOLS_CFLAGS)
tools_backends_LIBS   := -ljansson
tools_broker_SRCS   := tests/unit/tools_broker.c $(patsubst %,dom0-tools/daemon/%.c,broker \
	broker_rules) $(call tools_lib,err)
tools_broker_CFLAGS := $(TOOLS_CFLAGS)
tools_broker_LIBS   := -ljansson -lpthread

# SPDX-License-Identifier: MIT
# The store daemon. Its modules but for hostpage.c, main.c, loop.c, sock.c and xenio.c touch no file
# descriptor, and are what the unit tests link.
XENSTORE_CORE := $(addprefix xenstore/,conn.c control.c domain.c path.c perms.c quota.c request.c \
	ring.c server.c store.c tree.c txn.c util.c watch.c wire.c)
XENSTORE_SRCS := $(XENSTORE_CORE) $(addprefix xenstore/,hostpage.c loop.c main.c options.c sock.c xenio.c)
XENSTORE_OBJS := $(XENSTORE_SRCS:%.c=$(O)/%.o)
XENSTORED     := $(O)/xenstore/domus-xenstored

$(O)/xenstore/%.o: xenstore/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(USER_CFLAGS) -Iinclude -c -o $@ $<

$(XENSTORED): $(XENSTORE_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(USER_LDFLAGS) -o $@ $(XENSTORE_OBJS) -lxenevtchn -lxengnttab -lxenctrl

-include $(XENSTORE_OBJS:.o=.d)

xenstore: $(XENSTORED) ## Build the store daemon
all: $(XENSTORED)
.PHONY: xenstore

# Unit tests: all core modules, without Xen and without files.
define xenstore_test
UNIT_TESTS += $(1)
$(1)_SRCS   := tests/unit/$(1).c $(XENSTORE_CORE) $(2)
$(1)_CFLAGS := -Ixenstore
endef
$(foreach t,tree perms txn watch wire domain fuzz,$(eval $(call xenstore_test,store_$(t))))
$(eval $(call xenstore_test,store_sock,xenstore/loop.c xenstore/sock.c))

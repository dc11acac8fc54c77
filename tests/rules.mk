# SPDX-License-Identifier: MIT
# A unit test is a line in some room's rules.mk:
#   UNIT_TESTS += store_tree
#   store_tree_SRCS   := tests/unit/store_tree.c xenstore/tree.c
#   store_tree_CFLAGS := -Ixenstore          (optional)
#   store_tree_LIBS   := -ljansson           (optional; cmocka is always linked)
include $(wildcard tests/unit/*.mk)

define unit_test
$(O)/tests/unit/$(1): $$($(1)_SRCS) $(wildcard $(O)/tests/unit/$(1).d)
	@mkdir -p $$(@D)
	$$(CC) $$(UNIT_CFLAGS) -I. $$($(1)_CFLAGS) -o $$@ $$($(1)_SRCS) -lcmocka $$($(1)_LIBS)
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_test,$(t))))

unit: $(UNIT_TESTS:%=$(O)/tests/unit/%) ## Build and run the unit tests on the host
	@for t in $(UNIT_TESTS); do echo "== $$t"; $(O)/tests/unit/$$t || exit 1; done
.PHONY: unit

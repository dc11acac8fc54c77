# SPDX-License-Identifier: MIT
# A unit test is a line in some room's rules.mk:
#   UNIT_TESTS += store_tree
#   store_tree_SRCS   := tests/unit/store_tree.c xenstore/tree.c
#   store_tree_CFLAGS := -Ixenstore          (optional)
#   store_tree_LIBS   := -ljansson           (optional; cmocka is always linked)
# With TSAN_CFLAGS it is built under ThreadSanitizer instead of the other two: NAME_tsan by custom.
TSAN_CFLAGS := -fno-sanitize=all -fsanitize=thread
include $(wildcard tests/unit/*.mk)
include tests/guest/rules.mk
include tests/bench/rules.mk

# One compiler call makes a program of several sources, so there is no list of headers for each.
UNIT_HEADERS := $(wildcard tests/unit/*.h hypervisor/include/*/*.h hypervisor/*/*.h include/*.h \
	include/public/*.h xenstore/*.h dom0-tools/*/*.h)

define unit_test
$(O)/tests/unit/$(1): $$($(1)_SRCS) $(UNIT_HEADERS)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(UNIT_CFLAGS) -I. $$($(1)_CFLAGS) -o $$@ $$($(1)_SRCS) -lcmocka $$($(1)_LIBS)
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_test,$(t))))
UNIT_PROGRAMS := $(UNIT_TESTS:%=$(O)/tests/unit/%)
$(filter $(O)/tests/unit/pv_%,$(UNIT_PROGRAMS)): $(wildcard pv-drivers/*/*.h)

unit: $(UNIT_PROGRAMS) ## Build and run the unit tests on the host
	@for t in $(UNIT_TESTS); do echo "== $$t"; $(O)/tests/unit/$$t || exit 1; done

# The images: packages are downloaded and unpacked, never installed on the host.
I := tests/image
$(O)/debian/.packages: $(I)/packages.py
	$(PYTHON) $<
	@touch $@
$(O)/images/dom0-kernel.elf.gz: $(O)/debian/.packages $(O)/dom0-tools/domus-unpack-kernel $(I)/kernel.py
	$(PYTHON) $(I)/kernel.py
$(O)/images/ramdisks: $(O)/debian/.packages $(wildcard $(I)/*.py) $(I)/init-dom0 $(I)/init-guest $(I)/serve
	$(PYTHON) $(I)/ramdisk.py
	@touch $@
images: $(O)/images/dom0-kernel.elf.gz $(O)/images/ramdisks ## Make kernel and ramdisk for dom0

# Programs that run in dom0 and in guests: a load for all CPUs, a check of the clocks.
SYSTEM_PROGRAMS := $(addprefix $(O)/tests/,load clock datagrams records streams)
$(SYSTEM_PROGRAMS): $(O)/tests/%: tests/system/%/main.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -static -o $@ $<

# Programs that try the CPU inside of a guest.
CPU_PROGRAMS := $(patsubst tests/system/cpu/%,$(O)/tests/cpu/%,$(basename $(wildcard tests/system/cpu/*.[cS])))
$(O)/tests/cpu/%: tests/system/cpu/%.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -static -o $@ $<
$(O)/tests/cpu/%: tests/system/cpu/%.S
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -m32 -nostdlib -static -o $@ $<

# What a fresh machine runs: missing packages first, then make again for the work itself.
again = sh $(I)/host-packages.sh && $(MAKE) --no-print-directory
PYTEST = $(PYTHON) -m pytest -c tests/pytest.ini -p no:cacheprovider
# Files of tests that run at once; each may have a machine of 3 GiB.
JOBS ?= 2
export DOMUS_UNIT_TESTS = $(UNIT_TESTS)

host-packages: ## Install the Debian packages that building and testing need
	@sh $(I)/host-packages.sh
test-ready: all bench-programs images guests $(UNIT_PROGRAMS) $(SYSTEM_PROGRAMS) $(CPU_PROGRAMS)
test: ## Run every check with small counts
	@{ $(again) test-ready; } || { echo "0 passed, 1 failed"; exit 1; }
	@$(PYTEST) -n $(JOBS) --dist loadfile --machines 1 $(or $(T),$(TEST_ROOMS))
soak: ## Run the checks with full counts; resumes where it stopped (log: build/soak.log)
	@{ $(again) test-ready; } || { echo "0 passed, 1 failed"; exit 1; }
	@$(PYTEST) --soak $(or $(T),$(TEST_ROOMS))
lint: ## Check imports, ABI layout, formatting; report long files and functions
	@$(again) $(O)/xen-headers/xen $(O)/config.h
	@$(PYTHON) tests/lint/lint.py
format: ## Format all C files as .clang-format says
	@$(PYTHON) tests/lint/compile.py
bench: ## Measure against native Linux and Debian's Xen (B=boot|cpu|create|isolation|sched|store|io|move)
	@$(again) all images guests bench-programs
	@$(PYTHON) tests/bench/bench.py $(B)
image: ## Make the GRUB image build/domus.iso
	@$(again) all images
	@$(PYTHON) tests/system/image.py $(O)/domus.iso
run: ## Boot Domus and a guest in QEMU: interactive on a terminal, else as a script
	@$(again) all images
	@$(PYTHON) tests/system/run.py
.PHONY: unit images host-packages test-ready test soak lint format bench image run

# The rooms of tests that `make test` runs.
TEST_ROOMS := tests/unit tests/lint tests/guest tests/system

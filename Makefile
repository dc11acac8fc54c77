# SPDX-License-Identifier: MIT
# Domus: one non-recursive make. Each room adds its part through a rules.mk; all output goes
# below $(O). `make help` lists the targets: a "## text" behind a target's name is its help.

O      ?= build
CC     ?= gcc
ifeq ($(origin CC),default)
CC     := gcc
endif
# Debian's own interpreter: the one that Debian's pytest and pexpect packages serve.
PYTHON := PYTHONDONTWRITEBYTECODE=1 O=$(O) /usr/bin/python3

# One short line a step; `make V=1` shows the commands themselves.
ifeq ($(V),)
Q := @
say = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),@:,@echo "  $(1) $(2)")
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

# User-space code of every room is built with these; a room adds its libraries.
USER_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -fstack-protector-strong \
	-fPIE -MMD -MP
USER_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
# Unit tests: the modules they name are compiled for the host under both sanitizers.
UNIT_CFLAGS := -Itests/unit -std=gnu11 -O1 -g -Wall -Wextra -Werror -D_GNU_SOURCE \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_TESTS  :=

all: ## Build the hypervisor, the store and the tools

# These goals install what is missing, or need nothing; they call make again for the rest.
FRESH_GOALS := run test soak bench lint format image help clean host-packages defconfig
ifneq ($(filter-out $(FRESH_GOALS),$(or $(MAKECMDGOALS),all)),)
include $(O)/auto.conf.mk
endif
include config/rules.mk
include hypervisor/rules.mk
include xenstore/rules.mk
include dom0-tools/rules.mk
include pv-drivers/rules.mk
include tests/rules.mk

help: ## List the targets
	@awk -F':.*## ' '/^[a-z0-9_-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

clean: ## Remove all build output except downloaded packages
	rm -rf $(filter-out $(O)/packages,$(wildcard $(O)/* $(O)/.config))

.PHONY: all help clean

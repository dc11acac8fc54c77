# SPDX-License-Identifier: MIT
# The configuration: $(O)/.config is Kconfig's file and make's own (auto.conf.mk is a copy of it);
# $(O)/config.h is the same for C, written only when it changes.
kconfig = cd $(O) && KCONFIG_CONFIG=.config $(1) $(abspath Kconfig)

$(O)/.config: config/defconfig Kconfig
	@mkdir -p $(O)
	@if [ -f $@ ]; then $(call kconfig,kconfig-conf --olddefconfig) >/dev/null; \
		else $(call kconfig,kconfig-conf --defconfig=$(abspath config/defconfig)) >/dev/null; fi
	@touch $@

$(O)/auto.conf.mk: $(O)/.config
	@sed -n -e 's/^\(CONFIG_[A-Z0-9_]*\)=y$$/#define \1 1/p;t' \
		-e 's/^\(CONFIG_[A-Z0-9_]*\)=\(.*\)$$/#define \1 \2/p' $< > $(O)/config.h.new
	@if cmp -s $(O)/config.h.new $(O)/config.h; then rm $(O)/config.h.new; \
		else mv $(O)/config.h.new $(O)/config.h; fi
	@cp $< $@
$(O)/config.h: $(O)/auto.conf.mk
	@test -f $@ || { rm $<; $(MAKE) --no-print-directory $<; }

defconfig: ## Set the configuration to config/defconfig
	@mkdir -p $(O)
	@$(call kconfig,kconfig-conf --defconfig=$(abspath config/defconfig)) >/dev/null
menuconfig: ## Choose the configuration in a menu
	@mkdir -p $(O)
	@$(call kconfig,kconfig-mconf)
.PHONY: defconfig menuconfig

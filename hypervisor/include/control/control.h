/* SPDX-License-Identifier: MIT */
/* What dom0's tools and dom0's kernel ask of the host. */
#pragma once

#include "control/machine.h"
#include "domain/domain.h"

long do_domctl(guest_ptr_t op);
long do_sysctl(guest_ptr_t op);
long do_platform_op(guest_ptr_t op);
long do_mca(guest_ptr_t op);
long do_xen_version(unsigned int cmd, guest_ptr_t arg);

/* control/keys.c: registers the console keys; before console_start(). */
void keys_init(void);

/* control/audit.c, debug builds: a key that recounts all references of frames. */
void audit_key(void);

/* control/power.c: by ACPI or what else works; do not return. `noreboot` makes the first a halt. */
void machine_reboot(void) __noreturn;
void machine_halt(void) __noreturn;

/*
 * Facts about the machine that boot/ finds and control/ reports or uses. Boot fills it before dom0
 * runs; constant afterwards.
 */
struct host_facts {
	const char *cmdline; /* the hypervisor's whole command line */
	u64 total_pages;     /* frames of RAM in the memory map */

	struct host_power power;
	u32 cpu_acpi_id[CONFIG_NR_CPUS]; /* by the hypervisor's CPU number */

	/* UEFI, from the system table. */
	bool efi;
	u32 efi_version;      /* revision of the system table's header, e.g. 0x20046 */
	u32 efi_rt_version;   /* revision of the runtime services' header */
	u64 efi_config_table; /* machine address */
	u32 efi_config_count;
	u32 efi_fw_revision;
	u16 efi_vendor[64];      /* UTF-16, ends with 0 */
	const u64 *efi_services; /* the run-time services' addresses; NULL: none can be called */
};
extern struct host_facts host_facts;

/* --- Between the files of control/ --- */
/* power.c: dom0's ACPI code wants sleep state S5 and gives the PM1 control values for it; does not
 * return. */
void power_enter_s5(u16 pm1a_val, u16 pm1b_val) __noreturn;
/* efi.c: XENPF_efi_runtime_call, *c being copied back if it is done. Errors of the ABI; what the
 * firmware answers is in c->status. */
struct xenpf_efi_runtime_call;
long efi_runtime_call(struct xenpf_efi_runtime_call *c);
/* version.c: the feature word (submap 0) of xen_version's get_features. */
u32 version_features(bool privileged, u64 vm_assist);

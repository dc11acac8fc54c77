/* SPDX-License-Identifier: MIT */
/* The table of a guest file's keys; see guest_schema.h. No lock. */
#include "guest_device.h"
#include "guest_schema.h"

#define MIB (1ull << 20)
#define TIB (1ull << 40)

const struct schema_row guest_schema[KEY_COUNT] = {
	[KEY_DOMUS] = {"domus", "", "domus", SCHEMA_NUMBER, 1, 1, 1, NULL,
		       "Version of this format: 1."},
	[KEY_NAME] = {"name", "", "name", SCHEMA_NAME, 1, 1, SCHEMA_NAME_BYTES, NULL,
		      "Name of the guest; unique on its host."},
	[KEY_MEMORY] = {"memory", "", "memory", SCHEMA_SIZE, 1, MIB, TIB, NULL,
			"Memory of the guest, in whole pages of 4KiB."},
	[KEY_VCPUS] = {"vcpus", "", "vcpus", SCHEMA_NUMBER, 0, 1, 128, "1",
		       "Number of virtual CPUs."},
	[KEY_BOOT] = {"boot", "", "boot", SCHEMA_MAP, 1, 0, 0, NULL, "What the guest boots."},
	[KEY_BOOT_KERNEL] = {"boot.kernel", "boot", "kernel", SCHEMA_PATH, 1, 1, 4095, NULL,
			     "A PV kernel: a Linux bzImage or an ELF file."},
	[KEY_BOOT_RAMDISK] = {"boot.ramdisk", "boot", "ramdisk", SCHEMA_PATH, 0, 1, 4095, NULL,
			      "The initial ramdisk, handed to the kernel as it is."},
	[KEY_BOOT_CMDLINE] = {"boot.cmdline", "boot", "cmdline", SCHEMA_TEXT, 0, 0, 1023, "",
			      "The kernel's command line."},
	[KEY_POLICY] = {"policy", "", "policy", SCHEMA_MAP, 0, 0, 0, NULL,
			"What happens when the guest ends."},
	[KEY_POLICY_POWEROFF] = {"policy.poweroff", "policy", "poweroff", SCHEMA_ACTION, 0, 0, 0,
				 "destroy", "After the guest switched itself off."},
	[KEY_POLICY_REBOOT] = {"policy.reboot", "policy", "reboot", SCHEMA_ACTION, 0, 0, 0,
			       "restart", "After the guest asked for a reboot."},
	[KEY_POLICY_CRASH] = {"policy.crash", "policy", "crash", SCHEMA_ACTION, 0, 0, 0, "destroy",
			      "After the guest crashed."},
	[KEY_DISKS] = {"disks", "", "disks", SCHEMA_LIST, 0, 0, GUEST_DISK_LIMIT, NULL,
		       "Disks of the guest."},
	[KEY_DISK_PATH] = {"disks.path", "disks", "path", SCHEMA_PATH, 0, 1, 4095, NULL,
			   "A file or a block device; only a CD-ROM drive may have none."},
	[KEY_DISK_FORMAT] = {"disks.format", "disks", "format", SCHEMA_FORMAT, 0, 0, 0, "raw",
			     "How the disk is kept there."},
	[KEY_DISK_URI] =
		{"disks.uri", "disks", "uri", SCHEMA_TEXT, 0, 1, 1023, NULL,
		 "Instead of a path: a disk that is elsewhere, such as nbd://server/disk."},
	[KEY_DISK_TARGET] = {"disks.target", "disks", "target", SCHEMA_TARGET, 0, 0, 0, NULL,
			     "What the guest calls the disk; without it, the first free name."},
	[KEY_DISK_READONLY] = {"disks.readonly", "disks", "readonly", SCHEMA_FLAG, 0, 0, 0, "false",
			       "The guest may not write."},
	[KEY_DISK_CDROM] = {"disks.cdrom", "disks", "cdrom", SCHEMA_FLAG, 0, 0, 0, "false",
			    "A CD-ROM drive, read-only."},
	[KEY_DISK_SECTOR] = {"disks.sector", "disks", "sector", SCHEMA_SECTOR, 0, 0, 0, NULL,
			     "Bytes of a sector; without it 512, or what the block device has."},
	[KEY_DISK_DISCARD] = {"disks.discard", "disks", "discard", SCHEMA_FLAG, 0, 0, 0, "true",
			      "The guest may give space back."},
	[KEY_DISK_BACKEND] = {"disks.backend", "disks", "backend", SCHEMA_BACKEND, 0, 0, 0, "domus",
			      "Who serves the disk."},
	[KEY_NETS] = {"networks", "", "networks", SCHEMA_LIST, 0, 0, GUEST_NET_LIMIT, NULL,
		      "Network devices of the guest."},
	[KEY_NET_BRIDGE] = {"networks.bridge", "networks", "bridge", SCHEMA_LINK, 1, 0, 0, NULL,
			    "The bridge of dom0 that the device is on."},
	[KEY_NET_MAC] = {"networks.mac", "networks", "mac", SCHEMA_MAC, 0, 0, 0, NULL,
			 "The guest's address; without it, one that stays with the guest."},
	[KEY_NET_MTU] = {"networks.mtu", "networks", "mtu", SCHEMA_NUMBER, 0, 68, 65521, NULL,
			 "Largest packet in bytes; without it, the bridge's."},
	[KEY_NET_RATE] = {"networks.rate", "networks", "rate", SCHEMA_RATE, 0, 0, 0, NULL,
			  "What the guest may send at most."},
	[KEY_NET_BACKEND] = {"networks.backend", "networks", "backend", SCHEMA_BACKEND, 0, 0, 0,
			     "domus", "Who serves the device."},
};

const struct schema guest_file_schema = {"guest file", "guest", guest_schema, KEY_COUNT};

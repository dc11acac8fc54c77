/* SPDX-License-Identifier: MIT */
/* Where the tools keep what they share; domusd's options move all of it. */
#pragma once

/** The daemon's socket; the variable DOMUS_SOCKET points clients elsewhere. */
#define DOMUS_SOCKET_PATH "/run/domus/domusd.sock"
/** What lasts as long as the host runs. */
#define DOMUS_RUN_DIR "/run/domus"
/** The program that serves a guest's devices. */
#define DOMUS_BACKEND_PATH "/usr/sbin/domus-backend"
/** The host's file. */
#define DOMUS_HOST_FILE "/etc/domus/host.yaml"
/** What DHCP servers of networks remember. */
#define DOMUS_NETWORK_DIR "/var/lib/domus/networks"
/** The DHCP server. */
#define DNSMASQ_PATH "/usr/sbin/dnsmasq"
/** QEMU's programs for disks that are not plain files (Debian: qemu-system-common, qemu-utils). */
#define DOMUS_STORAGE_PATH "/usr/bin/qemu-storage-daemon"
#define DOMUS_IMAGE_PATH   "/usr/bin/qemu-img"
/** Guests' records. */
#define DOMUS_STATE_DIR "/var/lib/domus/guests"
/** Guests' console logs. */
#define DOMUS_LOG_DIR "/var/log/domus"

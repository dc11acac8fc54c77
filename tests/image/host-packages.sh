#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages that building and testing need on the host, those that are missing.
# No kernel and no hypervisor is among them: what the images need is only downloaded.
set -eu
WANTED="gcc make git binutils clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 cppcheck
kconfig-frontends-nox
libxen-dev libcmocka-dev libjansson-dev libmicrohttpd-dev libyaml-dev
liblzma-dev liblz4-dev zlib1g-dev libzstd-dev
libnl-3-dev libnl-route-3-dev libnftables-dev liburing-dev libseccomp-dev libnbd-dev
qemu-system-x86 qemu-system-common qemu-utils bochs bochsbios vgabios ovmf grub-common grub-pc-bin
grub-efi-amd64-bin xorriso mtools
kmod cpio xz-utils python3 python3-pytest python3-pytest-xdist
python3-pexpect python3-yaml mmdebstrap"
missing=
for p in $WANTED; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
	[ "$state" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "installing on this machine:$missing"
if [ "$(id -u)" != 0 ]; then
	as_root=sudo
else
	as_root=
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -q -o DPkg::Lock::Timeout=300 update
$as_root apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing

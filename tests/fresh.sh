#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Run a script of the checkout alone in a fresh Debian 12: a minimal root file
# system with nothing but the checkout, gone afterwards.
#
#	tests/fresh.sh [COMMAND...]		./run.sh by default
#
# Needs root, debootstrap and Debian's mirror, and some minutes; therefore no
# part of test.sh.  What is committed counts, not what lies beside it.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "fresh.sh: run as root" >&2; exit 1; }
. tests/setup.sh
mirror=${MIRROR:-$(setup_mirror)}

root=$(mktemp -d /var/tmp/weir-fresh-XXXXXX)
chmod 755 "$root"
finish() {
	umount "$root/dev/shm" "$root/run/netns" 2>/dev/null || true
	# Nothing of the machine's is in there any more, or all of it stays.
	if grep -q " $root/" /proc/self/mounts; then
		echo "fresh.sh: $root is still in use, and was left" >&2
	else
		rm -rf --one-file-system "$root"
	fi
}
trap finish EXIT

debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 || {
	tail -n 20 "$root.log" >&2
	exit 1
}
rm -f "$root.log"
mkdir -p "$root/root/weir" "$root/dev/shm"
git archive HEAD | tar -x -C "$root/root/weir"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t tmpfs tmpfs "$root/dev/shm"

[ $# -gt 0 ] || set -- ./run.sh
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
	chroot "$root" sh -c 'cd /root/weir && exec "$@"' sh "$@"

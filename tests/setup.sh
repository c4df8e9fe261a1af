# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# setup.sh - the Debian 12 packages Weir needs, in the only list of them
#
# Sourced by run.sh and test.sh, which say the groups they need:
#
#	. tests/setup.sh
#	setup_mounts || exit 1
#	setup_packages build test || exit 1
#
# What is there already is left alone.  As root the rest is installed;
# otherwise the command that would do it is printed and the result is 1.

setup_build='gcc libc6-dev pkg-config meson ninja-build python3
	clang-19 llvm-19 llvm-19-dev libdpdk-dev libelf-dev libbpf-dev libpcap-dev
	libjansson-dev libcyaml-dev libyaml-dev libevent-dev libcmocka-dev libxxhash-dev libmd-dev
	libcap-dev libmnl-dev'

# scapy writes small captures, tshark says what is in them, xdp-tools and
# dpdk-dev have programs to compare with.
setup_test='libclang-rt-19-dev tshark tcpdump python3-scapy xdp-tools bpftool
	dpdk-dev iproute2 iputils-ping jq procps libcap2-bin nginx-light curl
	ethtool'

# What tests/data/record.sh talks to.
setup_record='tshark tcpdump iproute2 iputils-ping nginx-light openssl curl
	dnsmasq-base bind9-dnsutils ethtool gcc clang-19 libbpf-dev openssh-server openssh-client iperf3'

# Linux 6.12's headers, for a <linux/bpf.h> newer than linux-libc-dev's.  The
# package's name has the kernel's version in it: any will do.
setup_headers='^linux-headers-6\.12.*-common$'

setup_headers_there() {
	ls -d /usr/src/linux-headers-6.12*-common >/dev/null 2>&1
}

# Linux 6.12's source, whose programs tests/selftests/linux.sh builds.
setup_source='^linux-source-6\.12$'

setup_newer_name() {
	apt-cache search --names-only "$@" 2>/dev/null |
		awk '{ print $1 }' | grep -v -e -rt- | sort -V | tail -n 1
}

setup_there() {
	dpkg-query -W -f '${Status}' "$1" 2>/dev/null |
		grep -q 'install ok installed'
}

# The wanted packages that are not there, one a line.
setup_missing() {
	local group list package
	for group in "$@"; do
		list=setup_$group
		for package in ${!list}; do
			setup_there "$package" || echo "$package"
		done
	done | sort -u
}

# The mirror that Debian 12 comes from on this machine.
setup_mirror() {
	apt-get indextargets --format '$(SITE) $(CODENAME)' 2>/dev/null |
		awk '$2 == "bookworm" { print $1; exit }'
}

# setup_newer_install PATTERN: the newest package of that name
#
# Debian brings Linux 6.12 to Debian 12 as a security update, and a minimal
# system may not list those: name them for this one installation.  A mirror
# has them beside its debian/.
setup_newer_install() {
	local pattern=$1 name sources mirror
	name=$(setup_newer_name "$pattern")
	if [ -n "$name" ]; then
		apt-get install -y --no-install-recommends "$name"
		return
	fi
	mirror=$(setup_mirror)
	sources=$(mktemp) || return 1
	echo "deb ${mirror%/}-security bookworm-security main" >"$sources"
	set -- -o Dir::Etc::SourceList="$sources"
	apt-get "$@" -o APT::Get::List-Cleanup=0 update &&
		name=$(setup_newer_name "$pattern" "$@") &&
		[ -n "$name" ] &&
		apt-get "$@" install -y --no-install-recommends "$name"
	local result=$?
	rm -f "$sources"
	return $result
}

# setup_tell MISSING HEADERS: what somebody with privilege has to run
setup_tell() {
	local name=
	if [ -n "$2" ]; then
		name=$(setup_newer_name "$setup_headers")
		[ -n "$name" ] || {
			name=$2
			echo "$2 is in bookworm-security: add that to apt's" \
				"sources and run apt-get update." >&2
		}
	fi
	echo "Some packages are missing.  Install them with:" >&2
	echo "  sudo apt-get install --no-install-recommends $1$name" >&2
}

# DPDK reads the machine from /proc and /sys.  A bare root file system has
# neither mounted: it has until the script exits, or says setup_unmount.
setup_mounted=
setup_mounts() {
	trap setup_unmount EXIT
	[ -e /proc/self/status ] || {
		mount -t proc proc /proc || return 1
		setup_mounted=/proc
	}
	[ -d /sys/devices ] || {
		mount -t sysfs sysfs /sys || return 1
		setup_mounted="/sys $setup_mounted"
	}
}

setup_unmount() {
	local at
	for at in $setup_mounted; do
		umount -l "$at"
	done
}

# setup_packages GROUP...: see the top
setup_packages() {
	local missing headers=
	missing=$(setup_missing "$@" | tr '\n' ' ')
	setup_headers_there || headers='linux-headers-6.12*-common'
	[ -n "$missing$headers" ] || return 0

	if [ "$(id -u)" -ne 0 ]; then
		setup_tell "$missing" "$headers"
		return 1
	fi
	echo "Installing $missing$headers" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get update || return 1
	if [ -n "$missing" ]; then
		# A list of words.
		# shellcheck disable=SC2086
		apt-get install -y --no-install-recommends $missing || return 1
	fi
	[ -z "$headers" ] || setup_newer_install "$setup_headers"
}

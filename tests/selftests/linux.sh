#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# linux.sh verify|retyped|run [BUILD_DIR [NAME...]] - the programs of Linux's own tests
# and samples, built from Debian's source of Linux 6.12 outside of this tree.
# A long form, as root.
#
#   verify   what Linux's verifier says of each, and what Weir's does
#   retyped  the same of those of other types, as tc and as XDP programs
#   run      what those that Linux loads do to the recorded capture, there and here
#
# Names are of source files without their .c: only these.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/setup.sh
case ${1:-} in
verify | retyped | run) question=$1 ;;
*) sed -n '4,12s/^#//p' "$0" >&2; exit 2 ;;
esac
build=$(realpath "${2:-build}") || exit 1
shift $(($# > 1 ? 2 : 1))

setup_mounts || exit 1
setup_packages build test || exit 1
archive=/usr/src/linux-source-6.12.tar.xz
[ -f $archive ] || setup_newer_install "$setup_source" || exit 1

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"; setup_unmount' EXIT
tree=$work/linux
tests=$tree/tools/testing/selftests/bpf

unpack() {
	mkdir -p "$tree" "$work/objects" "$work/include/bpf" \
		"$work/include/uapi" "$work/include/net"
	tar -xJf $archive -C "$tree" --strip-components=1 --wildcards \
		'*/tools/testing/selftests/bpf/*' '*/tools/lib/bpf/*' \
		'*/tools/include/uapi/*' '*/tools/include/linux/*' \
		'*/samples/bpf/*' '*/scripts/bpf_doc.py'
}

# What the kernel's own build would generate or have.
headers() {
	local to=$work/include
	ln -s "$tree"/tools/lib/bpf/*.h "$to/bpf/"
	ln -s /usr/include/linux "$to/uapi/linux"
	: | tee "$to/net/ip.h" >"$to/net/ipv6.h"
	python3 "$tree/scripts/bpf_doc.py" --header \
		--file "$tree/tools/include/uapi/linux/bpf.h" \
		>"$to/bpf/bpf_helper_defs.h" &&
		bpftool btf dump file /sys/kernel/btf/vmlinux format c \
			>"$to/vmlinux.h"
	# Samples are written against the kernel's internal headers.
	cat >"$to/sample.h" <<-EOF
		#include <linux/types.h>
		#include <linux/if_ether.h>
		#include <linux/in.h>
		#include <linux/ip.h>
		#include <linux/pkt_cls.h>
		#include <linux/tcp.h>
		#include <linux/udp.h>
		typedef __u8 u8;
		typedef __u16 u16;
		typedef __u32 u32;
		typedef __u64 u64;
		typedef _Bool bool;
		enum { false, true };
		typedef __u64 uint64_t;
		typedef __u32 uint32_t;
		#define __force
		#define likely(x) (x)
		#define unlikely(x) (x)
		#define htons(x) __builtin_bswap16(x)
		#define ntohs(x) __builtin_bswap16(x)
		#define htonl(x) __builtin_bswap32(x)
		#define ntohl(x) __builtin_bswap32(x)
		#define cpu_to_be32(x) __builtin_bswap32(x)
		#define max(a, b) ((a) > (b) ? (a) : (b))
		#define memcpy __builtin_memcpy
		#define memset __builtin_memset
		#define AF_INET 2
		#define AF_INET6 10
	EOF
}

# compile SOURCE [OPTION...]: an object, or a line in failed
compile() {
	local source=$1 name
	shift
	name=$(basename "${source%.c}")
	clang-19 -g -O2 --target=bpf -mcpu=v3 -w -std=gnu11 \
		-fno-strict-aliasing -D__TARGET_ARCH_x86 \
		-DENABLE_ATOMICS_TESTS "$@" -I"$work/include" -I"$tests" \
		-I"$tree/tools/include/uapi" -I"$(dirname "$source")" \
		-idirafter /usr/include/x86_64-linux-gnu \
		-idirafter /usr/include -c "$source" \
		-o "$work/objects/$name.o" 2>"$work/objects/$name.err" ||
		echo "$name: $(grep -m 1 error: "$work/objects/$name.err")" \
			>>"$work/failed"
	rm -f "$work/objects/$name.err"
}

# wanted SOURCE NAME...
wanted() {
	local source=$1 name
	shift
	[ $# -gt 0 ] || return 0
	for name in "$@"; do
		[ "$(basename "$source")" != "$name.c" ] || return 0
	done
	return 1
}

compile_all() {
	local source
	for source in "$tests"/progs/*.c; do
		wanted "$source" "$@" && compile "$source"
	done &
	for source in "$tree"/samples/bpf/*.bpf.c; do
		wanted "$source" "$@" && compile "$source"
	done
	for source in "$tree"/samples/bpf/*_kern.c \
		"$tree"/samples/bpf/parse_*.c; do
		wanted "$source" "$@" &&
			compile "$source" -include "$work/include/sample.h" \
				-D_LINUX_IN_H -D_LINUX_TCP_H # once, not twice
	done
	wait
}

unpack && headers || exit 1
compile_all "$@"
[ ! -s "$work/failed" ] || {
	echo "not built, as the types or headers here are others:"
	sort "$work/failed" | cut -c 1-160 | sed "s,$work/,,g; s/^/    /"
}
export PYTHONDONTWRITEBYTECODE=1
case $question in
verify) python3 tests/selftests/verify.py "$build/weir" "$work/objects" ;;
retyped)
	failed=0
	for type in tc xdp; do
		mkdir "$work/$type"
		python3 tests/selftests/retype.py $type "$work/objects" "$work/$type"
		echo "as $type:"
		python3 tests/selftests/verify.py "$build/weir" "$work/$type" ||
			failed=1
	done
	exit $failed
	;;
run) python3 tests/selftests/run.py "$build/weir" "$work/objects" \
	tests/data/mixed.pcap ;;
esac

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Build Weir, and let the parser chain classify a recorded capture on a polling
# lcore: a table of verdicts, the headers it found beside tshark's count of
# them, and the largest flows.
#
#	./run.sh [ARGUMENTS of weir run]
#
# Installs what is missing when run as root, else says what to install.
set -eu
cd "$(dirname "$0")"

. tests/setup.sh
setup_mounts
setup_packages build

mkdir -p build/logs
echo '*' >build/.gitignore
if [ ! -f build/build.ninja ]; then
	CC=gcc meson setup build >build/logs/setup || {
		tail -n 30 build/logs/setup >&2
		exit 1
	}
fi
ninja -C build >build/logs/run || {
	grep -E -A 8 'FAILED|error:' build/logs/run | head -n 80 >&2
	exit 1
}

# Not in build/: root cannot bind a socket in another user's directory, since
# weir drops its capabilities first.
run=$(mktemp -d)
trap 'rm -rf "$run"; setup_unmount' EXIT

capture=tests/data/mixed.pcap
echo "weir run --port in=pcap:$capture --xdp in=build/progs/parse.bpf.o:parse --until-eof"
echo
build/weir run --port in=pcap:$capture \
	--xdp in=build/progs/parse.bpf.o:parse --until-eof --dump-maps -j \
	-s "$run/sock" "$@" >build/logs/run.json
/usr/bin/python3 tests/data/report.py $capture <build/logs/run.json

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# elf.sh [SECONDS [ARGUMENT...]] - fuzz the loader, 60 seconds by default.
# Starts from the kept corpus and the objects that the build made; further
# arguments are libFuzzer's.  New inputs stay in build/fuzz/new; what crashed,
# leaked or took too long in build/fuzz.  The kept corpus (300 KB at most) is
# what -set_cover_merge=1 -use_counters=0 leaves of the inputs under 2,700 bytes.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift $(($# > 0))
dir=build/fuzz
if [ ! -f $dir/build.ninja ]; then
	CC=clang-19 meson setup $dir -Db_sanitize=address,undefined \
		-Db_lundef=false -Dc_args="-fsanitize=fuzzer-no-link \
-fno-sanitize-recover=undefined" >/dev/null
fi
objects=$(ninja -C $dir -t targets all |
	sed -n 's,^\(tests/unit/elf/[^.]*\.o\):.*,\1,p')
# shellcheck disable=SC2086 # a list
ninja -C $dir tests/fuzz/fuzz-elf $objects >/dev/null
mkdir -p $dir/new $dir/seeds
for object in $objects; do
	cp "$dir/$object" $dir/seeds/
done
exec $dir/tests/fuzz/fuzz-elf -max_total_time="$seconds" -max_len=32768 \
	-rss_limit_mb=2048 -timeout=10 -artifact_prefix=$dir/ \
	-print_final_stats=1 "$@" $dir/new tests/fuzz/corpus/elf $dir/seeds

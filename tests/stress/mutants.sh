#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Protections against races taken away, one at a time, in a copy of the tree:
# does the stress test that attacks it notice?  A long form, under
# AddressSanitizer: it builds a test for each.
#
#   tests/stress/mutants.sh SCRATCH_DIR
set -u
tree=$(cd "$(dirname "$0")/../.." && pwd)
copy=$1/tree
runs=5 # of a test, at most: a race need not happen in each
caught=0 survived=0 void=0

mkdir -p "$copy" && git -C "$tree" archive HEAD | tar -xm -C "$copy" || exit 1
[ -f "$copy/build/build.ninja" ] || CC=clang-19 meson setup -Dwerror=false \
	-Db_sanitize=address,undefined -Db_lundef=false \
	"$copy/build" "$copy" >/dev/null || exit 1

# notices TEST: does it fail?
notices() {
	ninja -C "$copy/build" -j2 "tests/stress/stress-$1" >/dev/null 2>&1 ||
		return 2
	for _ in $(seq $runs); do
		UBSAN_OPTIONS=halt_on_error=1 timeout 60 \
			"$copy/build/tests/stress/stress-$1" >/dev/null 2>&1 ||
			return 0
	done
	return 1
}

while IFS=$'\t' read -r test file change; do
	case $test in '#'* | '') continue ;; esac
	cp "$copy/$file" "$1/kept"
	sed -i "$change" "$copy/$file"
	result=2
	if ! cmp -s "$1/kept" "$copy/$file"; then
		notices "$test"
		result=$?
	fi
	case $result in
	0) caught=$((caught + 1)) said=caught ;;
	1) survived=$((survived + 1)) said=SURVIVES ;;
	2) void=$((void + 1)) said='changes nothing, or does not compile' ;;
	esac
	echo "$test, $file: $said: $change"
	cp "$1/kept" "$copy/$file"
done <"$copy/tests/stress/mutants.txt"
for test in $(grep -v '^#' "$copy/tests/stress/mutants.txt" | cut -f 1 | sort -u); do
	notices "$test" && echo "$test: fails unchanged" && survived=$((survived + 1))
done
echo "$caught caught, $survived survived, $void void"
[ $survived -eq 0 ] && [ $void -eq 0 ]

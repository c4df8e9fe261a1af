#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# long.sh [MINUTES [SEED]] - the random tests for longer than test.sh has time:
# maps against the live kernel, threads under AddressSanitizer, UBSan and
# ThreadSanitizer and without, generated programs, and the loader's fuzzer.
#
# Round after round with a seed of its own, 60 minutes by default, a fifth of
# them for the fuzzer.  A line for each test at the end; what failed is told at
# once, with its seed: `tests/long.sh 1 SEED` starts with that round.
set -u
cd "$(dirname "$0")/.." || exit 1

minutes=${1:-60}
seed=${2:-$(date +%s)}
fuzz_seconds=$((minutes * 60 / 5))
logs=build/logs/long
declare -A runs=() failed=() skipped=()
mkdir -p $logs

# make DIR COMPILER [MESON OPTION...]
make() {
	local dir=$1 compiler=$2
	shift 2
	[ -f "$dir/build.ninja" ] ||
		CC=$compiler meson setup "$dir" "$@" >/dev/null || return 1
	# shellcheck disable=SC2046 # a list
	ninja -C "$dir" $(programs "$dir") >"$logs/build" || {
		grep -E -A 8 'FAILED|error:' "$logs/build" | head -n 40
		return 1
	}
}

# programs DIR: those that take a seed
programs() {
	local what='tests/stress/stress-[a-z_]*|tests/unit/test-vm_fuzz'
	[ "$1" != build ] || what+='|tests/kernel/kernel-maps-[a-z_-]*'
	ninja -C "$1" -t targets all | sed -nE "s,^($what):.*,\1,p" | sort -u
}

# run DIR PROGRAM
run() {
	local name=${1#build/}/${2##*/} log=$logs/last
	[ "$1" != build ] || name=${2##*/}
	STRESS_SEED=$seed UBSAN_OPTIONS=halt_on_error=1 \
		"$1/$2" "$seed" >"$log" 2>&1
	case $? in
	0) ;;
	77)
		skipped[$name]=$((${skipped[$name]:-0} + 1))
		;;
	*)
		failed[$name]="${failed[$name]:-} $seed"
		echo "$name FAILED with seed $seed"
		tail -n 20 "$log" | sed 's/^/    /'
		;;
	esac
	runs[$name]=$((${runs[$name]:-0} + 1))
}

fuzz() {
	local log=$logs/fuzz
	tests/fuzz/elf.sh "$fuzz_seconds" "-seed=$((seed % 4294967295))" \
		>"$log" 2>&1 || {
		failed[fuzz-elf]=" $seed"
		tail -n 20 "$log" | sed 's/^/    /'
	}
	runs[fuzz-elf]=$(sed -n 's/^stat::number_of_executed_units: *//p' \
		"$log")
}

make build gcc || exit 1
make build/address clang-19 -Db_sanitize=address,undefined \
	-Db_lundef=false || exit 1
make build/thread clang-19 -Db_sanitize=thread -Db_lundef=false || exit 1

echo "$minutes minutes from seed $seed"
end=$(($(date +%s) + minutes * 60))
fuzz
while :; do
	for dir in build build/address build/thread; do
		for program in $(programs $dir); do
			run $dir "$program"
		done
	done
	seed=$((seed + 1))
	[ "$(date +%s)" -lt $end ] || break
done

for name in "${!runs[@]}"; do
	line="$name: ${runs[$name]:-0} runs"
	[ -z "${skipped[$name]:-}" ] || line+=", ${skipped[$name]} skipped"
	[ -z "${failed[$name]:-}" ] ||
		line+=", FAILED with seeds${failed[$name]}"
	echo "$line"
done | sort
[ ${#failed[@]} -eq 0 ]

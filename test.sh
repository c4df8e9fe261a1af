#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Build Weir and run its tests: with gcc everything, with clang the build, and
# the rooms without EAL under AddressSanitizer, UBSan and ThreadSanitizer.
# The last line is "N passed, N failed, N skipped".
#
#   ./test.sh            everything
#   ./test.sh SUITE...   of the gcc build, these suites only
set -u
cd "$(dirname "$0")" || exit 1

. tests/setup.sh
setup_mounts || exit 1
setup_packages build test || exit 1

jobs=$(nproc)
logs=build/logs
passed=0 failed=0 skipped=0

# build DIR COMPILER [MESON OPTION...]: configure once, then compile
build() {
	local dir=$1 compiler=$2
	shift 2
	local log=$logs/${dir##*/}.build
	if [ ! -f "$dir/build.ninja" ]; then
		CC=$compiler meson setup "$dir" "$@" >"$log" 2>&1 || {
			tail -n 30 "$log"
			return 1
		}
	fi
	ninja -C "$dir" -j "$jobs" >"$log" 2>&1 || {
		grep -E -A 8 'FAILED|error:' "$log" | head -n 80
		return 1
	}
}

# count NAME DIR: add up what the last meson test in DIR said
count() {
	local line
	line=$(python3 - "$2/meson-logs/testlog.json" <<-'PY'
		import json, sys
		results = [json.loads(line) for line in open(sys.argv[1])]
		ok = sum(r["result"] in ("OK", "EXPECTEDFAIL") for r in results)
		skip = [r for r in results if r["result"] == "SKIP"]
		bad = [r for r in results
		       if r["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")]
		for r in skip:
		    text = (r.get("stdout") or r.get("stderr") or "").strip()
		    why = text.splitlines()[-1] if text else "no reason given"
		    print(f"  skipped {r['name']}: {why}", file=sys.stderr)
		for r in bad:
		    print(f"  FAILED {r['name']} ({r['result']})", file=sys.stderr)
		    text = (r.get("stdout") or "") + (r.get("stderr") or "")
		    for out in text.splitlines()[-40:]:
		        print("    " + out, file=sys.stderr)
		print(ok, len(bad), len(skip))
	PY
	) || line="0 1 0"
	set -- "$1" $line
	printf '%-8s %s passed, %s failed, %s skipped\n' "$1:" "$2" "$3" "$4"
	passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
}

# run NAME DIR [MESON TEST ARGUMENT...]
run() {
	local name=$1 dir=$2
	shift 2
	rm -f "$dir/meson-logs/testlog.json"
	meson test -C "$dir" --no-rebuild "$@" >"$logs/${dir##*/}.test" 2>&1
	count "$name" "$dir" 2>&1
}

broken() {
	echo "$1: the build failed"
	failed=$((failed + 1))
}

finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

mkdir -p $logs
echo '*' >build/.gitignore
suites=()
for suite in "$@"; do
	suites+=(--suite "$suite")
done

build build gcc || { broken gcc; finish; }
# Tests that use the machine (namespaces, ports) run one by one.
if [ $# -ne 0 ]; then
	run gcc build --num-processes 1 "${suites[@]}"
	finish
fi
run gcc build --no-suite port --no-suite e2e --no-suite bench
run machine build --num-processes 1 --suite port --suite e2e --suite bench

if build build/clang clang-19; then
	run clang build/clang --suite unit --suite conformance
else
	broken clang
fi
for sanitizer in address,undefined thread; do
	dir=build/${sanitizer%%,*} skip=()
	# of one thread it has nothing to say
	[ "$sanitizer" != thread ] || skip=(--no-suite long)
	if build "$dir" clang-19 -Db_sanitize=$sanitizer -Db_lundef=false; then
		run "${sanitizer%%,*}" "$dir" --timeout-multiplier 4 \
			--suite unit --suite conformance --suite stress \
			"${skip[@]+"${skip[@]}"}"
	else
		broken "$sanitizer"
	fi
done
finish

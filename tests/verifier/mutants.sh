#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Mistakes made in the verifier on purpose, one at a time, in a copy of the
# tree: which test notices?  A long form: it builds the verifier for each.
#
#   tests/verifier/mutants.sh SCRATCH_DIR [FIRST [LAST]]
set -u
tree=$(cd "$(dirname "$0")/../.." && pwd)
copy=$1/tree first=${2:-1} last=${3:-1000}
tests='verifier/verify-rules verifier/verify-cve unit/test-range
unit/test-verify verifier/verify-embed verifier/verify-generate
verifier/verify-hostile'
caught=0 survived=0 void=0 n=0

mkdir -p "$copy" && git -C "$tree" archive HEAD | tar -xm -C "$copy" || exit 1
[ -f "$copy/build/build.ninja" ] || CC=gcc meson setup -Dwerror=false \
	"$copy/build" "$copy" >/dev/null || exit 1

# build TEST...
build() {
	ninja -C "$copy/build" -j2 $(printf 'tests/%s ' "$@") >/dev/null 2>&1
}

# One after the other, so that most mistakes cost one link.
noticed_by() {
	for t in $tests; do
		build "$t" || { echo void; return; }
		timeout 300 "$copy/build/tests/$t" >/dev/null 2>&1
		case $? in
		0 | 77) ;;
		*) echo "$t"; return ;;
		esac
	done
}

build $tests && [ -z "$(noticed_by)" ] || { echo "fails unchanged"; exit 1; }
while IFS=$'\t' read -r file change; do
	case $file in '#'* | '') continue ;; esac
	n=$((n + 1))
	[ "$n" -ge "$first" ] && [ "$n" -le "$last" ] || continue
	cp "$copy/lib/verify/$file" "$1/kept"
	sed -i "$change" "$copy/lib/verify/$file"
	by=void
	cmp -s "$1/kept" "$copy/lib/verify/$file" || by=$(noticed_by)
	case $by in
	'')
		survived=$((survived + 1))
		by="SURVIVES: $change"
		;;
	void)
		void=$((void + 1))
		by="changes nothing, or does not compile: $change"
		;;
	*) caught=$((caught + 1)) ;;
	esac
	echo "$n $file: $by"
	cp "$1/kept" "$copy/lib/verify/$file"
done <"$tree/tests/verifier/mutants.txt"
echo "$caught caught, $survived survived, $void void"
